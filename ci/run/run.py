# SPDX-License-Identifier: Apache-2.0
"""`make run`: the appliance in QEMU, its consoles on this terminal, one log a partition below $(O)/log.

On the wire the consoles travel in frames, so that the logs hold everything whatever is shown here; this program shows
all, or one, as the hypervisor itself does on a board's serial line. Without a terminal it prints the same and ends by
itself: with success once every partition that starts with the board has reported that it is up (docs/console.md).
It must not know how an appliance is built.
"""
import argparse
import os
import pathlib
import re
import select
import signal
import sys
import termios
import time
import tty

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from demux import FIRMWARE, HYP                                                       # noqa: E402
from machine import Board, Machine, MachineError, direct_arguments, flash_arguments   # noqa: E402
import plugged                                                                        # noqa: E402
from plan_map import PlanMap                                                          # noqa: E402

HISTORY = 16384         # of one partition, shown again when it is chosen
LINUX_UP = r"Run \S+ as init process"
UP = r"^UP [0-9a-f]{64}"


class View:
    """What of the streams stands on the terminal: all with a prefix, or one as it is."""

    def __init__(self, out, newline):
        self.out, self.newline = out, newline
        self.shown = {}             # how much of each stream
        self.one = None             # the only partition that is shown
        self.focus = None           # the one that keys go to: its open lines are shown
        self.open = None            # whose line the cursor is in
        self.broken = set()         # streams whose line was broken by another one's

    def write(self, text):
        self.out.write(text.replace("\n", self.newline))

    def update(self, streams):
        for name in list(streams):
            stream = streams[name]
            at = self.shown.get(name, 0)
            new = stream.text[at:]
            if not new:             # or comes again: it stands there already
                continue
            if self.one is None or name in (HYP, FIRMWARE):
                new = new if name in (self.focus, self.open, FIRMWARE) else new[:new.rfind("\n") + 1]
                self._prefixed(name, new)
            elif name == self.one:
                self._leave(name)
                self.write(new)
                self.open = None if new.endswith("\n") else name
            else:
                continue
            self.shown[name] = at + len(new)
        self.out.flush()

    def _leave(self, name):
        """The cursor goes to a new line if another stream's is open."""
        if self.open not in (None, name):
            self.write("\n")
            self.broken.add(self.open)
            self.open = None

    def _prefixed(self, name, text):
        for line in text.splitlines(keepends=True):
            self._leave(name)
            if self.open is None and name != FIRMWARE:
                self.write(f"[{name}]{'~' if name in self.broken else ' '}")
            self.broken.discard(name)
            self.write(line if name == FIRMWARE else printable(line))
            self.open = None if line.endswith("\n") else name

    def choose(self, name, streams):
        """Show `name` alone, with what it printed before."""
        self._leave(None)
        self.one = self.focus = name
        if name in streams:
            self.shown[name] = max(0, len(streams[name].text) - HISTORY)

    def choose_all(self, streams):
        self._leave(None)
        self.one = None
        for name, stream in streams.items():
            self.shown.setdefault(name, 0)
            self.shown[name] = max(self.shown[name], len(stream.text) - HISTORY)


def printable(text):
    """Without what would move the cursor: no guest draws another one's prefix."""
    return "".join(c if c in "\n\t" or (c >= " " and not "\x7f" <= c < "\xa0") else f"^{chr(ord(c) ^ 0x40)}" if c < "\x80" else "?"
                   for c in text)


class Judge:
    """Which partitions have reported that they are up, and which can no longer."""

    def __init__(self, partitions):
        self.waiting = {p.name: p for p in partitions if p.is_auto}
        self.failed = set()

    def look(self, streams):
        hyp = streams[HYP].text if HYP in streams else ""
        for name, partition in list(self.waiting.items()):
            text = streams[name].text if name in streams else ""
            if self._is_up(partition, text, hyp):
                del self.waiting[name]
            elif re.search(rf"^report: partition {name}: ", hyp, re.M):
                self.failed.add(name)

    @staticmethod
    def _is_up(partition, text, hyp):
        if re.search(rf"^{partition.name}: first heartbeat$", hyp, re.M) or re.search(UP, text, re.M):
            return True
        return bool(re.search(LINUX_UP, text)) if partition.kind == "linux" else "\n" in text

    def words(self, streams):
        """Why it is not up yet, a line a partition."""
        for name in self.waiting:
            lines = streams[name].text.strip().splitlines() if name in streams else []
            if name in self.failed:
                yield f"{name}: stopped by its policy; the report stands in the hypervisor's log"
            elif lines:
                yield f"{name}: printed {len(lines)} lines, but did not report that it is up; the last: {lines[-1].strip()!r}"
            else:
                yield f"{name}: no output yet (a Linux guest shows its first lines with earlycon on its command line)"


class Keys:
    """What is typed: all goes to the board, but the commands that choose what is shown are seen on their way."""

    def __init__(self, prefix):
        self.prefix, self.is_command = prefix, False

    def split(self, data, is_framed):
        """(bytes for the board, commands for us)"""
        out, ours = b"", []
        for byte in (data[i:i + 1] for i in range(len(data))):
            if not self.is_command:
                self.is_command = byte == self.prefix
                out += b"" if self.is_command else byte
                continue
            self.is_command = False
            if byte == b"a" and is_framed:
                ours.append("all")
            elif byte == b"q" and not is_framed:
                ours.append("quit")
            elif byte == b"m":
                pass                # frames it is already
            else:
                if byte in b"n0123456789":
                    ours.append("one")
                out += self.prefix + byte
        return out, ours


