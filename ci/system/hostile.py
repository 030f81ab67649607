# SPDX-License-Identifier: Apache-2.0
"""A guest that tries everything, on two CPUs, beside a neighbour that must not notice. How many tries it owes is computed
from the plan. Afterwards every page table is what it was, and the hypervisor serves the operator.
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guests"))

import hostile_expect                           # noqa: E402
from appliance import Appliance, Part           # noqa: E402
from harness import Failure                     # noqa: E402
from session import session                     # noqa: E402

MIB = 1 << 20
RAM = (0x40000000, 16 * MIB)


def table(plan):
    """What it attacks: (own, deny, regs) as pairs of base and size. Denied addresses lie outside of its own RAM."""
    hostile, neighbour = plan.partitions
    regions = {words[0]: (int(words[1], 0), int(words[2], 0)) for words in plan.lines["region"]}
    deny = [regions["hypervisor"], (regions["store"][0], 2 * MIB), (regions["uboot"][0], MIB), (regions["uboot"][0] + 63 * MIB, MIB),
            (regions["firmware"][0] + 32 * MIB, MIB)]
    deny += [(pa, size) for name, _, pa, size, _ in neighbour.maps if name == "ram"]
    return [RAM], deny, [(base, size) for _, base, size in hostile.emuls]


def words(kind, pairs):
    return " ".join(f"{kind}={base:#x}+{size:#x}" for base, size in pairs)


def look(machine):
    wanted = hostile_expect.expected(RAM, *machine.table)
    machine.allow(r"hostile vCPU \d+: ", r"hostile: stopped")
    with machine.test("the neighbour is up"):
        machine.expect_guest("hello", "hello 1.0")
    with machine.test("the hostile guest is up"):
        machine.expect_guest("hostile", "hostile 1.0")
    with machine.test("it comes to its end and turns itself off"):
        machine.expect("hostile", r"^HOSTILE done cpus=2$", 1500, "the end of the hostile guest")
        machine.expect("hyp", r"^hostile: stopped$", 60)
    with machine.test("it made every try that the plan asks for, and none ended otherwise than it must"):
        wrong = hostile_expect.judge(machine.demux.streams["hostile"].text, 2, wanted)
        if wrong:
            raise Failure("\n".join(wrong))
    with machine.test("the neighbour lives"):
        machine.skip_to_end("hello")
        machine.expect("hello", r"hello: \d+ s", 20, "the next second")
    machine.walk_tables()


def run(context, full=False):
    for gic in (3, 2) if full else (3,):
        parts = [Part("hostile", str(context.out / "guests/hostile.elf"), RAM[1] // MIB, (0, 1)),
                 Part("hello", str(context.out / "partitions/hello.elf"), 16, (2,))]
        appliance = Appliance(f"hostile-v{gic}", parts, gic)
        # The table names physical addresses, and these do not change with the command line that holds it.
        plan, _, _ = context.builder.boot(appliance, context.direct)
        attack = table(plan)
        parts[0].cmdline = " ".join(words(kind, pairs) for kind, pairs in zip(("own", "deny", "regs"), attack)) + " seed=1"

        def body(machine, attack=attack):
            machine.table = attack
            look(machine)

        session(context, appliance, body)
