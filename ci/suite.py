# SPDX-License-Identifier: Apache-2.0
"""Runs test suites that speak TAP, and counts.

Each argument is NAME=COMMAND. A suite passes what it says it passes; a test
marked SKIP or TODO, a plan that does not match, a suite without any test and a
suite that dies each count as failed. It must not know what a suite tests, and
it never runs anything twice.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import time

LINE = re.compile(r"^(not )?ok\b\s*(\d*)\s*-?\s*(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")


def judge(text, status):
    """(passed, failed, messages) of one suite's output and exit status."""
    passed, failed, plan, messages, notes = 0, 0, None, [], None
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            bad = bool(match.group(1)) or bool(re.search(r"# *(skip|todo)\b", line, re.I))
            passed, failed = passed + (not bad), failed + bad
            notes = messages if bad else None
            if bad:
                messages.append(line)
        elif notes is not None and line.startswith("#"):
            notes.append("  " + line)
        elif PLAN.match(line):
            plan = int(PLAN.match(line).group(1))
    if plan is None or plan != passed + failed or plan == 0:
        failed += 1
        messages.append(f"plan says {plan}, {passed + failed - 1} tests reported")
    if status and not failed:
        failed += 1
        messages.append(f"exit status {status} although no test failed")
    if status and plan is None:
        messages += ["  | " + line for line in text.splitlines()[-25:]]
    return passed, failed, messages


def run(name, command, logs):
    start = time.monotonic()
    log = logs / f"{name}.tap"
    with log.open("wb") as out:
        done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, check=False)
    passed, failed, messages = judge(log.read_text(errors="replace"), done.returncode)
    print(f"{'FAIL' if failed else 'pass'}  {name:<22} {passed:5} passed {failed:4} failed {time.monotonic() - start:7.1f} s", flush=True)
    for line in messages[:60]:
        print(f"      {line}")
    if failed:
        print(f"      see {log}", flush=True)
    return passed, failed


def selftest():
    """The counts that this program itself promises."""
    cases = [
        ("ok 1 - a\n1..1\n", 0, (1, 0)),
        ("not ok 1 - a\n1..1\n", 1, (0, 1)),
        ("ok 1 - a # SKIP no tool\n1..1\n", 0, (0, 1)),
        ("ok 1 - a\n1..2\n", 0, (1, 1)),
        ("ok 1 - a\n", 0, (1, 1)),
        ("", 0, (0, 1)),
        ("1..0\n", 0, (0, 1)),
        ("ok 1 - a\n1..1\n", 139, (1, 1)),
    ]
    wrong = [(t, s) for t, s, want in cases if judge(t, s)[:2] != want]
    print("not ok 1 - suite runner counts right" if wrong else "ok 1 - suite runner counts right")
    for text, status in wrong:
        print(f"# {text!r} with status {status}: {judge(text, status)}")
    print("1..1")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", default="build/log/suites")
    parser.add_argument("--selftest", action="store_true")
    parser.add_argument("suites", nargs="*", metavar="NAME=COMMAND")
    args = parser.parse_args()
    if args.selftest:
        return selftest()
    logs = pathlib.Path(args.log)
    logs.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    for suite in args.suites:
        name, command = suite.split("=", 1)
        counts = run(name, command, logs)
        passed, failed = passed + counts[0], failed + counts[1]
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
