# SPDX-License-Identifier: Apache-2.0
"""Smoke run of fuzz targets: each tries its inputs and finds nothing; built with its planted fault, it must find that.

    smoke.py --count N FOLDER NAME...      FOLDER/fuzz_NAME and FOLDER/fuzz_NAME_planted

It must not know what the targets test.
"""
import argparse
import pathlib
import subprocess
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / "check")]
from tap import Tap  # noqa: E402


def run(program, count):
    """(whether nothing was found, what was said)."""
    seconds = 900 + count // 1000       # an input takes well below a millisecond
    try:
        done = subprocess.run([program, str(count)], capture_output=True, text=True, errors="replace", timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return False, [f"did not end within {seconds} s"]
    return done.returncode == 0, (done.stdout + done.stderr).splitlines()[-15:] + [f"exit status {done.returncode}"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="+")
    args = parser.parse_args()
    tap = Tap()
    folder = pathlib.Path(args.folder).resolve()
    for name in args.names:
        good, said = run(folder / f"fuzz_{name}", args.count)
        tap.result(f"fuzz {name}: {args.count} inputs, nothing found", [] if good else said)
        good, said = run(folder / f"fuzz_{name}_planted", args.count)
        tap.result(f"fuzz {name}: the planted fault is found", ["it was not found"] if good else [])
    tap.done()


if __name__ == "__main__":
    main()
