# SPDX-License-Identifier: Apache-2.0
"""Virtual disks in the shipped flash image, as Debian and a unikernel see them: from a GPT partition of a virtio disk, from regions
of an NVMe disk, from RAM. Sectors that the medium cannot read or write, a disk that may not be written, discard and zeroes as the
host's file shows them, serial number and topology, rate limits by the guest's clock, flushes by count, a controller that
answers no more, and a unikernel that counts its starts over restarts and a loss of power. It must not know how a device is served.
"""
import dataclasses
import os
import re

import plugged
from appliance import Appliance, Part
from session import session

DATA_MIB, COUNT_MIB, FIXED_MIB, SPARE_MIB, RAM_MIB = 32, 4, 8, 16, 8
FIRST = 2048                            # sector of the first GPT partition
BAD_READ, BAD_WRITE = 1000, 2000        # sectors of the first disk
MEDIA = "virtio", "nvme", "loose"
RATE_KIB, BURST_KIB = 1024, 1024
REQUESTS, REQUESTS_BURST = 100, 10
EIO = r"failed: .*(I/O|Input/output) error"


def describe(context):
    initrd = str((context.out / "guests/initramfs-disks.cpio").resolve())
    parts = [Part("linux", "6.12", 256, (0,), "console=ttyAMA0", options={"INITRD": initrd}),
             Part("counter", str(context.out / "partitions/blkcount.elf"), 8, (1,)),
             Part("io", str(context.out / "partitions/io.elf"), 48, (2,), options={"IO": True, "TRUSTED_DMA": True})]
    virtio, nvme = {"MEDIUM": "pci:00.04.0"}, {"MEDIUM": "pci:00.05.0"}
    disks = [{"NAME": "data", "PART1": True, "GPT": True, "GPT_NAME": "linux data", "SERIAL": "S-0815", "OPTIMAL_KIB": 64, **virtio},
             {"NAME": "fixed", "PART1": True, "REGION": True, "SIZE_MIB": FIXED_MIB, "READ_ONLY": True, **nvme},
             {"NAME": "spare", "PART1": True, "REGION": True, "OFFSET_MIB": FIXED_MIB, "SIZE_MIB": SPARE_MIB, "BLOCK": 4096,
              "PHYSICAL_BLOCK": 16384, **nvme},
             {"NAME": "slow", "PART1": True, "SIZE_MIB": RAM_MIB, "RATE_KIB": RATE_KIB, "BURST_KIB": BURST_KIB},
             {"NAME": "few", "PART1": True, "SIZE_MIB": RAM_MIB, "REQUESTS": REQUESTS, "REQUESTS_BURST": REQUESTS_BURST},
             {"NAME": "loose", "PART1": True, "REGION": True, "MEDIUM": "pci:00.06.0"},
             {"NAME": "gone", "PART1": True, "GPT": True, "GPT_NAME": "nowhere", **virtio},
             {"NAME": "away", "PART1": True, "REGION": True, "MEDIUM": "pci:00.09.0"},
             {"NAME": "count", "PART2": True, "GPT": True, "GPT_NAME": "count", **virtio}]
    ports = {"NET_PORTS": 2, "NET1_NAME": "lan", "NET1_PART1": True, "NET1_TALKS_TO": "wan", "NET2_NAME": "wan", "NET2_UPLINK": True,
             "NET2_NIC": "pci:00.0a.0", "NET2_TALKS_TO": "lan"}
    options = {**ports, "DISKS": len(disks), **{f"DISK{n}_{key}": value for n, disk in enumerate(disks, 1) for key, value in disk.items()}}
    return Appliance("disks", parts, devices={"PCIE": "io"}, options=options)


