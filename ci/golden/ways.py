# SPDX-License-Identifier: Apache-2.0
"""The user's ways to a configuration, walked as a user walks them: make's commands, the menu on a terminal, and a
directory of one's own with a kernel and a board. Nothing is built but the planner and the plan.
"""
import argparse
import gzip
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "check"))
import files  # noqa: E402
from tap import Tap  # noqa: E402

MINE = """# A kernel of my own
CONFIG_BOARD_MY_BOARD=y
CONFIG_APPLIANCE="mine"
CONFIG_PARTITION_COUNT=1
CONFIG_PART1_NAME="mine"
CONFIG_PART1_MEMORY_MIB=64
CONFIG_PART1_LINUX=y
CONFIG_PART1_IMAGE="kernel/Image.gz"
CONFIG_PART1_OVERLAY="overlay.dtbo"
CONFIG_PART1_CMDLINE="first"
CONFIG_CPU0_PART1=y
"""


class Ways:
    def __init__(self, out):
        self.out = pathlib.Path(out).resolve()
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir(parents=True)
        self.number = 0

    def fresh(self):
        self.number += 1
        return self.out / f"o{self.number}"

    def make(self, o, *goals, **kwargs):
        """make in an output directory of its own; the planner is not built again."""
        for name in ("planner", "plan"):
            target = o / "appliance-config" / name
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                source = pathlib.Path(os.environ["PLANNER"]).resolve()
                target.symlink_to(source if name == "planner" else source.parent / "plan")
        return subprocess.run(["make", f"O={o}", *goals], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **kwargs)


def judge(done, *wanted):
    text = done.stdout + done.stderr
    return ([f"status {done.returncode}"] if done.returncode else []) + [f"does not say: {w}" for w in wanted if w not in text] + (
        text.splitlines()[-15:] if done.returncode or any(w not in text for w in wanted) else [])


def no_configuration(ways):
    o = ways.fresh()
    done = ways.make(o, "report")
    lines = [l for l in done.stdout.splitlines() if "No configuration" in l]
    return judge(done, "demo-arm64") + ([] if len(lines) == 1 else ["it should say once that it takes the demo"])


def cpu_seconds():
    """CPU time of all programs that were waited for: unlike the clock, it does not count a neighbour's work."""
    used = os.times()
    return used.children_user + used.children_system


def every_appliance(ways):
    o, findings = ways.fresh(), []
    for path in sorted(pathlib.Path("appliance-config/appliances").glob("*_defconfig")):
        done = ways.make(o, path.name)
        findings += judge(done)
        if "dropped" in done.stderr:
            findings.append(f"{path.name}: {done.stderr}")
        begin = cpu_seconds()
        findings += judge(ways.make(o, "report"), "Physical memory")
        if cpu_seconds() - begin > 2:
            findings.append(f"{path.name}: the report took {cpu_seconds() - begin:.1f} s of a CPU, not less than 2")
    return findings


def listed(ways):
    return judge(ways.make(ways.fresh(), "list"), "qemu-virt", "demo-arm64_defconfig", "Debian Linux on two CPUs")


def round_trip(ways):
    o = ways.fresh()
    findings = judge(ways.make(o, "shared-arm64_defconfig")) + judge(ways.make(o, "savedefconfig"))
    saved = {l for l in (o / "defconfig").read_text().splitlines() if not l.startswith("# CONFIG") and l.startswith("CONFIG")}
    given = {l for l in pathlib.Path("appliance-config/appliances/shared-arm64_defconfig").read_text().splitlines() if l.startswith("CONFIG")}
    extra = saved - given
    return findings + [f"saved, but not given: {l}" for l in sorted(extra)]


def dropped(ways):
    o = ways.fresh()
    findings = judge(ways.make(o, "hello-arm64_defconfig"))
    with (o / ".config").open("a") as f:
        f.write("CONFIG_PART1_COLOUR=3\nCONFIG_PART9_NAME=\"nine\"\nCONFIG_LAYOUT_VERSION=0\n")
    done = ways.make(o, "olddefconfig")
    findings += judge(done, "dropped: CONFIG_PART1_COLOUR=3", "dropped: CONFIG_PART9_NAME=nine (needs PARTITION_COUNT >= 9)")
    return findings + judge(ways.make(o, "report"), "hello-arm64")


# What the examples of documents leave out: an I/O partition with cards and disks, and whose they are.
AROUND = """CONFIG_BOARD_QEMU_VIRT=y
CONFIG_PARTITION_COUNT=5
CONFIG_PART1_NAME="io"
CONFIG_PART1_UNIKERNEL=y
CONFIG_PART1_PROGRAM="io"
CONFIG_IOMMU=y
CONFIG_DEV_PCIE_PART1=y
CONFIG_CPU0_PART1=y
CONFIG_CPU1_PART2=y
CONFIG_CPU2_PART3=y
CONFIG_CPU3_SHARED=y
CONFIG_CPU3_SLOT1_PART4=y
CONFIG_CPU3_SLOT2_PART5=y
""" + "".join(f"CONFIG_PART{n}_UNIKERNEL=y\n" for n in range(2, 6))


