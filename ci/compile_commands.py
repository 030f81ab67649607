# SPDX-License-Identifier: Apache-2.0
"""compile_commands.json from `make -n -B`-like output of a build: every line
that compiles one C file becomes an entry. Reads no source.
"""
import json
import os
import re
import shlex
import subprocess
import sys

COMPILER = re.compile(r"(^|/)(?:[\w-]+-)?(gcc|clang|cc)$")


def entries(lines, folder):
    for line in lines:
        try:
            words = shlex.split(line)
        except ValueError:
            continue
        if not words or not COMPILER.search(words[0]) or "-c" not in words:
            continue
        sources = [w for w in words if w.endswith((".c", ".S"))]
        if sources:
            yield {"directory": folder, "arguments": words, "file": sources[-1]}


def main():
    out, goals = sys.argv[1], sys.argv[2:]
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL")}
    # Without the plan: make would make it, and what it needs, for good before it prints anything.
    dry = subprocess.run(["make", "-nBk", "V=1", "NO_PLAN=1", f"O={out}", *goals], env=env, capture_output=True, text=True, check=False)
    unique = {(e["file"], tuple(e["arguments"])): e for e in entries(dry.stdout.splitlines(), os.getcwd())}
    json.dump(list(unique.values()), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
