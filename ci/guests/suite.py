# SPDX-License-Identifier: Apache-2.0
"""The runtime suite: our own programs and the Linux initramfs on plain QEMU `virt`, with nothing of ours below.

It shows that the runtime works, and that a test guest finds nothing wrong with a machine that is right: what a guest
reports later inside a partition is then the hypervisor's doing. Prints TAP.
"""
import argparse
import hashlib
import os
import pathlib
import re
import secrets
import selectors
import socket
import subprocess
import sys
import tempfile
import time

import hostile_expect


class Machine:
    """One run of QEMU: the text on its console, and keys typed into it."""

    def __init__(self, image, append, gic=3, cpus=1, mib=256, extra=()):
        self.text = ""
        self.folder = tempfile.TemporaryDirectory()
        self.socket = f"{self.folder.name}/monitor"
        self.process = subprocess.Popen(
            ["qemu-system-aarch64", "-M", f"virt,gic-version={gic}", "-cpu", "cortex-a53", "-smp", str(cpus), "-m", str(mib),
             "-kernel", str(image), "-append", append, "-nographic", "-nodefaults", "-no-reboot", "-serial", "stdio",
             "-monitor", f"unix:{self.socket},server,nowait", *extra],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def read(self, seconds):
        """More text, or "" once it is over or the time is."""
        if not self.selector.select(seconds):
            return ""
        data = os.read(self.process.stdout.fileno(), 65536).decode(errors="replace")
        self.text += data
        return data

    def wait(self, pattern, seconds=30):
        """The match of `pattern` in all text so far, or None when it did not come."""
        end = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.text, re.M)
            left = end - time.monotonic()
            if match or left <= 0 or not self.read(left):
                return match or re.search(pattern, self.text, re.M)

    def wait_end(self, seconds=30):
        """Whether the machine powered off by itself."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.read(end - time.monotonic()):
            pass
        try:
            self.process.wait(max(0.5, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True

    def type(self, keys):
        self.process.stdin.write(keys.encode())
        self.process.stdin.flush()

    def monitor(self, command):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5)
            link.connect(self.socket)
            for sent in b"", command.encode() + b"\n":
                link.sendall(sent)
                text = b""
                while not text.endswith(b"\n(qemu) "):     # it echoes before it does
                    text += link.recv(4096)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()


def up_line(nonce, name, cpus, mib):
    """What a guest of this name says when it is up (README.md beside this file)."""
    return "UP " + hashlib.sha256(f"{nonce}:{name}:{cpus}:{mib}".encode()).hexdigest()


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def check(self, good, name, text=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        if not good:
            for line in text.splitlines()[-30:]:
                print(f"# {line}")

    def end(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def hello(tap, out):
    for gic, cpus, mib, image in ((2, 1, 128, "hello.bin"), (3, 2, 256, "hello.bin"), (3, 4, 1536, "hello.elf"), (2, 2, 3072, "hello.elf")):
        nonce = secrets.token_hex(8)
        what = f"hello, {image}, GICv{gic}, {cpus} CPUs, {mib} MiB"
        with Machine(out / "partitions" / image, f"nonce={nonce}", gic, cpus, mib) as machine:
            tap.check(machine.wait(up_line(nonce, "hello 1.0", cpus, mib)), f"{what}: up", machine.text)
            tap.check(machine.wait("hello: 2 s"), f"{what}: keeps time", machine.text)
            machine.type("x")
            tap.check(machine.wait("typed 'x'"), f"{what}: echoes", machine.text)


def linux(tap, out, kernel):
    nonce = secrets.token_hex(8)
    release = (kernel / "RELEASE").read_text().strip()
    with Machine(kernel / "Image", f"console=ttyAMA0 nonce={nonce} bhtest=hotplug,rtc,gpio", 3, 2, 512,
                 ("-initrd", str(out / "guests/initramfs.cpio"))) as machine:
        tap.check(machine.wait(up_line(nonce, f"Linux {release}", 2, 512), 90), "Linux: up", machine.text)
        tap.check(machine.wait("^TEST hotplug ok 1"), "Linux: a CPU goes and comes back", machine.text)
        tap.check(machine.wait("^TEST rtc ok"), "Linux: the PL031 keeps time and rings", machine.text)
        if machine.wait("^TEST gpio waiting"):
            time.sleep(1)
            machine.monitor("system_powerdown")
        tap.check(machine.wait("^TEST gpio ok", 40), "Linux: the PL061's line 3 interrupts", machine.text)
        machine.wait("^guest# ")
        machine.type("bhtest poweroff\n")
        tap.check(machine.wait_end(), "Linux: a shell, and power off", machine.text)


def guest(tap, out, name, append, gic, cpus, mib=256, seconds=60, extra=()):
    """A guest that judges itself: TAP lines between others on its console, then power off."""
    with Machine(out / "guests" / f"{name}.bin", append, gic, cpus, mib, extra) as machine:
        ended = machine.wait_end(seconds)
        for word, what in re.findall(r"^(ok|not ok) \d+ - ([^\r\n]*)", machine.text, re.M):
            tap.check(word == "ok", f"{name}, GICv{gic}, {cpus} CPUs: {what}", machine.text)
        plan = re.search(r"^1\.\.(\d+)", machine.text, re.M)
        tap.check(ended and plan, f"{name}, GICv{gic}, {cpus} CPUs: came to its end", machine.text)
        return machine.text


def hostile(tap, out):
    """The tries are counted right; what QEMU's own machine makes of them is not judged, but where nothing is."""
    hole, clock = (0x0B000000, 0x100000), (0x09010000, 0x1000)
    words = " ".join(f"{key}={base:#x}+{size:#x}" for key, (base, size) in (("deny", hole), ("own", clock), ("regs", clock)))
    with Machine(out / "guests/hostile.bin", words, 3, 2, 128) as machine:
        machine.wait(r"^HOSTILE done cpus=\d+\r", 300)
        wrong = hostile_expect.judge(machine.text, 2, hostile_expect.expected((0x40000000, 128 << 20), [clock], [hole], [clock], smc=False))
        tap.check(not wrong, "hostile: makes the tries that it should", "\n".join(wrong))
        tap.check(machine.wait_end(), "hostile: survives itself", machine.text)


