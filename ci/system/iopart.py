# SPDX-License-Identifier: Apache-2.0
"""The I/O partition serves Debian's own drivers, in the shipped flash image: a RAM disk and the network between two Debians
through the switch; GPT partitions of physical disks and an uplink to QEMU's user network. A guest reboots and finds its
file; the I/O partition is restarted under load, and nobody sees an error. It must not know how a device is served.
"""
from appliance import Appliance, Part
from harness import ANSWERS
from session import session

DISK_MIB = 64
RESTARTS = 3    # many: outage.py


def describe(context, name, gic, kernels):
    """Two Debians, each with a port of the switch, the first with a disk; the I/O partition behind them."""
    parts = []
    for n, kernel in enumerate(kernels):
        words = f"console=ttyAMA0 ip=10.0.0.{n + 1}/24 peer=10.0.0.{2 - n} turns={4 * RESTARTS} bhtest=net"
        initrd = str((context.out / f"guests/initramfs-io-{kernel}.cpio").resolve())
        parts.append(Part(f"linux{n}", kernel, 256, (n,), words, options={"INITRD": initrd}))
    parts.append(Part("io", str(context.out / "partitions/io.elf"), 32, (2,), options={"IO": True, "ON_FAULT_RESTART": True}))
    options = {"NET_PORTS": 2, "NET1_NAME": "a", "NET1_PART1": True, "NET1_TALKS_TO": "b", "NET2_NAME": "b", "NET2_PART2": True, "NET2_TALKS_TO": "a",
               "DISKS": 1, "DISK1_NAME": "data", "DISK1_PART1": True, "DISK1_SIZE_MIB": DISK_MIB}
    return Appliance(name, parts, gic, options=options)


def describe_hardware(context, name, gic, kernel, nic, disk, iommu):
    """One Debian with a disk in a GPT partition and a port that talks to the wire."""
    initrd = str((context.out / f"guests/initramfs-io-{kernel}.cpio").resolve())
    words = f"console=ttyAMA0 ip=10.0.2.15/24 peer=10.0.2.2 turns={4 * RESTARTS} bhtest=net"
    parts = [Part("linux0", kernel, 256, (0,), words, options={"INITRD": initrd}),
             Part("io", str(context.out / "partitions/io.elf"), 48, (1,), options={"IO": True, "TRUSTED_DMA": not iommu})]
    options = {"NET_PORTS": 2, "NET1_NAME": "lan", "NET1_PART1": True, "NET1_TALKS_TO": "wan", "NET2_NAME": "wan", "NET2_UPLINK": True,
               "NET2_TALKS_TO": "lan", f"QEMU_NIC_{nic}": True, "DISKS": 1, "DISK1_NAME": "data", "DISK1_PART1": True, "DISK1_GPT": True,
               "DISK1_GPT_NAME": "linux data", "DISK1_SIZE_MIB": DISK_MIB, f"QEMU_DISK_{disk}": True, "QEMU_DISK_MIB": 2 * DISK_MIB, "IOMMU": iommu}
    return Appliance(name, parts, gic, devices={"PCIE": "io"}, options=options)


def test(machine, name, words, pattern, timeout=90):
    """Types a test into a guest's shell and waits for its result."""
    machine.type_to(name, f"bhtest {words}\n")
    machine.expect(name, pattern, timeout)


def serves(machine):
    return rf"serves {3 if len(machine.appliance.parts) == 3 else 2} devices, 1 disks, 2 ports"


def starts(machine):
    with machine.test("io: up, and serves all devices"):
        machine.expect("io", serves(machine), 60)
        machine.expect_guest("io", "io 1.0")
    for name in [p.name for p in machine.appliance.parts if p.is_linux]:
        with machine.test(f"{name}: Debian is up, with a network card"):
            machine.expect_guest(name)
            machine.expect(name, r"^TEST net ok [0-9a-f:]{17} 1500", 60)
            machine.expect(name, r"^guest# ", 60)


def disk(machine):
    with machine.test("linux0: a file system on the disk holds what was written"):
        test(machine, "linux0", "disk", rf"^TEST disk ok {DISK_MIB * 2048} data")
    machine.allow(r"linux0: stopped", r"linux0: .*start")
    with machine.test("linux0: it is still there after a reboot"):
        machine.expect("linux0", r"^guest# ", 30)
        machine.type_to("linux0", "bhtest reboot\n")
        machine.expect_guest("linux0")
        machine.expect("linux0", r"^guest# ", 90)
        test(machine, "linux0", "disk_again", rf"^TEST disk_again ok {DISK_MIB * 2048} data")


def net(machine):
    linux = [p.name for p in machine.appliance.parts if p.is_linux]
    with machine.test(f"{', '.join(linux)}: the other side answers through the switch"):
        machine.expect("linux0", r"^guest# ", 30)
        for name in linux:
            test(machine, name, "ping", r"^TEST ping ok")


def restart(machine):
    """The operator restarts the I/O partition again and again, while one guest writes and verifies and pings the other."""
    machine.allow(r"io: ")
    with machine.test(f"the I/O partition is restarted {RESTARTS} times under load, and no guest sees an error"):
        machine.expect("linux0", r"^guest# ", 30)
        machine.type_to("linux0", "bhtest load\n")
        machine.expect("linux0", r"^TURN 1$", 60)
        machine.command(str(machine.appliance.index("io")))
        machine.focus = machine.appliance.index("io")
        for _ in range(RESTARTS):
            machine.expect("linux0", r"^TURN \d+$", 60, "a guest that goes on")
            machine.skip_to_end("io")
            machine.command("r")
            machine.expect("io", serves(machine), 60)
        machine.expect("linux0", rf"^TEST load ok {4 * RESTARTS}$", 180)
        machine.expect("linux0", r"^TEST disk_errors ok", 60)
    with machine.test("and the network goes on"):
        machine.expect("linux0", r"^guest# ", 30)
        test(machine, "linux0", "ping", r"^TEST ping ok")


def look(machine):
    starts(machine)
    disk(machine)
    net(machine)
    restart(machine)
    machine.walk_tables()


def run(context):
    kinds = [("io-v3", 3, ("6.12", "6.1")), ("io-v2", 2, ("6.1", "6.12"))]
    for name, gic, kernels in kinds:
        session(context, describe(context, name, gic, kernels), look)
    hardware = [("io-virtio", 3, "6.1", "VIRTIO", "VIRTIO", False), ("io-intel", 3, "6.12", "E1000E", "NVME", True)]
    for words in hardware:
        session(context, describe_hardware(context, *words), look)