def media(folder):
    """QEMU's arguments for the disks, whose files stay: the first has a sector that cannot be read, and one that cannot be written; the
    third cannot flush."""
    first, second, third = (folder / f"{name}.img" for name in MEDIA)
    plugged.disk_file(first, 2 * DATA_MIB, [(DATA_MIB, "linux data"), (COUNT_MIB, "count")])
    plugged.disk_file(second, FIXED_MIB + SPARE_MIB + 8, [])
    plugged.disk_file(third, 8, [])
    faults = "".join(f",file.inject-error.{n}.event=none,file.inject-error.{n}.errno=5,file.inject-error.{n}.iotype={kind},"
                     f"file.inject-error.{n}.sector={FIRST + sector}" for n, (kind, sector) in enumerate((("read", BAD_READ), ("write", BAD_WRITE))))
    return ("-blockdev", f"driver=raw,node-name=virtio,file.driver=blkdebug,file.image.driver=file,file.image.filename={first}{faults}",
            "-device", f"virtio-blk-pci,id=medium,drive=virtio,addr=4{plugged.VIRTIO}",
            "-blockdev", f"driver=raw,node-name=nvme,discard=unmap,file.driver=file,file.discard=unmap,file.filename={second}",
            "-device", "nvme,id=other,drive=nvme,addr=5,serial=disks",
            "-blockdev", f"driver=raw,node-name=loose,file.driver=blkdebug,file.image.driver=file,file.image.filename={third},"
            "file.inject-error.0.event=none,file.inject-error.0.errno=5,file.inject-error.0.iotype=flush",
            "-device", f"virtio-blk-pci,drive=loose,addr=6{plugged.VIRTIO}")


# ---- words

def ask(machine, words, pattern, timeout=60):
    """Types a word for `disks` into the Debian and waits for its answer."""
    machine.type_to("linux", f"disks {words}\n")
    return machine.expect("linux", pattern, timeout)


def reads(machine, dev, sector, count=8, wanted="ok"):
    ask(machine, f"read_one {dev} {sector} {count}", rf"^READ {dev} {sector} {wanted}")


def writes(machine, dev, sector, word, count=8, wanted="ok"):
    ask(machine, f"write_one {dev} {sector} {count} {word}", rf"^WRITE {dev} {sector} {wanted}")


def served(machine, disk):
    """What the I/O partition has counted for a disk: {word: number}; the state of its device is under "state"."""
    machine.skip_to_end("io")
    machine.type(machine.appliance.index("io"), "io", "s", echo=False)
    state = machine.expect("io", rf"^io: {disk}: (\w[\w ]*), features .* broken (\d+)", 20)
    line = machine.expect("io", rf"^io: {disk}: (reads .* bounced \d+)", 20)[1]
    found = {word: int(number) for word, number in re.findall(r"(\w+) (\d+)", line)}
    return {**found, "state": state[1], "broken": int(state[2])}


def starts(machine, number, timeout=60):
    machine.expect("counter", rf"^blkcount: start {number}$", timeout, f"start {number} of the counter")


# ---- what is looked at

def up(machine):
    with machine.test("all are up, and the counter begins to count"):
        machine.expect("io", r"serves 10 devices, 9 disks, 2 ports", 60)
        starts(machine, 1)
        machine.expect_guest("linux")
        machine.expect("linux", r"^guest# ", 60)


def facts(machine):
    """Size, read-only, logical, physical, optimal, largest discard and zeroes, cache, serial number."""
    mib = 2048
    limit = (1 << 21) * 512
    wanted = {"vda": (DATA_MIB * mib, 0, 512, 4096, 65536, limit, limit, "write-back", "S-0815"),
              "vdb": (FIXED_MIB * mib, 1, 512, 4096, 0, 0, 0, "write-back", "fixed"),
              "vdc": (SPARE_MIB * mib, 0, 4096, 16384, 0, limit, limit, "write-back", "spare"),
              "vdd": (RAM_MIB * mib, 0, 512, 4096, 0, limit, limit, "write-back", "slow")}
    for dev, words in wanted.items():
        with machine.test(f"{dev} is what was configured: size, blocks, requests, serial number"):
            said = ask(machine, f"facts {dev}", rf"^FACTS {dev} (.*)[\r\n]")[1].split()
            machine.require(said == [str(w) for w in words], f"{said} instead of {words}")


