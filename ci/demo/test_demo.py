# SPDX-License-Identifier: Apache-2.0
"""`make run` without a terminal, as a script or a CI meets it: success once every partition is up, one log a partition;
failure with what was missing when the time is too short. It must not know how a partition says that it is up."""
import argparse
import pathlib
import re
import subprocess
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "ci/check"))
from tap import Tap  # noqa: E402


def run(out, seconds):
    return subprocess.run([sys.executable, TREE / "ci/run/run.py", "--out", out, "--timeout", str(seconds)], cwd=TREE,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=seconds + 60, check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="build")
    out = parser.parse_args().out
    tap = Tap()
    done = run(out, 150)
    said = re.search(r"every partition is up after \d+ s: (.*); logs: (.*)$", done.stdout, re.M)
    good = done.returncode == 0 and said
    tap.result("every partition comes up, and make run ends by itself", [] if good else (done.stdout + done.stderr).splitlines()[-15:])
    names = said[1].split(", ") if said else ["?"]
    empty = [n for n in names + ["hyp", "firmware"] if not (pathlib.Path(out) / "log" / f"{n}.log").is_file()
             or not (pathlib.Path(out) / "log" / f"{n}.log").stat().st_size]
    tap.result("each partition, the hypervisor and the firmware have a log", [f"no log of {n}" for n in empty])
    done = run(out, 1)
    tap.result("too little time is a failure that names who was missing",
               [] if done.returncode and "this is missing" in done.stdout + done.stderr else done.stdout.splitlines()[-5:])
    tap.done()


if __name__ == "__main__":
    main()
