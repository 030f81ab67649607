# SPDX-License-Identifier: Apache-2.0
"""What QEMU plugs into the board's PCI bus: the network cards and disks that the plan names (lines qemu-* of map.txt).
It must not know what partitions do with them.
"""
import pathlib
import socket
import subprocess

# Modern virtio without a BIOS of its own, whose DMA goes through the IOMMU where there is one.
VIRTIO = ",disable-legacy=on,iommu_platform=on"


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def forward(word):
    """8080:10.0.2.15:80 in QEMU's words; nothing where the port is somebody else's: the appliance runs all the same."""
    host, address, port = word.split(":")
    if not is_free(int(host)):
        print(f"port {host} of this machine is taken: it does not lead to {address}:{port}")
        return ""
    return f",hostfwd=tcp:127.0.0.1:{host}-{address}:{port}"


def nic(words):
    index, place, model, forwards = words[0], words[1], words[2], words[3:]
    more = VIRTIO + ",romfile=" if model.startswith("virtio") else ",romfile="
    return ["-netdev", f"user,id=nic{index}" + "".join(map(forward, forwards)), "-device", f"{model},netdev=nic{index},addr={int(place):#x}{more}"]


def partitions(wanted):
    """Arguments for sgdisk; a partition without a size takes what is left, and is the last one."""
    words = []
    for number, (size, name) in enumerate(sorted(wanted, key=lambda p: p[0] == 0), 1):
        words += ["-n", f"{number}:0:{f'+{size}M' if size else '0'}", "-c", f"{number}:{name}"]
    return words


def disk_file(path, mib, wanted):
    """The disk's bytes: kept from one run to the next."""
    if path.exists():
        return
    with open(path, "wb") as f:
        f.truncate(mib << 20)
    if wanted:
        subprocess.run(["/usr/sbin/sgdisk", *partitions(wanted), path], check=True, stdout=subprocess.DEVNULL)


def disk(words, path):
    index, place, model = words[0], words[1], words[2]
    more = f",serial=disk{index}" + (VIRTIO if model.startswith("virtio") else "")
    return ["-drive", f"if=none,id=disk{index},format=raw,file={path}", "-device", f"{model},drive=disk{index},addr={int(place):#x}{more}"]


def function(words, folder):
    """A function that a partition drives by itself: a network card, or a disk with a file of its own."""
    label, place, model = words[0], int(words[1]), words[2]
    if model.startswith("edu,"):
        return ["-device", f"{model},addr={place:#x}"]
    if model != "nvme":
        return ["-netdev", f"user,id={label}", "-device", f"{model},netdev={label},addr={place:#x},romfile="]
    path = pathlib.Path(folder) / f"disk-{label}.img"
    disk_file(path, int(words[3]), [])
    return ["-drive", f"if=none,id={label},format=raw,file={path}", "-device", f"{model},drive={label},serial={label},addr={place:#x}"]


def arguments(plan, folder):
    """QEMU's arguments; files of disks that are not there are made in `folder`."""
    found = []
    for words in plan.lines["qemu-nic"]:
        found += nic(words)
    for words in plan.lines["qemu-disk"]:
        path = pathlib.Path(folder) / f"disk{words[0]}.img"
        disk_file(path, int(words[3]), [(int(w[1]), " ".join(w[2:])) for w in plan.lines["qemu-gpt"] if w[0] == words[0]])
        found += disk(words, path)
    for words in plan.lines["qemu-function"]:
        found += function(words, folder)
    return found
