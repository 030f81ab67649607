# SPDX-License-Identifier: Apache-2.0
"""A unikernel whose I/O partitions see a pool and nothing else of it: disk and network through the shipped I/O partition, and a test
back-end beside it that tries to read all of its RAM. The guest judges; the page tables are walked. It must not know how data reaches the pool.
"""
import re

from appliance import Appliance, Part
from session import session

LEAST = 18      # tests of the guest
MIB = 16
POOL_KIB = 1024


def look(machine):
    machine.allow(r"(io|spy): ", r"spy vCPU 0: access to an address that the plan does not give it: read 0x1000[1-9a-f]")
    with machine.test("a pool carries disk and network, and nothing beside it is within reach"):
        machine.expect("spy", r"ready: 0", 60)
        machine.expect("front", r"^1\.\.(\d+)\r?\n", 120, "its plan")
        text = machine.text("front")
        results = re.findall(r"^(ok|not ok) \d+ - ([^\r\n]*)", text, re.M)
        wrong = [what for word, what in results if word != "ok"]
        machine.require(not wrong and len(results) >= LEAST, "\n".join(wrong + text.splitlines()[-40:]))
    machine.walk_tables()
    with machine.test("the report says so"):
        report = (machine.sub / "plan/report.txt").read_text()
        for back in ("io", "spy"):
            machine.require(f'"{back}" sees 1 MiB of the {MIB} MiB of "front"' in report, report)


def run(context, _full=False):
    guests = context.out / "guests"
    parts = [Part("front", str(guests / "pool.elf"), MIB, (0,), options={"IO_SEES_POOL": True, "POOL_KIB": POOL_KIB}),
             Part("io", str(context.out / "partitions/io.elf"), 32, (1,), options={"IO": True}),
             Part("spy", str(guests / "devback.elf"), 16, (2,), options={"IO": True})]
    options = {"NET_PORTS": 3, "DISKS": 1, "DISK1_NAME": "data", "DISK1_PART1": True, "DISK1_SIZE_MIB": 4, "DISK1_IO_PART2": True}
    for n, (name, other, back) in enumerate((("a", "b", 2), ("b", "a", 2), ("c", "", 3)), 1):
        options.update({f"NET{n}_NAME": name, f"NET{n}_PART1": True, f"NET{n}_TALKS_TO": other, f"NET{n}_IO_PART{back}": True})
    for name, gic in (("pool-v3", 3), ("pool-v2", 2)):
        session(context, Appliance(name, parts, gic, options=options), look)
