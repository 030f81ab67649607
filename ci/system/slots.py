# SPDX-License-Identifier: Apache-2.0
"""Two partitions on one CPU by time slots, under -icount: each gets its share whatever the other does, and neither sees
the other's registers. A share is counted by the one that spins, first in the frame or second. It must not know how slots
are switched.
"""
from appliance import Appliance, Part
from session import session

SHARES = [("one", 6000), ("two", 4000)]
BUSY = {"spin": ("spin", "spin"), "storm": ("storm", "spin"), "sleep": ("spin", "sleep"), "fault": ("fault", "spin")}


def window(machine, name):
    """What `name` counted in its next window."""
    return dict(pair.split("=") for pair in machine.expect(name, r"^SLOTS (.*)\n", 200, "a window").group(1).split())


def judge_share(machine, name, wanted):
    row = window(machine, name)
    share = int(row["instructions"]) / int(row["ns"])
    print(f"# {machine.title}: {name} got {share:.4f} of the CPU, wanted {wanted:.4f}")
    machine.require(abs(share - wanted) <= 0.01 * wanted, f"share {share:.4f}, not {wanted:.4f}: {row}")
    machine.require(row["foreign"] == "0", f"foreign registers: {row}")


def look(machine):
    machine.allow(r"(one|two) vCPU 0: ")
    for name, length in SHARES:
        with machine.test(f"{name} goes through a first window"):
            window(machine, name)
        if "do=spin" in machine.part(name).cmdline:
            with machine.test(f"{name} gets its share within 1%, and sees no register of the other"):
                judge_share(machine, name, length / sum(us for _, us in SHARES))
        else:
            with machine.test(f"{name} sees no register of the other"):
                row = window(machine, name)
                machine.require(row["foreign"] == "0", f"foreign registers: {row}")


def run(context):
    slots = str(context.out / "guests/slots.elf")
    for name, busy in BUSY.items():
        parts = [Part(part, slots, 8, (), f"do={do} pattern={number} ms=1000 windows=1000")
                 for number, ((part, _), do) in enumerate(zip(SHARES, busy), 1)]
        session(context, Appliance(f"slots-{name}", parts, slots={0: SHARES}), look, icount=True)
