# SPDX-License-Identifier: Apache-2.0
"""Device pages between two unikernels: the front-end judges what it gets, its own TAP is the result; then its back-end, and
it itself, are restarted. GICv3 and GICv2, CPUs of their own and shared ones, and once with an HPFAR_EL2 that a permission
fault leaves as hardware may. It must not know what the guests ask of each other.
"""
import re

from appliance import Appliance, Part
from harness import ANSWERS
from session import session

LEAST = 34          # tests of the front-end in a life
LIMIT_MS = 300
POISONED = "HYP_TEST_CFLAGS=-DTEST_POISON_HPFAR"


def judge(machine, lives):
    """Each life of the front-end printed its plan; its lines are results."""
    for _ in range(lives):
        machine.expect("front", r"^1\.\.(\d+)\r?\n", 120, "its plan")
    text = machine.text("front")
    results = re.findall(r"^(ok|not ok) (\d+) - ([^\r\n]*)", text, re.M)
    wrong = [what for word, _, what in results if word != "ok"]
    machine.require(not wrong, "\n".join(wrong + text.splitlines()[-40:]))
    plans = [int(n) for n in re.findall(r"^1\.\.(\d+)", text, re.M)]
    machine.require(sum(plans) == len(results) and all(n >= LEAST for n in plans), f"{len(results)} results, plans {plans}")


def look(machine):
    machine.allow(r"front vCPU 0: access to a register by an instruction that cannot be emulated", r"(front|back): ", *ANSWERS)
    with machine.test("what a driver may rely on, in two lives: the second finds its window back"):
        machine.expect("back", r"ready: 0", 60)
        judge(machine, 2)
    machine.walk_tables()


def run(context, full=False):
    guests = context.out / "guests"
    words = f"lives=2 limit={LIMIT_MS}"
    kinds = [("device-v3", 3, (0, 1), (2,), {}, ()),
             ("device-v2", 2, (0, 1), (2,), {}, ()),
             ("device-shared", 3, (1,), (), {0: [("front", 2000), ("back", 1000)]}, ()),
             ("device-hpfar", 3, (0, 1), (2,), {}, (POISONED,))]
    if full:
        kinds.append(("device-shared-v2", 2, (1,), (), {0: [("front", 2000), ("back", 1000)]}, ()))
    for name, gic, front, back, slots, make in kinds:
        parts = [Part("front", str(guests / "devfront.elf"), 16, front, words),
                 Part("back", str(guests / "devback.elf"), 16, back, options={"IO": True})]
        options = {"EXPERT": True, "NET_PORTS": 1, "NET1_NAME": "lan", "NET1_PART1": True, "DISKS": 1, "DISK1_NAME": "data", "DISK1_PART1": True,
                   "DISK1_SIZE_MIB": 1, "DEVICE_LIMIT_MS": LIMIT_MS}
        session(context, Appliance(name, parts, gic, slots, options=options, make=make), look)
