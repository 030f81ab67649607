# SPDX-License-Identifier: Apache-2.0
"""What a policy does on the machine: a guest that makes faults, or gives no sign of life in time, is stopped with a report,
or starts again, and its neighbours go on. It must not know why the guest fails.
"""
from appliance import Appliance, Part
from session import session


def look(machine):
    machine.allow(r"(stop|again) vCPU 0: ", r"(again|stop|mute): ", r"report: partition (stop|again|mute|tell): ", r"  ", r"end of report")
    with machine.test("who gives no sign of life in time is reported, and starts again as often as its policy allows"):
        for words in (r"stopped, starts again$", r"stopped, starts again$", r"restarted 2 times by its policy, now it stays stopped$"):
            machine.expect("hyp", rf"^mute: {words}", 60)
        machine.cursors.pop("hyp")
        for _ in range(3):
            machine.expect("hyp", r"^report: partition mute: no heartbeat within its deadline$", 20)
        machine.cursors.pop("hyp")
    with machine.test("too many faults stop a partition, with a report"):
        machine.expect("hyp", r"^report: partition stop: \S", 60)
        machine.expect("hyp", r"^  pc 0x[0-9a-f]+", 20)
        machine.expect("hyp", r"^  last exits, newest first:", 20)
        machine.expect("hyp", r"^end of report", 20)
    with machine.test("another policy starts it again"):
        machine.cursors.pop("hyp", None)
        for _ in range(3):
            machine.expect("hyp", r"^again: stopped, starts again", 60)
    with machine.test("a policy that only reports lets it go on"):
        machine.cursors.pop("hyp")
        for _ in range(3):
            machine.expect("hyp", r"^report: partition tell: no heartbeat within its deadline$", 60)
        machine.skip_to_end("tell")
        machine.expect("tell", r"^SLOTS do=mute .*\n", 60)
    with machine.test("the neighbour goes on"):
        machine.skip_to_end("hello")
        machine.expect("hello", r"hello: \d+ s", 20)
    machine.walk_tables()


def run(context):
    slots = str(context.out / "guests/slots.elf")
    words = "do=fault pattern=1 ms=1000 windows=1000"
    parts = [Part("stop", slots, 8, (0,), words, options={"ON_FAULT_STOP": True, "FAULT_LIMIT": 100}),
             Part("again", slots, 8, (1,), words, options={"ON_FAULT_RESTART": True, "FAULT_LIMIT": 100}),
             Part("hello", str(context.out / "partitions/hello.elf"), 8),
             Part("tell", slots, 8, (), "do=mute pattern=1 ms=100 windows=1000", options={"ON_FAULT_REPORT": True, "HEARTBEAT_MS": 500}),
             Part("mute", slots, 8, (3,), "do=mute pattern=1 ms=100 windows=1000",
                  options={"ON_FAULT_RESTART": True, "RESTART_LIMIT": 2, "HEARTBEAT_MS": 500})]
    session(context, Appliance("policy", parts, slots={2: [("hello", 5000), ("tell", 5000)]}), look)
