# SPDX-License-Identifier: Apache-2.0
"""`make bench`: builds the appliances that the figures are taken on (one guest on one CPU, but for those of devices), packs them as flash
images, and lets bench.py count. Also prints the memory of the hypervisor, section by section, from its ELF file and plan.
It must not know how instructions are counted.
"""
import argparse
import json
import pathlib
import shlex
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "system"), str(HERE.parent / "run")]

from appliance import Appliance, Builder, Part      # noqa: E402
from machine import Board, Machine, flash_arguments  # noqa: E402
import io_outage                                    # noqa: E402

HANDOFF_MAGIC, HANDOFF_COUNTED, HANDOFF_FLAGS_AT, HANDOFF_INSTRUCTIONS_AT = b"HANDOFF1", 1 << 4, 52, 104  # hyp/abi/handoff.h
HYP_MEMORY_GOAL, HYP_MEMORY_BAO = 192, 248
UART_FUNCTIONS = "data_read,data_write,flags_read,status_read,clear_write,kept_read,kept_write"     # one of them an exit: hyp/arm64/pl011.c


def command(board, out, sub):
    """How QEMU starts the flash image in `sub`: the board, and nothing that bench.py adds itself."""
    arguments = board.arguments()
    at = arguments.index("-display")
    return shlex.join(arguments[:at] + arguments[at + 2:] + flash_arguments(out / "firmware/u-boot.bin", sub / "appliance.img"))


def sections(elf):
    """{section: bytes} of what the hypervisor occupies in memory."""
    text = subprocess.run(["aarch64-linux-gnu-size", "-A", str(elf)], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return {r[0]: int(r[1]) for r in rows if len(r) == 3 and r[0].startswith(".") and int(r[2])}


def memory_figure(elf):
    """The row of hyp_memory, and what it is made of."""
    symbols = subprocess.run(["aarch64-linux-gnu-nm", "-S", "--size-sort", str(elf)], capture_output=True, text=True, check=True).stdout
    rings = sum(int(line.split()[1], 16) for line in symbols.splitlines() if "_ring_output" in line.split()[-1])
    total = sum(sections(elf).values()) - rings
    return -(-total // 1024), -(-rings // 1024)


def boot_stage_figure(out, sub):
    """EL2 instructions of the boot stage, as it tells the hypervisor in the handoff; None if it could not count."""
    handoff = next(int(line.split()[1], 0) for line in (sub / "plan/manifest.in").read_text().splitlines() if line.startswith("handoff "))
    file = (sub / "handoff.memory").resolve()
    boot = flash_arguments(out / "firmware/u-boot.bin", sub / "appliance.img")
    end = time.monotonic() + 120
    with Machine(Board(icount=True), boot, out / "log/bench") as machine:
        while not machine.text("hyp") and time.monotonic() < end:
            with machine.changed:
                machine.changed.wait(1)
        machine.monitor.command("pmemsave", val=handoff, size=512, filename=str(file))
    data = file.read_bytes()
    flags, = struct.unpack_from("<I", data, HANDOFF_FLAGS_AT)
    value, = struct.unpack_from("<Q", data, HANDOFF_INSTRUCTIONS_AT)
    return value if data.startswith(HANDOFF_MAGIC) and flags & HANDOFF_COUNTED else None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--kernel-6.12", dest="kernel", type=pathlib.Path, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--json", type=pathlib.Path, required=True)
    parser.add_argument("--profile", help="a figure, to show which functions its instructions are in")
    args = parser.parse_args()
    builder = Builder(args.out, {"6.12": args.kernel}, args.key)
    guest = Appliance("bench", [Part("bench", str(args.out / "guests/bench.elf"), 16, (0, ), "spi=34")])
    linux = Appliance("bench-linux", [Part("linux", "6.12", 256, (0, ), "console=ttyAMA0")])
    board = Board()
    devices = Appliance("bench-device", [Part("front", str(args.out / "guests/benchdev.elf"), 16, (0, )),
                                         Part("back", str(args.out / "guests/devback.elf"), 16, (1, ), options={"IO": True})],
                        options={"NET_PORTS": 1, "NET1_NAME": "lan", "NET1_PART1": True})
    irqs = Appliance("bench-irqs", [Part("bench", str(args.out / "guests/bench.elf"), 16, (0, ), "spi=34 all=64")],
                     devices={f"MANY{n}": "bench" for n in range(4)}, options={"BOARD_QEMU_VIRT": False, "BOARD_BENCH_IRQS": True},
                     make=(f"EXT={HERE}", ))
    subs = []
    for appliance in (guest, linux, devices, irqs):
        subs.append(builder.build(appliance))
        builder.pack(subs[-1])
    done = subprocess.run([sys.executable, str(HERE / "bench.py"), "--hyp", str(subs[0] / "hyp/hyp.elf"),
                           "--guest", str(args.out / "guests/bench.elf"), "--command", command(board, args.out, subs[0]),
                           "--linux-command", command(board, args.out, subs[1]), "--linux-hyp", str(subs[1] / "hyp/hyp.elf"),
                           "--irqs-command", command(board, args.out, subs[3]), "--irqs-hyp", str(subs[3] / "hyp/hyp.elf"),
                           "--device-command", command(board, args.out, subs[2]), "--device-hyp", str(subs[2] / "hyp/hyp.elf"),
                           "--device-guest", str(args.out / "guests/benchdev.elf"),
                           "--uart-functions", UART_FUNCTIONS, "--json", str(args.json), "--folder", str(args.json.parent),
                           *(["--profile", args.profile] if args.profile else [])],
                          check=False)
    if done.returncode:
        return done.returncode
    memory, rings = memory_figure(subs[0] / "hyp/hyp.elf")
    print(f"figure hyp_memory {memory} KiB goal {HYP_MEMORY_GOAL} peer Bao {HYP_MEMORY_BAO}")
    print(f"figure console_rings {rings} KiB goal 0 peer none 0")
    boot_stage = boot_stage_figure(args.out, subs[0])
    if boot_stage is None:
        print("bench: the boot stage did not count its instructions", file=sys.stderr)
        return 1
    print(f"figure boot_stage_instructions {boot_stage} instructions goal 0 peer none 0")
    rows = json.loads(args.json.read_text())
    rows.append(io_outage.figure(args.out, builder))
    rows.append({"name": "boot_stage_instructions", "value": boot_stage, "unit": "instructions", "goal": 0, "peer": "none", "peer_value": 0})
    rows.append({"name": "hyp_memory", "value": memory, "unit": "KiB", "goal": HYP_MEMORY_GOAL, "peer": "Bao", "peer_value": HYP_MEMORY_BAO})
    args.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
