# SPDX-License-Identifier: Apache-2.0
"""Tests of the harness itself, on the host: what it takes apart, what it must not let pass. Prints TAP."""
import argparse
import io
import pathlib
import sys
import time
import contextlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness                                   # noqa: E402
import demux                                     # noqa: E402
import stacks                                    # noqa: E402


def take_apart(*pieces):
    taken = demux.Demux()
    for piece in pieces:
        taken.feed(piece)
    return {name: stream.text for name, stream in taken.streams.items()}, taken


def same(got, wanted):
    return [] if got == wanted else [f"got {got!r}", f"not {wanted!r}"]


def demux_tests(tap):
    text = b"U-Boot\r\n[hyp] Bulkhead\r\n[linux] one\r\n[hello] a\r\n[linux]~ more\r\n"
    wanted = {"firmware": "U-Boot\n", "hyp": "Bulkhead\n", "linux": "one more\n", "hello": "a\n"}
    tap.result("prefixed lines go to their streams, broken ones are joined", same(take_apart(text)[0], wanted))
    tap.result("cut anywhere, the same comes out", [f"cut at {i}" for i in range(len(text)) if take_apart(text[:i], text[i:])[0] != wanted])
    tap.result("lost bytes are counted", same(take_apart(b"[linux]! 12 bytes lost\r\n")[1].streams["linux"].lost, 12))
    tap.result("a line without prefix is the firmware's", same(take_apart(b"[linux]x\r\n")[0], {"firmware": "[linux]x\n"}))
    frames = b"[linux] gone, comes again\r\n\x1ehyp\x1fkeys\n\x1elinux\x1fa\x10\x5eb\x10\x50\r\nc\x1elinux!7\x1fd\x1ehello\x1fprompt# "
    wanted = {"hyp": "keys\n", "linux": "a\x1eb\x10\ncd", "hello": "prompt# "}
    tap.result("frames go to their streams, escapes undone, history not doubled", same(take_apart(frames)[0], wanted))
    tap.result("frames: lost bytes are counted", same(take_apart(frames)[1].streams["linux"].lost, 7))
    tap.result("frames cut anywhere", [f"cut at {i}" for i in range(len(frames)) if take_apart(frames[:i], frames[i:])[0] != wanted])
    panic = b"\x1elinux\x1fin a line\r\n[hyp] assertion failed: x\r\nU-Boot\r\n"
    tap.result("a panic's lines are the hypervisor's, what comes after is the firmware's",
               same(take_apart(panic)[0], {"linux": "in a line\n", "hyp": "assertion failed: x\n", "firmware": "U-Boot\n"}))
    tap.result("a panic's lines cut anywhere", [f"cut at {i}" for i in range(len(panic)) if take_apart(panic[:i], panic[i:])[0] != take_apart(panic)[0]])
    painted = bytes(4096 + 4000) + b"\1" * 96 + bytes(4096 + 8) + b"\1" + bytes(4087)
    tap.result("the mark in a painted stack is found", same(stacks.depths(painted, 4096), [96, 4088]))
    again = b"[hyp] Bulkhead: 1\r\n\x1ehyp\x1fBulkhead: 1\n\x1elinux\x1fone\n[hyp] panic\r\nU-Boot\r\n[hyp] Bulkhead: 2\r\n\x1ehyp\x1fBulkhead: 2\n\x1elinux\x1ftwo\n"
    tap.result("a board that starts anew adds to what it printed before",
               same(take_apart(again)[0], {"hyp": "Bulkhead: 1\npanic\nBulkhead: 2\n", "firmware": "U-Boot\n", "linux": "one\ntwo\n"}))


class Nothing(harness.Board):
    """QEMU without a machine: only its serial line and its monitor."""

    def arguments(self):
        return ["qemu-system-aarch64", "-M", "none", "-nodefaults", "-display", "none"]


def judged(body, out):
    """(TAP text, seconds, machine) of a small test on a QEMU that runs nothing."""
    text, start = io.StringIO(), time.monotonic()
    with contextlib.redirect_stdout(text):
        tap = harness.Tap()
        with harness.Watched(Nothing(), (), out / "log/harness", tap, "x") as machine:
            body(machine)
    return text.getvalue(), time.monotonic() - start, machine


def harness_tests(tap, out):
    def waits(machine):
        with machine.test("one"):
            machine.expect("linux", "never", 1, "a word that never comes")
        with machine.test("two"):
            machine.expect("linux", "never", 100)
    text, seconds, machine = judged(waits, out)
    tap.result("a wait ends, fails the test, and says what it waited for",
               [] if "not ok 1" in text and "a word that never comes" in text else text.splitlines())
    tap.result("who failed once gets no more patience", [] if seconds < 20 else [f"{seconds} s"])
    tap.result("QEMU is gone afterwards", [] if machine.process.poll() is not None else ["it runs"])

    def says(line, *allowed):
        def body(machine):
            machine.demux.feed(b"[hyp] Bulkhead: x\r\n[hyp] keys: y\r\n" + line)
            machine.allow(*allowed)
        return "not ok" in judged(body, out)[0]
    tap.result("a report that nobody announced fails", [] if says(b"[hyp] report: partition linux: x\r\n") else ["it passed"])
    tap.result("one that was announced passes", ["it failed"] if says(b"[hyp] report: partition linux: x\r\n", "report: partition linux") else [])
    tap.result("lost console bytes fail", [] if says(b"[linux]! 1 bytes lost\r\n") else ["they passed"])

    def wrong_up(machine):
        machine.demux.feed(b"[linux] UP " + b"0" * 64 + b"\r\n")
        with machine.test("up"):
            machine.expect_up("linux", "n", "Linux 6.12", 1, 64, 1)
    tap.result("a proof of another guest fails", [] if "not ok 1" in judged(wrong_up, out)[0] else ["it passed"])

    def breaks(machine):
        with machine.test("broken"):
            raise KeyError("a fault of the test")
    tap.result("a fault of the test itself fails it", [] if "not ok 1" in judged(breaks, out)[0] else ["it passed"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    tap = harness.Tap()
    demux_tests(tap)
    harness_tests(tap, args.out)
    tap.done()


if __name__ == "__main__":
    main()
