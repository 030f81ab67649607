# SPDX-License-Identifier: Apache-2.0
"""TAP for the static checks: one test a rule, its findings as diagnostics.

It must not know any rule.
"""
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

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)