def documented(ways):
    """What docs/networking.md and docs/disks.md show can be planned as it stands."""
    findings = []
    for name, first, count, said in (("networking", "NET_PORTS", 2, "who sends to whom"), ("disks", "DISKS", 4, ', by "io"')):
        blocks = re.findall(rf"^```\n(CONFIG_{first}.*?)^```$", pathlib.Path(f"docs/{name}.md").read_text(), re.M | re.S)
        findings += [] if len(blocks) == count else [f"docs/{name}.md: {len(blocks)} examples, not {count}"]
        for block in blocks:
            o = ways.fresh()
            o.mkdir(parents=True, exist_ok=True)
            (o / ".config").write_text(AROUND + block)
            findings += judge(ways.make(o, "report"), said)
    return findings


def documented_functions(ways):
    """The example of docs/passthrough.md is planned, and its report says what the page says."""
    page = pathlib.Path("docs/passthrough.md").read_text()
    block = re.search(r"^```\n(CONFIG_BOARD.*?)^```$", page, re.M | re.S)[1]
    lines = re.findall(r"^    (\w+ +PCI function .*)$", page, re.M)
    o = ways.fresh()
    o.mkdir(parents=True, exist_ok=True)
    (o / ".config").write_text(block)
    return judge(ways.make(o, "report"), *lines) + ([] if len(lines) == 2 else [f"{len(lines)} lines of the report, not 2"])


def refused(ways):
    o = ways.fresh()
    findings = judge(ways.make(o, "hello-arm64_defconfig"))
    with (o / ".config").open("a") as f:
        f.write("CONFIG_PART1_COLOUR=3\n")
    done = ways.make(o, "report")
    return findings + ([] if done.returncode and "error[kconfig-unknown]: CONFIG_PART1_COLOUR=3" in done.stderr else [done.stderr])


