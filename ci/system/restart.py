# SPDX-License-Identifier: Apache-2.0
"""Restarts beside a partition whose signs of life are timed under -icount, in guest time: a unikernel that starts again
200 times and reads all its RAM first, and Debian Linux that starts again five times, by the operator's key and by its
own reboot in turns. And a front-end that is restarted while its disk, without an IOMMU, still reads for it. It must not know
how a restart is done.

QEMU runs its CPUs in the order of their numbers, and fires timers before the first one's turn. So the timed partition
has CPU 0: its timer ends the turn of whoever is restarted, and it is late by what it waited for, not by a turn. But where a timer
of the other one ends its own turn, between its alarm and the setting of the next one, nothing brings it back before the other's
next timer: beside a Linux that computes it may be late by a tick of that one (seen once: 2.9 ms, while Linux checked a certificate).
"""
import re
import time

from appliance import Appliance, Part
from session import session

LIVES, LINUX_RESTARTS, MS = 200, 5, 1000000
TICK = 4 * MS       # of Debian's Linux


def rows(machine):
    """What the neighbour said of its windows so far."""
    return [{k: int(v) for k, v in (pair.split("=") for pair in line.split()[1:]) if k != "do"}
            for line in re.findall(r"^(SLOTS do=beat .*)\n", machine.text("beat"), re.M)]


def windows_before(machine):
    """A test: a few windows while nobody is restarted yet. Returns how many there are."""
    with machine.test("the neighbour beats"):
        for _ in range(3):
            machine.expect("beat", r"^SLOTS do=beat .*\n", 120)
    return len(rows(machine))


def judge_neighbour(machine, before, turn=0):
    """Two tests, on all windows: `before` of them were told before the first restart was asked for. `turn`: ns that QEMU may take."""
    machine.skip_to_end("beat")
    with machine.test("no beat comes later than the latest before the first restart by more than 1 ms" + (" and a turn of QEMU's" if turn else "")):
        machine.expect("beat", r"^SLOTS do=beat .*\n", 120)
        gaps = [row["gap_ns"] for row in rows(machine)]
        machine.require(0 < before < len(gaps), f"{before} windows before, {len(gaps)} in all")
        print(f"# {machine.title}: worst gap {max(gaps[:before])} ns in {before} windows before, {max(gaps)} ns in all {len(gaps)}")
        machine.require(max(gaps) <= max(gaps[:before]) + MS + turn, f"worst gap before {max(gaps[:before])} ns, in all {max(gaps)} ns")
    with machine.test("no beat is missing"):
        lacking = [row for row in rows(machine) if row["beats"] < (row["ns"] - turn * (row["gap_ns"] > 2 * MS)) // MS]
        machine.require(not lacking, f"windows that lack beats: {lacking[:3]}")


def look(machine):
    machine.allow(r"scan: ")
    before = windows_before(machine)
    with machine.test(f"{LIVES} lives, and no old byte in any of them"):
        machine.expect("scan", r"^RAMSCAN waits", 60)
        machine.type(machine.appliance.index("scan"), "scan", "g", echo=False)
        machine.cursors.pop("scan")
        for life in range(1, LIVES + 1):
            match = machine.expect("scan", r"^RAMSCAN life=(\d+) bytes=(\d+) dirty=(\d+)", 60, f"life {life}")
            machine.require(int(match.group(1)) == life and match.group(3) == "0" and int(match.group(2)) > 1 << 20, match.group(0))
    judge_neighbour(machine, before)
    machine.walk_tables()


def restart_by_key(machine):
    machine.command("r")


def restart_by_guest(machine):
    machine.expect("linux", r"^guest# ", 120)
    machine.type_to("linux", "bhtest reboot\n")


def look_linux(machine):
    machine.allow(r"linux: (restart|stopped, starts again)$")
    with machine.test("Linux is up"):
        machine.expect_guest("linux", timeout=300)
        machine.expect("linux", r"^guest# ", 120)
        machine.type_to("linux", "\n")
    before = windows_before(machine)
    for number in range(LINUX_RESTARTS):
        way = (restart_by_key, restart_by_guest)[number % 2]
        with machine.test(f"restart {number + 1}, {way.__name__[8:].replace('_', ' ')}: Linux is up again"):
            way(machine)
            machine.expect("hyp", r"^linux: stopped, starts again$", 60)
            machine.skip_to_end("linux")
            machine.expect_guest("linux", timeout=300)
    judge_neighbour(machine, before, TICK)
    machine.walk_tables()


def slow_reads(machine, bytes_per_s):
    """QEMU holds back the disk's reads, all but the first; 0: no longer."""
    machine.monitor.command("block_set_io_throttle", device="disk0", bps=0, bps_rd=bytes_per_s, bps_wr=0, iops=0, iops_rd=0, iops_wr=0)


def look_disk(machine):
    """Less than a controller's 10 s: this one is slow, not lost."""
    machine.allow(r"front: ")
    front = machine.appliance.index("front")
    with machine.test("a read is under way when its front-end stops"):
        machine.expect("front", r"^OLDREAD ready", 60)
        slow_reads(machine, 1000)
        machine.type(front, "front", "g", echo=False)
        machine.expect("front", r"^OLDREAD under way 1\r?$", 30)
        machine.expect("hyp", r"^front: stopped, starts again$", 30)
    with machine.test("the next life does not begin before that read is over"):
        time.sleep(1)
        is_early = "OLDREAD life=2" in machine.text("front")
        slow_reads(machine, 0)
        machine.expect("front", r"^OLDREAD life=2 dirty=0\r?$", 60)
        machine.require(not is_early, "it ran while the read was under way")
    with machine.test("and finds no byte of it, nor later"):
        machine.type(front, "front", "g", echo=False)
        machine.expect("front", r"^OLDREAD again dirty=0\r?$", 30)
    with machine.test("its disk serves it"):
        machine.expect("front", r"^OLDREAD disk ok", 30)


def run(context):
    guests = context.out / "guests"
    beat = Part("beat", str(guests / "slots.elf"), 8, (0,), "do=beat pattern=1 ms=20 windows=1000000")
    scan = Part("scan", str(guests / "ramscan.elf"), 8, (1,), f"then=reset lives={LIVES} wait=1")
    linux = Part("linux", "6.12", 256, (1,), "console=ttyAMA0")
    session(context, Appliance("restart", [scan, beat]), look, icount=True)
    session(context, Appliance("restart-linux", [linux, beat]), look_linux, icount=True)
    front = Part("front", str(guests / "oldread.elf"), 16, (0,))
    io = Part("io", str(context.out / "partitions/io.elf"), 32, (1,), options={"IO": True, "TRUSTED_DMA": True})
    disk = {"DISKS": 1, "DISK1_NAME": "data", "DISK1_PART1": True, "DISK1_REGION": True, "DISK1_SIZE_MIB": 4, "QEMU_DISK_VIRTIO": True, "QEMU_DISK_MIB": 8}
    session(context, Appliance("restart-disk", [front, io], devices={"PCIE": "io"}, options=disk), look_disk)
