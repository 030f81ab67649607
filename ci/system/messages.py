# SPDX-License-Identifier: Apache-2.0
"""A partition that owns a PCI function and lies to all that makes interrupts of its messages: the virtual ITS, or the GICv2m frame and
the MSI-X table. It gets what is its own; another partition with a function of its own gets each of its messages and none more;
what the lies come to is reported under the liar's name, and nothing else is. It must not know how a message becomes an interrupt.
"""
import re

from appliance import Appliance, Part
from session import session

ROUNDS = 400
RESTARTS = 3
# What a message may be sent to, and is refused by the SMMU: where the hypervisor and the witness are, for one.
LOST = "SMMU: global error 0x4"
HYPERVISOR, LIAR, WITNESS = 0x50000000, 0x60000000, 0x70000000


def witness(machine):
    """It goes on for three seconds, and no message of it was lost, or another's."""
    machine.skip_to_end("witness")
    for _ in range(3):
        machine.expect("witness", r"^witness: \d+ messages$", 20)
    machine.require("not ok" not in machine.text("witness"), machine.text("witness")[-500:])


def look(machine, gic):
    machine.allow(r"liar vCPU 0", r"liar: ", r"lost liar", f"{LOST}$")
    with machine.test("the witness has a function of its own, and its messages"):
        machine.expect("witness", r"^witness: 5 messages$", 60)
    with machine.test(f"{ROUNDS} rounds of lies: the liar gets what is its own, and a message is an interrupt as before"):
        said = machine.expect("liar", rf"(?s)\A.*?^1\.\.({8 if gic == 3 else 7})$", 300).group(0)
        machine.require("not ok" not in said, said)
    if gic == 3:
        with machine.test("messages to where there is nothing to send are stopped and told, with their sender"):
            machine.expect("hyp", r"^liar: DMA write of nvme \(stream 0x70\) at 0x[0-9a-f]+ stopped: ", 20)
    with machine.test("the witness had each of its messages and none more"):
        witness(machine)
    with machine.test(f"restarted {RESTARTS} times in the middle of lies, each life begins with nothing"):
        for _ in range(RESTARTS):
            machine.expect("liar", r"^messages: the storm begins", 300)
            machine.skip_to_end("liar")
            machine.command("r")
            for number in (1, 2, 3):
                machine.expect("liar", rf"^ok {number} - ", 60)
    with machine.test("the witness had each of its messages all the time"):
        witness(machine)
    with machine.test("reports are a few lines, and that some were lost is told once"):
        machine.require(machine.text("hyp").count(LOST) <= 1, "told again")
        lines = [l for l in machine.text("hyp").splitlines() if re.match(r"liar[ :]", l)]
        machine.require(len(lines) < 200, f"{len(lines)} lines")
    machine.answers_keys()
    machine.walk_tables()


def run(context):
    program = str(context.out / "guests/messages.elf")
    options = {"IOMMU": True, "EXPERT": True, "HYPERVISOR_ADDRESS": f"{HYPERVISOR:#x}", "QEMU_DISK_MIB": 16}
    for gic in (3, 2):
        parts = [Part("liar", program, 16, (0,), f"rounds={ROUNDS} storm=1", options={"ADDRESS": f"{LIAR:#x}"}),
                 Part("witness", program, 8, (1,), options={"ADDRESS": f"{WITNESS:#x}"})]
        session(context, Appliance(f"messages-v{gic}", parts, gic, devices={"NVME": "liar", "E1000E": "witness"}, options=options),
                lambda machine, gic=gic: look(machine, gic))