def refuses(words, kept):
    """Findings unless make says, in one line, that O is somebody else's, and leaves it as it was."""
    done = subprocess.run(["make", *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    good = done.returncode and "other files stand there" in done.stderr and "name a new directory" in done.stderr
    return ([] if good else [f"make {' '.join(words)}: {done.stderr}"]) + [f"{path} is gone" for path in kept if not path.exists()]


def others_folders(_):
    """Where others' files are, nothing is made or removed. Folders that this did not make see a dry run only, and a goal without effects besides."""
    findings = []
    for place in ("/", ".", "..", "ci", os.path.expanduser("~")):
        findings += refuses(["-n", f"O={place}", "clean"], [])
    with tempfile.TemporaryDirectory() as name:
        letters = pathlib.Path(name) / "letters"
        (letters / ".config").mkdir(parents=True)
        letter = letters / "to-a-friend"
        letter.write_text("keep me\n")
        for goal in ("report", "clean", "distclean"):
            findings += refuses([f"O={letters}", goal], [letter])
        findings += [f"{p} was made" for p in letters.glob("*") if p.name not in (".config", letter.name)]
    return findings


def own_folder(ways):
    """What make made, it removes: without the configuration, or with it. A folder with a configuration alone may become an output directory."""
    source = ways.fresh()
    judged = judge(ways.make(source, "hello-arm64_defconfig"))
    with tempfile.TemporaryDirectory() as name:
        o = pathlib.Path(name) / "out"
        o.mkdir()
        shutil.copy(source / ".config", o)

        def make(goal):
            planner = pathlib.Path(os.environ["PLANNER"]).resolve()
            return subprocess.run(["make", f"O={o}", f"PLANNER={planner}", "PLANNER_OBJECTS=", goal], capture_output=True, text=True, check=False,
                                  stdin=subprocess.DEVNULL)

        findings = judged + judge(make("report"))
        findings += judge(make("clean")) + ([] if (o / ".config").exists() and not (o / "plan").exists() else ["clean: not all, or too much"])
        findings += judge(make("report")) + judge(make("distclean")) + (["distclean: it is still there"] if o.exists() else [])
    return findings


def said(words, *wanted, **kwargs):
    """Findings unless make refuses `words` and says, in one line, all that is wanted; nothing of a program's insides."""
    done = subprocess.run(["make", *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **kwargs)
    lines = done.stderr.splitlines()
    if done.returncode and any(all(w in line for w in wanted) for line in lines) and "Traceback" not in done.stderr:
        return []
    return [f"make {' '.join(words)}: status {done.returncode}, does not say in one line: {' ... '.join(wanted)}", *lines[-5:]]


def wrong_words(ways):
    """What cannot be is said before anything is made of it."""
    o = ways.fresh()
    findings = said([f"O={o} x", "report"], f"O={o} x", "blank", "take another")
    findings += said([f"O={o}", "EXT=/tmp/a b", "list"], "EXT=/tmp/a b", "blank")
    findings += said([f"O={o}", f"EXT={ways.out}/none", "report"], f"EXT={ways.out}/none", "no such directory")
    findings += said([f"O={o}", "EXT=~/mine", "report"], "EXT=~/mine", "$HOME")
    findings += said(["O=/proc/nowhere", "report"], "O=/proc/nowhere", "written")
    findings += said([f"O={o}", "TIMEOUT=long", "run"], "TIMEOUT=long", "seconds")
    return findings + (["something was made"] if o.exists() else [])


def not_a_terminal(ways):
    o = ways.fresh()
    findings = judge(ways.make(o, "hello-arm64_defconfig"))
    return findings + said([f"O={o}", "menuconfig"], "needs a terminal", f"{o}/.config")


def not_text(ways):
    """A configuration that is no UTF-8 names its line; one with a word processor's line ends is read."""
    o = ways.fresh()
    findings = judge(ways.make(o, "hello-arm64_defconfig"))
    config = o / ".config"
    good = config.read_bytes()
    config.write_bytes(good.replace(b"\n", b"\r\n"))
    findings += judge(ways.make(o, "report"), "Physical memory")
    config.write_bytes(b"# first\nCONFIG_APPLIANCE=\"k\xfcche\"\n" + good)
    return findings + said([f"O={o}", "report"], "error:", ".config, line 2", "UTF-8")


def nothing_fetched(ways):
    """A report needs nothing that is fetched or built."""
    o = ways.fresh()
    cache = ways.out / "cold"
    env = dict(os.environ, BULKHEAD_CACHE=str(cache))
    return judge(ways.make(o, "report", env=env), "not fetched yet", "not built yet") + (["something was fetched"] if cache.exists() else [])


def stale(ways):
    """The plan's flags make the hypervisor anew, and nothing else."""
    o = ways.fresh()
    findings = judge(ways.make(o, "report"))
    objects = [o / "hyp/core/x.o", o / "pvdrivers/x.o"]
    for path in [*objects, o / "plan/plan.mk"]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("HYP_CPU_CFLAGS := -mcpu=cortex-a72\n")
    findings += judge(ways.make(o, "report"))
    return findings + ([] if [p.exists() for p in objects] == [False, True] else [f"{p}: {p.exists()}" for p in objects])


def read_until(fd, wanted, out, seconds=120):
    """Adds what comes to `out` until `wanted`, plain, is in it. The time is generous: a loaded machine draws slowly."""
    end = time.monotonic() + seconds
    while wanted not in plain(out[-1]):
        if time.monotonic() > end:
            return f"the menu did not show '{wanted}' within {seconds} s"
        if select.select([fd], [], [], 0.5)[0]:
            try:
                out[-1] += os.read(fd, 65536)
            except OSError:
                return "" if wanted in plain(out[-1]) else f"the menu ended before it showed '{wanted}'"
    return ""


def type_in_menu(o, steps):
    """(what the menu drew after each step, findings). A step: keys, and what they must bring on the screen."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvpe("make", ["make", f"O={o}", "menuconfig"], dict(os.environ, TERM="xterm", LINES="40", COLUMNS="120"))
    drawn, findings = [], []
    for keys, wanted in steps:
        os.write(fd, keys)
        drawn.append(b"")
        findings = [word for word in [read_until(fd, wanted, drawn)] if word]
        if findings:
            os.killpg(pid, signal.SIGKILL)
            break
    os.close(fd)
    os.waitpid(pid, 0)
    return drawn, findings


def plain(drawn):
    return re.sub(rb"\x1b[\[(][0-9;?]*[A-Za-z]", b"", drawn).decode(errors="replace")


def menu(ways):
    """A name that is typed stands in the titles and choices at once, and is saved."""
    o = ways.fresh()
    findings = judge(ways.make(o, "demo-arm64_defconfig"))
    down, left = b"\x1bOB", b"\x1b"
    steps = [(b"", "Appliance  --->"), (down * 2 + b"\n", "What it runs"), (b"\n", "Name (string)"), (b"\x7f" * 8 + b"zebra\n", "zebra"),
             (left, "zebra - CPU"), (down * 3 + b"\n", "MPIDR 0x1) (zebra)"), (b"q", "Save configuration?"), (b"y", "saved")]
    drawn, stuck = type_in_menu(o, steps)
    findings += stuck
    first, everything = plain(drawn[0]), plain(b"".join(drawn[4:]))
    findings += [f"at first there is no: {w}" for w in ("Board (QEMU virt", "Number of partitions", "linux - CPU 0,1, 512 MiB", "hello - CPU 2, 16 MiB", "io - CPU 3, 32 MiB") if w not in first]
    findings += ["more partitions are shown than there are"] if "Partition 4" in first else []
    findings += [f"after the name was typed there is no: {w}" for w in ("zebra",) if w not in everything]
    findings += ["the name was not saved"] if 'CONFIG_PART1_NAME="zebra"' not in (o / ".config").read_text() else []
    return findings + ([plain(d) for d in drawn] if findings else [])


def own_directory(ways):
    """A board, an appliance and a kernel of one's own, outside of the project."""
    ext, o = ways.out / "mine", ways.fresh()
    (ext / "kernel").mkdir(parents=True)
    (ext / "kernel/Image.gz").write_bytes(gzip.compress(files.image(0x200000), mtime=0))
    files.overlay(ext, "overlay.dtbo", files.OVERLAY)
    (ext / "appliances").mkdir()
    (ext / "appliances/mine_defconfig").write_text(MINE)
    board = ext / "boards/my-board"
    shutil.copytree("appliance-config/boards/qemu-virt", board)
    for name in ("Kconfig", "Kconfig.options"):
        text = (board / name).read_text()
        (board / name).write_text(text.replace("QEMU_VIRT", "MY_BOARD").replace("qemu-virt", "my-board"))
    findings = judge(ways.make(o, f"EXT={ext}", "list"), "my-board", "A kernel of my own")
    findings += judge(ways.make(o, f"EXT={ext}", "mine_defconfig"))
    findings += judge(ways.make(o, f"EXT={ext}", "report"), "gzip data with an arm64 Image inside", "for board my-board")
    findings += judge(ways.make(o, f"EXT={ext}", f"{o}/plan/manifest.in"))
    findings += [] if (o / "plan/mine.Image").read_bytes() == files.image(0x200000) else ["the kernel was not unpacked as it was"]
    findings += own_tree(o, "first")
    config = o / ".config"
    config.write_text(config.read_text().replace("first", "second"))
    findings += judge(ways.make(o, f"EXT={ext}", f"{o}/plan/manifest.in"))
    findings += own_tree(o, "second")
    without = ways.make(o, "report")
    return findings + ([] if without.returncode and "config-board" in without.stderr else ["without EXT= the board should be missed", without.stderr])


def change_of_appliance(ways):
    """In one output directory, the plan is always that of the appliance that was chosen last."""
    ext, o, findings = ways.out / "two", ways.fresh(), []
    (ext / "appliances").mkdir(parents=True)
    for name in ("first", "second"):
        (ext / f"{name}.Image").write_bytes(files.image(0x200000))
        text = MINE.replace("MY_BOARD", "QEMU_VIRT").replace('"mine"', f'"{name}"').replace("kernel/Image.gz", f"{name}.Image")
        (ext / f"appliances/{name}_defconfig").write_text(re.sub(r".*OVERLAY.*\n", "", text))
    for name in ("first", "second", "first"):
        findings += judge(ways.make(o, f"EXT={ext}", f"{name}_defconfig")) + judge(ways.make(o, f"EXT={ext}", f"{o}/plan/manifest.in"))
        found = re.search(r"^PLAN_APPLIANCE := (.*)$", (o / "plan/plan.mk").read_text(), re.M)[1]
        findings += [] if found == name else [f"{name} was chosen, {found} is planned"]
    return findings


def own_tree(o, words):
    source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", o / "plan/mine.dtb"], capture_output=True, text=True, check=True).stdout
    return [f"the guest's tree has no {w}" for w in (f'bootargs = "{words}"', 'note = "by an overlay"') if w not in source]


def same_everywhere(ways):
    """The plan's identifier does not depend on where it is made."""
    seen = set()
    for where in (ways.fresh(), ways.fresh() / "deeper"):
        ways.make(where, "hello-arm64_defconfig")
        seen.add(re.search(r"^Plan (\w+)$", ways.make(where, "report").stdout, re.M)[1])
    return [] if len(seen) == 1 else [str(seen)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planner", required=True)
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    os.environ["PLANNER"] = args.planner
    os.environ["MAKEFLAGS"] = ""
    ways, tap = Ways(args.out), Tap()
    for way in (no_configuration, every_appliance, listed, round_trip, dropped, refused, others_folders, own_folder, wrong_words, not_a_terminal,
                not_text, nothing_fetched, stale, documented, documented_functions, menu, own_directory, change_of_appliance, same_everywhere):
        tap.result(f"{way.__name__.replace('_', ' ')}", way(ways))
    tap.done()


if __name__ == "__main__":
    main()
