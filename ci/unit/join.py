# SPDX-License-Identifier: Apache-2.0
"""Runs several TAP programs as one suite: numbers their tests anew. A program
that dies or reports no plan is a failed test of its own. With STOP_AT_FAILURE in the environment the first program that
fails is the last.
"""
import os
import re
import subprocess
import sys


def main():
    count = failed = 0
    for program in sys.argv[1:]:
        done = subprocess.run([program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
        tests = plan = 0
        name = program.rsplit("/", 1)[-1]
        for line in done.stdout.splitlines():
            match = re.match(r"^(not )?ok\b\s*\d*\s*-?\s*(.*)$", line)
            if match:
                tests, count, failed = tests + 1, count + 1, failed + bool(match.group(1))
                print(f"{match.group(1) or ''}ok {count} - {name}: {match.group(2)}")
            elif re.match(r"^1\.\.\d+$", line):
                plan = int(line[3:])
            else:
                print(line if line.startswith("#") else "# " + line)
        if not plan or plan != tests or (done.returncode and not failed):
            count, failed = count + 1, failed + 1
            print(f"not ok {count} - {name}: ends as it should")
            print(f"# exit status {done.returncode}, plan {plan}, {tests} tests")
        if failed and os.environ.get("STOP_AT_FAILURE"):
            break
    print(f"1..{count}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
