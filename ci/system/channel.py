# SPDX-License-Identifier: Apache-2.0
"""A channel between two unikernels: one sends numbered messages, the other one judges them and sends them back; the sender
starts again, by itself and by the operator's key, then the other one does in the middle. GICv3 with CPUs of their own and
GICv2 with a shared one; a third partition has no part in it. It must not know what stands in the memory.
"""
import re

from appliance import Appliance, Part
from harness import ANSWERS
from session import session

COUNT, LIVES, KIB = 4000, 3, 8


def number(machine, name, pattern, timeout, what):
    """The words NAME=NUMBER of the next line of `name` that matches."""
    line = machine.expect(name, pattern, timeout, what).group(0)
    return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}


def judge_sender(machine, life, what):
    row = number(machine, "send", rf"^CHANNEL sent=.* life={life} .*\n", 120, what)
    wanted = COUNT if life >= LIVES else COUNT // 2
    machine.require(row["back"] == row["sent"] == wanted and not row["bad"], f"{row}, and {wanted} were to be sent")
    print(f"# {machine.title}: {what}: {row['sent']} messages, slept {row['slept']} times, {row['signals']} signals")
    return row


def judge_echo(machine, peer, before):
    """The end that stays met the sender's life `peer`, and had got so many messages of its last one."""
    row = number(machine, "echo", rf"^CHANNEL met=\d+ peer={peer} .*\n", 60, f"life {peer} of the sender")
    machine.require(row["before"] == before and not row["bad"], f"{row}, and {before} messages came before")


def look(machine):
    machine.allow(*ANSWERS, r"(send|echo|other): ", r"send vCPU 0: access to an address that the plan does not give it: write ")
    with machine.test("each end is where the plan says, and a third partition has none"):
        ends = {p.name: [m for m in p.maps if m[0].startswith("channel.")] for p in machine.plan.partitions}
        machine.require([len(ends[n]) for n in ("send", "echo", "other")] == [2, 2, 0], str(ends))
        machine.expect("other", r"^CHANNEL none", 60)
    with machine.test("an end cannot write the other one's region, nor signal a channel that it has not"):
        for _ in range(2):
            machine.expect("send", r"^CHANNEL good: ", 60)
    for life in range(1, LIVES + 1):
        with machine.test(f"messages come whole, in order, and back: life {life} of the sender"):
            judge_echo(machine, life, 0 if life == 1 else COUNT // 2)
            judge_sender(machine, life, f"life {life}")
    with machine.test("the operator restarts the sender, the other end restarts itself in the middle: all comes back"):
        machine.command(str(machine.appliance.index("send")))
        machine.command("r")
        judge_echo(machine, LIVES + 1, COUNT)
        judge_echo(machine, LIVES + 1, 0)
        row = judge_sender(machine, LIVES + 1, "after both restarts")
        machine.require(row["meetings"] == 2, f"{row}: it met the other end twice")
        text = machine.text("send") + machine.text("echo")
        machine.require("CHANNEL bad" not in text, "an end found something bad")
    machine.walk_tables()


def run(context):
    guest = str(context.out / "guests/channel.elf")
    words = f"channel=pipe count={COUNT} lives={LIVES} quit={LIVES + 1}"
    options = {"CHANNELS": 1, "CHANNEL1_NAME": "pipe", "CHANNEL1_A_PART1": True, "CHANNEL1_B_PART2": True, "CHANNEL1_KIB": KIB}
    for name, gic, cpus, slots in (("channel-v3", 3, ((0,), (1,)), {}), ("channel-v2", 2, ((), ()), {0: [("send", 2000), ("echo", 1000)]})):
        parts = [Part("send", guest, 8, cpus[0], "do=send " + words), Part("echo", guest, 8, cpus[1], "do=echo " + words),
                 Part("other", guest, 8, (2,), "do=echo channel=pipe")]
        session(context, Appliance(name, parts, gic, slots, options=options), look)
