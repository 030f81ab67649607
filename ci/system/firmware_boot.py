# SPDX-License-Identifier: Apache-2.0
"""The chain from power-on to the hypervisor's first instruction, attacked.

A payload plays the hypervisor (ci/firmware/payload.c): it prints the handoff and what it finds in memory. Every refusal
first boots the same image unchanged, then changed; the words on the console are compared, and which slot was started.
It must not know the hypervisor, nor partitions.

    firmware_boot.py --firmware DIR --payload BIN --key PEM --work DIR [NAME...]
"""
import argparse
import binascii
import contextlib
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "run"), str(ROOT / "check"), str(ROOT / "firmware")]

import manifest                                              # noqa: E402
from machine import Board, Machine, MachineError, flash_arguments  # noqa: E402
from tap import Tap                                          # noqa: E402

LIMIT = 60
MIB = 1 << 20
STARTED = r"payload: end"
RECOVERY = r"recovery> "
NO_STAGE = r"no disk has a boot stage that is signed for this board"
DEVELOPMENT, TRIAL, OTHER_SLOT, SEED, COUNTED = 1, 2, 4, 8, 16


class Failure(Exception):
    """What was not as it should be, in words."""


def require(good, what):
    if not good:
        raise Failure(what)


class Lab:
    """Paths and tools; makes images and boots them."""

    def __init__(self, args):
        self.firmware, self.payload = args.firmware.resolve(), args.payload.resolve()
        self.key, self.work = args.key.resolve(), args.work.resolve()
        self.tool = self.firmware / "bulkhead-image"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        self.data = self.work / "data.bin"
        self.data.write_bytes(manifest.pattern()[:manifest.COMPONENT_SIZE])
        self.image = self.make_image("base")
        self.count = 0

    def run(self, *words):
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False,
                              env=dict(os.environ, SOURCE_DATE_EPOCH=os.environ.get("SOURCE_DATE_EPOCH", "1700000000")))
        require(done.returncode == 0, f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")

    def make_slot(self, name, key=None, **changes):
        source, slot = self.work / f"{name}.in", self.work / f"{name}.slot"
        source.write_text(manifest.text(self.payload, self.data, **changes))
        self.run(self.tool, "slot", source, key or self.key, slot)
        return slot

    def make_record(self, name, sequence=1, preferred="a", a="confirmed", b="confirmed"):
        record = self.work / f"{name}.record"
        self.run(self.tool, "record", sequence, preferred, a, b, record)
        return record.read_bytes()

    def make_image(self, name, key=None, **changes):
        image = self.work / f"{name}.img"
        (self.work / f"{name}.record").write_bytes(self.make_record(name))
        self.run(ROOT.parent / "firmware/image/make-image", image, self.firmware / "boot.fit", self.work / f"{name}.record",
                 self.make_slot(name, key, **changes), 16)
        return image

    def boot(self, image, until, board=None, extra=(), keys=b"", disk=None):
        """What the board says until `until` matches, which it must."""
        self.count += 1
        arguments = flash_arguments(self.firmware / "u-boot.bin", image)
        if disk:
            arguments[-1] = disk
        with Machine(board or Board(), [*arguments, *extra], self.work / f"log-{self.count}") as machine:
            end = time.monotonic() + LIMIT
            while True:
                with machine.changed:
                    machine.changed.wait(0.1)
                    text, ended = said(machine), machine.ended
                if re.search(until, text):
                    return text
                require(not ended and time.monotonic() < end, f"waited for {until!r}:\n" + text[-1500:])
                if keys:
                    with contextlib.suppress(OSError):      # the board has turned itself off meanwhile
                        machine.send(keys)


class Disk:
    """The bytes of an image's partitions, for changing them."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as file:
            file.seek(1024)
            table = file.read(128 * 128)
        self.at = {}
        for entry in (table[i:i + 128] for i in range(0, len(table), 128)):
            first, _last = struct.unpack_from("<QQ", entry, 32)
            if first:
                self.at[entry[56:].decode("utf-16-le").rstrip("\0")] = first * 512

    def flip(self, partition, offset):
        with open(self.path, "r+b") as file:
            file.seek(self.at[partition] + offset)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))

    def write(self, partition, data, offset=0):
        with open(self.path, "r+b") as file:
            file.seek(self.at[partition] + offset)
            file.write(data)

    def put_file(self, lab, source, target):
        for folder in list(pathlib.PurePosixPath(target).parents)[-2::-1]:
            subprocess.run(["mmd", "-D", "s", "-i", f"{self.path}@@{self.at['firmware']}", f"::{folder}"], capture_output=True, check=False)
        lab.run("mcopy", "-o", "-i", f"{self.path}@@{self.at['firmware']}", source, f"::{target}")


def said(machine):
    """All of the serial line, unfinished lines too: the recovery prompt is one."""
    return (machine.logs / "serial.log").read_bytes().decode(errors="replace").replace("\r", "")


def value(text, name):
    match = re.search(rf"^payload: {name} ([0-9a-f]{{16}})$", text, re.M)
    require(match, f"the payload told no {name}:\n{text[-1500:]}")
    return int(match.group(1), 16)


def has(text, *lines):
    for line in lines:
        require(re.search(line, text), f"not said: {line!r}\n{text[-2500:]}")


def lacks(text, *lines):
    for line in lines:
        require(not re.search(line, text), f"said, and should not be: {line!r}\n{text[-2500:]}")


def started(text, slot, flags):
    for name in ("state", "magic", "bss", "placed", "stored", "cleared"):
        require(value(text, name) == 1, f"the payload finds {name} wrong")
    require(value(text, "slot") == slot, f"slot {value(text, 'slot')} was started instead of {slot}")
    require(value(text, "flags") & ~COUNTED == flags, f"flags {value(text, 'flags'):#x} instead of {flags:#x}")


def copy_of(lab, image):
    copy = lab.work / "copy.img"
    subprocess.run(["cp", "--sparse=always", image, copy], check=True)
    return copy


def refused(lab, image, change, until, *lines, slot=None, unchanged_slot=0, **boot):
    """Boots a copy of `image` as it is, changes it, boots again. With `slot` that one is started in the end."""
    copy = copy_of(lab, image)
    started(lab.boot(copy, STARTED), unchanged_slot, DEVELOPMENT | SEED)
    change(Disk(copy))
    text = lab.boot(copy, until, **boot)
    has(text, *lines)
    if slot is not None:
        started(text, slot, DEVELOPMENT | SEED | (OTHER_SLOT if slot != unchanged_slot else 0))
    else:
        lacks(text, r"payload:")
    return text


# ---- the tests

def dirt(lab):
    """What of the power-on before stands in memory that is to be cleared: QEMU's RAM is zero otherwise."""
    file = lab.work / "dirt"
    file.write_bytes(b"\x5a" * 4096)
    places = (0x50080000, 0x60000000, 0x70000000, 0x7ffff000)
    return [word for at in places for word in ("-device", f"loader,file={file},addr={at:#x},force-raw=on")]


def test_intact(lab):
    """the intact image starts slot a, with cleared memory, fresh seeds and the machine's RAM"""
    first, second = lab.boot(lab.image, STARTED, extra=dirt(lab)), lab.boot(lab.image, STARTED)
    started(first, 0, DEVELOPMENT | SEED)
    has(first, r"boot: DEVELOPMENT KEYS", r"record a: good", r"record b: good", r"slot a: starting firmware-test 1\.0")
    require(value(first, "seed") == 1, "the seed pool does not look random")
    require(value(first, "seed-first") != value(second, "seed-first"), "two boots got the same seed")
    require((value(first, "ram-base"), value(first, "ram-size")) == (0x40000000, 0x80000000), "wrong RAM in the handoff")
    require(value(first, "security") == 7 and value(first, "sequence") == 1, "wrong versions in the handoff")


def test_counted(lab):
    """the boot stage counts its instructions where the processor can"""
    text = lab.boot(lab.image, STARTED, Board(icount=True))
    started(text, 0, DEVELOPMENT | SEED)
    require(value(text, "flags") & COUNTED and value(text, "instructions") > 1000000, "no instructions counted")
    print(f"# boot_stage_instructions of the test image: {value(text, 'instructions')}")


def test_other_disks(lab):
    """virtio-pci and NVMe serve as well"""
    for disk in ("virtio-blk-pci,drive=flash", "nvme,drive=flash,serial=1"):
        started(lab.boot(lab.image, STARTED, disk=disk), 0, DEVELOPMENT | SEED)


def test_manifest(lab):
    """a tampered manifest is refused, the other slot is taken"""
    refused(lab, lab.image, lambda d: d.flip("slot-a", 100), STARTED,
            r"slot a: manifest: signature does not verify: refused", r"slot b: starting", slot=1)


def test_manifest_signature(lab):
    """a manifest signed with another key is refused, the other slot is taken"""
    key = lab.work / "other.pem"
    lab.run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    slot = lab.make_slot("other", key).read_bytes()
    refused(lab, lab.image, lambda d: d.write("slot-a", slot), STARTED,
            r"slot a: manifest: signature does not verify: refused", r"slot b: starting", slot=1)


def test_component(lab):
    """a tampered component is refused, the other slot is taken"""
    refused(lab, lab.image, lambda d: d.flip("slot-a", 0x11000 + 2 * MIB), STARTED,
            r"slot a: component data: content differs from what was signed", r"slot a: data: .*: refused", r"slot b: starting", slot=1)


def test_no_manifest(lab):
    """a slot without a manifest is refused, the other slot is taken"""
    refused(lab, lab.image, lambda d: d.write("slot-a", bytes(65536)), STARTED,
            r"slot a: manifest: not recognized: refused", slot=1)


def test_manifest_length(lab):
    """a manifest that claims to be longer than any is refused before it is hashed, the other slot is taken"""
    for size in (1 << 40, 65536 + 8):
        refused(lab, lab.image, lambda d, size=size: d.write("slot-a", struct.pack("<Q", size), 8), STARTED,
                r"slot a: manifest: wrong length: refused", r"slot b: starting", slot=1)


def test_record(lab):
    """a tampered slot record is refused, the other copy and its slot are taken"""
    image = lab.work / "record.img"
    subprocess.run(["cp", "--sparse=always", lab.image, image], check=True)
    Disk(image).write("record-b", lab.make_record("two", sequence=2, preferred="b"))
    copy = copy_of(lab, image)
    started(lab.boot(copy, STARTED), 1, DEVELOPMENT | SEED)
    Disk(copy).flip("record-b", 20)
    text = lab.boot(copy, STARTED)
    has(text, r"record b: wrong checksum", r"record a counts: sequence 1, slot a preferred", r"slot a: starting")
    started(text, 0, DEVELOPMENT | SEED)


def test_no_record(lab):
    """without a readable record every slot is tried"""
    def change(disk):
        disk.flip("record-a", 30)
        disk.flip("record-b", 507)
    refused(lab, lab.image, change, STARTED, r"record a: wrong checksum", r"record b: wrong checksum",
            r"no slot record can be read: every slot is tried", r"slot a: starting", slot=0)


def test_bad_state(lab):
    """a slot that the record calls bad is not started"""
    record = lab.make_record("bad", sequence=9, preferred="a", a="bad", b="trial")
    copy = copy_of(lab, lab.image)
    started(lab.boot(copy, STARTED), 0, DEVELOPMENT | SEED)
    Disk(copy).write("record-a", record)
    text = lab.boot(copy, STARTED)
    has(text, r"slot a: the record says: bad: refused", r"slot b: starting")
    started(text, 1, DEVELOPMENT | SEED | OTHER_SLOT | TRIAL)


def test_recovery(lab):
    """with both slots bad the recovery prompt shows the state and resets the board"""
    copy = copy_of(lab, lab.image)
    started(lab.boot(copy, STARTED), 0, DEVELOPMENT | SEED)
    disk = Disk(copy)
    disk.flip("slot-a", 100)
    disk.flip("slot-b", 0x11000)
    with Machine(Board(), flash_arguments(lab.firmware / "u-boot.bin", copy), lab.work / "log-recovery") as machine:
        def wait(pattern, after=0):
            end = time.monotonic() + LIMIT
            while not re.search(pattern, said(machine)[after:]):
                require(time.monotonic() < end and not machine.ended, f"waited for {pattern!r}:\n{machine.text('firmware')[-1500:]}")
                time.sleep(0.05)
            return said(machine)[after:]
        wait(r"nothing to start: recovery")
        wait(RECOVERY)
        at = len(said(machine))
        machine.send(b"boot anything\r")
        has(wait(r"commands: state, reset\s+recovery> ", at), r"commands: state, reset")
        at = len(said(machine))
        machine.send(b"stax\x7fte\r")
        has(wait(r"slot b: .*\s+recovery> ", at), r"record a counts: sequence 1", r"slot a: manifest: signature does not verify",
            r"slot b: data: content differs from what was signed")
        machine.send(b"reset\r")
        end = time.monotonic() + 20
        while machine.process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        require(machine.process.poll() is not None, "`reset` did not reset the board")
        lacks(said(machine), r"payload:")


def test_keys(lab):
    """keys during boot do nothing"""
    for keys in (b"\x03", b" ", b"\r", b"\x1b", b"x\x03\r help\r"):
        text = lab.boot(lab.image, STARTED, keys=keys)
        started(text, 0, DEVELOPMENT | SEED)
        lacks(text, r"=> ", r"\(none\)", r"recovery>")


def second_disk(lab):
    """A disk with an EFI system partition that holds an unsigned program, where a boot manager looks for it."""
    disk = lab.work / "second.img"
    with open(disk, "wb") as file:
        file.truncate(40 * MIB)
    lab.run("sgdisk", "-n", "1:1M:+32M", "-t", "1:EF00", "-c", "1:firmware", disk)
    lab.run("mformat", "-i", f"{disk}@@1M", "-T", str(32 * 2048), "-h", "16", "-s", "63", "::")
    for folder in ("EFI", "EFI/BOOT"):
        lab.run("mmd", "-i", f"{disk}@@1M", f"::{folder}")
    lab.run("mcopy", "-i", f"{disk}@@1M", lab.firmware / "boot.efi", "::EFI/BOOT/BOOTAA64.EFI")
    lab.run("mcopy", "-i", f"{disk}@@1M", lab.firmware / "boot.efi", "::boot.fit")
    return disk


def test_second_disk(lab):
    """an unsigned EFI program on a second disk is not started, even when our disk has nothing"""
    second = second_disk(lab)
    extra = ["-drive", f"if=none,id=second,format=raw,snapshot=on,file={second}", "-device", "virtio-blk-device,drive=second"]
    started(lab.boot(lab.image, STARTED, extra=extra), 0, DEVELOPMENT | SEED)
    copy = copy_of(lab, lab.image)
    disk = Disk(copy)
    lab.run("mdel", "-i", f"{copy}@@{disk.at['firmware']}", "::boot.fit")
    text = lab.boot(copy, NO_STAGE, extra=extra)
    lacks(text, r"Bulkhead boot stage", r"payload:")


def make_fit(lab, signed_by=None):
    folder = lab.work / "fit"
    folder.mkdir(exist_ok=True)
    shutil.copy(lab.firmware / "boot.efi", folder)
    source = (ROOT.parent / "firmware/uboot/boot.its").read_text()
    if not signed_by:
        source = re.sub(r"signature-1 \{.*?\};", "", source, flags=re.S)
    (folder / "boot.its").write_text(source)
    words = ["mkimage", "-f", folder / "boot.its"] + (["-k", signed_by] if signed_by else []) + [folder / "boot.fit"]
    done = subprocess.run([str(w) for w in words], cwd=folder, capture_output=True, text=True, check=False)
    require(done.returncode == 0, done.stdout + done.stderr)
    return folder / "boot.fit"


def test_unsigned_fit(lab):
    """an unsigned FIT is refused"""
    fit = make_fit(lab)
    text = refused(lab, lab.image, lambda d: d.put_file(lab, fit, "boot.fit"), NO_STAGE, r"boot\.fit on virtio 0 refused")
    lacks(text, r"Bulkhead boot stage")


def test_other_key_fit(lab):
    """a FIT signed with another key is refused"""
    keys = lab.work / "keys"
    keys.mkdir(exist_ok=True)
    lab.run("openssl", "genrsa", "-out", keys / "boot.key", "2048")
    lab.run("openssl", "req", "-batch", "-new", "-x509", "-subj", "/CN=other", "-key", keys / "boot.key", "-out", keys / "boot.crt")
    fit = make_fit(lab, keys)
    text = refused(lab, lab.image, lambda d: d.put_file(lab, fit, "boot.fit"), NO_STAGE, r"boot\.fit on virtio 0 refused")
    lacks(text, r"Bulkhead boot stage")


def test_tampered_fit(lab):
    """a FIT with one bit changed, in the program or in how it is described, is refused"""
    good = (lab.firmware / "boot.fit").read_bytes()
    for at in (len(good) // 2, good.index(b"kernel\0")):
        bad = lab.work / "bad.fit"
        bad.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
        text = refused(lab, lab.image, lambda d, bad=bad: d.put_file(lab, bad, "boot.fit"), NO_STAGE, r"boot\.fit on virtio 0 refused")
        lacks(text, r"Bulkhead boot stage")


def test_environment(lab):
    """a changed environment, in flash or on the disk, has no effect"""
    variables = b"bootdelay=10\0bootcmd=echo TAKEN OVER\0bulkhead=echo TAKEN OVER\0preboot=echo TAKEN OVER\0\0"
    data = variables.ljust(0x40000 - 4, b"\0")
    environment = lab.work / "uboot.env"
    environment.write_bytes(struct.pack("<I", binascii.crc32(data)) + data)
    flash = lab.work / "flash.bin"
    flash.write_bytes(environment.read_bytes().ljust(64 * MIB, b"\xff"))
    script = lab.work / "boot.scr"
    script.write_bytes(b"echo TAKEN OVER\n")
    copy = copy_of(lab, lab.image)
    started(lab.boot(copy, STARTED), 0, DEVELOPMENT | SEED)
    disk = Disk(copy)
    for source, target in ((environment, "uboot.env"), (script, "boot.scr"), (script, "boot/extlinux/extlinux.conf")):
        disk.put_file(lab, source, target)
    text = lab.boot(copy, STARTED, extra=["-drive", f"if=pflash,unit=1,format=raw,file={flash}"])
    started(text, 0, DEVELOPMENT | SEED)
    lacks(text, r"TAKEN OVER")


def test_less_ram(lab):
    """a machine with less RAM is refused, however little it has"""
    started(lab.boot(lab.image, STARTED), 0, DEVELOPMENT | SEED)
    for mib, end in ((1024, 0x80000000), (2047, 0xbff00000), (320, 0x54000000)):
        text = lab.boot(lab.image, RECOVERY, Board(mib=mib))
        has(text, rf"slot a: hardware: the plan wants RAM 0x40000000\.\.0xc0000000; this machine has 0x40000000\.\.{end:#x}",
            r"slot b: hardware: .*: refused")
        lacks(text, r"payload:")


def test_fewer_cpus(lab):
    """a machine with fewer CPUs is refused, and each that is missing is named"""
    started(lab.boot(lab.image, STARTED), 0, DEVELOPMENT | SEED)
    text = lab.boot(lab.image, RECOVERY, Board(cpus=2))
    has(text, r"slot a: hardware: the plan wants CPU 0x2, which", r"slot a: hardware: the plan wants CPU 0x3, which")
    lacks(text, r"CPU 0x1,", r"payload:")


def test_other_gic(lab):
    """a machine with the other interrupt controller is refused"""
    started(lab.boot(lab.image, STARTED), 0, DEVELOPMENT | SEED)
    text = lab.boot(lab.image, RECOVERY, Board(gic=2))
    has(text, r"slot a: hardware: the plan wants a GICv3, this machine has a GICv2")
    lacks(text, r"payload:")
    image = lab.make_image("gicv2", gic=2)
    started(lab.boot(image, STARTED, Board(gic=2)), 0, DEVELOPMENT | SEED)
    has(lab.boot(image, RECOVERY), r"slot a: hardware: the plan wants a GICv2, this machine has a GICv3")


def other_tree(lab):
    """The machine's own device tree, which calls it something else."""
    tree = lab.work / "other.dtb"
    board = Board()
    lab.run(*Board(machine=f"{board.machine},dumpdtb={tree}").arguments())
    lab.run("fdtput", "-t", "s", tree, "/", "compatible", "acme,gateway-rev-c", "acme,gateway")
    return tree


def test_other_board(lab):
    """a machine that is another board is refused, and one that is compatible is taken"""
    started(lab.boot(lab.image, STARTED), 0, DEVELOPMENT | SEED)
    tree = Board(extra=("-dtb", str(other_tree(lab))))
    text = lab.boot(lab.image, RECOVERY, tree)
    has(text, r"slot a: hardware: the plan is for linux,dummy-virt, this machine is acme,gateway-rev-c", r"slot b: hardware: .*: refused")
    lacks(text, r"payload:")
    started(lab.boot(lab.make_image("gateway", compatible="acme,gateway"), STARTED, tree), 0, DEVELOPMENT | SEED)


def test_no_iommu(lab):
    """a plan that relies on an IOMMU is refused on a machine without one, or with one elsewhere"""
    image, behind = lab.make_image("iommu", extra="iommu 3 0x09050000"), Board(machine="virt,virtualization=on,iommu=smmuv3")
    started(lab.boot(image, STARTED, behind), 0, DEVELOPMENT | SEED)
    text = lab.boot(image, RECOVERY)
    has(text, r"slot a: hardware: the plan wants an SMMUv3 at 0x9050000, this machine has none", r"slot b: hardware: .*: refused")
    lacks(text, r"payload:")
    text = lab.boot(lab.make_image("iommu-far", extra="iommu 3 0x0a050000"), RECOVERY, behind)
    has(text, r"slot a: hardware: the plan wants an SMMUv3 at 0xa050000, here it is at 0x9050000")
    lacks(text, r"payload:")


def test_no_el2(lab):
    """a machine without EL2 is refused"""
    started(lab.boot(lab.image, STARTED), 0, DEVELOPMENT | SEED)
    text = lab.boot(lab.image, RECOVERY, Board(machine="virt"))
    has(text, r"this CPU is at EL1; the hypervisor needs EL2")
    lacks(text, r"payload:")


def test_firmware_memory(lab):
    """a plan that wants the firmware's own memory is refused, with the range's name"""
    started(lab.boot(lab.image, STARTED), 0, DEVELOPMENT | SEED)
    image = lab.make_image("greedy", extra="range greedy 0x40000000 0x10000000")
    text = lab.boot(image, RECOVERY)
    has(text, r"slot a: memory: range greedy 0x40000000\.\.0x50000000 lies on", r"slot a: memory: .*: refused")
    lacks(text, r"payload:")


def main():
    parser = argparse.ArgumentParser()
    for name in ("firmware", "payload", "key", "work"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    tests = {name[5:]: test for name, test in globals().items() if name.startswith("test_")}
    tap, lab = Tap(), Lab(args)
    for name in args.names or tests:
        begin, findings = time.monotonic(), []
        try:
            tests[name](lab)
        except (Failure, MachineError) as failure:
            findings = str(failure).splitlines()
        tap.result(f"firmware {name}: {tests[name].__doc__}", findings)
        print(f"# {time.monotonic() - begin:.1f} s")
    tap.done()


if __name__ == "__main__":
    main()
