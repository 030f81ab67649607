# SPDX-License-Identifier: Apache-2.0
"""docs/unikernel.md, walked as it stands there: an empty directory, the files that the page shows, the commands that it
gives; the program ticks, echoes what is typed, answers through the uplink, and counts its starts on its disk. It must not
know how anything is built.
"""
import argparse
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "ci/check"), str(TREE / "ci/run")]
import plugged  # noqa: E402
from machine import Board, Machine, flash_arguments  # noqa: E402
from plan_map import PlanMap  # noqa: E402
from tap import Tap  # noqa: E402
from test_own import Walk, judge  # noqa: E402

DOCUMENT = TREE / "docs/unikernel.md"
HOST_PORT = 8007


def files(text):
    """[(path below the directory, contents)]: each block of a file stands behind the line that names it."""
    return re.findall(r"`~/works/([\w./-]+)`[^`]*\n\n```c?\n(.*?)```", text, re.S)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Author(Walk):
    """A user who has nothing but the page."""

    def __init__(self, main):
        self.main, self.ext, self.out = main, main / "own-unikernel/works", main / "own-unikernel/build"
        shutil.rmtree(main / "own-unikernel", ignore_errors=True)
        for line in re.findall(r"^    mkdir -p (.*)$", DOCUMENT.read_text(), re.M):
            for folder in line.split():
                (self.ext / folder.removeprefix("~/works/")).mkdir(parents=True)
        self.port = free_port()
        self.take_uboot()

    def write(self, text):
        """The paths that were written. The port of this machine is another one, which is free."""
        found = files(text)
        for path, body in found:
            (self.ext / path).write_text(body.replace(f"{HOST_PORT}:10.0.2.15", f"{self.port}:10.0.2.15"))
        return [path for path, _ in found]

    def run_page(self, text):
        """What the page says between its files: make, and make again."""
        findings = []
        for words in re.findall(r"^    make EXT=~/works (.*)$", text, re.M):
            findings += judge(self.make(*words.split(), "TIMEOUT=150"), *(["every partition is up"] if "run" in words else []))
        return findings

    def boot(self):
        plan = PlanMap(self.out / "plan/map.txt")
        board = Board(**{**plan.board(), "extra": tuple(plugged.arguments(plan, self.out))})
        return Machine(board, flash_arguments(self.out / "firmware/u-boot.bin", self.out / "appliance.img"), self.out / "log/proof")


def wait(machine, pattern, seconds=120):
    """What matches in the program's lines; a finding if nothing does."""
    end = time.monotonic() + seconds
    with machine.changed:
        while not (found := re.search(pattern, machine.text("lamp"), re.M)) and not machine.ended and time.monotonic() < end:
            machine.changed.wait(1)
    return [] if found else [f"not said: {pattern}", *machine.text("lamp").splitlines()[-8:]]


def ask(port, seconds=60):
    """The line that a connection gets; the switch and lwIP may need a moment."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as link:
                link.settimeout(10)
                line = link.makefile().readline()
                if line:
                    return line
        except OSError:
            pass
        time.sleep(0.5)
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    tap, author = Tap(), Author(parser.parse_args().out.resolve())
    first, second = DOCUMENT.read_text().split("\n## A network service and a disk\n")
    tap.result("the page's first files are a program and an appliance",
               [] if author.write(first) == ["partitions/lamp/lamp.c", "appliances/lamp_defconfig"] else ["others were found"])
    tap.result("make builds and boots it", author.run_page(first))
    with author.boot() as machine:
        tap.result("it ticks", wait(machine, r"^lamp: 2 s$"))
        machine.send(b"x")
        tap.result("it says what is typed", wait(machine, r"^lamp: you typed 'x'$", 30))
    wanted = ["service.h", "service.c", "count.c", "lamp.c"]
    tap.result("the page's other files are a service, a disk's count, and an appliance",
               [] if author.write(second) == [*(f"partitions/lamp/{n}" for n in wanted), "appliances/lamp_defconfig"] else ["others were found"])
    tap.result("make builds and boots that", author.run_page(second))
    with author.boot() as machine:
        tap.result("its second start is counted, and lwIP is there", wait(machine, r"^lamp: start 2, IP by lwIP"))
        line = ask(author.port)
        tap.result("who connects gets its line", [] if re.match(r"lamp: start 2, \d+ s$", line) else [f"got {line!r}", *wait(machine, "^$", 1)])
    tap.result("a program with the name of one of the project's is refused", refused(author))
    tap.done()


def refused(author):
    (author.ext / "partitions/hello").mkdir()
    (author.ext / "partitions/hello/hello.c").write_text("int main(void) { return 0; }\n")
    done = author.make("report")
    return [] if done.returncode and '"hello" is the name of a program of the project' in done.stderr else [done.stdout, done.stderr]


if __name__ == "__main__":
    main()
