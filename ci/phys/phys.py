# SPDX-License-Identifier: Apache-2.0
"""The drivers of physical devices on plain QEMU: for each device, ci/guests/phys judges from inside, and this program is
the other side: it holds the disk's file, breaks sectors, is the peer on the network and pulls the cable. Prints TAP.
"""
import argparse
import hashlib
import os
import pathlib
import re
import socket
import struct
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guests"))
import suite as guests  # noqa: E402

SECTOR = 512
FRONT = 32 * SECTOR     # written here, read there; the answer stands behind it
SERIAL = "phys0815"
MESSAGES = {2: 1, 3: 0}     # GICv2m takes messages; a GICv3 would need a driver for its ITS


class Disk:
    """A disk's file, with something of ours in front."""

    def __init__(self, folder, mib=16):
        self.path = pathlib.Path(folder) / "disk.img"
        self.front = os.urandom(FRONT)
        with self.path.open("wb") as file:
            file.write(self.front)
            file.truncate(mib << 20)
        self.sectors = (mib << 20) // SECTOR

    def drive(self, name="d0"):
        return ("-drive", f"if=none,id={name},format=raw,cache=writeback,discard=unmap,file={self.path}")

    def broken_drive(self, sector):
        return ("-blockdev", f"driver=raw,node-name=d0,file.driver=blkdebug,file.image.driver=file,file.image.filename={self.path},"
                f"file.inject-error.0.event=none,file.inject-error.0.errno=5,file.inject-error.0.sector={sector}")

    def answer(self):
        with self.path.open("rb") as file:
            file.seek(FRONT)
            return file.read(FRONT)


def report(tap, what, machine, ended):
    """The guest's own judgement, line by line."""
    for word, name in re.findall(r"^(ok|not ok) \d+ - ([^\r\n]*)", machine.text, re.M):
        tap.check(word == "ok", f"{what}: {name}", machine.text)
    plan = re.search(r"^1\.\.(\d+)", machine.text, re.M)
    tap.check(ended and plan, f"{what}: came to its end", machine.text)


def machine_for(out, gic, words, devices, messages=None):
    messages = MESSAGES[gic] if messages is None else messages
    return guests.Machine(out / "guests/phys.bin", f"messages={messages} {words}", gic, 1, 128, devices)


def run_disk(tap, out, what, gic, words, devices, messages=None):
    with machine_for(out, gic, words, devices, messages) as machine:
        ended = machine.wait_end(60)
        report(tap, what, machine, ended)
        return machine.text


def disk(tap, out, driver, device, gic, fault="", serial=SERIAL, mib=16, messages=None):
    """One disk; `fault` is `bad` (sectors that fail) or `readonly`."""
    what = f"{device[1].split(',')[0]}, GICv{gic}{', ' if fault else ''}{fault}"
    with tempfile.TemporaryDirectory() as folder:
        medium = Disk(folder, mib)
        words = f"driver={driver} serial={serial} sectors={medium.sectors}"
        drive = medium.drive()
        if fault == "bad":
            words, drive = words + " bad=1000", medium.broken_drive(1000)
        elif fault == "readonly":
            words, drive = words + " readonly=1", (drive[0], drive[1] + ",readonly=on")
        text = run_disk(tap, out, what, gic, words, (*drive, *device), messages)
        if fault:
            return
        tap.check(f"FRONT {hashlib.sha256(medium.front).hexdigest()}" in text, f"{what}: it reads what is on the disk", text)
        tap.check(medium.answer() == bytes(b ^ 0xFF for b in medium.front), f"{what}: what it wrote is on the disk")


def virtio_blk(tap, out):
    device = ("-device", f"virtio-blk-pci,drive=d0,serial={SERIAL}")
    modern = ("-device", f"virtio-blk-pci,drive=d0,serial={SERIAL},disable-legacy=on,packed=on,logical_block_size=4096,physical_block_size=4096")
    bare = ("-device", f"virtio-blk-pci,drive=d0,serial={SERIAL},event_idx=off,indirect_desc=off,discard=off,vectors=0,queue-size=64")
    disk(tap, out, "virtio-blk", device, 2)
    disk(tap, out, "virtio-blk", modern, 3)
    disk(tap, out, "virtio-blk", bare, 3)
    disk(tap, out, "virtio-blk", device, 3, "bad")
    disk(tap, out, "virtio-blk", device, 2, "readonly")


def nvme(tap, out):
    device = ("-device", f"nvme,drive=d0,serial={SERIAL}")
    disk(tap, out, "nvme", device, 2)
    disk(tap, out, "nvme", (device[0], device[1] + ",logical_block_size=4096,physical_block_size=4096,mdts=3"), 3)
    disk(tap, out, "nvme", device, 3, "bad")


