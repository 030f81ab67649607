# SPDX-License-Identifier: Apache-2.0
"""What a hypervisor does whose own invariant does not hold: it reports, and resets the board, which starts again. The
assertion that fails is planted in a copy of the tree, below the output directory: no image that is shipped can hold it.
It must not know how the report is made.
"""
import dataclasses
import re

import planted
from appliance import Appliance, Builder, Part
from session import session

CONDITION = "plan.partition_count == 0"
HELP = "static void run_help(void)\n{\n"         # what the key h does


def look(machine):
    failed = rf"assertion failed: {re.escape(CONDITION)}, keys\.c line \d+, cpu 0$"
    machine.allow(failed, r"report: partition hello: ", r"  ", r"end of report", r"the board is reset")
    with machine.test("hello is up"):
        machine.expect_guest("hello", "hello 1.0")
    with machine.test("a failed assertion is reported, with what the CPU was at"):
        machine.skip_to_end("firmware")
        machine.skip_to_end("hello")
        machine.command("h")
        machine.expect("hyp", "^" + failed, 20)
        machine.expect("hyp", r"^report: partition hello: it was loaded when the hypervisor failed$", 20)
        machine.expect("hyp", r"^  vcpu 0 on cpu 0, start 1, faults 0$", 20)
        machine.expect("hyp", r"^  pc 0x[0-9a-f]+", 20)
        machine.expect("hyp", r"^  last exits, newest first:", 20)
        machine.expect("hyp", r"^end of report$", 20)
        machine.expect("hyp", r"^the board is reset$", 20)
    with machine.test("the board starts again, and so does the partition"):
        machine.expect("firmware", r"Bulkhead boot stage", 60)
        machine.expect("hyp", r"^Bulkhead: ", 60)
        machine.expect_guest("hello", "hello 1.0", 60)


def run(context):
    builder = Builder(context.out, context.builder.kernels, context.builder.key)
    builder.tree = planted.tree(context.out, "hyp/core/keys.c", HELP, f"{HELP}\tASSERT({CONDITION});\n")
    hello = Part("hello", str(context.out / "partitions/hello.elf"), 8, (0,))
    session(dataclasses.replace(context, builder=builder), Appliance("assertion", [hello]), look, reboot=True)
