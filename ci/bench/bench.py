# SPDX-License-Identifier: Apache-2.0
"""Counts the hypervisor's instructions, figure by figure, on an unchanged binary, from outside.

The emulator runs under -icount, and from the hypervisor's first instruction on with one instruction a translation
block and a trace of the blocks that lie in the hypervisor's code (README.md). This program starts it, reads the trace,
and prints `figure` lines. It must not know how the hypervisor works: only where its code and its vectors are.
"""
import argparse
import bisect
import json
import math
import pathlib
import re
import shlex
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lint"))
import sizes  # noqa: E402

# name, unit, goal, what Bao needs on the same path (None: it has no such figure)
FIGURES = (
    ("hypercall", "instructions", 80, 149),
    ("psci_version", "instructions", 90, 202),
    ("mmio_read_gicd_typer", "instructions", 120, 225),
    ("mmio_write_gicd_isenabler", "instructions", 120, 3562),
    ("mmio_write_gicd_isenabler_one", "instructions", 160, None),
    ("mmio_write_gicd_isenabler_all", "instructions", 600, None),
    ("vtimer_irq_spin", "instructions", 120, 199),
    ("vtimer_irq_wfi", "instructions", 120, 199),
    ("sgi_self", "instructions", 160, 775),
    ("doorbell_el2_instructions", "instructions", 150, None),
    ("virtio_ack_el2_instructions", "instructions", 130, None),
    ("entry_to_guest", "instructions", 30000, 325392),
    ("uart_exits_per_char", "exits", 1, None),
    ("linux_boot_exits", "exits", 400, 623),
    ("hyp_image", "KiB", 64, 87),
    ("hyp_sloc", "lines", 6500, 6634),
    ("hyp_sloc_device", "lines", 500, None),
    ("hyp_sloc_smmu", "lines", 700, None),
    ("hyp_sloc_its", "lines", 1200, None),
    ("hyp_headers_sloc", "lines", 2000, 3489),
)
OTHER_FIGURES = ("linux_boot_exits", "hyp_image", "hyp_sloc", "hyp_sloc_device", "hyp_sloc_smmu", "hyp_sloc_its", "hyp_headers_sloc")   # not the bench guest's
IRQS_FIGURES = ("mmio_write_gicd_isenabler_all", )    # of the guest that owns 32 interrupts in one word
DEVICE_FIGURES = ("doorbell_el2_instructions", "virtio_ack_el2_instructions")   # of the guest with a device page
GUEST_ENTRY = 0x40200000
LOWER_EL_VECTORS = (0x400, 0x480, 0x500, 0x580)
TRACE_LINE = re.compile(r"^Trace (\d+): 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/")


class Failure(Exception):
    pass


class Elf:
    """Symbols and executable ranges of a 64-bit little-endian ELF file."""

    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        if self.data[:6] != b"\x7fELF\x02\x01":
            raise Failure(f"{path}: no 64-bit little-endian ELF file")
        self.entry, start = struct.unpack_from("<Q8xQ", self.data, 24)
        size, count = struct.unpack_from("<HH", self.data, 58)
        fields = [struct.unpack_from("<IIQQQQIIQQ", self.data, start + i * size) for i in range(count)]
        self.code = [(f[3], f[3] + f[5]) for f in fields if f[2] & 4 and f[5]]
        self.symbols = {}
        for f in fields:
            if f[1] == 2:
                names = fields[f[6]][4]
                for at in range(f[4], f[4] + f[5], 24):
                    name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", self.data, at)
                    end = self.data.index(b"\0", names + name)
                    self.symbols[self.data[names + name:end].decode()] = value


class Debugger:
    """The emulator's gdb stub, as far as one breakpoint needs it."""

    def __init__(self, path):
        self.link = connect(path)

    def ask(self, text):
        self.link.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xff))
        return self.answer()

    def answer(self):
        data = b""
        while not re.search(rb"\$[^#]*#..", data):
            more = self.link.recv(4096)
            if not more:
                raise Failure("the emulator's debugger went away")
            data += more
        self.link.sendall(b"+")
        return re.search(rb"\$([^#]*)#", data).group(1).decode()

    def run_to(self, address):
        self.ask("?")
        self.ask(f"Z1,{address:x},4")
        stop = self.ask("c")
        if not stop.startswith("T05"):
            raise Failure(f"the emulator stopped before the hypervisor's entry: {stop}")
        self.ask(f"z1,{address:x},4")

    def leave(self):
        self.ask("D")
        self.link.close()