def sdhci(tap, out):
    """A card that counts bytes, and one that counts blocks. QEMU keeps the errors of a card's medium to itself."""
    device = ("-device", "sdhci-pci", "-device", "sd-card,drive=d0")
    disk(tap, out, "sdhci", device, 2, serial="deadbeef", messages=0)
    disk(tap, out, "sdhci", device, 3, serial="deadbeef", mib=4096)


def together(tap, out):
    """Two disks whose pins meet: the first goes on living while the second is asked."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        medium, second = Disk(folder), Disk(other)
        devices = (*medium.drive(), "-device", f"virtio-blk-pci,drive=d0,serial={SERIAL},addr=1,vectors=0",
                   *second.drive("d1"), "-device", f"nvme,drive=d1,serial={SERIAL},addr=5")
        words = f"functions=2 serial={SERIAL} sectors={medium.sectors}"
        text = run_disk(tap, out, "two on one pin", 3, words, devices)
        pins = re.findall(r"class \w+, interrupt (\d+)", text)
        tap.check(len(pins) == 2 and pins[0] == pins[1], "two on one pin: they share it", text)


class Peer:
    """The other end of the wire: answers frames of ci/guests/phys/nic.c, on a thread of its own, one datagram a frame."""

    MAC = bytes.fromhex("020000000001")
    OTHER = bytes.fromhex("020000000099")
    GROUP = bytes.fromhex("01005e000042")

    def __init__(self, folder):
        self.here, self.there = f"{folder}/peer", f"{folder}/card"
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.bind(self.here)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def netdev(self):
        return ("-netdev", f"dgram,id=n0,local.type=unix,local.path={self.there},remote.type=unix,remote.path={self.here}")

    def send(self, to, kind, rest):
        try:
            self.link.sendto(to + self.MAC + kind + rest, self.there)
        except OSError:     # the machine is gone
            pass

    def serve(self):
        while True:
            frame = self.link.recv(65536)
            if len(frame) < 15:
                return
            self.answer(frame[6:12], frame[12:14], frame[14:])

    def answer(self, source, kind, rest):
        if kind == b"\x08\x00":
            self.send(source, b"\x88\xb5", (b"Y" if udp_good(rest) else b"N").ljust(46, b"\0"))
        elif kind == b"\x88\xb5":
            if rest[:1] == b"O":
                self.send(self.OTHER, kind, rest)
                self.send(self.GROUP, kind, rest)
            self.send(source, kind, rest)

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.here)
        self.thread.join(5)
        self.link.close()


def udp_good(packet):
    """Whether an IPv4 packet's UDP checksum is there and right (RFC 768)."""
    length, = struct.unpack(">H", packet[24:26])
    datagram = packet[20:20 + length]
    text = packet[12:20] + struct.pack(">HH", 17, length) + datagram + b"\0" * (length % 2)
    total = sum(word for word, in struct.iter_unpack(">H", text))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return datagram[6:8] != b"\0\0" and total == 0xFFFF


def nic(tap, out, driver, device, gic, mtu=1500, messages=None):
    """One card, its peer, and its cable."""
    what = f"{device.split(',')[0]}, GICv{gic}"
    mac = "52:54:00:" + ":".join(f"{b:02x}" for b in os.urandom(3))
    words = f"driver={driver} mac={mac} mtu={mtu} cable=1"
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(folder)
        with machine_for(out, gic, words, (*peer.netdev(), "-device", f"{device},netdev=n0,mac={mac}"), messages) as machine:
            for cable, state in ("out", "off"), ("in", "on"):
                if machine.wait(f"^CABLE {cable}", 30):
                    machine.monitor(f"set_link n0 {state}")
            report(tap, what, machine, machine.wait_end(30))
        peer.close()


def virtio_net(tap, out):
    nic(tap, out, "virtio-net", "virtio-net-pci", 2)
    nic(tap, out, "virtio-net", "virtio-net-pci,disable-legacy=on,packed=on,host_mtu=9000", 3, mtu=9000)
    nic(tap, out, "virtio-net", "virtio-net-pci,event_idx=off,indirect_desc=off,vectors=0", 3)


def e1000e(tap, out):
    nic(tap, out, "e1000e", "e1000e", 2, messages=0)
    nic(tap, out, "e1000e", "e1000e", 3, mtu=9000)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("only", nargs="*", help="names of devices")
    args = parser.parse_args()
    tap = guests.Tap()
    for test in virtio_blk, nvme, sdhci, together, virtio_net, e1000e:
        if not args.only or test.__name__ in args.only:
            test(tap, args.out)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())