class Run:
    def __init__(self, plan, board, boot, logs, is_terminal):
        self.plan, self.is_terminal = plan, is_terminal
        self.view = View(sys.stdout, "\r\n" if is_terminal else "\n")
        self.keys = Keys(plan.console_key())
        self.judge = Judge(plan.partitions)
        self.choosing = False
        self.hyp_seen = 0
        self.is_asked = False
        self.machine = Machine(board, boot, logs)

    def step(self):
        """Show what is new. Context: changed is held."""
        streams = self.machine.demux.streams
        self._ask_for_frames(streams)
        self._follow_choice(streams)
        self.view.update(streams)
        self.judge.look(streams)

    def _ask_for_frames(self, streams):
        """Each time that a hypervisor starts. All that was printed then comes again, so nothing is lost in between."""
        if self.machine.demux.is_framed or HYP not in streams:
            self.is_asked = False
        elif not self.is_asked and re.search(r"^keys: ", streams[HYP].text, re.M):
            self.is_asked = True
            self.machine.send(self.plan.console_key() + b"m")

    def _follow_choice(self, streams):
        """The hypervisor says to whom keys go."""
        text = streams[HYP].text if HYP in streams else ""
        if len(text) < self.hyp_seen:
            self.hyp_seen = 0
        for match in re.finditer(r"^console: tool, keys go to \d+ (\S+)\n", text[self.hyp_seen:], re.M):
            if self.choosing:
                self.view.choose(match.group(1), streams)
            self.view.focus = match.group(1) if self.choosing else self.view.focus
            self.choosing = False
        self.hyp_seen = text.rfind("\n") + 1

    def typed(self, data):
        """Returns False to end the run."""
        with self.machine.changed:
            out, ours = self.keys.split(data, self.machine.demux.is_framed)
            for command in ours:
                if command == "quit":
                    return False
                if command == "all":
                    self.view.choose_all(self.machine.demux.streams)
                self.choosing = self.choosing or command == "one"
        if out:
            self.machine.send(out)
        return True

    def interactive(self):
        while True:
            with self.machine.changed:
                self.step()
                if self.machine.ended:
                    return 0
                self.machine.changed.wait(0.02)
            if select.select([0], [], [], 0)[0]:
                data = os.read(0, 256)
                if not data or not self.typed(data):
                    return 0

    def unattended(self, timeout):
        start = time.monotonic()
        while True:
            with self.machine.changed:
                self.step()
                left = start + timeout - time.monotonic()
                if not self.judge.waiting or self.judge.failed or self.machine.ended or left <= 0:
                    break
                self.machine.changed.wait(min(left, 1))
        return self._verdict(timeout, time.monotonic() - start)

    def _verdict(self, timeout, seconds):
        streams = self.machine.demux.streams
        if not self.judge.waiting:
            names = ", ".join(p.name for p in self.plan.partitions if p.is_auto)
            print(f"make run: every partition is up after {seconds:.0f} s: {names}; logs: {self.machine.logs}")
            return 0
        why = "QEMU has ended" if self.machine.ended else "a partition failed" if self.judge.failed else f"TIMEOUT={timeout:.0f} s are over"
        print(f"make run: {why}, and this is missing:")
        for line in self.judge.words(streams):
            print(f"  {line}")
        if HYP not in streams:
            print("  the hypervisor printed nothing: see firmware.log")
        words = self.machine.qemu_words()
        if words:
            print(f"  QEMU says: {words}")
        print(f"  logs: {self.machine.logs}")
        return 1


class RawTerminal:
    """The terminal without line editing and signals, and as it was before at the end, however that comes."""

    def __enter__(self):
        self.old = termios.tcgetattr(0)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        tty.setraw(0)

    def __exit__(self, *_):
        termios.tcsetattr(0, termios.TCSADRAIN, self.old)


def key_name(key):
    return f"^{chr(key[0] + 64)}" if key[0] < 32 else key.decode()


def boot_arguments(args):
    if args.direct:
        folder = args.out / "run"
        folder.mkdir(parents=True, exist_ok=True)
        return direct_arguments(args.out / "plan/manifest.in", folder)
    return flash_arguments(args.out / "firmware/u-boot.bin", args.out / "appliance.img", keep=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--timeout", type=float, default=180)
    parser.add_argument("--direct", action="store_true", help="without firmware")
    args = parser.parse_args()
    plan = PlanMap(args.out / "plan/map.txt")
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    try:
        board = Board(**plan.board(), reboot=True, extra=tuple(plugged.arguments(plan, args.out)))
        run = Run(plan, board, boot_arguments(args), args.out / "log", is_terminal)
    except MachineError as error:
        print(f"make run: {error}")
        return 1
    with run.machine:
        if not is_terminal:
            return run.unattended(args.timeout)
        print(f"{key_name(plan.console_key())} then h lists the keys, then q ends; logs: {run.machine.logs}")
        with RawTerminal():
            return run.interactive()


if __name__ == "__main__":
    sys.exit(main())