def connect(path):
    for _ in range(100):
        try:
            link = socket.socket(socket.AF_UNIX)
            link.connect(path)
            link.settimeout(300)
            return link
        except OSError:
            link.close()
            time.sleep(0.1)
    raise Failure(f"the emulator did not open {path}")


class Monitor:
    """The emulator's human monitor, whose words differ between versions."""

    def __init__(self, path):
        self.link = connect(path)
        self.read()

    def read(self):
        text = ""
        while not text.endswith("\n(qemu) "):
            more = self.link.recv(65536)
            if not more:
                break
            text += more.decode(errors="replace")
        return text

    def ask(self, command):
        self.link.sendall(command.encode() + b"\n")
        return self.read()

    def trace(self):
        if "unknown command" in self.ask("singlestep on"):          # renamed in 8.1
            self.ask("one-insn-per-tb on")
        self.ask("log exec,nochain")


class Console:
    """The board's UART: waits for text of the guest, and types. Reads all the time: a line that nobody takes stops the machine."""

    def __init__(self, path):
        self.link = connect(path)
        self.link.settimeout(None)
        self.text, self.more = "", threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        data = b"-"
        while data:
            try:
                data = self.link.recv(65536)
            except OSError:
                data = b""
            with self.more:
                self.text += data.decode(errors="replace")
                self.more.notify_all()

    def wait(self, text, seconds):
        with self.more:
            if not self.more.wait_for(lambda: text in self.text, seconds):
                raise Failure(f"the guest did not say '{text}' within {seconds} s; the console's last lines:\n" + self.text[-2000:])

    def type(self, keys):
        self.link.sendall(keys.encode())


def run(command, hyp, marks, trace, seconds):
    """Starts the emulator and leaves the trace of the bench guest's whole run in the file `trace`."""
    ranges = [f"{low:#x}..{high - 1:#x}" for low, high in hyp.code] + [f"{at:#x}+{4:#x}" for at in marks]

    def drive(monitor, console, debugger):
        debugger.run_to(hyp.entry)
        monitor.trace()
        debugger.leave()
        console.wait("BENCH ready", seconds)
        console.type("g")
        console.wait("BENCH done", seconds)

    emulate(command, ranges, trace, drive)


def emulate(command, ranges, trace, drive):
    """Starts the emulator, stopped, with a trace of these address ranges, and lets `drive` talk to it."""
    with tempfile.TemporaryDirectory() as folder:
        places = {name: f"{folder}/{name}" for name in ("monitor", "gdb", "uart")}
        # With a debugger the machine waits for it (-S): all three are connected before the first instruction.
        process = subprocess.Popen(
            [*shlex.split(command), "-icount", "shift=0,sleep=off", "-display", "none", "-S", "-D", str(trace), "-dfilter", ",".join(ranges),
             "-monitor", f"unix:{places['monitor']},server=on,wait=off", "-gdb", f"unix:{places['gdb']},server=on,wait=off",
             "-serial", f"unix:{places['uart']},server=on,wait=off"],
            stdin=subprocess.DEVNULL)
        try:
            monitor, console, debugger = Monitor(places["monitor"]), Console(places["uart"]), Debugger(places["gdb"])
            drive(monitor, console, debugger)
        finally:
            process.kill()
            process.wait()


def read_trace(path):
    """(CPU, address) of every instruction (or block) that ran, in order. QEMU logs a block before it looks whether the CPU
    was asked to stop, and logs it again when it comes back to it: the same place twice in a row ran once."""
    last = {}
    with open(path, errors="replace") as lines:
        for line in lines:
            match = TRACE_LINE.match(line)
            if not match:
                continue
            cpu, address = int(match.group(1)), int(match.group(2), 16)
            if last.get(cpu) != address:
                last[cpu] = address
                yield cpu, address


