# SPDX-License-Identifier: Apache-2.0
"""TAP for the static checks: one test a rule, its findings as diagnostics.

With STOP_AT_FAILURE in the environment the first failure ends the suite: who breaks the code on purpose need not see
the rest. It must not know any rule.
"""
import os
import sys


class Tap:
    """Collects results and prints them as TAP; exit status 1 if any failed."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def result(self, name, findings):
        """One test: passes if `findings` (lines for people) is empty."""
        self.count += 1
        word = "not ok" if findings else "ok"
        self.failed += bool(findings)
        print(f"{word} {self.count} - {name}")
        for line in list(findings)[:40]:
            print(f"# {line}")
        sys.stdout.flush()
        if findings and os.environ.get("STOP_AT_FAILURE"):
            self.done()

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)
