# SPDX-License-Identifier: Apache-2.0
"""What a disk has acknowledged as durable is there after any loss of power. A unikernel writes records to a GPT partition of a
virtio disk and to a region of an NVMe disk, with flushes among them, while the operator restarts the I/O partition; QEMU logs what its disks
are told. For each flush of that log the disk is put together as it may be found when power fails before the next one: all up
to the flush, and of what came later anything. Each record says up to which one all were promised to be durable when it
was written, and those must be there. An I/O partition that answers flushes without asking the disk, built from a copy of the tree, must
be found out. It must not know how a request goes through the I/O partition.
"""
import pathlib
import random
import shutil
import struct

import harness
import planted
import plugged
import write_log
from appliance import Appliance, Builder, Part
from session import session

SLOTS, SLOT = 128, 8192             # those of ci/guests/durable
MAGIC = 0x2165737562727564
UNIT = struct.Struct("<QQQQ")
DISK_MIB, REGION_MIB = 16, 8
NAMES = ("virtio", "nvme")
RESTARTS = 3
CUTS = 6                            # of power, after each flush
RECORDS = 1500                      # of a disk, at least
FLUSHES = 25                        # of a disk that it may not leave out, at least: QEMU leaves out those that find nothing written

FLUSH = "\t\ttask->flush_left = can(b, BLK_CAN_FLUSH);\n\t\treturn;\n"      # pvdrivers/back/blk.c, a flush of the front-end
NO_FLUSH = FLUSH.replace("can(b, BLK_CAN_FLUSH)", "false")


# ---- the judge

