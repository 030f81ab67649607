# SPDX-License-Identifier: Apache-2.0
"""deps/flags.mk in a project of three files: what was compiled in another way than now is compiled again, and nothing else is."""
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve()
TREE = HERE.parents[2]
sys.path.insert(0, str(TREE / "ci/check"))
from tap import Tap  # noqa: E402

MAKEFILE = """O := build
NEEDS_TOOLS := 1
HOSTCC := cp
SHELL := /bin/bash
-include room.mk
-include {flags}
"""
ROOM = """ROOM_CFLAGS = -p $(ROOM_OPTIMIZE)
ROOM_SMALL = one \\
	two
ROOM_OPTIMIZE = $(if $(filter $(ROOM_SMALL),$*),-u,-f)
all: build/one.o build/two.o build/program
build/%.o: %.c
	@echo compiled $*
	@$(HOSTCC) $(ROOM_CFLAGS) $< $@; touch $@
build/one.o: ROOM_CFLAGS += -p
build/program: one.c build/.flags
	@echo compiled program
	@$(HOSTCC) $< $@; touch $@
# FLAGS in a comment mean nothing
other: ; @echo nothing
"""
ALL = {"one", "two", "program"}


class Project:
    def __init__(self, root):
        self.root = pathlib.Path(root)
        (self.root / "Makefile").write_text(MAKEFILE.format(flags=TREE / "deps/flags.mk"))
        self.write(ROOM)
        for name in ("one", "two"):
            (self.root / f"{name}.c").write_text(name)

    def write(self, text):
        (self.root / "room.mk").write_text(text)

    def make(self, *words):
        """What it compiled."""
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
        done = subprocess.run(["make", "-s", *words], cwd=self.root, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            return {done.stderr}
        return {line.split()[1] for line in done.stdout.splitlines() if line.startswith("compiled ")}


CHANGES = {
    "a flag": ("-p $(ROOM_OPTIMIZE)", "-a $(ROOM_OPTIMIZE)"),
    "a list of files that have other flags, in its second line": ("	two\n", "	none\n"),
    "how a list gives flags": ("-u,-f", "-n,-f"),
    "the flags of one file": ("one.o: ROOM_CFLAGS += -p", "one.o: ROOM_CFLAGS += -f"),
    "the line that compiles": ("$(ROOM_CFLAGS) $< $@", "$(ROOM_CFLAGS) -f $< $@"),
}


def judge(tap):
    with tempfile.TemporaryDirectory() as folder:
        project = Project(folder)
        said = project.make()
        tap.result("at first all is compiled", [] if said == ALL else [f"{said}"])
        said = project.make()
        tap.result("then nothing", [] if not said else [f"{said}"])
        text = ROOM
        for name, (old, new) in CHANGES.items():
            assert text.count(old) == 1, name
            text = text.replace(old, new)
            project.write(text)
            said, again = project.make(), project.make()
            tap.result(f"{name} changes: all is compiled again, once", [] if said == ALL and not again else [f"{said} {again}"])
        said, again = project.make("ROOM_CFLAGS=-f"), project.make("ROOM_CFLAGS=-f")
        tap.result("the same by the command line", [] if said == ALL and not again else [f"{said} {again}"])
        project.make()
        project.write(text.replace("mean nothing", "mean little").replace("echo nothing", "echo something"))
        said = project.make()
        tap.result("a comment and another command change: nothing is", [] if not said else [f"{said}"])


def main():
    tap = Tap()
    judge(tap)
    tap.done()


if __name__ == "__main__":
    main()
