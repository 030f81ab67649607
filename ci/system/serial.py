# SPDX-License-Identifier: Apache-2.0
"""A serial cable between Debian's stock hvc0 and a unikernel, carried by the I/O partition: lines come back as they went, also
after the I/O partition and each end were restarted; and Linux goes on when nobody is there to read. It must not know how
bytes are carried.
"""
from appliance import Appliance, Part
from harness import ANSWERS
from session import session

LINES = 40


def ask(machine, test, pattern, timeout=60):
    machine.type_to("linux", f"bhtest {test}\n")
    machine.expect("linux", pattern, timeout)
    machine.expect("linux", r"^guest# ", 30)


def restart(machine, name, pattern):
    machine.command(str(machine.appliance.index(name)))
    machine.focus = machine.appliance.index(name)
    machine.skip_to_end(name)
    machine.command("r")
    machine.expect(name, pattern, 60)


def look(machine):
    machine.allow(*ANSWERS, r"(linux|echo|io): ")
    with machine.test("all are up, and Linux has hvc0"):
        machine.expect("io", r"serves 2 devices", 60)
        machine.expect_guest("echo", "serial 1.0")
        machine.expect_guest("linux")
        machine.expect("linux", r"^guest# ", 60)
    with machine.test(f"{LINES} lines come back as they went"):
        ask(machine, "serial", rf"^TEST serial ok {LINES}")
    with machine.test("the I/O partition is restarted: the cable goes on"):
        restart(machine, "io", r"serves 2 devices")
        ask(machine, "serial", rf"^TEST serial ok {LINES}")
    with machine.test("the unikernel is restarted: the cable goes on"):
        restart(machine, "echo", r"^UP ")
        ask(machine, "serial", rf"^TEST serial ok {LINES}")
    with machine.test("nobody reads at the other end: Linux writes on"):
        ask(machine, "serial_deaf", r"^TEST serial_deaf ok", 120)
    machine.walk_tables()


def run(context):
    initrd = str((context.out / "guests/initramfs-io-6.12.cpio").resolve())
    parts = [Part("linux", "6.12", 256, (0,), "console=ttyAMA0", options={"INITRD": initrd}),
             Part("echo", str(context.out / "guests/serial.elf"), 8, (1,)),
             Part("io", str(context.out / "partitions/io.elf"), 32, (2,), options={"IO": True})]
    options = {"CABLES": 1, "CABLE1_NAME": "tty", "CABLE1_A_PART1": True, "CABLE1_B_PART2": True}
    session(context, Appliance("serial", parts, 3, options=options), look)