def record(slot):
    """(number, durable) of the record in these bytes; None: none, or not all of it."""
    magic, number, durable, sectors = UNIT.unpack_from(slot)
    size = sectors * write_log.SECTOR
    if magic != MAGIC or not 0 < size <= len(slot) or slot[:size] != bytes(slot[:UNIT.size]) * (size // UNIT.size):
        return None
    return number, durable


class Replay:
    """A disk's slots, put together from its log. `first` is where they begin on the disk, `told` what the last words of the guest promise."""

    def __init__(self, entries, first, told):
        self.first, self.entries = first, [e for e in entries if e.is_flush or first <= e.offset < first + SLOTS * SLOT]
        self.told = told
        self.promised = [0]         # by the first n entries
        for entry in self.entries:
            found = record(entry.data) if entry.data else None
            self.promised.append(max(self.promised[-1], found[1] if found else 0))

    def apply(self, image, entries):
        for entry in entries:
            if entry.data:
                image[entry.offset - self.first:entry.offset - self.first + entry.size] = entry.data

    def missing(self, image, durable):
        """What should be in the slots after all records up to `durable`, and is not."""
        for slot in range(SLOTS):
            wanted = durable - (durable - slot) % SLOTS
            if wanted <= 0:
                continue
            found = record(memoryview(image)[slot * SLOT:(slot + 1) * SLOT])
            if found is None or found[0] < wanted or found[0] % SLOTS != slot:
                return f"slot {slot} holds record {found and found[0]}, promised was {wanted}"
        return ""

    def judge(self, dice):
        """(losses of power tried, what was found wrong). Stops at the first few."""
        flushes = [n for n, e in enumerate(self.entries) if e.is_flush] + [len(self.entries)]
        image, tried, wrong, begin = bytearray(SLOTS * SLOT), 0, [], 0
        for end in flushes:
            for cut in [end] + [dice.randint(begin, end) for _ in range(CUTS - 1)]:
                keep, kept = dice.choice((0, 0.1, 0.5, 0.9)), bytearray(image)
                self.apply(kept, [e for e in self.entries[begin:cut] if dice.random() < keep])
                durable = self.told if cut == len(self.entries) else self.promised[cut]
                lost = self.missing(kept, durable)
                tried += 1
                if lost:
                    wrong.append(f"power fails after {cut} of {len(self.entries)} requests, {cut - begin} of them since the last flush: {lost}")
            if len(wrong) > 5:
                break
            self.apply(image, self.entries[begin:end])
            begin = end + 1
        return tried, wrong


# ---- the machine

def disks(folder):
    """QEMU's arguments for the two disks and their logs, and where the records begin on each."""
    paths = [pathlib.Path(folder) / f"{name}.img" for name in NAMES]
    for path in paths:
        path.unlink(missing_ok=True)
    plugged.disk_file(paths[0], DISK_MIB, [(4, "records")])
    plugged.disk_file(paths[1], DISK_MIB, [])
    entry = paths[0].read_bytes()[1024:1152]
    firsts = (struct.unpack_from("<Q", entry, 32)[0] * 512, REGION_MIB << 20)
    devices = (f"virtio-blk-pci,drive=virtio,addr=4{plugged.VIRTIO}", "nvme,drive=nvme,addr=5,serial=durable")
    extra = []
    for name, path, device in zip(NAMES, paths, devices):
        extra += [*write_log.blockdev(name, path, path.with_suffix(".log")), "-device", device]
    return extra, firsts


def describe(out, name, io):
    parts = [Part("writer", str(out / "guests/durable.elf"), 16, (0,)),
             Part("io", str(io), 32, (1,), options={"IO": True, "TRUSTED_DMA": True, "ON_FAULT_RESTART": True})]
    options = {"DISKS": 2, "DISK1_NAME": "gpt", "DISK1_PART1": True, "DISK1_GPT": True, "DISK1_GPT_NAME": "records", "DISK1_MEDIUM": "pci:00.04.0",
               "DISK2_NAME": "region", "DISK2_PART1": True, "DISK2_REGION": True, "DISK2_MEDIUM": "pci:00.05.0", "DISK2_OFFSET_MIB": REGION_MIB,
               "DISK2_SIZE_MIB": 4}
    return Appliance(name, parts, devices={"PCIE": "io"}, options=options)


def passed(machine, records):
    """Waits until each disk has seen so many."""
    for n in range(len(NAMES)):
        machine.cursors.pop("writer", None)     # the disks' lines come in any order
        machine.expect("writer", rf"^AT disk={n} {records}$", 120)


def run_writer(machine, restarts):
    """The guest's last words, a disk each."""
    machine.allow(r"io: ")
    with machine.test("both disks are written"):
        machine.expect_guest("writer", "durable 1.0")
        passed(machine, 250)
    with machine.test("no interrupt of a disk was given up for want of an owner"):
        machine.require("owns up" not in machine.text("io"), "a pin was turned off")
    if restarts:
        with machine.test(f"the I/O partition is restarted {restarts} times meanwhile"):
            for n in range(restarts):
                machine.command(str(machine.appliance.index("io")))
                machine.focus = machine.appliance.index("io")
                machine.skip_to_end("io")
                machine.command("r")
                machine.expect("io", r"serves 2 devices, 2 disks", 60)
                passed(machine, 500 + 250 * n)
            passed(machine, RECORDS)
    words = []
    with machine.test("all records are done and flushed, without an error"):
        machine.skip_to_end("writer")
        machine.type(machine.appliance.index("writer"), "writer", "q", echo=False)
        for n in range(len(NAMES)):
            match = machine.expect("writer", rf"^DURABLE disk={n} records=(\d+) durable=(\d+) flushes=(\d+) errors=0$", 60)
            machine.require(match[1] == match[2], match[0])
            words.append([int(w) for w in match.groups()])
    return words


def judged(folder, words, firsts):
    """(name, tried, wrong, flushes in the log, the guest's words) of each disk."""
    found = []
    for name, (records, durable, flushes), first in zip(NAMES, words, firsts):
        entries = write_log.read(pathlib.Path(folder) / f"{name}.log")
        tried, wrong = Replay(entries, first, durable).judge(random.Random(records))
        found.append((name, tried, wrong, sum(e.is_flush for e in entries), records, flushes))
    return found


def look(machine, firsts):
    words = run_writer(machine, RESTARTS)
    for name, tried, wrong, logged, records, flushes in judged(machine.sub, words, firsts):
        print(f"# {machine.title}, {name}: {records} records, {flushes} flushes promised, {logged} at the disk, {tried} losses of power")
        with machine.test(f"{name}: whenever power fails, what was durable is there"):
            machine.require(records >= RECORDS and flushes >= FLUSHES and tried >= CUTS * flushes, f"{records} records, {flushes} flushes, {tried} losses of power")
            machine.require(not wrong, "\n".join(wrong))
        with machine.test(f"{name}: no flush is promised that the disk was not asked for"):
            machine.require(logged >= flushes, f"{logged} at the disk, {flushes} promised")


def look_planted(machine, firsts):
    words = run_writer(machine, 0)
    for name, _, wrong, logged, _, _ in judged(machine.sub, words, firsts):
        with machine.test(f"{name}: flushes that are not passed on are found out"):
            machine.require(wrong and not logged, f"{logged} flushes at the disk, wrong: {wrong}")


def planted_io(context):
    """The I/O partition of a tree that answers flushes without asking the disk."""
    tree = planted.tree(context.out, "pvdrivers/back/blk.c", FLUSH, NO_FLUSH)
    out = context.out.resolve() / "system/durable-planted-io"
    for name in "pvdrivers", "partitions/io-objects":       # what is the same is not built again: its sources kept their time
        shutil.copytree(context.out / name, out / name, dirs_exist_ok=True)
    Builder._run("make", "-s", "-C", str(tree), f"-j{context.builder.jobs}", f"O={out}", f"{out}/partitions/io.elf")
    return out / "partitions/io.elf"


def run(context):
    out = context.out
    for name, io, body in (("durable", out / "partitions/io.elf", look), ("durable-planted", planted_io(context), look_planted)):
        folder = out / "system" / name
        folder.mkdir(parents=True, exist_ok=True)
        extra, firsts = disks(folder.resolve())
        session(context, describe(out, name, io), lambda machine, body=body, firsts=firsts: body(machine, firsts), extra=extra)
