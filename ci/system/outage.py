# SPDX-License-Identifier: Apache-2.0
"""An I/O partition that goes away in the middle of stock fio and iperf3: killed and started again fifty times, nobody sees an
error; and gone for good, which stops what needs it and nothing else. What fio and iperf3 say is the verdict. It must not
know how a device is served.
"""
import random
import re
import time

from appliance import Appliance, Part
from harness import ANSWERS, Failure
from session import session

DISK_MIB = 64
RESTARTS = 50
UNDER_WAY = 32              # requests that fio keeps under way
PAUSE_MS = 30               # longest wait between new requests and the next end
WRITE_BYTES_PER_S = 6 << 20 # the disk's: writes queue up there while reads pass them
SEED = 1
LOOKS = 1200


def initramfs(context, name):
    return {"INITRD": str((context.out / f"guests/initramfs-{name}").resolve())}


def describe_storm(context, name, gic, disk, iommu):
    """Two Debians with a port each, the first with a disk in a GPT partition; the I/O partition behind them."""
    words = "console=ttyAMA0 quiet ip=10.0.0.{}/24 bhtest=net"
    parts = [Part("linux0", "6.12", 448, (0,), words.format(1), options=initramfs(context, "storm.cpio.gz")),
             Part("linux1", "6.12", 192, (1,), words.format(2), options=initramfs(context, "tools-net.cpio")),
             Part("io", str(context.out / "partitions/io.elf"), 32, (2,), options={"IO": True, "TRUSTED_DMA": not iommu})]
    options = {"SLOT_MIB": 256, "NET_PORTS": 2, "NET1_NAME": "a", "NET1_PART1": True, "NET1_TALKS_TO": "b", "NET2_NAME": "b", "NET2_PART2": True,
               "NET2_TALKS_TO": "a", "DISKS": 1, "DISK1_NAME": "data", "DISK1_PART1": True, "DISK1_GPT": True, "DISK1_GPT_NAME": "data",
               "DISK1_SIZE_MIB": DISK_MIB, f"QEMU_DISK_{disk}": True, "QEMU_DISK_MIB": 2 * DISK_MIB, "IOMMU": iommu}
    return Appliance(name, parts, gic, devices={"PCIE": "io"}, options=options)


def slow_writes(machine, bytes_per_s):
    """QEMU holds back the disk's writes; 0: no longer."""
    machine.monitor.command("block_set_io_throttle", device="disk0", bps=0, bps_rd=0, bps_wr=bytes_per_s, iops=0, iops_rd=0, iops_wr=0)


def up(machine):
    with machine.test("all are up"):
        machine.expect("io", r"serves 3 devices, 1 disks, 2 ports", 60)
        for name in ("linux0", "linux1"):
            machine.expect_guest(name)
            machine.expect(name, r"^TEST net ok", 60)
            machine.expect(name, r"^guest# ", 60)
        machine.type_to("linux1", "measure serve\n")
        machine.expect("linux1", r"^MEASURED serve ok", 30)


def choose(machine, name):
    """Keys go to a partition that need not echo."""
    machine.command(str(machine.appliance.index(name)))
    machine.focus = machine.appliance.index(name)


def requests(machine):
    """How many the disk below has finished."""
    stats = next(row["stats"] for row in machine.monitor.command("query-blockstats") if row["device"] == "disk0")
    return stats["rd_operations"] + stats["wr_operations"]


def new_requests(machine):
    """Waits until the disk has finished more than what a predecessor can have left under way."""
    wanted = requests(machine) + 2 * UNDER_WAY
    for _ in range(LOOKS):
        if requests(machine) >= wanted:
            return
        machine.require("STORM fail" not in machine.text("linux0"), "fio or iperf3 failed")
        time.sleep(0.05)
    raise Failure("fio makes no requests")


def restart(machine):
    """Ends the I/O partition and waits until its next life serves. Returns how many requests that found under way."""
    machine.skip_to_end("io")
    machine.command("r")
    machine.expect("io", r"serves 3 devices, 1 disks, 2 ports", 60)
    found = machine.expect("io", r"^(?:io: resubmitted (\d+) |UP )", 60)
    return int(found.group(1) or 0)


def mix_up(machine):
    """Waits until this life of the I/O partition has finished disk requests in another order than they came."""
    for _ in range(LOOKS):
        machine.skip_to_end("io")
        machine.send(b"s")
        found = machine.expect("io", r"linux0\.data: runs, .*served again \d+, out of order (\d+)$", 30)
        if int(found.group(1)):
            return
        machine.require("STORM fail" not in machine.text("linux0"), "fio or iperf3 failed")
        time.sleep(0.2)
    raise Failure("no request overtakes another")


