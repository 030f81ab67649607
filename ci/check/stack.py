# SPDX-License-Identifier: Apache-2.0
"""Bound of the hypervisor's stack, from the compiler's call graph.

gcc -fcallgraph-info=su writes a .ci file an object: nodes with their frame
size, edges, and one target `__indirect_call` for calls through pointers. Each
function with such a call must be listed in indirect.txt with the tables that
hold its targets; the targets are then read from the tables' contents in the
linked ELF file; `?table` is one that only some plans have. Recursion, frames of dynamic size and unlisted indirect calls
are findings.
"""
import fnmatch
import pathlib
import re
import struct

# What the vectors save on top of each CPU's stack, bytes.
TRAP_FRAME = 272
NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
FRAME = re.compile(r"(\d+) bytes \((\w+(?:,\w+)?)\)")


def plain(name):
    """Titles of local functions carry their file: a/b.c:name."""
    return name.rsplit(":", 1)[-1]


class Graph:
    def __init__(self):
        self.frame, self.calls, self.dynamic = {}, {}, set()

    def add(self, text):
        for title, label in NODE.findall(text):
            match = FRAME.search(label)
            if match:
                name = plain(title)
                self.frame[name] = max(int(match.group(1)), self.frame.get(name, 0))
                if match.group(2) != "static":
                    self.dynamic.add(name)
        for source, target in EDGE.findall(text):
            self.calls.setdefault(plain(source), set()).add(plain(target))


class Elf:
    """Symbols and data of a little-endian ELF64 file: just enough to read tables of pointers."""

    def __init__(self, data):
        self.data = data
        shoff, = struct.unpack_from("<Q", data, 40)
        entsize, count, _ = struct.unpack_from("<HHH", data, 58)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + i * entsize) for i in range(count)]
        self.objects, self.functions = {}, {}
        for section in self.sections:
            if section[1] == 2:
                self.read_symbols(section)

    def read_symbols(self, section):
        strings = self.sections[section[6]]
        for at in range(section[4], section[4] + section[5], 24):
            name, info, _, _, value, size = struct.unpack_from("<IBBHQQ", self.data, at)
            end = self.data.index(b"\0", strings[4] + name)
            text = self.data[strings[4] + name:end].decode()
            if info & 15 == 1 and size:
                self.objects.setdefault(text, []).append((value, size))
            elif info & 15 == 2:
                self.functions.setdefault(value, text)

    def bytes_at(self, address, size):
        for section in self.sections:
            if section[1] == 1 and section[3] <= address < section[3] + section[5]:
                at = section[4] + address - section[3]
                return self.data[at:at + size]
        return b""

    def targets(self, pattern):
        """Functions whose addresses stand in objects that match `pattern`."""
        found = set()
        for name, places in self.objects.items():
            if fnmatch.fnmatch(re.sub(r"\.\d+$", "", name), pattern):
                for address, size in places:
                    words = self.bytes_at(address, size)
                    for (word,) in struct.iter_unpack("<Q", words[:len(words) // 8 * 8]):
                        if word in self.functions:
                            found.add(self.functions[word])
        return found


def resolve(graph, elf, listed):
    """Replaces indirect edges by the members of the listed tables. Returns findings."""
    found = []
    for source, targets in graph.calls.items():
        if "__indirect_call" not in targets:
            continue
        targets.discard("__indirect_call")
        base = re.sub(r"\.(constprop|part|isra|cold)\..*|\.(constprop|part|isra|cold)$", "", source)
        patterns = listed.get(base)
        if patterns is None:
            found.append(f"{source} calls through a pointer and is not in ci/check/indirect.txt")
            continue
        members = set().union(*(elf.targets(p.lstrip("?")) for p in patterns))
        if not members and not all(p.startswith("?") for p in patterns):
            found.append(f"{source}: no function found in its tables {' '.join(patterns)}")
        targets |= members
    return found


def bound(graph):
    """Deepest use in bytes, the chain that uses it, and findings."""
    best, found, state = {}, [], {}

    def visit(name):
        if name in best:
            return best[name]
        if state.get(name):
            found.append(f"recursion through {name}")
            return (0, [])
        state[name] = True
        deepest = (0, [])
        for target in sorted(graph.calls.get(name, ())):
            deepest = max(deepest, visit(target))
        state[name] = False
        best[name] = (graph.frame.get(name, 0) + deepest[0], [name, *deepest[1]])
        return best[name]

    top = max((visit(n) for n in sorted(graph.frame)), default=(0, []))
    return top[0], top[1], found


def read_list(text):
    listed = {}
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if line:
            caller, tables = line.split(":", 1)
            listed[caller.strip()] = tables.split()
    return listed


def run(tree, objects, elf_path, limit):
    """Findings, bytes, chain."""
    graph = Graph()
    for file in sorted(pathlib.Path(objects).rglob("*.ci")):
        graph.add(file.read_text())
    listed = read_list((tree / "ci/check/indirect.txt").read_text())
    found = resolve(graph, Elf(pathlib.Path(elf_path).read_bytes()), listed)
    found += [f"{name}: frame of dynamic size" for name in sorted(graph.dynamic)]
    size, chain, more = bound(graph)
    found += more
    if not graph.frame:
        found.append(f"no call graph below {objects}")
    if size > limit:
        found.append(f"the stack may grow to {size} bytes of {limit}: {' > '.join(chain)}")
    return found, size, chain


def bytes_of_one(tree):
    """ARM64_STACK_BYTES of hyp/arm64."""
    for header in (tree / "hyp/arm64").glob("*.h"):
        match = re.search(r"#define\s+ARM64_STACK_BYTES\s+(0x[0-9a-fA-F]+|\d+)u?l?", header.read_text())
        if match:
            return int(match.group(1), 0)
    return 0


def selftest():
    def graph_of(calls, frames, dynamic=()):
        g = Graph()
        g.frame, g.calls, g.dynamic = dict(frames), {k: set(v) for k, v in calls.items()}, set(dynamic)
        return g

    class NoElf:
        @staticmethod
        def targets(pattern):
            return {"deep"} if pattern == "table" else set()

    found = []
    if bound(graph_of({"a": ["b"], "b": ["c"]}, {"a": 16, "b": 32, "c": 64}))[0] != 112:
        found.append("frames are not added along a chain")
    if not bound(graph_of({"a": ["b"], "b": ["a"]}, {"a": 1, "b": 1}))[2]:
        found.append("recursion was not caught")
    if not resolve(graph_of({"a": ["__indirect_call"]}, {"a": 1}), NoElf, {}):
        found.append("an unlisted indirect call was not caught")
    g = graph_of({"a": ["__indirect_call"]}, {"a": 16, "deep": 4096})
    if resolve(g, NoElf, {"a": ["table"]}) or bound(g)[0] != 4112:
        found.append("a table's members are not counted")
    if not resolve(graph_of({"a": ["__indirect_call"]}, {"a": 1}), NoElf, {"a": ["none"]}):
        found.append("a table that is not there was not missed")
    if resolve(graph_of({"a": ["__indirect_call"]}, {"a": 1}), NoElf, {"a": ["?none"]}):
        found.append("a table that need not be there was missed")
    return found
