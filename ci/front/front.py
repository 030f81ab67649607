# SPDX-License-Identifier: Apache-2.0
"""The disk driver of pvdrivers/front on plain QEMU, where a virtio-mmio disk is somebody else's work: ci/guests/front judges from inside, and
this program holds the disk's file. Then partitions/blkcount, started again and again on one disk. Prints TAP.
"""
import argparse
import os
import pathlib
import re
import secrets
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guests"))
import suite as guests  # noqa: E402

SECTOR = 512
FRONT = 32 * SECTOR     # written here, read there; the answer stands behind it
SERIAL = "front0815"
MODERN = ("-global", "virtio-mmio.force-legacy=false")


class Disk:
    """A disk's file, with something of ours in front."""

    def __init__(self, folder, mib=16):
        self.path = pathlib.Path(folder) / "disk.img"
        self.front = os.urandom(FRONT)
        self.sectors = (mib << 20) // SECTOR
        with self.path.open("wb") as file:
            file.write(self.front)
            file.truncate(mib << 20)

    def device(self, options="", drive=""):
        return (*MODERN, "-drive", f"if=none,id=d0,format=raw,cache=writeback,discard=unmap,file={self.path}{drive}",
                "-device", f"virtio-blk-device,drive=d0,serial={SERIAL}{options}")

    def broken(self, sector):
        return (*MODERN, "-blockdev", f"driver=raw,node-name=d0,file.driver=blkdebug,file.image.driver=file,file.image.filename={self.path},"
                f"file.inject-error.0.event=none,file.inject-error.0.errno=5,file.inject-error.0.sector={sector}",
                "-device", "virtio-blk-device,drive=d0")

    def read(self, at, count):
        with self.path.open("rb") as file:
            file.seek(at)
            return file.read(count)


def run(tap, out, what, words, devices, gic=3):
    """A guest that judges itself, to its end; its text."""
    with guests.Machine(out / "guests/front.bin", words, gic, 1, 64, devices) as machine:
        ended = machine.wait_end(60)
        for word, name in re.findall(r"^(ok|not ok) \d+ - ([^\r\n]*)", machine.text, re.M):
            tap.check(word == "ok", f"{what}: {name}", machine.text)
        tap.check(ended and re.search(r"^1\.\.\d+", machine.text, re.M), f"{what}: came to its end", machine.text)
        return machine.text


def whole(tap, out, gic, options, packed, event):
    what = f"GICv{gic}{options}"
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(folder)
        text = run(tap, out, what, f"sectors={disk.sectors} serial={SERIAL}", disk.device(options), gic)
        tap.check(f"packed={packed} event={event}" in text, f"{what}: the ring is the one that is asked for", text)
        answer = bytes(b ^ 0xff for b in disk.front)
        tap.check(disk.read(FRONT, FRONT) == answer, f"{what}: the answer is in the file")


def others(tap, out):
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(folder)
        run(tap, out, "read-only", "expect=ro", disk.device(drive=",readonly=on"))
        run(tap, out, "broken", "broken=1024", disk.broken(1024))
        run(tap, out, "none", "expect=none", MODERN)
        run(tap, out, "legacy", "expect=none", disk.device()[2:])


def count(tap, out, devices, what, wanted):
    """One start of blkcount."""
    nonce = secrets.token_hex(8)
    with guests.Machine(out / "partitions/blkcount.bin", f"nonce={nonce}", 3, 1, 64, devices) as machine:
        good = machine.wait(guests.up_line(nonce, "blkcount 1.0", 1, 64)) and re.search(wanted, machine.text)
        tap.check(good, f"blkcount: {what}", machine.text)


def counting(tap, out):
    with tempfile.TemporaryDirectory() as folder:
        disk = Disk(folder)
        devices = disk.device()
        count(tap, out, devices, "a disk of somebody else is left alone", "holds something else")
        tap.check(disk.read(0, FRONT) == disk.front, "blkcount: and is as it was")
        with disk.path.open("r+b") as file:
            file.write(bytes(FRONT))
        for start in (1, 2, 3):
            count(tap, out, devices, f"start {start}", f"blkcount: start {start}\r")
        with disk.path.open("r+b") as file:     # the third start wrote the first copy: tear it
            file.seek(8)
            file.write(b"\xff")
        count(tap, out, devices, "a torn write costs that start alone", "blkcount: start 3\r")
        count(tap, out, devices, "and counting goes on", "blkcount: start 4\r")
        count(tap, out, MODERN, "no disk is no harm", "blkcount: no disk\r")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    tap = guests.Tap()
    whole(tap, args.out, 3, "", 0, 1)
    whole(tap, args.out, 2, ",packed=on", 1, 1)
    whole(tap, args.out, 3, ",event_idx=off,indirect_desc=off", 0, 0)
    whole(tap, args.out, 3, ",packed=on,event_idx=off,logical_block_size=4096,physical_block_size=4096", 1, 0)
    others(tap, args.out)
    counting(tap, args.out)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
