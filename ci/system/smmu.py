# SPDX-License-Identifier: Apache-2.0
"""A device that masters memory behind the SMMU: whatever its partition programs it to do, it reaches the partition's own
RAM and nothing else, while the partition runs and while it starts again. The device is QEMU's `edu`, which copies where
it is told; QEMU dumps all RAM, and nothing of it may hold what the device wrote. It must not know what holds it back.
"""
import re

from appliance import Appliance, Part
from session import session

MARK = b"ROGUEDMA"
DEVICE = ("-device", "edu,dma_mask=0xffffffffff")
HYPERVISOR, ROGUE, NEIGHBOUR = 0x50000000, 0x60000000, 0x70000000
# What the rogue tries; in the first three something stands. Its own RAM is at 0x40000000 for its device too; by its physical address it is nothing of its own.
TARGETS = {"the hypervisor": HYPERVISOR + 0x1000, "the neighbour's tree": NEIGHBOUR, "its own tree, physically": ROGUE,
           "the top of RAM": 0xbffff000, "the interrupt controller": 0x08000000, "the SMMU itself": 0x09050000, "nothing at all": 0x3000000000}
RESTARTS = 3


def marks(machine):
    """Physical addresses outside of the rogue's own RAM at which its mark stands."""
    size = machine.part("rogue").mib << 20
    found = []
    for words in machine.plan.lines["ram"]:
        base = int(words[0], 0)
        file = (machine.logs / "ram.dump").resolve()
        machine.monitor.command("pmemsave", val=base, size=int(words[1], 0), filename=str(file))
        data = file.read_bytes()
        file.unlink()
        found += [base + m.start() for m in re.finditer(MARK, data)]
    # the rogue's image holds the mark too, wherever pristine images are kept
    store = [(int(w[1], 0), int(w[2], 0)) for w in machine.plan.lines["region"] if w[0] in ("store", "firmware")]
    return [hex(at) for at in found if not any(b <= at < b + s for b, s in [(ROGUE, size), *store])]


def look(machine):
    machine.allow(r"rogue: DMA (read|write) of pcie \(stream 0x[0-9a-f]+\) at 0x[0-9a-f]+ stopped: ", r"rogue: ")
    with machine.test("the plan is where the rogue aims"):
        ram = {p.name: where for p in machine.plan.partitions for name, _, where, _, _ in p.maps if name == "ram"}
        machine.require(ram == {"rogue": ROGUE, "hello": NEIGHBOUR}, f"RAM is at {ram}")
    with machine.test("a device reaches its partition's memory and nothing else"):
        said = machine.expect("rogue", rf"(?s)\A.*?^1\.\.({4 + 2 * len(TARGETS)})$", 120).group(0)
        machine.require("not ok" not in said, said)
    with machine.test("what it tried is reported, with its owner, direction and address"):
        told = r"(?s).*^rogue: DMA {} of pcie \(stream 0x8\) at 0x[0-9a-f]+ stopped: no memory there"
        first = rf"^rogue: DMA read of pcie \(stream 0x8\) at {TARGETS['the hypervisor']:#x} stopped: no memory there, event 0x10 \(1\)$"
        for pattern in (first, told.format("read"), told.format("write")):
            machine.cursors.pop("hyp", None)
            machine.expect("hyp", pattern, 20)
    with machine.test("hundreds of refusals are a few lines"):
        counts = [int(n) for n in re.findall(r"rogue: DMA .*\((\d+)\)$", machine.text("hyp"), re.M)]
        machine.require(counts[-1] >= 128 and len(counts) <= 4 + counts[-1].bit_length(), f"told at {counts}")
    with machine.test("none of its writes is anywhere in the board's RAM"):
        found = marks(machine)
        machine.require(not found, f"its mark stands at {found[:8]}")
    with machine.test(f"restarted {RESTARTS} times under way, no copy of an earlier life arrives"):
        for _ in range(RESTARTS):
            machine.expect("rogue", r"^rogue: the storm begins", 60)
            machine.skip_to_end("rogue")
            machine.command("r")
            machine.expect("rogue", r"^ok 1 - nothing of an earlier life", 60)
    with machine.test("the neighbour goes on"):
        machine.skip_to_end("hello")
        machine.expect("hello", r"hello: \d+ s", 20)
    machine.walk_tables()


def run(context, full=False):
    del full
    words = " ".join(f"a{i}={at:#x}" for i, at in enumerate(TARGETS.values())) + " storm=1"
    parts = [Part("rogue", str(context.out / "guests/rogue.elf"), 64, (0,), words, options={"ADDRESS": f"{ROGUE:#x}"}),
             Part("hello", str(context.out / "partitions/hello.elf"), 8, (1,), options={"ADDRESS": f"{NEIGHBOUR:#x}"})]
    appliance = Appliance("smmu", parts, devices={"PCIE": "rogue"},
                          options={"IOMMU": True, "EXPERT": True, "HYPERVISOR_ADDRESS": f"{HYPERVISOR:#x}"})
    session(context, appliance, look, extra=DEVICE)
