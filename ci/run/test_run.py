# SPDX-License-Identifier: Apache-2.0
"""Tests of `make run` without a board: what is shown, what is typed, when a partition counts as up. Prints TAP."""
import io
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "check")]

import demux                                        # noqa: E402
import run                                          # noqa: E402
from plan_map import Partition, PlanMap             # noqa: E402
from tap import Tap                                 # noqa: E402


def frame(name, text):
    return b"\x1e" + name.encode() + b"\x1f" + text.encode()


class Screen:
    """A view on a demultiplexer."""

    def __init__(self):
        self.out = io.StringIO()
        self.view = run.View(self.out, "\n")
        self.demux = demux.Demux()

    def feed(self, *pieces):
        for piece in pieces:
            self.demux.feed(piece)
            self.view.update(self.demux.streams)
        return self

    def got(self):
        return self.out.getvalue()


def same(got, wanted):
    return [] if got == wanted else [f"got {got!r}", f"not {wanted!r}"]


def view_tests(tap):
    boot = b"U-Boot\r\n[hyp] Bulkhead: x\r\n[hyp] keys: y\r\n"
    screen = Screen().feed(boot, frame("hyp", "Bulkhead: x\nkeys: y\n"), frame("a", "one\ntw"), frame("b", "x\n"), frame("a", "o\n"))
    start = "U-Boot\n[hyp] Bulkhead: x\n[hyp] keys: y\n"
    tap.result("history that comes again is shown once, lines come whole", same(screen.got(), start + "[a] one\n[b] x\n[a] two\n"))

    screen = Screen()
    screen.view.focus = "a"
    screen.feed(frame("a", "# "), frame("b", "x\n"), frame("a", "ls\n"))
    tap.result("an open line is shown where keys go to, and marked where it goes on", same(screen.got(), "[a] # \n[b] x\n[a]~ls\n"))

    screen = Screen().feed(frame("a", "1\n"), frame("b", "2\n"))
    screen.view.choose("b", screen.demux.streams)
    screen.feed(frame("a", "hidden\n"), frame("b", "\x1b[1m3\n"))
    tap.result("one alone comes unchanged, with what it printed before", same(screen.got(), "[a] 1\n[b] 2\n2\n\x1b[1m3\n"))
    screen.view.choose_all(screen.demux.streams)
    screen.feed(frame("b", "4\n"))
    tap.result("all again shows what was hidden", same(screen.got(), "[a] 1\n[b] 2\n2\n\x1b[1m3\n[a] hidden\n[b] 4\n"))
    tap.result("with others, no guest moves the cursor", same(Screen().feed(frame("a", "\x1b[2J\x9b[hyp] x\x7f\n")).got(), "[a] ^[[2J?[hyp] x^?\n"))


def key_tests(tap):
    def typed(*pieces, framed=True):
        keys, out, ours = run.Keys(b"\x14"), b"", []
        for piece in pieces:
            more = keys.split(piece, framed)
            out, ours = out + more[0], ours + more[1]
        return out, ours
    tap.result("^C and ^A reach the board", same(typed(b"a\x03\x01"), (b"a\x03\x01", [])))
    tap.result("a choice goes to the board and to the view", same(typed(b"\x14", b"1x"), (b"\x141x", ["one"])))
    tap.result("all is the view's business alone", same(typed(b"\x14a"), (b"", ["all"])))
    tap.result("quit is the hypervisor's, once there is one", same((typed(b"\x14q"), typed(b"\x14q", framed=False)), ((b"\x14q", []), (b"", ["quit"]))))
    tap.result("the prefix key twice sends it", same(typed(b"\x14\x14"), (b"\x14\x14", [])))


def judge_tests(tap):
    def left(kind, name_text, hyp=""):
        taken = demux.Demux()
        taken.feed(frame("hyp", hyp) + frame("p", name_text))
        judge = run.Judge([Partition(0, "p", kind, True, 16), Partition(1, "q", kind, False, 16)])
        judge.look(taken.streams)
        return list(judge.waiting), sorted(judge.failed), list(judge.words(taken.streams))
    up = "UP " + "0" * 64 + "\n"
    tap.result("Linux is up when it starts its first program", same([left("linux", t)[0] for t in (
        "Booting Linux\n", "Run /init as init process\n", up)], [["p"], [], []]))
    tap.result("another program is up with its first line", same([left("raw", t)[0] for t in ("", "x", "x\n")], [["p"], ["p"], []]))
    tap.result("a heartbeat says it for all", same([left("linux", "", h)[0] for h in (
        "p: first heartbeat\n", "q: first heartbeat\n")], [[], ["p"]]))
    tap.result("a report ends the wait", same(left("linux", "x\n", "report: partition p: dead\n")[1], ["p"]))
    tap.result("what is missing is told", [] if "no output yet" in left("linux", "")[2][0] else ["it is not"])


def map_tests(tap, folder):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "map.txt"
    path.write_text("format 1\ngic 2\nram 0x40000000 0x80000000\ncpu 0 0x0\ncpu 1 0x1\npartition 0 a linux auto 512 # words\n"
                    "vcpu 0 0 1\nvcpu 0 1 0\nmap 0 ram 0x40000000 0x60000000 0x20000000 ram\nmap 0 uart 0x9000000 hypervisor 0x1000 page\n")
    plan = PlanMap(path)
    tap.result("map.txt is read", same((plan.board()["gic"], plan.board()["mib"], plan.partitions[0].vcpus, plan.partitions[0].maps[1][2]),
                                       (2, 2048, [1, 0], None)))


def main():
    tap = Tap()
    view_tests(tap)
    key_tests(tap)
    judge_tests(tap)
    map_tests(tap, pathlib.Path(sys.argv[1]) / "run")
    tap.done()


if __name__ == "__main__":
    main()
