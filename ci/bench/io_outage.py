# SPDX-License-Identifier: Apache-2.0
"""The figure `io_outage_ms`: guest time from the call that kills the I/O partition to the first disk request that its next
life completes, as a unikernel in front of it sees it, in the flash image and under -icount. It must not know what happens
in between.
"""
import contextlib
import pathlib
import re
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE.parent / "run")]

import plugged                                      # noqa: E402
from appliance import Appliance, Part               # noqa: E402
from harness import Board, Failure, Watched         # noqa: E402

NAME, UNIT, GOAL = "io_outage_ms", "ms", 50
ROUNDS = 9
IO_MIB = 32         # as in the demo


def appliance(out):
    """The demo's I/O partition with a network card and a disk, and one front-end."""
    parts = [Part("front", str(out / "guests/outage.elf"), 16, (0,), f"io=1 rounds={ROUNDS}", options={"CAPABILITIES": "io:state+restart"}),
             Part("io", str(out / "partitions/io.elf"), IO_MIB, (1,), options={"IO": True, "TRUSTED_DMA": True})]
    options = {"NET_PORTS": 2, "NET1_NAME": "lan", "NET1_PART1": True, "NET1_TALKS_TO": "wan", "NET2_NAME": "wan", "NET2_UPLINK": True,
               "NET2_TALKS_TO": "lan", "DISKS": 1, "DISK1_NAME": "data", "DISK1_PART1": True, "DISK1_GPT": True, "DISK1_GPT_NAME": "data",
               "DISK1_SIZE_MIB": 16, "QEMU_DISK_MIB": 32}
    return Appliance("bench-outage", parts, devices={"PCIE": "io"}, options=options)


def measure(out, builder, seconds=300):
    """([(milliseconds of the disk, those of them until the new life runs)], [milliseconds of the network]) of each round."""
    plan, boot, sub = builder.boot(appliance(out))
    for path in sub.glob("disk*.img"):
        path.unlink()
    board = Board(**{**plan.board(), "icount": True, "extra": tuple(plugged.arguments(plan, sub))})
    with contextlib.closing(Watched(board, boot, out / "log/bench/outage", None, "outage", plan.console_key())) as machine:
        machine.expect("hyp", r"^keys: ", seconds)
        machine.frames()
        machine.expect("front", r"^OUTAGE done", seconds)
        rows = re.findall(r"^OUTAGE ns=(\d+) memory_ns=(\d+) left=\d+ errors=0", machine.text("front"), re.M)
        net = re.findall(r"^OUTAGE net_ns=(\d+) errors=0", machine.text("front"), re.M)
    if len(rows) != ROUNDS or len(net) != ROUNDS:
        raise Failure(f"requests failed, or rounds are missing: {rows}, {net}")
    return [(int(ns) / 1e6, int(memory) / 1e6) for ns, memory in rows], [int(ns) / 1e6 for ns in net]


def figure(out, builder):
    """Prints the figure. Returns its row for bench.json."""
    rows, net = measure(out, builder)
    rows.sort()
    value, memory = (round(statistics.median(column), 2) for column in zip(*rows))
    print(f"figure {NAME} {value} {UNIT} goal {GOAL} peer none 0 ({len(rows)} kills, {rows[0][0]:.2f} to {rows[-1][0]:.2f}; "
          f"{memory} of it until the new life runs; the network {statistics.median(net):.2f}, {min(net):.2f} to {max(net):.2f})")
    return {"name": NAME, "value": value, "unit": UNIT, "goal": GOAL, "peer": None, "peer_value": None}