def count(events, hyp, marks, vectors, profile=None, guest_cpu=None):
    """{figure: (instructions, exits)} of the guest's CPU, the first that enters one unless it is told; all that lies between
    marks of one name is added up; instructions from entry to guest; {address: how often} of the
    figure `profile`, for people."""
    figures, entry, open_figure, here, cpu_of_guest, places = {}, None, None, {}, 0, {}
    entered = {v + o for v in vectors for o in LOWER_EL_VECTORS}
    for cpu, address in events:
        if address in marks or address == GUEST_ENTRY:
            if guest_cpu is not None and cpu != guest_cpu:
                continue        # another guest, whose code has the same addresses
            if entry is None:
                cpu_of_guest, entry = cpu, here.get(cpu, 0)
            edge, _, name = marks.get(address, "").partition("_")
            if edge == "begin":
                open_figure = name
                figures.setdefault(name, [0, 0])
            elif edge == "end":
                open_figure = None
        elif any(low <= address < high for low, high in hyp.code):
            here[cpu] = here.get(cpu, 0) + 1
            if profile and cpu == cpu_of_guest and profile == (open_figure if entry is not None else "entry_to_guest"):
                places[address] = places.get(address, 0) + 1
            if open_figure and cpu == cpu_of_guest:
                figures[open_figure][0] += 1
                figures[open_figure][1] += address in entered
    return figures, entry, places


def show_profile(name, places, hyp, repeat):
    """Which functions the instructions of one figure are in, most first, on the error stream."""
    symbols = sorted((at, symbol) for symbol, at in hyp.symbols.items() if symbol and symbol[0] not in "$.")
    starts, functions = [at for at, _ in symbols], {}
    for address, number in places.items():
        _, symbol = symbols[max(0, bisect.bisect_right(starts, address) - 1)]
        functions[symbol] = functions.get(symbol, 0) + number
    for symbol, number in sorted(functions.items(), key=lambda item: -item[1]):
        print(f"{name}: {number / repeat:10.2f} {symbol}", file=sys.stderr)


def measure(command, hyp_path, guest_path, vectors, folder, seconds, profile=None, guest_cpu=None):
    """{figure: value}: instructions, or exits, of one operation."""
    hyp, guest = Elf(hyp_path), Elf(guest_path)
    marks = {at: name for name, at in guest.symbols.items() if re.match(r"(begin|end)_", name)}
    repeat = guest.symbols["bench_repeat"]
    overlap = [at for at in [*marks, GUEST_ENTRY] if any(low <= at < high for low, high in hyp.code)]
    if overlap:
        raise Failure("the hypervisor is linked where the guest sees its own code: their instructions look the same in the trace")
    trace = pathlib.Path(folder) / "bench.trace"
    run(command, hyp, [*marks, GUEST_ENTRY], trace, seconds)
    figures, entry, places = count(read_trace(trace), hyp, marks, [hyp.symbols[v] for v in vectors], profile, guest_cpu)
    trace.unlink()
    if profile:
        show_profile(profile, places, hyp, 1 if profile == "entry_to_guest" else repeat)
    values = {"entry_to_guest": entry}
    for name, (instructions, exits) in figures.items():
        total = exits if name == "uart_exits_per_char" else instructions
        values[name] = total // repeat if total % repeat == 0 else round(total / repeat, 2)
    return values


def linux_boot_exits(command, hyp_path, vectors, uart_functions, folder, seconds):
    """Exits until a Linux guest's prompt, but those that end in one of the functions that emulate its UART."""
    hyp = Elf(hyp_path)
    entries = [hyp.symbols[v] + o for v in vectors for o in LOWER_EL_VECTORS]
    uart = [hyp.symbols[name] for name in uart_functions]
    trace = pathlib.Path(folder) / "linux.trace"

    def drive(monitor, console, debugger):
        monitor.ask("log exec,nochain")         # an exception's vector and a function each begin a block of their own
        debugger.leave()
        console.wait("guest# ", seconds)

    # all of the hypervisor: between two exits through one vector, something else of it must show
    emulate(command, [f"{low:#x}..{high - 1:#x}" for low, high in hyp.code], trace, drive)
    seen = [address for _, address in read_trace(trace)]
    trace.unlink()
    return sum(address in entries for address in seen) - sum(address in uart for address in seen)


def static_figures(hyp_path, tree):
    """What needs no run: sizes of the image and of its source."""
    image = pathlib.Path(hyp_path).with_suffix(".bin")
    lines, headers, parts = sizes.hypervisor_sloc(tree)
    return {"hyp_image": math.ceil(image.stat().st_size / 1024), "hyp_sloc": lines, "hyp_sloc_device": lines - sizes.SLOC_WITHOUT_DEVICES,
            "hyp_sloc_smmu": parts["smmu"], "hyp_sloc_its": parts["its"], "hyp_headers_sloc": headers}


