# SPDX-License-Identifier: Apache-2.0
"""How many tries the hostile guest makes, computed from the plan and not from the guest.

README.md beside this file explains the classes. A test calls expected() with what it put into the guest's table, and
judge() with the guest's console.
"""
import re

PAGE, STEP, SPACE, GIB = 4096, 2 << 20, 1 << 39, 1 << 30
EDGES, SERVICES, ODD = 16, 3, 16
STORM = 20000
LINE = re.compile(r"HOSTILE cpu=(\d+) class=(\w+) ((?:\w+=\d+ ?)+)", re.M)


def expected(ram, own=(), deny=(), regs=(), uart=0x09000000, smc=True):
    """{class: tries + own} for one CPU. Regions are pairs (base, size), ram the guest's."""
    def is_ram(at):
        return ram[0] <= at < ram[0] + ram[1]

    calls = 32 * 7 * EDGES * EDGES
    all_calls = 64 * 32 * 4 + SERVICES * 0x10000 * 2
    pages = sum(-(-size // PAGE) for _, size in deny)
    accesses = sum(size // 4 * 4 * 4 for _, size in regs)
    return {
        "space": SPACE // STEP,
        "space_fetch": (SPACE - 4 * GIB) // (64 * STEP),
        "border": sum(2 + sum(1 if is_ram(at) else 2 for at in (base - 4, base + size)) for base, size in own),
        "deny_read": pages, "deny_write": pages, "deny_fetch": pages,
        "reg_read": accesses, "reg_write": accesses,
        "reg_odd": sum(16 * (ODD - (uart <= base < uart + PAGE)) for base, size in regs),
        "smc_probe": 3 if smc else 1,
        "call_hvc": calls, "call_smc": calls if smc else 0,
        "call_hvc_all": all_calls, "call_smc_all": all_calls if smc else 0,
        "call_random": 100000, "call_suspend": 100,
        "sysreg_read": 2 * 8 * 16 * 16 * 8, "sysreg_random": 2 * 8 * 16 * 16 * 8, "sysinstr": 8 * 16 * 16 * 8,
        "storm_sgi": STORM, "storm_timer": 2 * STORM,
    }


# Not at the start of a line: what the guest wrote to its console at random may stand before.
def counts(text):
    """[(CPU, class, {word: number})] in the order printed."""
    return [(int(cpu), kind, {w: int(n) for w, n in (pair.split("=") for pair in words.split())})
            for cpu, kind, words in LINE.findall(text)]


def judge(text, cpus, wanted):
    """What is wrong with a hostile guest's console, as a list of sentences; empty: nothing."""
    found, wrong = counts(text), []
    for cpu in range(cpus):
        for kind, number in wanted.items():
            rows = [row for c, k, row in found if c == cpu and k == kind]
            rounds = 2 if kind.startswith("storm") else 1
            if len(rows) != rounds:
                wrong.append(f"CPU {cpu} reports {kind} {len(rows)} times, not {rounds}")
            for row in rows:
                if row["tries"] + row["own"] != number:
                    wrong.append(f"CPU {cpu} tried {kind} {row['tries']} + {row['own']} times, not {number}")
                if kind.startswith(("deny", "storm")) and row["abort" if kind.startswith("deny") else "done"] != row["tries"]:
                    wrong.append(f"CPU {cpu}: {kind} ended otherwise than it must: {row}")
                if row["serror"]:
                    wrong.append(f"CPU {cpu}: {kind} caused {row['serror']} SErrors")
    if f"HOSTILE done cpus={cpus}" not in text:
        wrong.append("it did not come to its end")
    return wrong
