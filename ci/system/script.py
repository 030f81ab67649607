# SPDX-License-Identifier: Apache-2.0
"""What is tried on the switch, step by step, and what must come of each: the script that the guest `frames` plays, and the
judge of what it says, of what the wire saw and of what the I/O partition counted. It must not know any rule.
"""
import collections
import dataclasses
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guests/linux"))

import mkcpio                       # noqa: E402
from frames import ether, fnv, TEST        # noqa: E402

UNTOUCHED = (0, 0, 0, 0, 0)     # flags, kind of segments, their size, start and offset of the checksum


@dataclasses.dataclass
class Step:
    """One frame, or `times` of it. `to`: {port: what arrives there, a frame or a list}. `drop`: (port, reason). `judge`: for
    many, called with what arrived at each port and the nanoseconds, returns what is wrong."""
    name: str
    port: str
    frame: bytes = b""
    to: dict = dataclasses.field(default_factory=dict)
    drop: tuple = ()
    rules: tuple = ()               # (port, number of the rule from 1) that decide
    also: tuple = ()                # ("port", "counter"), more that is counted
    meta: tuple = UNTOUCHED         # virtio header that is sent
    told: tuple = UNTOUCHED         # and that arrives at a port that takes unfinished frames
    times: int = 1
    judge: object = None
    inject: bytes = b""             # sent by the wire, not by a port
    words: str = ""                 # a line of the script, in place of a frame
    act: object = None              # called with the wire while the script pauses
    counts: object = None           # in place of all that: called with {port: counters} and the step's result, adds what it expects
    result: tuple = ()              # of a judged one: {port: how many arrived}, nanoseconds


class Group:
    """Steps whose counters are looked at together."""

    def __init__(self, name):
        self.name, self.steps = name, []

    def add(self, name, port, frame=b"", to=None, **more):
        if isinstance(to, (list, set, tuple)):
            to = {port: frame for port in to}
        self.steps.append(Step(name, port, frame, to or {}, **more))


def lists(value):
    return value if isinstance(value, list) else [value]


class Script:
    """`ports`: names in the order of their numbers, from 1. `outside`: the uplink's. `fence`: two ports that frames of a script need."""

    def __init__(self, ports=(), outside="", fence=()):
        self.ports, self.outside, self.fence = ports, outside, fence
        self.groups = []

    def number(self, port):
        return self.ports.index(port) + 1

    def mac(self, port):
        return f"02:00:00:00:00:{self.number(port):02x}"

    def group(self, name):
        self.groups.append(Group(name))
        return self.groups[-1]

    def marker(self):
        """From the wire: the end of what it sends."""
        return ether(self.mac(self.fence[1]), "02:00:00:00:01:01", TEST, b"")

    def numbered(self):
        """(number, step or None at a group's end), in order."""
        number = 0
        for group in self.groups:
            for step in [*group.steps, None]:
                number += 1
                yield number, group, step

    def line(self, number, step):
        if step is None:
            return f"{number} pause"
        if step.act:
            return f"{number} pause"
        if step.words:
            return f"{number} {step.words}"
        if step.inject:
            return f"{number} wait"
        return f"{number} send {self.number(step.port)} {step.times} 0 {' '.join(map(str, step.meta))} {step.frame.hex()}"

    def write(self, path):
        """The initrd of the guest that plays it."""
        first = [f"0 fence {' '.join(str(self.number(p)) for p in self.fence)}"] if self.fence else []
        lines = [*first, "0 pause", *(self.line(number, step) for number, _, step in self.numbered())]
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.with_suffix(".txt")
        text.write_text("#frames\n" + "\n".join(lines) + "\n#\n")
        path.write_bytes(mkcpio.archive({"script": text}))


# ---- what the I/O partition has counted

def counters(text, port):
    """{counter: value} of a port's line."""
    found = collections.Counter()
    line = re.search(rf"^io: port {port}: in (\d+) frames (\d+) bytes, out (\d+) frames (\d+) bytes(.*)$", text, re.M)
    found.update(dict(zip(("in", "in bytes", "out", "out bytes"), map(int, line.groups()[:4]))))
    for words in line[5].split(", ")[1:]:
        name, *values = words.split()
        if name == "rules":
            found.update({f"rule {n}": int(value) for n, value in enumerate(values, 1)})
        else:
            found[name] = int(values[0])
    return found


