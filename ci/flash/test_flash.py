# SPDX-License-Identifier: Apache-2.0
"""firmware/image/flash.py as a user meets it.

Writing is tested on regular files and, where the machine has them, on a loop device; what is refused because it is in
use, on a made-up /sys and /proc that describe block device 1:1 (a disk with partitions, LVM, mounts)."""
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve()
TREE = HERE.parents[2]
sys.path.insert(0, str(TREE / "ci/check"))
sys.path.insert(0, str(TREE / "firmware/image"))
from tap import Tap  # noqa: E402
import flash  # noqa: E402


def run(image, device, typed="", *words):
    return subprocess.run([sys.executable, TREE / "firmware/image/flash.py", *words, image, device],
                          input=typed, capture_output=True, text=True, check=False)


def expect(done, status, *texts):
    said = done.stdout + done.stderr
    found = [] if done.returncode == status else [f"exit status {done.returncode}"]
    found += [f"did not say: {t}" for t in texts if t not in said]
    return found + (said.splitlines() if found else [])


def make_image(path, mib=3):
    with open(path, "wb") as file:
        file.truncate(mib << 20)
    subprocess.run(["/usr/sbin/sgdisk", "-n", "1:2048:2100", "-c", "1:slot-a", path], check=True, stdout=subprocess.DEVNULL)
    with open(path, "r+b") as file:
        file.seek(1 << 20)
        file.write(os.urandom(20 << 10))


def writing_tests(tap, root):
    image, disk = root / "image", root / "disk"
    make_image(image)
    disk.write_bytes(b"\xee" * (5 << 20))

    done = run(image, disk, f"{disk}\n")
    same = disk.read_bytes()[:image.stat().st_size] == image.read_bytes()
    tap.result("the name typed: written, read back, shown before", expect(done, 0, "slot-a", "is lost", "SHA-256", "read back")
               + ([] if same else ["differs"]))
    tap.result("a larger file keeps its size", [] if disk.stat().st_size == 5 << 20 else ["truncated"])

    disk.write_bytes(b"\xee" * (5 << 20))
    for typed, name in (("", "no answer"), ("yes\n", "another word"), (f"{disk.name}x\n", "nearly the name")):
        done = run(image, disk, typed)
        tap.result(f"{name}: nothing is written", expect(done, 1, "nothing was written")
                   + (["written"] if disk.read_bytes() != b"\xee" * (5 << 20) else []))

    done = run(image, disk, "", "--yes")
    tap.result("YES=1 does not ask", expect(done, 0, "read back") + (["asked"] if "Type" in done.stdout else []))

    for device, text in ((root / "none", "No such file"), (root, "neither a disk nor a regular file"),
                         ("/dev/null", "neither a disk nor a regular file"), (image, "the image itself"), ("", "which device")):
        tap.result(f"refused: {text}", expect(run(image, str(device), "", "--yes"), 1, "error: ", text))
    tap.result("refused: no image", expect(run(root / "no-image", disk, "", "--yes"), 1, "make builds it"))

    link = root / "link"
    link.symlink_to(disk)
    tap.result("a link is resolved before it is shown", expect(run(image, link, f"{disk}\n"), 0, f"device  {disk}:"))


def compare_test(tap, root):
    image, disk = root / "image", root / "disk"
    data = bytearray(image.read_bytes())
    data[-1] ^= 1
    disk.write_bytes(data)
    try:
        flash.compare(image, disk)
        tap.result("a device that reads back differently is reported", ["not noticed"])
    except flash.Refused as error:
        tap.result("a device that reads back differently is reported", [] if "faulty" in str(error) else [str(error)])


