# SPDX-License-Identifier: Apache-2.0
"""Debian's kernels, unmodified, in partitions: alone, beside each other and beside a unikernel; CPU hotplug, reboot and
power-off inside of them; devices passed through. GIC version x kernel x vCPUs, every pair at least once in `make check`.
"""
from appliance import Appliance, Part
from session import session

# name, GIC, [(kernel, vCPUs)]: every pair of GIC, kernel and number of vCPUs is there.
PAIRS = [
    ("two-linux-v3", 3, [("6.12", 2), ("6.1", 1)]),
    ("two-linux-v2", 2, [("6.1", 2), ("6.12", 1)]),
    ("four-cpus-v3", 3, [("6.1", 4)]),
    ("four-cpus-v2", 2, [("6.12", 4)]),
]

FULL = [(f"linux-{kernel.replace('.', '-')}-v{gic}-{cpus}", gic, [(kernel, cpus)])
        for gic in (2, 3) for kernel in ("6.1", "6.12") for cpus in (1, 2, 4)]


def describe(name, gic, kernels, hello):
    """Linux partitions from CPU 0 on, and hello on the next one."""
    parts, cpu = [], 0
    for number, (kernel, cpus) in enumerate(kernels):
        parts.append(Part(f"linux{number}", kernel, 256 + 128 * number, tuple(range(cpu, cpu + cpus)), "console=ttyAMA0 bhtest=hotplug,sleep"))
        cpu += cpus
    if cpu < 4:
        parts.append(Part("hello", hello, 16, (cpu,)))
    devices = {}
    if len(kernels) > 1:        # the real PL031 and PL061 go to the first one
        parts[0].options["RTC"] = False
        parts[0].cmdline = "console=ttyAMA0 bhtest=hotplug,sleep,rtc,gpio"
        devices = {"RTC": "linux0", "GPIO": "linux0"}
        parts[1].cmdline = "console=ttyAMA0 bhtest=hotplug,sleep,rtc"
    return Appliance(name, parts, gic, devices=devices)


def hello_lives(machine):
    if any(p.name == "hello" for p in machine.appliance.parts):
        with machine.test("the unikernel beside them goes on"):
            machine.skip_to_end("hello")
            machine.expect("hello", r"hello: \d+ s", 20, "the next second")


def first_life(machine, part):
    with machine.test(f"{part.name}: Debian {part.image} is up on {len(part.cpus)} CPUs"):
        machine.expect_guest(part.name)
    with machine.test(f"{part.name}: CPUs go off and on"):
        machine.expect(part.name, rf"^TEST hotplug ok {len(part.cpus) - 1}$", 90)
    with machine.test(f"{part.name}: time passes asleep as awake"):
        machine.expect(part.name, r"^TEST sleep ok", 60)
    if "rtc" in part.cmdline:
        with machine.test(f"{part.name}: the {'real' if 'gpio' in part.cmdline else 'virtual'} PL031 counts and rings"):
            machine.expect(part.name, r"^TEST rtc ok", 60)
    if "gpio" in part.cmdline:
        with machine.test(f"{part.name}: a line of the PL061, driven from outside, interrupts"):
            machine.expect(part.name, r"^TEST gpio waiting", 60)
            machine.monitor.human("system_powerdown")
            machine.expect(part.name, r"^TEST gpio ok", 60)
    with machine.test(f"{part.name}: a shell"):
        machine.expect(part.name, r"^guest# ", 60)


def second_life(machine, part):
    machine.allow(rf"{part.name}: stopped", rf"{part.name}: .*start")
    with machine.test(f"{part.name}: reboot starts it anew"):
        machine.type_to(part.name, "bhtest reboot\n")
        machine.expect_guest(part.name)
        machine.expect(part.name, rf"^TEST hotplug ok {len(part.cpus) - 1}$", 90)
    if "gpio" in part.cmdline:
        with machine.test(f"{part.name}: the PL061 works after the reboot"):
            machine.expect(part.name, r"^TEST gpio waiting", 90)
            machine.monitor.human("system_powerdown")
            machine.expect(part.name, r"^TEST gpio ok", 60)


def power_off(machine, part):
    with machine.test(f"{part.name}: power off stops it alone"):
        machine.expect(part.name, r"^guest# ", 90)
        machine.type_to(part.name, "bhtest poweroff\n")
        machine.expect("hyp", rf"^{part.name}: stopped$", 60)


def look(machine):
    linux = [p for p in machine.appliance.parts if p.is_linux]
    if len(linux) < len(machine.appliance.parts):
        with machine.test("hello: up"):
            machine.expect_guest("hello", "hello 1.0")
    for part in linux:
        first_life(machine, part)
    machine.walk_tables()
    for part in linux:
        second_life(machine, part)
    hello_lives(machine)
    machine.walk_tables()
    for part in linux:
        power_off(machine, part)
    hello_lives(machine)


def run(context, full=False):
    hello = str(context.out / "partitions/hello.elf")
    for name, gic, kernels in FULL if full else PAIRS:
        session(context, describe(name, gic, kernels, hello), look)
