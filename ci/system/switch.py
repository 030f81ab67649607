# SPDX-License-Identifier: Apache-2.0
"""The switch, in the shipped flash image: each of its rules with a frame that passes and one that does not, by a guest with a
card in every port and by the wire's other end. It must not know how the switch decides.
"""
from appliance import Appliance, Part
from script import Judge
from session import session
from switch_rules import PLAIN, all_rules, options
from wire import Wire


def starts(machine, name, what, ports):
    with machine.test("the I/O partition serves all ports"):
        machine.expect("io", rf"serves \d+ devices, 0 disks, {ports} ports", 60)
        machine.expect_guest("io", "io 1.0")
    with machine.test(f"{name} is up"):
        machine.expect_guest(name, what)


def player(context, name, script, words, cpus=(0,)):
    """A partition with the guest that plays a script. Only what is started as Linux has an initrd."""
    initrd = (context.out / f"system/switch-{name}.cpio").resolve()
    script.write(initrd)
    image = str(context.out / "guests/frames.bin")
    return Part(name, image, 96, cpus, words, options={"RAW": False, "LINUX": True, "INITRD": str(initrd)})


def rules(context):
    """One guest with a card in every port of one switch; the wire is this program."""
    script = all_rules()
    parts = [player(context, "frames", script, f"plain={PLAIN}"),
             Part("io", str(context.out / "partitions/io.elf"), 48, (1,), options={"IO": True, "TRUSTED_DMA": True})]

    def look(machine):
        starts(machine, "frames", "frames 1.0", len(script.ports))
        Judge(machine, script, wire).play()
        machine.walk_tables()

    with Wire() as wire:
        session(context, Appliance("switch-rules", parts, 3, devices={"PCIE": "io"}, options=options()), look, wires={"nic0": wire.netdev("nic0")})


def run(context, full=False):
    rules(context)