class Machine:
    """/sys and /proc of a machine with one disk, sdx (1:1), and its partition sdx1 (1:2)."""

    def __init__(self, root):
        self.sys, self.proc = root / "sys", root / "proc"
        self.disk = self.add(self.sys / "devices/sdx", "1:1")
        self.part = self.add(self.disk / "sdx1", "1:2")
        (self.part / "partition").write_text("1\n")
        (self.proc / "self").mkdir(parents=True)
        self.mount("254:0", "/", "/dev/vda")
        (self.proc / "swaps").write_text("Filename Type Size Used Priority\n")

    def add(self, folder, number):
        (folder / "holders").mkdir(parents=True)
        (folder / "dev").write_text(number + "\n")
        (folder / "ro").write_text("0\n")
        (self.sys / "dev/block").mkdir(parents=True, exist_ok=True)
        (self.sys / "dev/block" / number).symlink_to(folder)
        return folder

    def mount(self, number, point, source):
        (self.proc / "self/mountinfo").write_text(f"22 1 {number} / {point} rw - ext4 {source} rw\n")

    def refusal(self, number="1:1"):
        try:
            flash.check_disk("/dev/sdx", number, self.sys, self.proc)
            return ""
        except flash.Refused as error:
            return str(error)


def use_tests(tap, root):
    def case(name, text, change, number="1:1"):
        with tempfile.TemporaryDirectory(dir=root) as folder:
            machine = Machine(pathlib.Path(folder))
            change(machine)
            said = machine.refusal(number)
            tap.result(name, [] if text in said and bool(text) == bool(said) else [said or "accepted"])

    def lvm(machine):
        volume = machine.add(machine.sys / "devices/dm-0", "253:0")
        (machine.part / "holders/dm-0").symlink_to(volume)

    def mounted_lvm(machine):
        lvm(machine)
        machine.mount("253:0", "/mnt/my disk".replace(" ", "\\040"), "/dev/mapper/x")

    case("an unused disk is accepted", "", lambda m: None)
    case("refused: a partition is mounted", "sdx1 is mounted on /mnt: unmount it first", lambda m: m.mount("1:2", "/mnt", "/dev/sdx1"))
    case("refused: mounted under another device number (btrfs)", "is mounted on /mnt", lambda m: m.mount("0:40", "/mnt", "/dev/sdx1"))
    case("refused: the system's disk", "this machine runs from it", lambda m: m.mount("1:2", "/", "/dev/sdx1"))
    case("refused: the disk holds swap", "is swap", lambda m: (m.proc / "swaps").write_text("Filename\n/dev/sdx1 partition 1 0 -2\n"))
    case("refused: a volume on it is mounted", "is mounted on /mnt/my disk", mounted_lvm)
    case("refused: a volume is built on it", "dm-0 is built on it", lvm)
    case("refused: a partition instead of a disk", "give /dev/sdx", lambda m: None, "1:2")
    case("refused: a read-only disk", "read-only", lambda m: (m.disk / "ro").write_text("1\n"))

    with tempfile.TemporaryDirectory(dir=root) as folder:
        loop = pathlib.Path(folder) / "sys/block/loop3/loop"
        loop.mkdir(parents=True)
        (loop / "backing_file").write_text(f"{root}/disk\n")
        done = run(root / "image", root / "disk", "", "--yes", "--sys", f"{folder}/sys")
        tap.result("refused: a file that is attached to a loop device", expect(done, 1, "attached as /dev/loop3"))


def loop_test(tap, root):
    """The real thing where it can be had; without loop devices the regular file above stands for it."""
    image, disk = root / "image", root / "loop-disk"
    disk.write_bytes(bytes(5 << 20))
    made = subprocess.run(["/usr/sbin/losetup", "--show", "-f", disk], capture_output=True, text=True, check=False)
    if made.returncode or not pathlib.Path("/sys/dev/block").is_dir():
        print(f"# no loop device here: {made.stderr.strip() or 'no /sys'}")
        return
    device = made.stdout.strip()
    try:
        done = run(image, device, f"{device}\n")
        same = disk.read_bytes()[:image.stat().st_size] == image.read_bytes()
        tap.result("a loop device is written and read back", expect(done, 0, "read back") + ([] if same else ["differs"]))
        with open(root / "big", "wb") as big:
            big.truncate(6 << 20)
        tap.result("refused: a device that is too small", expect(run(root / "big", device, "", "--yes"), 1, "the image needs 6.0 MiB"))
    finally:
        subprocess.run(["/usr/sbin/losetup", "-d", device], check=False)


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        writing_tests(tap, root)
        compare_test(tap, root)
        use_tests(tap, root)
        loop_test(tap, root)
    tap.done()


if __name__ == "__main__":
    main()
