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
    out = sys.argv[1] if len(sys.argv) > 1 else "build"
    dry = subprocess.run(["make", "-n", "-B", "V=1", f"O={out}", "all"], capture_output=True, text=True, check=False)
    json.dump(list(entries(dry.stdout.splitlines(), os.getcwd())), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
