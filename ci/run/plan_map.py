# SPDX-License-Identifier: Apache-2.0
"""Reads $(O)/plan/map.txt, what the planner decided as lines of words. It must not know what the words are used for."""
import collections
import dataclasses
import pathlib


@dataclasses.dataclass
class Partition:
    number: int
    name: str
    kind: str                   # linux, unikernel or raw
    is_auto: bool
    mib: int
    vcpus: list = dataclasses.field(default_factory=list)      # index of the CPU of each
    maps: list = dataclasses.field(default_factory=list)       # (name, IPA, PA or None, size, kind)
    emuls: list = dataclasses.field(default_factory=list)      # (name, IPA, size)
    irqs: list = dataclasses.field(default_factory=list)       # (physical, virtual, trigger, device)
    symbols: str = ""


def number(word):
    return int(word, 0)


class PlanMap:
    """`lines[key]` holds the words of every line with that key; `partitions` what concerns each."""

    def __init__(self, path):
        self.lines = collections.defaultdict(list)
        for line in pathlib.Path(path).read_text().splitlines():
            key, *words = line.partition("#")[0].split() or [""]
            if key:
                self.lines[key].append(words)
        self.partitions = [Partition(number(w[0]), w[1], w[2], w[3] == "auto", number(w[4])) for w in self.lines["partition"]]
        for words in self.lines["vcpu"]:
            self.partitions[number(words[0])].vcpus.append(number(words[2]))
        for words in self.lines["map"]:
            where = None if words[3] == "hypervisor" else number(words[3])
            self.partitions[number(words[0])].maps.append((words[1], number(words[2]), where, number(words[4]), words[5]))
        for words in self.lines["emul"]:
            self.partitions[number(words[0])].emuls.append((words[1], number(words[2]), number(words[3])))
        for words in self.lines["irq"]:
            self.partitions[number(words[0])].irqs.append((number(words[1]), number(words[2]), words[3], words[4]))
        for words in self.lines["symbols"]:
            self.partitions[number(words[0])].symbols = words[1]

    def word(self, key, default=None):
        """The only word of the only line with `key`."""
        return self.lines[key][0][0] if self.lines[key] else default

    def board(self):
        """What QEMU is told, as arguments of machine.Board."""
        ram = sum(number(words[1]) for words in self.lines["ram"])
        return {"gic": number(self.word("gic", "3")), "cpus": max(4, len(self.lines["cpu"])), "mib": ram >> 20,
                "cpu": self.word("qemu-cpu", "cortex-a53"), "machine": self.word("qemu-machine", "virt,virtualization=on"),
                "least": number(self.word("qemu-least", "0"))}

    def console_key(self):
        return bytes([number(self.word("console-key", "20"))])
