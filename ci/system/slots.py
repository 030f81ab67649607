# SPDX-License-Identifier: Apache-2.0
"""Two partitions on one CPU by time slots, under -icount: each gets its share whatever the other does, and neither sees
the other's registers. It must not know how slots are switched.
"""
from appliance import Appliance, Part
from session import session

SHARES = [("one", 6000), ("two", 4000)]


def look(machine):
    machine.allow(r"two vCPU 0: ")
    for name, length in SHARES[:1]:
        with machine.test(f"{name} gets its share within 1%, and sees no register of the other"):
            wanted = length / sum(us for _, us in SHARES)
            machine.expect(name, r"^SLOTS .*\n", 200, "a first window")
            row = dict(pair.split("=") for pair in machine.expect(name, r"^SLOTS (.*)\n", 200, "a window").group(1).split())
            share = int(row["instructions"]) / int(row["ns"])
            machine.require(abs(share - wanted) <= 0.01 * wanted, f"share {share:.4f}, not {wanted:.4f}: {row}")
            machine.require(row["foreign"] == "0", f"foreign registers: {row}")
    with machine.test("the other sees no register of the first"):
        row = dict(pair.split("=") for pair in machine.expect("two", r"^SLOTS (.*)\n", 200, "a window").group(1).split())
        machine.require(row["foreign"] == "0", f"foreign registers: {row}")


def run(context, full=False):
    slots = str(context.out / "guests/slots.elf")
    for other in ("spin", "sleep", "storm", "fault") if full else ("spin", "storm"):
        parts = [Part("one", slots, 8, (), "do=spin pattern=1 ms=1000 windows=1000"),
                 Part("two", slots, 8, (), f"do={other} pattern=2 ms=1000 windows=1000")]
        session(context, Appliance(f"slots-{other}", parts, slots={0: SHARES}), look, icount=True)