def ramscan(tap, out):
    nonce = secrets.token_hex(8)
    with Machine(out / "guests/ramscan.bin", f"plain=1 then=off nonce={nonce}", 3, 1, 256) as machine:
        tap.check(machine.wait(r"^RAMSCAN life=1 bytes=26\d{7} dirty=0 ") and machine.wait(up_line(nonce, "ramscan 1.0", 1, 256)),
                  "ramscan: finds QEMU's RAM clean", machine.text)
        tap.check(machine.wait_end(), "ramscan: marks it and ends", machine.text)
    with Machine(out / "guests/ramscan.bin", "plain=1 then=off", 3, 1, 256,
                 ("-device", "loader,addr=0x4f123458,data=0x80,data-len=1")) as machine:
        tap.check(machine.wait("dirty=8 first=0x4f123458"), "ramscan: finds one byte", machine.text)


def slots(tap, out):
    """One program alone gets all instructions there are, and its registers stay."""
    icount = ("-icount", "shift=0,sleep=off")
    for do, extra, milliseconds in (("spin", icount, 200), ("sleep", icount, 200), ("storm", icount, 50), ("fault", (), 50), ("beat", icount, 200)):
        with Machine(out / "guests/slots.bin", f"do={do} pattern={secrets.randbelow(1 << 62)} ms={milliseconds}", 3, 1, 128, extra) as machine:
            match = machine.wait(r"^SLOTS do=\w+ .*instructions=(\d+) ns=(\d+) foreign=0 beats=(\d+) gap_ns=(\d+)", 60)
            tap.check(match, f"slots, {do}: its registers stay", machine.text)
            if match and do == "spin":
                tap.check(abs(int(match[1]) / int(match[2]) - 1) < 0.002, "slots, spin: it counts its instructions right", machine.text)
            if match and do == "beat":
                tap.check(int(match[3]) >= milliseconds - 2 and int(match[4]) < 1010000, "slots, beat: wakes every millisecond", machine.text)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--kernel", type=pathlib.Path, required=True)
    args = parser.parse_args()
    tap = Tap()
    hello(tap, args.out)
    linux(tap, args.out, args.kernel)
    for gic, cpus in ((2, 1), (2, 4), (3, 1), (3, 4)):
        guest(tap, args.out, "vgictest", "plain=1", gic, cpus)
    guest(tap, args.out, "windowtest", "", 3, 1)
    ramscan(tap, args.out)
    slots(tap, args.out)
    hostile(tap, args.out)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
