# SPDX-License-Identifier: Apache-2.0
"""`make run` and `make debug` on the appliance that is built: unattended, on a terminal, under gdb. Prints TAP."""
import os
import pathlib
import pty
import subprocess
import sys
import termios
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "check")]

from plan_map import PlanMap                # noqa: E402
from tap import Tap                         # noqa: E402


def unattended(out, seconds):
    done = subprocess.run([sys.executable, str(HERE / "run.py"), "--out", out, "--timeout", str(seconds)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=seconds + 60, check=False)
    return done.returncode, done.stdout.splitlines()


def on_terminal(out):
    """What is wrong with a run on a terminal that is left by its keys."""
    master, slave = pty.openpty()
    before, text = termios.tcgetattr(slave), b""
    process = subprocess.Popen([sys.executable, str(HERE / "run.py"), "--out", out], stdin=slave, stdout=slave, stderr=slave)
    os.set_blocking(master, False)
    end, keys = time.monotonic() + 120, [(b"keys go to", b"\x14q"), (b"turn the board off?", b"y")]
    while process.poll() is None and time.monotonic() < end:
        try:
            text += os.read(master, 65536)
        except BlockingIOError:
            time.sleep(0.05)
        if keys and keys[0][0] in text:
            os.write(master, keys.pop(0)[1])
    ended = process.poll()
    process.terminate()
    process.wait()
    wrong = [] if ended == 0 else [f"it did not end by its keys: {ended}", *text.decode(errors="replace").splitlines()[-10:]]
    return wrong + ([] if termios.tcgetattr(slave) == before else ["the terminal is not as it was"])


def main():
    out, tap = sys.argv[1], Tap()
    status, lines = unattended(out, 180)
    tap.result("without a terminal, it ends when every partition is up", [] if status == 0 else lines[-15:])
    plan = PlanMap(pathlib.Path(out) / "plan/map.txt")
    names = ["hyp", "firmware", *(p.name for p in plan.partitions)]
    tap.result("there is a log for each", [name for name in names if not (pathlib.Path(out) / f"log/{name}.log").stat().st_size])
    status, lines = unattended(out, 1)
    tap.result("when the time is over, it fails and says what is missing", [] if status and any("is missing" in line for line in lines) else lines[-9:])
    tap.result("on a terminal, keys end it, and the terminal is as before", on_terminal(out))
    name = next(p.name for p in plan.partitions if p.kind == "unikernel")
    gdb = subprocess.run([sys.executable, str(HERE / "debug.py"), "--out", out, "--part", name, "--", "-batch", "-ex", "hbreak main", "-ex",
                          "continue", "-ex", "bt"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    tap.result("gdb stops in the partition's program", [] if "#0  main" in gdb.stdout else (gdb.stdout + gdb.stderr).splitlines()[-15:])
    tap.done()


if __name__ == "__main__":
    main()