class Judge:
    """Follows a run: `machine` is the session, `guest` and `io` names of partitions."""

    def __init__(self, machine, script, wire, guest="frames", io="io"):
        self.machine, self.script, self.wire, self.guest, self.io = machine, script, wire, guest, io
        self.before = None

    def read(self):
        """{port: counters} now."""
        m = self.machine
        m.skip_to_end(self.io)
        at = len(m.text(self.io))
        m.type(m.appliance.index(self.io), self.io, "s", echo=False)
        m.expect(self.io, rf"^io: port {self.script.outside}: \S+, link .*\n", 30, "the counters")
        return {port: counters(m.text(self.io)[at:], port) for port in self.script.ports}

    def go_on(self):
        self.machine.type(self.machine.appliance.index(self.guest), self.guest, "g", echo=False)

    def play(self):
        with self.machine.test("the script begins, and the counters can be read"):
            self.machine.expect(self.guest, r"^AT 0\n", 60)
            self.before = self.read()
            self.go_on()
        for number, group, step in self.script.numbered():
            if step is None:
                self.finish(number, group)
            else:
                with self.machine.test(f"{group.name}: {step.name}"):
                    self.judge(number, group, step)

    # ---- one step

    def judge(self, number, group, step):
        if step.act:
            self.machine.expect(self.guest, rf"^AT {number}\n", 60)
            step.act(self.wire)
            self.go_on()
            return
        if step.inject:
            self.machine.expect(self.guest, rf"^AT {number}\n", 60)
            self.wire.send(step.inject)
            self.wire.send(self.script.marker())
        text = self.said(number)
        if step.words and not step.judge:
            return
        if step.judge:
            step.result = self.many(number, step, text)
            found = step.judge(*step.result)
            self.machine.require(not found, f"{found}: {step.result}")
            return
        got = collections.defaultdict(list)
        for port, header, size, value in re.findall(rf"^GOT {number} (\d+) (\S+) (\d+) (\w+)$", text, re.M):
            got[self.script.ports[int(port) - 1]].append((header, int(size), int(value, 16)))
        wanted = {port: [(",".join(map(str, step.told)), len(f), fnv(f)) for f in lists(frames)]
                  for port, frames in step.to.items() if port != self.script.outside}
        self.machine.require(dict(got) == wanted, f"sent {len(step.frame or step.inject)} bytes, arrived {dict(got)}, expected {wanted}")
        for frame in lists(step.to.get(self.script.outside, [])):
            self.machine.require(self.wire.expect(frame, 20), f"the wire did not see {frame.hex()[:160]}")

    def said(self, number):
        """What the guest prints up to the end of a step."""
        at = self.machine.cursors.get(self.guest, 0)
        end = self.machine.expect(self.guest, rf"^END {number} (\d+)\n", 60)
        return self.machine.text(self.guest)[at:end.end()]

    def many(self, number, step, text):
        arrived = {self.script.ports[int(port) - 1]: int(count) for port, count in re.findall(rf"^COUNTED {number} (\d+) (\d+)$", text, re.M)}
        return arrived, int(re.search(rf"^END {number} (\d+)$", text, re.M)[1])

    # ---- the end of a group

    def finish(self, number, group):
        with self.machine.test(f"{group.name}: the counters tell it, and nothing else"):
            self.machine.expect(self.guest, rf"^AT {number}\n", 60)
            now = self.read()
            passed = {port: {k: v - self.before[port][k] for k, v in now[port].items() if v != self.before[port][k]}
                      for port in self.script.ports if port not in self.script.fence}
            self.before = now
            wanted = self.wanted(group)
            found = [f"{port}: counted {passed[port]}, expected {wanted[port]}" for port in passed if passed[port] != wanted[port]]
            seen = self.wire.take() if self.wire else []
            expected = [f for step in group.steps for f in lists(step.to.get(self.script.outside, []))]
            found += [f"the wire saw {frame.hex()[:120]}" for frame in seen if frame not in expected]
            self.machine.require(not found, "\n".join(found))
        if group is not self.script.groups[-1]:
            self.go_on()

    def wanted(self, group):
        """{port: counters} that a group leaves behind."""
        wanted = {port: collections.Counter() for port in self.script.ports}
        for step in group.steps:
            if step.counts:
                step.counts(wanted, step.result)
            elif not step.words and not step.act:
                self.count(wanted, step)
        return {port: dict(+counts) for port, counts in wanted.items()}

    def count(self, wanted, step):
        """A frame that is cut on its way counts as it was."""
        sent, port = (step.inject, self.script.outside) if step.inject else (step.frame, step.port)
        if step.drop[1:] != ("device",):        # what a sender says of it is no frame: it did not come so far
            wanted[port].update({"in": step.times, "in bytes": step.times * len(sent)})
        if step.inject:
            wanted[port].update({"in": 1, "in bytes": len(self.script.marker())})
        arrived = step.result[0] if step.judge else dict.fromkeys(step.to, 1)
        for to, frames in step.to.items():
            size = len(sent) if isinstance(frames, list) else len(frames)
            wanted[to].update({"out": arrived.get(to, 0), "out bytes": arrived.get(to, 0) * size})
        if step.drop:
            wanted[step.drop[0]][step.drop[1]] += step.times - sum(arrived.values()) if step.judge else 1
        for where, rule in step.rules:
            wanted[where][f"rule {rule}"] += 1
        for where, counter in step.also:
            wanted[where][counter] += 1
