# SPDX-License-Identifier: Apache-2.0
"""A unikernel that tries everything on two CPUs beside one that minds its own business: the numbers of its tries are
computed from the plan, and hypervisor and neighbour live. It must not know how the attacks are made.
"""
import pathlib
import sys

from appliance import Appliance, Part
from session import session

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guests"))

import hostile_expect                               # noqa: E402

RAM = 0x40000000
MINUTES = 10


def tables(plan):
    """(own, deny, regs) for the hostile guest, partition 0, from the plan."""
    me, neighbour = plan.partitions
    own = [(ipa, size) for _, ipa, _, size, kind in me.maps if kind != "page"]
    regions = [(w[0], int(w[1], 0), int(w[2], 0)) for w in plan.lines["region"]]
    others = [(base, size) for name, base, size in regions if name in ("hypervisor", "store")]
    others += [(pa, size) for _, _, pa, size, kind in neighbour.maps if kind == "ram"]
    deny = [(base, size) for base, size in others if base >= RAM + me.mib * 2**20]
    return own, deny, [(ipa, size) for _, ipa, size in me.emuls]


def words(own, deny, regs):
    return " ".join(f"{key}={base:#x}+{size:#x}" for key, items in (("own", own), ("deny", deny), ("regs", regs)) for base, size in items)


def look(machine, wanted):
    machine.allow(r"hostile vCPU \d", r"hostile: stopped$", "lost hostile")
    with machine.test("the neighbour is up"):
        machine.expect_guest("hello", "hello 1.0")
    with machine.test("the hostile guest comes to its end"):
        machine.expect("hostile", r"^HOSTILE done cpus=2", 60 * MINUTES)
    with machine.test("it tried as often as the plan says, and each try ended as it must"):
        wrong = hostile_expect.judge(machine.text("hostile"), 2, wanted)
        machine.require(not wrong, "\n".join(wrong[:20]))
    with machine.test("the neighbour lives"):
        machine.skip_to_end("hello")
        machine.expect("hello", r"hello: \d+ s", 20, "the next second")
    machine.answers_keys()
    machine.walk_tables()


def run(context, full=False):
    guests = context.out / "guests"
    for gic in (3, 2) if full else (3,):
        appliance = Appliance(f"hostile-v{gic}", [Part("hostile", str(guests / "hostile.elf"), 16, (0, 1)),
                                                  Part("hello", str(context.out / "partitions/hello.elf"), 16, (2,))], gic)
        plan, _, _ = context.builder.boot(appliance, True)
        own, deny, regs = tables(plan)
        appliance.parts[0].cmdline = words(own, deny, regs)
        wanted = hostile_expect.expected((RAM, 16 << 20), own, deny, regs)
        session(context, appliance, lambda machine, wanted=wanted: look(machine, wanted))
