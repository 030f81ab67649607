# SPDX-License-Identifier: Apache-2.0
"""A guest that asks every call of the hypervisor for what hyp/abi/hypercall.h promises, with neighbours to which it may do
everything, something and nothing; its own TAP is the result. It must not know what it asks.
"""
import re

from appliance import Appliance, Part
from session import session

LEAST = 120         # tests of the guest: fewer mean that it left some out


def look(machine):
    machine.allow(r"(asker|free|mute): ", r"report: partition mute: no heartbeat within its deadline$", r"  ", r"end of report$")
    with machine.test("hidden is up"):
        machine.expect_guest("hidden", "hello 1.0")
    with machine.test("the guest comes to the call that reads the console"):
        machine.expect("asker", r"^CALLS type$", 60)
        machine.type(machine.appliance.index("asker"), "asker", "xyz", echo=False)
    with machine.test("it restarts itself, and stops itself"):
        machine.expect("asker", r"^CALLS first life 1\.\.\d+$", 60)
        machine.expect("hyp", r"^asker: stopped, starts again$", 20)
        machine.expect("asker", r"^CALLS second life 1\.\.\d+$", 60)
        machine.expect("hyp", r"^asker: stopped$", 20)
    text = machine.text("asker")
    results = re.findall(r"^(ok|not ok) \d+ - ([^\r\n]*)", text, re.M)
    plans = [int(number) for number in re.findall(r"^CALLS \w+ life 1\.\.(\d+)$", text, re.M)]
    bad = [what for word, what in results if word != "ok"]
    with machine.test(f"the {len(results)} answers are what the header promises"):
        machine.require(not bad, "\n".join(bad))
        machine.require(len(plans) == 2 and sum(plans) == len(results) >= LEAST, f"{len(results)} results, plans {plans}")
    with machine.test("what a call wrote stands on the console"):
        machine.require(re.search(r"^CALLS wrote forty-eight bytes by one single call$", text, re.M), text[-2000:])
    with machine.test("hidden goes on, in its first life"):
        machine.skip_to_end("hidden")
        machine.expect("hidden", r"hello: \d+ s", 20)
        machine.require(len(re.findall(r"^UP ", machine.text("hidden"), re.M)) == 1, "it was started again")


def run(context, full=False):
    hello, slots, asker = (str(context.out / name) for name in ("partitions/hello.elf", "guests/slots.elf", "guests/calls.elf"))
    rights = "free:state+start+stop+restart bare:state+restart mute:state"
    for gic in (2, 3) if full else (3,):
        parts = [Part("asker", asker, 8, (0,), "console=hvc", options={"CAPABILITIES": rights}),
                 Part("free", hello, 512, (1,)),
                 Part("bare", hello, 8, (), options={"STORE": False}),
                 Part("mute", slots, 8, (), "do=mute pattern=1 ms=100 windows=1000",
                      options={"HEARTBEAT_MS": 300, "ON_FAULT_RESTART": True, "RESTART_LIMIT": 1}),
                 Part("hidden", hello, 8, (3,))]
        session(context, Appliance(f"calls-v{gic}", parts, gic, slots={2: [("bare", 5000), ("mute", 5000)]}), look)
