# SPDX-License-Identifier: Apache-2.0
"""A device that masters memory behind the SMMU: whatever its partition programs it to do, it reaches the partition's own
RAM and nothing else, while the partition runs and while it starts again. The device is QEMU's `edu`, which copies where
it is told: once on a bus that is its partition's, once as a function that its partition has by itself, on the bus of an I/O
partition. QEMU dumps all RAM, and nothing of it may hold what the device wrote. It must not know what holds it back.
"""
import functools
import re

from appliance import Appliance, Part
from session import session

MARK = b"ROGUEDMA"
DEVICE = ("-device", "edu,dma_mask=0xffffffffff")
HYPERVISOR, ROGUE, NEIGHBOUR, IO = 0x50000000, 0x60000000, 0x70000000, 0x78000000
# What the rogue tries; in the first three something stands. Its own RAM is at 0x40000000 for its device too; by its physical address it is nothing of its own.
TARGETS = {"the hypervisor": HYPERVISOR + 0x1000, "the neighbour's tree": NEIGHBOUR, "its own tree, physically": ROGUE,
           "the top of RAM": 0xbffff000, "the interrupt controller": 0x08000000, "the SMMU itself": 0x09050000, "nothing at all": 0x3000000000}
# As a function it has no messages, so the page that takes them is nothing to it; physical addresses are the same for it there.
MORE = {"the I/O partition's tree": IO, "the page of messages": 0x08090000}
RESTARTS = 4        # each at another moment of a copy
# Of the device: its name in reports, its stream; where RAM is; what it tries.
BUS = ("pcie", 0x8, {"rogue": ROGUE, "hello": NEIGHBOUR}, TARGETS)
FUNCTION = ("edu", 0x68, {"rogue": ROGUE, "hello": NEIGHBOUR, "io": IO}, TARGETS | MORE)


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


def look(case, machine):
    device, stream, rams, targets = case
    machine.allow(rf"rogue: DMA (read|write) of {device} \(stream {stream:#x}\) at 0x[0-9a-f]+ stopped: ", r"rogue: ")
    if "io" in rams:
        with machine.test("the I/O partition has the rest of the bus"):
            machine.expect("io", r"serves 1 devices", 60)
    with machine.test("the plan is where the rogue aims"):
        ram = {p.name: where for p in machine.plan.partitions for name, _, where, _, _ in p.maps if name == "ram"}
        machine.require(ram == rams, f"RAM is at {ram}")
    with machine.test("a device reaches its partition's memory and nothing else"):
        said = machine.expect("rogue", rf"(?s)\A.*?^1\.\.({4 + 2 * len(targets)})$", 120).group(0)
        machine.require("not ok" not in said, said)
    with machine.test("what it tried is reported, with its owner, direction and address"):
        told = rf"(?s).*^rogue: DMA {{}} of {device} \(stream {stream:#x}\) at 0x[0-9a-f]+ stopped: no memory there"
        first = rf"^rogue: DMA read of {device} \(stream {stream:#x}\) at {targets['the hypervisor']:#x} stopped: no memory there, event 0x10 \(1\)$"
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
    if "io" in rams:
        with machine.test("the bus's owner goes on, and starts again beside the function"):
            machine.allow(r"io: ")
            machine.command(str(machine.appliance.index("io")))
            machine.skip_to_end("io")
            machine.command("r")
            machine.expect("io", r"serves 1 devices", 60)
    machine.walk_tables()


def words(targets):
    """The rogue's command line."""
    return " ".join(f"a{i}={at:#x}" for i, at in enumerate(targets.values())) + " storm=1"


def run(context):
    options = {"IOMMU": True, "EXPERT": True, "HYPERVISOR_ADDRESS": f"{HYPERVISOR:#x}"}
    network = {"NET_PORTS": 2, "NET1_NAME": "lan", "NET1_PART2": True, "NET1_TALKS_TO": "wan", "NET2_NAME": "wan", "NET2_UPLINK": True, "NET2_TALKS_TO": "lan"}
    parts = [Part("rogue", str(context.out / "guests/rogue.elf"), 64, (0,), words(TARGETS), options={"ADDRESS": f"{ROGUE:#x}"}),
             Part("hello", str(context.out / "partitions/hello.elf"), 8, (1,), options={"ADDRESS": f"{NEIGHBOUR:#x}"})]
    session(context, Appliance("smmu", parts, devices={"PCIE": "rogue"}, options=options), functools.partial(look, BUS), extra=DEVICE)
    parts[0].cmdline = words(TARGETS | MORE)
    parts.append(Part("io", str(context.out / "partitions/io.elf"), 48, (2,), options={"IO": True, "ADDRESS": f"{IO:#x}"}))
    session(context, Appliance("smmu-function", parts, devices={"PCIE": "io", "EDU": "rogue"}, options=options | network), functools.partial(look, FUNCTION))
