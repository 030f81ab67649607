# SPDX-License-Identifier: Apache-2.0
"""PCI functions that a stock Debian drives by itself: an NVMe disk and an e1000e, with interrupts by message (an ITS, or a GICv2m
frame), DMA through the SMMU or trusted, on a bus whose other functions belong to the I/O partition. What is written is in the file behind the disk, what is
fetched is what was served, also after a restart; of configuration space only its own is there. It must not know how a
message becomes an interrupt.
"""
import contextlib
import functools
import hashlib
import http.server
import random
import re
import tempfile
import threading

from appliance import Appliance, Part
from session import session

FETCH_BYTES = 4 << 20
DISK_MIB = 64
WRITTEN_AT, WRITTEN = 1 << 20, 4 << 20       # where the guest's test writes, and how much
SHOWN = {"1b36:0010": (0x01, 0x10, 0x11), "8086:10d3": (0x01, 0x10, 0x11)}     # power, express, MSI-X: nothing else

# name, GIC, kernel, IOMMU
PAIRS = [("pass-v3-smmu", 3, "6.12", True), ("pass-v2-trusted", 2, "6.1", False)]
FULL = PAIRS + [("pass-v3-trusted", 3, "6.1", False), ("pass-v2-smmu", 2, "6.12", True)]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def web(size):
    """(port, hash) of a file that this machine serves; QEMU's user network leads a guest's 10.0.2.2 here."""
    with tempfile.TemporaryDirectory() as folder:
        data = random.randbytes(size)
        with open(f"{folder}/data", "wb") as f:
            f.write(data)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], hashlib.sha256(data).hexdigest()
        finally:
            server.shutdown()
            server.server_close()


def describe(context, name, gic, kernel, port, iommu):
    """Debian on two CPUs with both functions, beside the I/O partition with the bus, which serves it a port, and a neighbour."""
    initrd = str((context.out / f"guests/initramfs-pci-{kernel}.cpio").resolve())
    words = f"console=ttyAMA0 ip=10.0.2.15/24 peer=10.0.2.2 url=http://10.0.2.2:{port}/data"
    parts = [Part("linux0", kernel, 256, (0, 1), words, options={"INITRD": initrd, "TRUSTED_DMA": not iommu}),
             Part("io", str(context.out / "partitions/io.elf"), 48, (2,), options={"IO": True, "TRUSTED_DMA": not iommu}),
             Part("hello", str(context.out / "partitions/hello.elf"), 8, (3,))]
    options = {"IOMMU": iommu, "QEMU_DISK_MIB": DISK_MIB, "NET_PORTS": 2, "NET1_NAME": "lan", "NET1_PART3": True, "NET1_TALKS_TO": "wan",
               "NET2_NAME": "wan", "NET2_UPLINK": True, "NET2_TALKS_TO": "lan"}
    return Appliance(name, parts, gic, devices={"PCIE": "io", "NVME": "linux0", "E1000E": "linux0"}, options=options)


def ask(machine, word, pattern, timeout=90):
    """Types a test into the guest's shell; the match of its result."""
    machine.expect("linux0", r"^guest# ", 90)
    machine.type_to("linux0", f"bhtest {word}\n")
    return machine.expect("linux0", rf"^TEST {word} {pattern}", timeout)


def chain(config):
    """Identifiers of the capabilities that configuration space `config` shows, in order."""
    found, at = [], config[0x34]
    while at and len(found) < 48:
        found.append(config[at])
        at = config[at + 1]
    return found


def bus(machine):
    with machine.test("its bus has its two functions; power, express and MSI-X of each, no pin, nothing beyond"):
        before = len(machine.text("linux0"))
        ask(machine, "pci", r"ok 2$")
        for place, words in re.findall(r"^PCI (\S+) ([0-9a-f]+)", machine.text("linux0")[before:], re.M):
            config = bytes.fromhex(words)
            name = f"{config[1]:02x}{config[0]:02x}:{config[3]:02x}{config[2]:02x}"
            machine.require(name in SHOWN, f"{name} at {place} is not its own")
            machine.require(tuple(chain(config)) == SHOWN[name], f"{name} shows {[hex(c) for c in chain(config)]}")
            machine.require(config[0x3d] == 0 and not any(config[0x100:]), f"{name} has a pin, or more than 256 bytes")


def disk(machine, hashes):
    with machine.test("what it writes to the NVMe is what it reads, and is in the file behind it; interrupts come by message"):
        match = ask(machine, "nvme", r"ok ([0-9a-f]{64}) (\d+)\n", 120)
        hashes.append(match[1])
        with open(machine.sub / "disk-nvme.img", "rb") as f:
            f.seek(WRITTEN_AT)
            there = hashlib.sha256(f.read(WRITTEN)).hexdigest()
        machine.require(there == match[1], "the file holds another thing")
        machine.require(int(match[2]) > 16, f"{match[2]} interrupts")


def network(machine, served):
    with machine.test("the e1000e: QEMU's network answers, and what is fetched is what was served; interrupts come by message"):
        ask(machine, "net", r"ok [0-9a-f:]{17} 1500$")
        ask(machine, "ping", "ok")
        match = ask(machine, "fetch", r"ok (\d+) ([0-9a-f]{64}) (\d+)\n", 120)
        machine.require(int(match[1]) == FETCH_BYTES and match[2] == served, f"{match[1]} bytes came, with hash {match[2]}")
        machine.require(int(match[3]) >= 9, f"{match[3]} interrupts, and nine pings had an answer")


def neighbours(machine):
    with machine.test("the I/O partition has the rest of the bus, and a neighbour goes on"):
        machine.skip_to_end("hello")
        machine.expect("hello", r"hello: \d+ s", 20)


def restart_io(machine):
    """The bus's owner begins anew under load: its scan and its reset touch no function that somebody else has."""
    machine.allow(r"io: ")
    with machine.test("the bus's owner is restarted, and the functions of others go on"):
        machine.command(str(machine.appliance.index("io")))
        machine.focus = machine.appliance.index("io")
        machine.skip_to_end("io")
        machine.command("r")
        machine.expect("io", r"serves 1 devices", 60)


def look(served, machine):
    hashes = []
    with machine.test("io: up, with the card that is left on the bus"):
        machine.expect("io", r"serves 1 devices", 60)
        machine.expect_guest("io", "io 1.0")
    with machine.test("linux0: Debian is up on two CPUs"):
        machine.expect_guest("linux0")
    bus(machine)
    disk(machine, hashes)
    network(machine, served)
    restart_io(machine)
    disk(machine, hashes)
    neighbours(machine)
    machine.walk_tables()
    machine.allow(r"linux0: ")
    with machine.test("restarted while both functions master memory, it finds what it wrote, and they are as new"):
        ask(machine, "busy", "ok")
        machine.command("r")
        machine.expect_guest("linux0")
        machine.require(ask(machine, "nvme_again", r"ok ([0-9a-f]{64})$", 60)[1] == hashes[-1], "the disk holds another thing")
    disk(machine, hashes)
    network(machine, served)
    neighbours(machine)
    machine.walk_tables()


def run(context, full=False):
    with web(FETCH_BYTES) as (port, served):
        for name, gic, kernel, iommu in FULL if full else PAIRS:
            session(context, describe(context, name, gic, kernel, port, iommu), functools.partial(look, served),
                    least=10)   # the e1000e of 7.2 loses what comes soon after its link is up, on plain QEMU too
