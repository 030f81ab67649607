# SPDX-License-Identifier: Apache-2.0
"""A unikernel that starts again 200 times and reads all its RAM first, beside one whose signs of life are timed under
-icount, in guest time. It must not know how a restart is done.
"""
import re

from appliance import Appliance, Part
from session import session

LIVES, MS = 200, 1000000


def look(machine):
    machine.allow(r"scan: ")
    with machine.test("the neighbour beats"):
        machine.expect("beat", r"^SLOTS do=beat ", 120)
    with machine.test(f"{LIVES} lives, and no old byte in any of them"):
        for life in range(1, LIVES + 1):
            match = machine.expect("scan", r"^RAMSCAN life=(\d+) bytes=(\d+) dirty=(\d+)", 60, f"life {life}")
            machine.require(int(match.group(1)) == life and match.group(3) == "0" and int(match.group(2)) > 1 << 20, match.group(0))
    # Under -icount QEMU runs one CPU after the other for some milliseconds each, so the first window, while the first life
    # reads its RAM, is what the emulator costs; a hypervisor that held the neighbour up would show above it.
    with machine.test("no beat comes later than 1 ms after the worst of the first window"):
        machine.skip_to_end("beat")
        machine.expect("beat", r"^SLOTS do=beat .*\n", 120)
        rows = [dict(pair.split("=") for pair in line.split()[1:]) for line in re.findall(r"^(SLOTS do=beat .*)\n", machine.text("beat"), re.M)]
        gaps = [int(row["gap_ns"]) for row in rows]
        machine.require(len(gaps) > 1 and max(gaps) <= gaps[0] + MS, f"gaps of {len(gaps)} windows: {gaps[:5]} ... worst {max(gaps)}")
        machine.require(all(int(row["beats"]) >= int(row["ns"]) // (gaps[0] + MS) for row in rows), "a window lacks beats")
    machine.walk_tables()


def run(context, full=False):
    del full
    guests = context.out / "guests"
    appliance = Appliance("restart", [Part("scan", str(guests / "ramscan.elf"), 8, (0,), f"then=reset lives={LIVES}"),
                                      Part("beat", str(guests / "slots.elf"), 8, (1,), "do=beat pattern=1 ms=20 windows=100000")])
    session(context, appliance, look, icount=True)
