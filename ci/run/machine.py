# SPDX-License-Identifier: Apache-2.0
"""One run of QEMU with its serial line and its monitor: how the board is emulated stands here once, for `make run`,
`make debug`, the system tests and the figures. It must not know what a test expects.
"""
import dataclasses
import json
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import demux

QEMU = "qemu-system-aarch64"
TREE = pathlib.Path(__file__).resolve().parents[2]


def cache():
    """Where the build keeps what it fetched."""
    return pathlib.Path(subprocess.run([TREE / "deps/cache"], capture_output=True, text=True, check=True).stdout.strip())


def program(least):
    """QEMU: the machine's own, or the one in the cache where a board needs a newer one."""
    if not least:
        return QEMU
    words = subprocess.run([QEMU, "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.search(r"version (\d+)", words)[1]) >= least:
        return QEMU
    found = cache() / f"series/qemu-{least}" / QEMU
    if not found.exists():
        raise MachineError(f"this board needs QEMU {least}: install it, or let `make run` fetch {found}")
    return str(found)


class MachineError(Exception):
    """QEMU could not be started, or its monitor refused."""


@dataclasses.dataclass
class Board:
    """What QEMU is told to be. The defaults are the board qemu-virt."""
    gic: int = 3
    cpus: int = 4
    mib: int = 2048
    cpu: str = "cortex-a53"
    machine: str = "virt,virtualization=on"
    least: int = 0              # version of QEMU that the board needs
    icount: bool = False        # one instruction a nanosecond, repeatable
    reboot: bool = False        # a board reset starts the board again, instead of ending the run
    extra: tuple = ()

    def arguments(self):
        command = [program(self.least), "-M", f"{self.machine},gic-version={self.gic}", "-cpu", self.cpu, "-smp", str(self.cpus), "-m", str(self.mib),
                   "-nodefaults", "-display", "none"]
        if self.icount:
            command += ["-icount", "shift=0,sleep=off"]
        if not self.reboot:
            command += ["-no-reboot"]
        return command + list(self.extra)


def flash_arguments(uboot, image, keep=False):
    """The board with its flash image in: U-Boot from ROM, the image as the only disk. Without `keep` nothing is written to it."""
    return ["-bios", str(uboot), "-drive", f"if=none,id=flash,format=raw,file={image},snapshot={'off' if keep else 'on'}",
            "-device", "virtio-blk-device,drive=flash"]


class Monitor:
    """QEMU's machine protocol (QMP) over a socket. Commands from one thread at a time."""

    def __init__(self, path, deadline):
        self.link = socket.socket(socket.AF_UNIX)
        self.lock = threading.Lock()
        while True:
            try:
                self.link.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > deadline:
                    raise MachineError("QEMU did not open its monitor") from None
                time.sleep(0.02)
        self.link.settimeout(60)
        self.lines = self.link.makefile("rb")
        self.events = []
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """What QEMU returns; events that come meanwhile are kept in `events`."""
        with self.lock:
            self.link.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
            while True:
                line = self.lines.readline()
                if not line:
                    raise MachineError(f"QEMU ended during {name}")
                answer = json.loads(line)
                if "event" in answer:
                    self.events.append(answer)
                elif "error" in answer:
                    raise MachineError(f"{name}: {answer['error']['desc']}")
                elif "return" in answer:
                    return answer["return"]

    def human(self, line):
        """What QEMU's monitor for people says to `line`."""
        return self.command("human-monitor-command", **{"command-line": line})


class Machine:
    """QEMU, running until close(). Its serial line goes through a demultiplexer into one log a stream below `logs`.

    `changed` is a condition that is notified whenever something was printed, and when QEMU ends.
    """

    def __init__(self, board, boot, logs, stopped=False, observe=None):
        self.logs = pathlib.Path(logs)
        self.logs.mkdir(parents=True, exist_ok=True)
        for old in self.logs.glob("*.log"):
            old.unlink()
        self.folder = tempfile.TemporaryDirectory(prefix="bulkhead-")
        serial, qmp = f"{self.folder.name}/serial", f"{self.folder.name}/qmp"
        self.arguments = board.arguments() + list(boot) + [
            "-chardev", f"socket,id=serial,path={serial},server=on,wait=on", "-serial", "chardev:serial",
            "-qmp", f"unix:{qmp},server=on,wait=off"] + (["-S"] if stopped else [])
        self.changed = threading.Condition()
        self.ended = False
        self.closed = False
        self.demux = demux.Demux(lambda name: open(self.logs / f"{name}.log", "w", encoding="utf-8"), observe)
        self.raw = open(self.logs / "serial.log", "wb")
        self.errors = open(self.logs / "qemu.log", "w+", encoding="utf-8")
        (self.logs / "command.log").write_text(" ".join(self.arguments) + "\n")
        # A signal that ends this program unwinds it, so that close() runs.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        # Ours to end: neither a ^C typed at the terminal nor a parent that dies may leave it behind or take it away early.
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=subprocess.STDOUT,
                                        start_new_session=True)
        try:
            self.serial = self._connect(serial)
            self.monitor = Monitor(qmp, time.monotonic() + 20)
        except (MachineError, OSError) as error:
            words = self.qemu_words()
            self.close()
            raise MachineError(f"{error}: {words or 'QEMU said nothing'}") from None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _connect(self, path):
        deadline = time.monotonic() + 20
        link = socket.socket(socket.AF_UNIX)
        while True:
            try:
                link.connect(path)
                return link
            except (FileNotFoundError, ConnectionRefusedError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise MachineError("QEMU did not start") from None
                time.sleep(0.02)

    def _read(self):
        while True:
            try:
                data = self.serial.recv(65536)
            except OSError:
                data = b""
            with self.changed:
                if data:
                    self.raw.write(data)
                    self.raw.flush()
                    self.demux.feed(data)
                else:
                    self.ended = True
                self.changed.notify_all()
            if not data:
                return

    def qemu_words(self):
        self.errors.flush()
        lines = (self.logs / "qemu.log").read_text(errors="replace").splitlines()
        return "\n".join(line for line in lines if ": info: " not in line and "terminating on signal" not in line)

    def send(self, data):
        self.serial.sendall(data)

    def text(self, source):
        stream = self.demux.streams.get(source)
        return stream.text if stream else ""

    def close(self):
        """End QEMU, whatever state it is in."""
        if self.closed:
            return
        self.closed = True
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if hasattr(self, "serial"):
            if hasattr(self, "reader"):
                self.reader.join(5)
            self.serial.close()
        for stream in self.demux.streams.values():
            if stream.sink:
                stream.sink.close()
        self.raw.close()
        self.errors.close()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- without firmware: QEMU itself puts what the manifest lists into memory, and a few instructions play the boot stage

ENTRY = 0x4f000000     # in the memory that the board keeps for its firmware; QEMU puts its device tree at the base of RAM


def _handoff(plan_id, ram):
    """struct handoff of hyp/abi/handoff.h."""
    seed = os.urandom(256)
    words = b"".join(struct.pack("<QQ", base, size) for base, size in (ram + [(0, 0)] * 8)[:8])
    tail = struct.pack("<IIQQ32sQQII", 0, 1 << 0 | 1 << 3, 0, 0, b"direct", 0, 0, len(ram), len(seed)) + words + seed
    return struct.pack("<QII32s", 0x3146464f444e4148, 1, 16 + 32 + len(tail), plan_id) + tail


def _entry_code(entry, handoff):
    """ldr x0, handoff; mov x1..x3, 0; ldr x16, entry; br x16"""
    return struct.pack("<8IQQ", 0x58000100, 0xd2800001, 0xd2800002, 0xd2800003, 0x580000d0, 0xd61f0200, 0xd503201f, 0xd503201f,
                       handoff, entry)


def direct_arguments(manifest, folder):
    """Starts the hypervisor of `manifest` (a manifest.in) without firmware. The files that QEMU loads are made in `folder`."""
    folder = pathlib.Path(folder)
    components, ram, arguments = {}, [], []
    entry = handoff = None
    plan_id = bytes(32)
    for line in pathlib.Path(manifest).read_text().splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        if words[0] == "component":
            components[words[1]] = words[3]
        elif words[0] == "plan-id":
            plan_id = bytes.fromhex(words[1])
        elif words[0] == "ram":
            ram.append((int(words[1], 0), int(words[2], 0)))
        elif words[0] == "entry":
            entry = int(words[1], 0)
        elif words[0] == "handoff":
            handoff = int(words[1], 0)
        elif words[0] == "load":
            arguments += _load(components[words[1]], int(words[2], 0), int(words[3], 0), words[4], folder)
    files = {"handoff": (handoff, _handoff(plan_id, ram)), "entry": (ENTRY, _entry_code(entry, handoff))}
    for name, (address, data) in files.items():
        (folder / name).write_bytes(data)
        arguments += ["-device", f"loader,file={folder / name},addr={address:#x},force-raw=on"]
    return arguments + ["-device", f"loader,addr={ENTRY:#x},cpu-num=0"]


def _load(path, offset, target, size, folder):
    if offset or size != "*":
        data = pathlib.Path(path).read_bytes()[offset:]
        piece = folder / f"piece-{target:x}"
        piece.write_bytes(data if size == "*" else data[:int(size, 0)])
        path = piece
    return ["-device", f"loader,file={path},addr={target:#x},force-raw=on"]
