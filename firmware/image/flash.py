#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the flash image to a disk, and reads it back.

Shows what will be written and what is lost, asks for the device's name to be typed, refuses a disk that is in use or
that this machine runs from. It takes a whole disk, a loop device or an existing regular file. It must not know what is
in the image beyond the partition names it shows.
"""
import argparse
import fcntl
import hashlib
import os
import pathlib
import stat
import struct
import sys

CHUNK = 4 << 20
BLKRRPART, BLKFLSBUF = 0x125F, 0x1261
SYSTEM_MOUNTS = {"/", "/boot", "/boot/efi", "/boot/firmware", "/usr", "/var", "/home", "/etc"}


class Refused(Exception):
    """Why nothing was written, in the user's words."""


# ---- what the machine says about its disks (under `sys` and `proc`, so that tests bring their own)

def whole_disk(sys_root, number):
    """The /sys folder of block device MAJ:MIN."""
    return (pathlib.Path(sys_root) / "dev/block" / number).resolve()


def family(folder):
    """The disk, its partitions, and all that is built on them (RAID, LVM, encryption): {MAJ:MIN: name}."""
    found = {}
    todo = [folder]
    while todo:
        at = todo.pop()
        if not (at / "dev").exists():
            continue
        number = (at / "dev").read_text().strip()
        if number in found:
            continue
        found[number] = at.name
        todo += [p for p in at.iterdir() if (p / "partition").exists()]
        if (at / "holders").is_dir():
            todo += [p.resolve() for p in (at / "holders").iterdir()]
    return found


def mounts(proc_root):
    """(MAJ:MIN, mount point, source) of everything that is mounted."""
    for line in (pathlib.Path(proc_root) / "self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        words = left.split()
        yield words[2], words[4].replace("\\040", " "), right.split()[1]


def swaps(proc_root):
    path = pathlib.Path(proc_root) / "swaps"
    return [line.split()[0] for line in path.read_text().splitlines()[1:]] if path.exists() else []


def check_in_use(device, members, proc_root):
    names = set(members.values())
    for number, point, source in mounts(proc_root):
        if number in members or (source.startswith("/dev/") and os.path.basename(os.path.realpath(source)) in names):
            what = "this machine runs from it" if point in SYSTEM_MOUNTS else "unmount it first"
            raise Refused(f"{device}: {os.path.basename(source)} is mounted on {point}: {what}")
    for swap in swaps(proc_root):
        if os.path.basename(os.path.realpath(swap)) in names:
            raise Refused(f"{device}: {swap} is swap of this machine")


def check_disk(device, number, sys_root, proc_root):
    folder = whole_disk(sys_root, number)
    if not (folder / "dev").exists():
        raise Refused(f"{device}: the kernel does not know block device {number}")
    if (folder / "partition").exists():
        raise Refused(f"{device} is a partition: the image is a whole disk, give /dev/{folder.parent.name}")
    if (folder / "ro").exists() and (folder / "ro").read_text().strip() == "1":
        raise Refused(f"{device} is read-only")
    members = family(folder)
    check_in_use(device, members, proc_root)
    others = sorted(name for number, name in members.items() if not name.startswith(folder.name))
    if others:
        raise Refused(f"{device}: {', '.join(others)} is built on it: stop that first")
    return describe(folder)


def describe(folder):
    """Vendor, model and partitions, as far as the kernel knows them."""
    words = [(folder / "device" / name) for name in ("vendor", "model")]
    model = " ".join(p.read_text().strip() for p in words if p.exists())
    parts = sorted(p.name for p in folder.iterdir() if (p / "partition").exists())
    return f"{model or 'disk'}, partitions: {', '.join(parts) or 'none'}"


def check_file(device, sys_root):
    for backing in pathlib.Path(sys_root).glob("block/loop*/loop/backing_file"):
        if os.path.realpath(backing.read_text().strip()) == device:
            raise Refused(f"{device} is attached as /dev/{backing.parents[1].name}: give that, or detach it")
    if not os.access(device, os.W_OK):
        raise Refused(f"{device}: permission denied")
    return "regular file"


def check(device, sys_root, proc_root):
    """Returns a description for people, or raises Refused."""
    try:
        status = os.stat(device)
    except OSError as error:
        raise Refused(f"{device}: {error.strerror}") from error
    if stat.S_ISBLK(status.st_mode):
        return check_disk(device, f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}", sys_root, proc_root)
    if stat.S_ISREG(status.st_mode):
        return check_file(device, sys_root)
    raise Refused(f"{device} is neither a disk nor a regular file")


# ---- the image

def gpt_names(path):
    """[(name, first LBA, last LBA)] of the image's GPT; empty if it has none."""
    with open(path, "rb") as image:
        image.seek(512)
        header = image.read(92)
        if header[:8] != b"EFI PART":
            return []
        table, count, size = struct.unpack_from("<QII", header, 72)
        image.seek(table * 512)
        entries = image.read(count * size)
    rows = []
    for at in range(0, len(entries), size):
        first, last = struct.unpack_from("<QQ", entries, at + 32)
        if any(entries[at:at + 16]):
            rows.append((entries[at + 56:at + 128].decode("utf-16-le").rstrip("\0"), first, last))
    return rows


def digest(path):
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(CHUNK):
            total.update(block)
    return total.hexdigest()


def mib(count):
    return f"{count / (1 << 20):.1f} MiB"


def capacity(device):
    with open(device, "rb") as file:
        return file.seek(0, os.SEEK_END)


def show(image, device, what):
    print(f"image   {image}: {mib(os.path.getsize(image))}, SHA-256 {digest(image)}")
    for name, first, last in gpt_names(image):
        print(f"          {name:<12} {mib((last - first + 1) * 512):>12} at sector {first}")
    print(f"device  {device}: {mib(capacity(device))}, {what}")
    print(f"Everything on {device} is lost.")


def confirm(device, yes):
    if yes:
        return
    print(f"Type the device's name to go on ({device}): ", end="", flush=True)
    if sys.stdin.readline().strip() != device:
        raise Refused("not confirmed, nothing was written")


# ---- writing

def write(image, device):
    """Writes the whole image and waits until the device has it."""
    flags = os.O_RDWR | os.O_CLOEXEC
    if stat.S_ISBLK(os.stat(device).st_mode):
        flags |= os.O_EXCL      # the kernel's own word that nobody uses it
    out = os.open(device, flags)
    try:
        with open(image, "rb") as source:
            while block := source.read(CHUNK):
                view = memoryview(block)
                while view:
                    view = view[os.write(out, view):]
        os.fsync(out)
        forget(out)
    except OSError as error:
        raise Refused(f"{device}: {error.strerror}; it may be half written") from error
    finally:
        os.close(out)


def forget(file):
    """What is read next comes from the device, not from memory."""
    try:
        fcntl.ioctl(file, BLKFLSBUF, 0)
    except OSError:
        pass
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)