def emit(rows, path):
    """The figures, one line each, and the same as JSON."""
    objects = []
    for name, value, unit, goal, peer in rows:
        print(f"figure {name} {value} {unit} goal {goal} peer {'Bao ' + str(peer) if peer is not None else 'none 0'}")
        objects.append({"name": name, "value": value, "unit": unit, "goal": goal,
                        "peer": "Bao" if peer is not None else None, "peer_value": peer})
    pathlib.Path(path).write_text(json.dumps(objects, indent=1) + "\n")


def selftest(args):
    """The method on a stub whose instructions are known: exact, and the same twice."""
    toy = Elf(args.hyp)
    command = (f"{args.qemu} -M virt,virtualization=on,gic-version=3 -cpu cortex-a53 -m 256 -kernel {args.bin} "
               f"-device loader,file={pathlib.Path(args.guest).with_suffix('.bin')},addr={GUEST_ENTRY:#x},force-raw=on")
    first, second = (measure(command, args.hyp, args.guest, ["toy_vectors"], args.folder, args.seconds) for _ in range(2))
    known = toy.symbols["TOY_HVC_INSTRUCTIONS"]
    checks = [
        (first.get("hypercall") == known, f"a stub's {known} instructions a call are counted as {first.get('hypercall')}"),
        (first.get("empty") == 0, "between marks with nothing between them, nothing is counted"),
        (first.get("mmio_read_gicd_typer") == 0, "what does not reach EL2 is not counted"),
        (first.get("entry_to_guest") == toy.symbols["TOY_ENTRY_INSTRUCTIONS"], "from its entry to the guest's, each instruction is counted once"),
        (first == second, "two runs give the same figures"),
        ({f[0] for f in FIGURES if f[0] not in OTHER_FIGURES + DEVICE_FIGURES} <= set(first), "the guest has a pair of marks for every figure"),
    ]
    for number, (good, text) in enumerate(checks, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {text}")
        if not good:
            print(f"# {first}\n# {second}")
    print(f"1..{len(checks)}")
    return 0 if all(good for good, _ in checks) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hyp", required=True, help="the hypervisor's ELF file")
    parser.add_argument("--guest", required=True, help="the bench guest's ELF file")
    parser.add_argument("--vectors", default="vectors_plain,vectors_guarded", help="symbols of the hypervisor's vector tables, by commas")
    parser.add_argument("--command", help="how to start the emulator with the flash image")
    parser.add_argument("--linux-command", help="the same, with an image whose guest is Linux with bhtest's shell")
    parser.add_argument("--linux-hyp", help="the hypervisor's ELF file in that image")
    parser.add_argument("--irqs-command", help="the same, with an image whose guest owns 32 interrupts in one word")
    parser.add_argument("--irqs-hyp", help="the hypervisor's ELF file in that image")
    parser.add_argument("--device-command", help="the same, with an image whose first guest is benchdev on CPU 0")
    parser.add_argument("--device-hyp", help="the hypervisor's ELF file in that image")
    parser.add_argument("--device-guest", help="benchdev's ELF file")
    parser.add_argument("--uart-functions", default="", help="functions of the hypervisor that run once for each UART exit, by commas")
    parser.add_argument("--tree", type=pathlib.Path, default=pathlib.Path("."), help="the project, to count its lines")
    parser.add_argument("--profile", help="a figure of the guest's: show which functions its instructions are in")
    parser.add_argument("--json", default="bench.json")
    parser.add_argument("--folder", default=".", help="where the trace may lie while it is read")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    parser.add_argument("--selftest", action="store_true", help="--hyp and --bin are the toy stub: prints TAP")
    parser.add_argument("--bin")
    args = parser.parse_args()
    try:
        if args.selftest:
            return selftest(args)
        vectors = args.vectors.split(",")
        values = measure(args.command, args.hyp, args.guest, vectors, args.folder, args.seconds, args.profile)
        if args.linux_command:
            values["linux_boot_exits"] = linux_boot_exits(args.linux_command, args.linux_hyp, vectors, args.uart_functions.split(","),
                                                          args.folder, args.seconds)
        if args.irqs_command:
            irqs = measure(args.irqs_command, args.irqs_hyp, args.guest, vectors, args.folder, args.seconds, args.profile)
            values.update({name: irqs[name] for name in IRQS_FIGURES})
        if args.device_command:
            device = measure(args.device_command, args.device_hyp, args.device_guest, vectors, args.folder, args.seconds, args.profile, 0)
            values.update({name: device[name] for name in DEVICE_FIGURES})
        values.update(static_figures(args.hyp, args.tree))
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    emit([(name, values[name], unit, goal, peer) for name, unit, goal, peer in FIGURES if name in values], args.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
