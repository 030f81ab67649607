# SPDX-License-Identifier: Apache-2.0
"""A guest in a partition that asks its interrupt controller for everything, GICv2 and GICv3, beside a neighbour; its own
TAP is the result. It must not know what it asks.
"""
import re

from appliance import Appliance, Part
from session import session

LEAST = 80          # tests of the guest: fewer mean that it left some out
NUDGE = "nudge=1"   # a flaw of QEMU's GICv2 (docs/limits.md)


def look(machine):
    machine.allow(r"judge: ")
    with machine.test("the guest comes to its end"):
        machine.expect("judge", r"^1\.\.(\d+)\r?\n", 60, "its plan")
    text = machine.text("judge")
    results = re.findall(r"^(ok|not ok) (\d+) - ([^\r\n]*)", text, re.M)
    for word, _, what in results:
        machine.tap.result(f"{machine.title}: {what}", [] if word == "ok" else text.splitlines()[-40:])
    with machine.test("its tests are all there"):
        plan = re.search(r"^1\.\.(\d+)", text, re.M)
        machine.require(plan and len(results) == int(plan[1]) >= LEAST, f"{len(results)} results, plan {plan and plan[1]}")
    with machine.test("the neighbour goes on"):
        machine.skip_to_end("hello")
        machine.expect("hello", r"hello: \d+ s", 20)


def run(context):
    for gic in (3, 2):
        parts = [Part("judge", str(context.out / "guests/vgictest.elf"), 16, (0, 1, 2), NUDGE if gic == 2 else ""),
                 Part("hello", str(context.out / "partitions/hello.elf"), 8, (3,))]
        session(context, Appliance(f"vgic-v{gic}", parts, gic), look)
