# SPDX-License-Identifier: Apache-2.0
"""The console's keys on the board's serial line: who is typed to, state, stop, start, restart, quit. It must not know how
the hypervisor shows what it shows beyond docs/console.md.
"""
import re

from appliance import Appliance, Part
from harness import ANSWERS
from session import session

TURNS, LETTERS = 12, "abcdefghijklmnopqrstuvwxyz0123"     # more than the UART holds, less than a console keeps


def type_in_turns(machine):
    """Keys and text for both partitions without a pause: the interrupt changes its CPU while there is more to read."""
    names = ("one", "two")
    with machine.test("text that follows the key which changes its reader arrives once, in order"):
        for _ in range(TURNS):
            for name in names:
                machine.skip_to_end(name)
            starts = {name: machine.cursors[name] for name in names}
            machine.send(b"".join(machine.key + str(number).encode() + LETTERS.encode() for number in range(len(names))))
            for name in names:
                machine.expect(name, rf"you typed '{LETTERS[-1]}'", 20)
                arrived = "".join(re.findall(r"you typed '(.)'", machine.text(name)[starts[name]:]))
                machine.require(arrived == LETTERS, f"{name} got {arrived!r}")


def look(machine):
    machine.allow(*ANSWERS, r"one: (stop|start|restart)", r"turn the board off", r"turning the board off")
    with machine.test("both partitions are up"):
        machine.expect_guest("one", "hello 1.0")
        machine.expect_guest("two", "hello 1.0")
    with machine.test("what is typed reaches the chosen partition alone"):
        machine.type(1, "two", "x", echo=False)
        machine.expect("two", r"you typed 'x'", 20)
        machine.type(0, "one", "y", echo=False)
        machine.expect("one", r"you typed 'y'", 20)
        machine.require("typed 'x'" not in machine.text("one") and "typed 'y'" not in machine.text("two"), "a key went astray")
    with machine.test("^C and ^A reach the guest, and so does the prefix key, typed twice"):
        for byte in (b"\x03", b"\x01", machine.key * 2):
            machine.send(byte)
            machine.expect("one", rf"you typed '{byte.decode()[0]}'", 20)
    type_in_turns(machine)
    machine.command("0")
    machine.focus = 0
    with machine.test("the state key tells of every vCPU"):
        machine.command("s")
        for number, name in enumerate(("one", "two")):
            machine.expect("hyp", rf"^{number} {name}: running, starts 1, ", 20)
            machine.expect("hyp", r"^ vcpu 0 on cpu \d: ", 20)
            machine.expect("hyp", r"^  pc 0x[0-9a-f]+", 20)
            machine.expect("hyp", r"^  exits:.* call \d+ mmio \d+", 20)
    with machine.test("restart starts the chosen partition anew"):
        machine.skip_to_end("one")
        machine.command("r")
        machine.expect_guest("one", "hello 1.0", 30)
    with machine.test("stop and start"):
        machine.command("x")
        machine.expect("hyp", r"^one: stopped$", 20)
        machine.skip_to_end("one")
        machine.command("g")
        machine.expect_guest("one", "hello 1.0", 30)
    with machine.test("the other one went on"):
        machine.skip_to_end("two")
        machine.expect("two", r"hello: \d+ s", 20)
    machine.walk_tables()
    with machine.test("quit asks, and turns the board off"):
        machine.command("q")
        machine.expect("hyp", r"turn the board off\?", 20)
        machine.send(b"y")
        machine.expect_end(20)


def run(context, full=False):
    hello = str(context.out / "partitions/hello.elf")
    for gic in (2, 3) if full else (2,):
        session(context, Appliance(f"keys-v{gic}", [Part("one", hello, 8, (0,)), Part("two", hello, 8, (1,))], gic), look)