def storm(machine, restarts):
    """Returns how often the I/O partition was started again."""
    dice, under_way = random.Random(SEED), []
    machine.allow(r"io: ")
    with machine.test(f"killed {restarts} times with requests of fio under way, beside iperf3, the I/O partition takes them up each time"):
        slow_writes(machine, WRITE_BYTES_PER_S)
        machine.type_to("linux0", "storm 10.0.0.2\n")
        machine.expect("linux0", r"^STORM begins$", 60)
        choose(machine, "io")
        mix_up(machine)
        while sum(count > 0 for count in under_way) < restarts and len(under_way) < 2 * restarts:   # fio may have ended a run just then
            new_requests(machine)
            time.sleep(dice.randrange(PAUSE_MS) / 1000)
            under_way.append(restart(machine))
        print(f"# {machine.title}: requests under way at each end: {' '.join(map(str, under_way))}")
        machine.require(sum(count > 0 for count in under_way) == restarts, f"requests under way: {under_way}")
    with machine.test("fio verified all that it wrote, iperf3 came through"):
        mix_up(machine)
        slow_writes(machine, 0)
        machine.type(machine.appliance.index("linux0"), "linux0", "\n")
        machine.expect("linux0", r"^STORM ok fio [1-9]\d* iperf3 [1-9]", 180)
    return len(under_way)


def nobody_noticed(machine, restarts):
    machine.allow(*ANSWERS)
    with machine.test("no guest saw an error of its disk, nor started again"):
        machine.expect("linux0", r"^guest# ", 30)
        machine.type_to("linux0", "bhtest disk_errors\n")
        machine.expect("linux0", r"^TEST disk_errors ok", 30)
        machine.skip_to_end("hyp")
        machine.command("s")
        for number, (name, starts) in enumerate((("linux0", 1), ("linux1", 1), ("io", restarts + 1))):
            machine.expect("hyp", rf"^{number} {name}: running, starts {starts}, ", 30)


def describe_dead(context, name, gic):
    """A Debian on two CPUs whose network and disk are served by two I/O partitions."""
    io = str(context.out / "partitions/io.elf")
    words = "console=ttyAMA0 quiet ip=10.0.2.15/24 peer=10.0.2.2 bhtest=net"
    parts = [Part("linux", "6.12", 256, (0, 1), words, options=initramfs(context, "io-6.12.cpio")),
             Part("netio", io, 32, (2,), options={"IO": True, "TRUSTED_DMA": True}),
             Part("diskio", io, 16, (3,), options={"IO": True})]
    options = {"NET_PORTS": 2, "NET1_NAME": "lan", "NET1_PART1": True, "NET1_TALKS_TO": "wan", "NET1_IO_PART2": True, "NET2_NAME": "wan",
               "NET2_UPLINK": True, "NET2_TALKS_TO": "lan", "NET2_IO_PART2": True,
               "DISKS": 1, "DISK1_NAME": "data", "DISK1_PART1": True, "DISK1_SIZE_MIB": 16, "DISK1_IO_PART3": True}
    return Appliance(name, parts, gic, devices={"PCIE": "netio"}, options=options)


def look_dead(machine):
    machine.allow(r"diskio: (stop|stopped|start)$", r"diskio: first heartbeat")
    with machine.test("Linux is up, with network and disk"):
        machine.expect_guest("linux")
        machine.expect("linux", r"^TEST net ok", 60)
        machine.expect("linux", r"^guest# ", 60)
        machine.type_to("linux", "bhtest ping disk\n")
        machine.expect("linux", r"^TEST ping ok", 60)
        machine.expect("linux", r"^TEST disk ok", 60)
        machine.expect("linux", r"^guest# ", 60)
    with machine.test("its disk's back-end stopped for good: requests wait, both CPUs and the network go on"):
        choose(machine, "diskio")
        machine.command("x")
        machine.expect("hyp", r"^diskio: stopped$", 30)
        machine.type_to("linux", "bhtest dead\n")
        machine.expect("linux", r"^TEST dead waiting", 120)
    with machine.test("when the operator starts it again, what waited is done"):
        choose(machine, "diskio")
        machine.skip_to_end("diskio")
        machine.command("g")
        machine.expect("diskio", r"serves 1 devices, 1 disks", 30)
        machine.type(machine.appliance.index("linux"), "linux", "\n")
        machine.expect("linux", r"^TEST dead ok", 60)
        machine.expect("linux", r"^guest# ", 60)
        machine.type_to("linux", "bhtest disk_errors ping\n")
        machine.expect("linux", r"^TEST disk_errors ok", 30)
        machine.expect("linux", r"^TEST ping ok", 60)
    machine.walk_tables()


def look(machine):
    up(machine)
    nobody_noticed(machine, storm(machine, RESTARTS))
    machine.walk_tables()


def run(context, full=False):
    kinds = [("outage-virtio", 3, "VIRTIO", False)]
    if full:
        kinds += [("outage-nvme", 3, "NVME", True), ("outage-v2", 2, "VIRTIO", False)]
    for words in kinds:
        session(context, describe_storm(context, *words), look)
    for name, gic in [("outage-dead", 3)] + ([("outage-dead-v2", 2)] if full else []):
        session(context, describe_dead(context, name, gic), look_dead)
