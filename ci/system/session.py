# SPDX-License-Identifier: Apache-2.0
"""One boot of one appliance, and the checks that every boot gets: it builds, the hypervisor starts, its page tables are
what the plan says, and it says nothing unexpected. It must not know guests.
"""
import dataclasses
import pathlib
import subprocess

import dump
import harness
import plugged
import stacks
from appliance import Builder, BuildFailure
from harness import Board, MachineError, Watched


@dataclasses.dataclass
class Context:
    """What a suite of system tests works with."""
    out: pathlib.Path
    tap: harness.Tap
    builder: Builder
    releases: dict          # "6.1" -> uname -r
    direct: bool = False    # without firmware
    only: str = ""          # a part of the names of the appliances to boot


class Session(Watched):
    """A watched machine with its plan."""

    def __init__(self, context, appliance, plan, boot, sub, board):
        self.context, self.appliance, self.plan, self.sub = context, appliance, plan, sub
        super().__init__(board, boot, context.out / "log/system" / appliance.name, context.tap, appliance.name, plan.console_key())
        self.memory = (self.logs / "hypervisor.memory").resolve()

    def start(self, timeout=120):
        """Up to the line that tells the keys; from then on output comes in frames."""
        with self.test("firmware starts the hypervisor"):
            self.expect("hyp", r"^Bulkhead: ", timeout, "the hypervisor's first line")
            self.expect("hyp", r"^keys: ", 30, "the line that tells the keys")
            self.frames()

    def part(self, name):
        return self.appliance.parts[self.appliance.index(name)]

    def expect_guest(self, name, what=None, timeout=180):
        """The guest of partition `name` proves that it is up. `what`: name and release, for one that is not Linux."""
        part = self.part(name)
        what = what or f"Linux {self.context.releases[part.image]}"
        self.expect_up(name, part.nonce, what, len(self.plan.partitions[self.appliance.index(name)].vcpus), part.mib, timeout)

    def type_to(self, name, text):
        self.type(self.appliance.index(name), name, text)

    def answers_keys(self):
        """A test: the hypervisor does."""
        with self.test("the hypervisor answers its keys"):
            self.allow(*harness.ANSWERS)
            self.command("s")
            self.expect("hyp", r"^state of ", 20)

    def walk_tables(self):
        """Two tests: every table of the hypervisor compared with the plan, the depth of its stacks with the bound."""
        base, size = next((int(w[1], 0), int(w[2], 0)) for w in self.plan.lines["region"] if w[0] == "hypervisor")
        with self.test("every mapping of every page table is the plan's"):
            stub = f"{self.folder.name}/gdb"
            self.monitor.human(f"gdbserver unix:{stub},server=on,wait=off")
            (self.logs / "registers").write_text(dump.collect(stub, self.cpu_count(), self.vmids())
                                                 + dump.smmu(self.monitor, self.plan.word("smmu")))
            self.monitor.human("gdbserver none")
            memory = self.memory
            self.monitor.command("pmemsave", val=base, size=size, filename=str(memory))
            done = subprocess.run([str(self.context.out / "walk/walk"), str(self.sub / "plan/map.txt"), str(self.sub / "hyp/hyp.elf"),
                                   str(self.logs / "registers"), hex(base), str(memory)], capture_output=True, text=True, check=False)
            (self.logs / "walk.log").write_text(done.stdout + done.stderr)
            if done.returncode:
                raise harness.Failure((done.stdout + done.stderr)[-3000:])

        with self.test("no stack of the hypervisor was used deeper than its bound"):
            found, deepest, bound = stacks.judge(harness.ROOT.parent, self.sub / "hyp", self.sub / "hyp/hyp.elf", base, self.memory.read_bytes())
            print(f"# {self.title}: stacks of EL2 used to {deepest} bytes, bound {bound}")
            self.require(not found, "\n".join(found))
        self.memory.unlink(missing_ok=True)

    def cpu_count(self):
        return len(self.plan.lines["cpu"])

    def vmids(self):
        return [int(words[1], 0) for words in self.plan.lines["vmid"]]


def plug(plan, sub, wires):
    """QEMU's arguments for the cards and disks that the plan names; the disks are new ones."""
    for path in sub.glob("disk*.img"):
        path.unlink()
    return [wires.get(word.split(",")[1].removeprefix("id="), word) if word.startswith("user,id=") else word for word in plugged.arguments(plan, sub)]


def session(context, appliance, body, wires=None, **options):
    """Build `appliance`, boot it on a Board with `options`, and let `body(machine)` look at it. `wires`: what QEMU puts behind
    a card, nic0 to nic7, instead of its user network."""
    if context.only not in appliance.name:
        return
    try:
        plan, boot, sub = context.builder.boot(appliance, context.direct)
    except BuildFailure as failure:
        context.tap.result(f"{appliance.name}: builds", str(failure).splitlines())
        return
    try:
        extra = (*options.pop("extra", ()), *plug(plan, sub, wires or {}))
        machine = Session(context, appliance, plan, boot, sub, Board(**{**plan.board(), **options, "extra": extra}))
    except MachineError as error:
        context.tap.result(f"{appliance.name}: QEMU starts", str(error).splitlines())
        return
    with machine:
        machine.start()
        body(machine)
