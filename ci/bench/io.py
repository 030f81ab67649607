#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Figures of hybrid I/O: stock iperf3, ping and fio in Debian guests of an appliance, against the same guests on plain QEMU.

Both run on this machine at the same time, idle while the other is measured, in turns; a figure is the median of ours divided
by the median of QEMU's, printed with every run's ratio. It must not know how a device is served.
"""
import argparse
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE.parent / "run")]

from appliance import Builder, BuildFailure         # noqa: E402
from harness import Failure, MachineError           # noqa: E402
from machines import ADDRESS, HOST, Ours, Plain, Setup      # noqa: E402

PEER = ADDRESS.format(16)
SECONDS = 3                 # one run
ROUND_TRIPS = 2000
DISK_MIB = 256
QUIET = 4                   # seconds before and after what is counted

# name, unit, goal
GOALS = {"net_guest_to_guest_ratio": 3.0, "net_guest_to_guest_ratio_nogso": 1.2, "net_uplink_ratio": 0.8, "net_rr_ratio": 1.0,
         "disk_seq_ratio": 0.9, "disk_rand_ratio": 0.9, "disk_latency_ratio": 0.6, "exits_per_1000_frames": 20, "exits_per_round_trip": 6}


RUNS = 5        # fewer are marked as quick


class Figures:
    """Rows as bench.json has them, printed as they come."""

    def __init__(self, is_quick):
        self.rows, self.is_quick = [], is_quick

    def add(self, name, value, unit, peer=None, peer_value=None, words=""):
        unit += " (quick)" if self.is_quick else ""
        print(f"figure {name} {value} {unit} goal {GOALS[name]} peer {f'{peer} {peer_value}' if peer else 'none 0'}{words}", flush=True)
        self.rows.append({"name": name, "value": value, "unit": unit, "goal": GOALS[name], "peer": peer, "peer_value": peer_value})

    def ratio(self, name, unit, ours, plain, io_cpu):
        """A figure from runs in turns; `io_cpu`: what the I/O CPU did in ours."""
        each = sorted(round(a / b, 2) for a, b in zip(ours, plain))
        value = round(statistics.median(ours) / statistics.median(plain), 3)
        self.add(name, value, "ratio", "QEMU", statistics.median(plain),
                 f" ({unit}; ours {statistics.median(ours):.4g}; {len(each)} runs in turns, their ratios {each[0]} to {each[-1]}; {io_cpu})")


def number(answer, word):
    """The value of an answer, which must be one."""
    try:
        return float(answer[word])
    except (KeyError, ValueError):
        raise Failure(f"the guest did not measure: {answer}") from None


def in_turns(machines, runs, measure):
    """[ours], [QEMU's], what the I/O CPU did in ours: `measure(machine)` for each in turn."""
    ours, plain = machines
    values, up, asleep, polling = ([], []), 0, 0, 0
    for _ in range(runs):
        before = ours.io_time()
        values[0].append(measure(ours))
        passed = [b - a for a, b in zip(before, ours.io_time())]
        up, asleep, polling = up + passed[0], asleep + passed[1], polling + passed[2]
        values[1].append(measure(plain))
    return *values, f"I/O CPU {100 * polling / up:.0f}% polling for nothing, {100 * asleep / up:.0f}% asleep"


@contextlib.contextmanager
def both(context, setup):
    """Ours and QEMU's, up."""
    with contextlib.ExitStack() as stack:
        machines = []
        for make in (lambda: Ours(context.out, context.builder, setup), lambda: Plain(context.out, context.kernel, setup)):
            machines.append(make())
            stack.callback(machines[-1].close)
        yield machines


# ---- guest to guest

def tcp(peer, more=""):
    return lambda machine: number(machine.ask(0, f"tcp {peer} {SECONDS} {more}", SECONDS + 60), "tcp")


def round_trips(machine):
    return number(machine.ask(0, f"rr {PEER} {ROUND_TRIPS}", 90), "rr")


def offloads(machines, word):
    for machine in machines:
        for guest in (0, 1):
            machine.ask(guest, f"offloads {word}")


def counted(ours, words, seconds):
    """({class: exits} of both front-ends, the same of the I/O partition, the guest's answer, frames that it sent) while `words`,
    which take about so long, are done; timer interrupts are taken off."""
    ours.tell(1, f"watch {seconds + 3 * QUIET}")
    ours.tell(0, f"counted {QUIET} {words}")
    time.sleep(QUIET / 2)
    before = ours.exits()
    time.sleep(seconds + QUIET)
    after = ours.exits()
    first, second = ours.answer(0), ours.answer(1)
    frames, ticks = (int(b) - int(a) for a, b in zip(first["counts"].split()[:2], first["counts"].split()[2:]))
    other = second["counts"].split()
    passed = {name: {kind: after[name][kind] - before[name][kind] for kind in after[name]} for name in after}
    fronts = {kind: passed["linux0"][kind] + passed["linux1"][kind] for kind in passed["linux0"]}
    fronts["interrupt"] -= ticks + int(other[3]) - int(other[1])
    return fronts, passed["io"], first, frames


def told(exits):
    return ", ".join(f"{kind} {count}" for kind, count in exits.items() if count)


def count_exits(figures, ours):
    """What streaming and a round trip cost in exits."""
    fronts, io, _, frames = counted(ours, f"tcp {PEER} {SECONDS}", SECONDS)
    figures.add("exits_per_1000_frames", round(1000 * sum(fronts.values()) / frames, 2), "exits",
                words=f" ({frames} frames; {told(fronts)}; of the I/O CPU {1000 * sum(io.values()) / frames:.2f}: {told(io)})")
    fronts, io, _, frames = counted(ours, f"rr {PEER} {ROUND_TRIPS}", SECONDS)
    figures.add("exits_per_round_trip", round(sum(fronts.values()) / ROUND_TRIPS, 2), "exits",
                words=f" ({told(fronts)}; of the I/O CPU {sum(io.values()) / ROUND_TRIPS:.2f}: {told(io)})")


def guest_to_guest(context, figures):
    with both(context, Setup("net", "net", guests=2, has_net=True)) as machines:
        for machine in machines:
            machine.ask(1, "serve")
        tcp(PEER)(machines[0]), tcp(PEER)(machines[1])      # addresses are known, buffers are there
        figures.ratio("net_guest_to_guest_ratio", "bit/s", *in_turns(machines, context.runs, tcp(PEER)))
        figures.ratio("net_rr_ratio", "round trips a second", *in_turns(machines, context.runs, round_trips))
        offloads(machines, "off")
        figures.ratio("net_guest_to_guest_ratio_nogso", "bit/s", *in_turns(machines, context.runs, tcp(PEER)))
        count_exits(figures, machines[0])


# ---- guest to host

@contextlib.contextmanager
def host_server():
    process = subprocess.Popen(["iperf3", "-s"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        if process.poll() is not None:
            raise Failure("iperf3 does not run on this machine: is its port, 5201, taken?")
        yield
    finally:
        process.kill()
        process.wait()


def uplink(context, figures):
    with host_server(), both(context, Setup("uplink", "net", has_net=True, uplink=True)) as machines:
        tcp(HOST)(machines[0]), tcp(HOST)(machines[1])
        figures.ratio("net_uplink_ratio", "bit/s", *in_turns(machines, context.runs, tcp(HOST)))


# ---- disk

DISK = (("disk_seq_ratio", "rw", "128k", 8), ("disk_rand_ratio", "randrw", "4k", 32), ("disk_latency_ratio", "randrw", "4k", 1))


def requests(how, size, depth):
    return lambda machine: number(machine.ask(0, f"disk {how} {size} {depth} {SECONDS}", SECONDS + 90), "disk")


def disk(context, figures):
    path = context.out / "bench/disk"
    path.parent.mkdir(parents=True, exist_ok=True)
    disks = [path.with_suffix(f".{kind.name}") for kind in (Ours, Plain)]      # a file each
    try:
        for each in disks:
            each.write_bytes(b"\xa5" * (DISK_MIB << 20))
        with both(context, Setup("disk", "disk", disk=str(path.resolve()))) as machines:
            for name, how, size, depth in DISK:
                figures.ratio(name, "requests a second", *in_turns(machines, context.runs, requests(how, size, depth)))
    finally:
        for each in disks:
            each.unlink(missing_ok=True)


PARTS = {"net": guest_to_guest, "uplink": uplink, "disk": disk}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--kernel-6.12", dest="kernel", type=pathlib.Path, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--json", type=pathlib.Path, required=True, help="its figures of the same names are replaced")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", default="", help=f"by commas, of {', '.join(PARTS)}")
    context = parser.parse_args()
    context.builder = Builder(context.out, {"6.12": context.kernel}, context.key)
    figures, failed = Figures(context.runs < RUNS), False
    for name, measure in PARTS.items():
        if context.only and name not in context.only.split(","):
            continue
        try:
            measure(context, figures)
        except (Failure, MachineError, BuildFailure) as failure:
            failed = True
            print(f"bench-io: {name}: {failure}", file=sys.stderr)
    rows = json.loads(context.json.read_text()) if context.json.exists() else []
    names = {row["name"] for row in figures.rows}
    context.json.write_text(json.dumps([row for row in rows if row["name"] not in names] + figures.rows, indent=1) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