def missing(machine):
    """A disk without a medium, or a port without a network card, costs nobody else his."""
    with machine.test("a port whose network card is not there is told, and is down"):
        machine.cursors.pop("io", None)
        machine.expect("io", r"^io: port wan: there is no network card pci:00.0a.0: it is down", 10)
    with machine.test("a disk whose GPT partition or medium is not there is told, and is empty"):
        for dev, name, why in ("vdg", "gone", 'pci:00.04.0 has no GPT partition "nowhere"'), ("vdh", "away", "there is no physical disk pci:00.09.0 .*"):
            machine.cursors.pop("io", None)
            machine.expect("io", rf"^io: disk {name}: {why}: it is empty", 10)
            ask(machine, f"facts {dev}", rf"^FACTS {dev} 0 0 .* {name}[\r\n]")


def medium_errors(machine):
    with machine.test("a sector that cannot be read or written is an I/O error, its neighbours are fine"):
        for sector in (BAD_READ - 8, BAD_READ + 8):
            reads(machine, "vda", sector)
        reads(machine, "vda", BAD_READ, wanted=EIO)
        writes(machine, "vda", BAD_READ, "over")
        writes(machine, "vda", BAD_WRITE, "lost", wanted=EIO)
        reads(machine, "vda", BAD_WRITE)
        writes(machine, "vda", BAD_WRITE + 8, "beside")
    with machine.test("the kernel's log names these two sectors, of this disk alone"):
        machine.type_to("linux", "disks errors\n")
        said = machine.expect("linux", r"(?s)^(ERROR .*?)^ERRORS end", 30)[1]
        found = set(re.findall(r"ERROR (\w+) (\d+) (\w+)", said))
        machine.require(found == {("vda", str(BAD_READ), "0x0"), ("vda", str(BAD_WRITE), "0x1")}, f"{found}")
    with machine.test("the device goes on, and so do other disks and the neighbour's on the same medium"):
        for dev in "vdb", "vdc", "vdd":
            reads(machine, dev, 0)
        seen = served(machine, "linux.data")
        machine.require(seen["state"] == "runs" and seen["broken"] == 0 and seen["errors"] >= 2, f"{seen}")
        restart_counter(machine, 2)


def read_only(machine, folder):
    with machine.test("a disk that is read only is read, and not written"):
        reads(machine, "vdb", 0)
        writes(machine, "vdb", 0, "never", wanted="failed")
        with open(folder / "nvme.img", "rb") as file:
            machine.require(not any(file.read(FIXED_MIB << 20)), "it was written")
    with machine.test("nor is the disk behind it on the same medium touched, until it is written itself"):
        writes(machine, "vdc", 0, "spare")
        with open(folder / "nvme.img", "rb") as file:
            data = file.read((FIXED_MIB << 20) + 8192)
        machine.require(not any(data[:FIXED_MIB << 20]) and data[FIXED_MIB << 20:].startswith(b"spare\n") and not any(data[-4096:]), "it is elsewhere")


def room(path):
    return os.stat(path).st_blocks * 512