def compare(image, device):
    at = 0
    with open(image, "rb") as wanted, open(device, "rb") as found:
        while block := wanted.read(CHUNK):
            if found.read(len(block)) != block:
                raise Refused(f"{device}: reads back differently between byte {at} and {at + len(block)}: the device is faulty")
            at += len(block)


def reread_partitions(device):
    with open(device, "rb") as file:
        try:
            fcntl.ioctl(file, BLKRRPART, 0)
        except OSError:
            pass        # a regular file, or a loop device without partitions


def flash(args):
    if not os.path.isfile(args.image):
        raise Refused(f"{args.image} is not there: make builds it")
    if not args.device:
        raise Refused("which device? make flash DEV=/dev/<disk>")
    device = os.path.realpath(args.device)
    what = check(device, args.sys, args.proc)
    if stat.S_ISBLK(os.stat(device).st_mode) and capacity(device) < os.path.getsize(args.image):
        raise Refused(f"{device} has {mib(capacity(device))}, the image needs {mib(os.path.getsize(args.image))}")
    if os.path.samefile(args.image, device):
        raise Refused(f"{device} is the image itself")
    show(args.image, device, what)
    confirm(device, args.yes)
    write(args.image, device)
    compare(args.image, device)
    reread_partitions(device)
    print(f"written and read back: {mib(os.path.getsize(args.image))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--sys", default="/sys", help="where the kernel describes devices")
    parser.add_argument("--proc", default="/proc", help="where the kernel describes mounts")
    parser.add_argument("image")
    parser.add_argument("device", nargs="?", default="")
    try:
        flash(parser.parse_args())
    except (Refused, PermissionError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
