# SPDX-License-Identifier: Apache-2.0
"""What a system test needs: a machine that is watched, words to wait for, keys to type, and TAP.

    tap = Tap()
    with Watched(Board(gic=2), boot, logs, tap, "two partitions") as m:
        with m.test("the hypervisor starts"):
            m.expect("hyp", r"keys: ", 60, "the line that tells the keys")
            m.frames()
        with m.test("linux is up"):
            m.expect_up("linux", nonce, "Linux 6.12", 2, 512)

Every wait has a limit and says what it waited for; nothing is tried twice; who failed once gets no more patience.
Whatever the hypervisor says that is not known to be harmless, and not announced by allow(), fails a test of
its own when the machine closes, as do console bytes that were lost. QEMU is ended in every case.

It must not know partitions or guests beyond the form in which they prove that they are up (ci/guests/README.md).
"""
import contextlib
import hashlib
import pathlib
import re
import secrets
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "run"), str(ROOT / "check")]

from machine import Board, Machine, MachineError, direct_arguments, flash_arguments  # noqa: E402,F401
from tap import Tap                                                                   # noqa: E402,F401

PATIENCE_AFTER_FAILURE = 3
BOARD = "the board"

# Lines of the hypervisor that say nothing bad. Whatever else it says must have been announced.
HARMLESS = [
    r"Bulkhead: ",
    r"signed with development keys",
    r"keys: ",
    r"console: ",
    r"[a-z0-9-]+: first heartbeat$",
    r"no random seed is left: from now on guests start without$",
]

# What it says when its keys ask it to. Reports begin with a line that is not among these.
ANSWERS = [r"state of ", r"\d+ [a-z0-9-]+: ", r" vcpu \d+ on cpu \d+: ", r"  (pc|printed|exits|no output yet)"]


class Failure(Exception):
    """A test did not see what it expected; the words are for people."""


def new_nonce():
    return secrets.token_hex(8)


def up_line(nonce, name, cpus, mib):
    """What a guest of this name and release says when it is up."""
    return "UP " + hashlib.sha256(f"{nonce}:{name}:{cpus}:{mib}".encode()).hexdigest()


class Watched(Machine):
    """A machine under test. `key` is the console's prefix key."""

    def __init__(self, board, boot, logs, tap, title, key=b"\x14", stopped=False):
        self.tap, self.title, self.key = tap, title, key
        self.cursors, self.allowed, self.failed = {}, [], set()     # who let a wait down: a partition, or the board
        self.focus = None
        super().__init__(board, boot, logs, stopped)

    # ---- tests

    @contextlib.contextmanager
    def test(self, name):
        """One TAP test: passes unless the body raises."""
        findings = []
        try:
            yield
        except (Failure, MachineError) as failure:
            findings = str(failure).splitlines()
        except Exception:                                   # a fault of the test itself must not look like a pass
            findings = traceback.format_exc().splitlines()
        self.tap.result(f"{self.title}: {name}", findings)

    # ---- waiting

    def _patience(self, who, timeout):
        return min(timeout, PATIENCE_AFTER_FAILURE) if who in self.failed else timeout

    def _wait(self, look, who, timeout, what):
        """What `look` returns once that is true. Raises when the time is over or QEMU has ended."""
        timeout = self._patience(who, timeout)
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                found = look()
                if found:
                    return found
                left = end - time.monotonic()
                if self.ended or left <= 0:
                    self.failed.add(who)
                    why = "QEMU has ended" if self.ended else f"not seen within {timeout:.0f} s"
                    raise Failure(f"waited for {what}: {why}\n{self._recent()}")
                self.changed.wait(left)

    def _recent(self):
        lines = []
        for name, stream in sorted(self.demux.streams.items()):
            lines += [f"  {name} | {line}" for line in stream.text.splitlines()[-8:]]
        words = self.qemu_words()
        return "\n".join(lines + ([f"  qemu | {words[-400:]}"] if words else []) + [f"  logs: {self.logs}"])

    def expect(self, source, pattern, timeout, what=None):
        """The match of `pattern` in what `source` prints after what the last expect() of it has used up."""
        def look():
            match = re.compile(pattern, re.M).search(self.text(source), self.cursors.get(source, 0))
            if match:
                self.cursors[source] = match.end()
            return match
        return self._wait(look, source, timeout, f"{what or repr(pattern)} from {source}")

    def expect_end(self, timeout, what="the board to turn off"):
        """QEMU ends by itself."""
        timeout = self._patience(BOARD, timeout)
        end = time.monotonic() + timeout
        while self.process.poll() is None:
            if time.monotonic() > end:
                self.failed.add(BOARD)
                raise Failure(f"waited for {what}: not within {timeout:.0f} s\n{self._recent()}")
            time.sleep(0.05)

    def expect_up(self, partition, nonce, name, cpus, mib, timeout=180):
        """The partition's guest proves that it is up, as a guest of this name, release, CPUs and memory."""
        wanted = up_line(nonce, name, cpus, mib)
        said = self.expect(partition, r"^UP ([0-9a-f]{64})", timeout, "the proof that the guest is up").group(0)
        self.require(said == wanted, f"{partition} is up, but is not {name} with {cpus} CPUs and {mib} MiB")

    def require(self, good, what):
        if not good:
            raise Failure(f"{what}\n{self._recent()}")

    def skip_to_end(self, source):
        """The next expect() of `source` looks at what it prints from now on."""
        with self.changed:
            self.cursors[source] = len(self.text(source))

    # ---- keys

    def frames(self):
        """Ask for the form of output that loses nothing: all that was printed comes again, in frames."""
        with self.changed:
            self.demux.is_history = True
        self.send(self.key + b"m")
        self._wait(lambda: self.demux.is_framed, BOARD, 30, "output in frames")
        with self.changed:
            self.cursors = {name: at for name, at in self.cursors.items() if name == "firmware"}

    def command(self, key):
        """The prefix key and `key`, for the hypervisor."""
        self.send(self.key + key.encode())

    def type(self, number, partition, text, echo=True):
        """Type into partition `number`, in pieces that its console takes: the guest echoes each before the next comes."""
        if self.focus != number:
            self.command(str(number))
            self.expect("hyp", rf"console: \w+, keys go to {number} ", 20, f"keys go to {partition}")
            self.focus = number
        for at in range(0, len(text), 16):
            piece = text[at:at + 16]
            self.skip_to_end(partition)
            self.send(piece.encode())
            if echo and piece.strip("\n"):
                self.expect(partition, re.escape(piece.strip("\n")), 20, f"the echo of {piece!r}")

    # ---- what must not be said

    def allow(self, *patterns):
        """Lines of the hypervisor that this test provokes; each pattern matches from the line's start."""
        self.allowed += patterns

    def unexpected(self):
        lines = [line for line in self.text("hyp").splitlines() if line.strip() and
                 not any(re.match(pattern, line) for pattern in HARMLESS + self.allowed)]
        lost = [f"{name}: {stream.lost} console bytes lost" for name, stream in self.demux.streams.items()
                if stream.lost and not any(re.match(p, f"lost {name}") for p in self.allowed)]
        return lines + lost

    def __exit__(self, kind, value, trace):
        with self.changed:
            findings = self.unexpected()
        self.close()
        self.tap.result(f"{self.title}: nothing unexpected from the hypervisor", findings)