def erased(machine, folder):
    """Discarded and zeroed ranges become holes of the host's file; the rest stays."""
    path, base, size = folder / "nvme.img", (FIXED_MIB + 4) << 20, 1 << 20
    with machine.test("what is discarded or zeroed takes no room in the host's file, and nothing else is lost"):
        for n in range(4):
            writes(machine, "vdc", (4 << 11) + (n << 11), f"part{n}", count=2048)
        before = room(path)
        ask(machine, f"discard vdc {5 << 20} {size}", r"^DISCARD vdc \d+ ok")
        ask(machine, f"zero vdc {6 << 20} {size}", r"^ZERO vdc \d+ ok")
        after = room(path)
        machine.require(before - after >= 2 * size, f"{before} bytes before, {after} after")
        with open(path, "rb") as file:
            file.seek(base)
            data = file.read(4 * size)
        kept = data[:size] == b"part0\n" * (size // 6) + b"part0\n"[:size % 6] and data[3 * size:4 * size] == (b"part3\n" * (size // 6 + 1))[:size]
        machine.require(kept and not any(data[2 * size:3 * size]), "neighbours lost, or zeroes not written")


def flushes(machine):
    with machine.test("a flush of the guest is one of the disk"):
        before = served(machine, "linux.data")["flushes"]
        ask(machine, "flush vda", r"^FLUSH vda 0 ok")
        after = served(machine, "linux.data")["flushes"]
        machine.require(after > before, f"{before} before, {after} after")
    with machine.test("a flush that the medium refuses is an I/O error, its writes and reads are none"):
        writes(machine, "vdf", 8, "loose")
        reads(machine, "vdf", 8)
        ask(machine, "flush vdf", rf"^FLUSH vdf 0 {EIO}")


def limits(machine):
    """A limited disk takes at least as long as its limit says, by the guest's clock."""
    with machine.test("bytes a second are limited"):
        kib = 4096
        hundredths = int(ask(machine, f"took vdd {kib // 64} 64", r"^TOOK vdd (\d+) ok")[1])
        least = 100 * (kib - 64 - BURST_KIB) // RATE_KIB
        machine.require(hundredths >= least, f"{kib} KiB took {hundredths / 100} s, {least / 100} s at least by the limit")
    with machine.test("requests a second are limited"):
        count = 310
        hundredths = int(ask(machine, f"took vde {count} 4", r"^TOOK vde (\d+) ok")[1])
        least = 100 * (count - 1 - REQUESTS_BURST) // REQUESTS
        machine.require(hundredths >= least, f"{count} requests took {hundredths / 100} s, {least / 100} s at least by the limit")
    with machine.test("a disk without a limit is not slowed down by those that have one"):
        hundredths = int(ask(machine, "took vdc 16 64", r"^TOOK vdc (\d+) ok")[1])
        print(f"# 1 MiB without a limit: {hundredths / 100} s")
        machine.require(served(machine, "linux.slow")["errors"] == 0, "errors")


def lost_controller(machine, title, backend, dev):
    """QEMU holds requests back until the driver gives the controller up, which it then resets."""
    machine.allow(r"io: ")
    held = {"bps": 0, "bps_rd": 0, "iops": 0, "iops_rd": 0, "iops_wr": 0}
    with machine.test(f"{title}: a controller that does not answer is reset, what was under way is an I/O error"):
        machine.monitor.command("block_set_io_throttle", id=backend, bps_wr=100, **held)
        machine.skip_to_end("io")
        writes(machine, dev, 4096, "first")
        writes(machine, dev, 4104, "second", wanted=EIO)
        machine.monitor.command("block_set_io_throttle", id=backend, bps_wr=0, **held)
        machine.expect("io", r"^io: a disk's controller was reset", 20)
    with machine.test(f"{title}: and goes on"):
        writes(machine, dev, 4104, "second")
        reads(machine, dev, 4104)


def restart_counter(machine, number):
    machine.allow(r"counter: ")
    machine.command(str(machine.appliance.index("counter")))
    machine.focus = machine.appliance.index("counter")
    machine.skip_to_end("counter")
    machine.command("r")
    starts(machine, number)


def look(machine, folder):
    up(machine)
    facts(machine)
    missing(machine)
    medium_errors(machine)
    read_only(machine, folder)
    erased(machine, folder)
    flushes(machine)
    limits(machine)
    lost_controller(machine, "virtio", "/machine/peripheral/medium/virtio-backend", "vda")
    lost_controller(machine, "NVMe", "/machine/peripheral/other", "vdc")
    with machine.test("so does the neighbour's disk on the first medium"):
        restart_counter(machine, 3)


def look_again(machine):
    with machine.test("after a loss of power the counter goes on where it was"):
        starts(machine, 4)


def run(context):
    appliance = describe(context)
    folder = (context.out / "system" / appliance.name).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for name in MEDIA:
        (folder / f"{name}.img").unlink(missing_ok=True)
    session(context, appliance, lambda machine: look(machine, folder), extra=media(folder))
    again = dataclasses.replace(context, direct=True)
    session(again, appliance, look_again, extra=media(folder))
