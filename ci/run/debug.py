# SPDX-License-Identifier: Apache-2.0
"""`make debug PART=name`: the appliance in QEMU, stopped before its first instruction, and gdb on that partition's symbols
(PART=hyp: the hypervisor's). Consoles go to $(O)/log. It must not know how an appliance is built.

QEMU's stub shows the board's CPUs as threads, and addresses as the CPU's present regime translates them; so a hardware
breakpoint at a guest's function stops in the guest, once it runs there.
"""
import argparse
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from machine import Board, Machine, MachineError            # noqa: E402
import plugged                                              # noqa: E402
from plan_map import PlanMap                                # noqa: E402
from run import boot_arguments                              # noqa: E402


def symbols_of(plan, out, name):
    """The file with the symbols of partition `name`; complains in the user's words."""
    if name == "hyp":
        return str(out / "hyp/hyp.elf")
    named = {p.name: p for p in plan.partitions}
    if name not in named:
        raise MachineError(f"PART={name}: there is no such partition; there are: {', '.join(named)}, and hyp")
    if not named[name].symbols:
        raise MachineError(f"PART={name}: its image has no symbols; build it as an ELF file, or give gdb its file by FILE=")
    return named[name].symbols


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--part", required=True)
    parser.add_argument("--file", default="")
    parser.add_argument("--gdb", default="gdb-multiarch")
    parser.add_argument("--direct", action="store_true", help="without firmware")
    parser.add_argument("words", nargs="*", help="more arguments for gdb")
    args = parser.parse_args()
    plan = PlanMap(args.out / "plan/map.txt")
    try:
        symbols = args.file or symbols_of(plan, args.out, args.part)
        logs = args.out / "log"
        socket = f"{logs.resolve()}/gdb"
        board = Board(**plan.board(), extra=("-gdb", f"unix:{socket},server=on,wait=off",
                                               *plugged.arguments(plan, args.out)))
        with Machine(board, boot_arguments(args), logs, stopped=True):
            print(f"QEMU is stopped before its first instruction; consoles go to {logs}. Try: hbreak main, continue", flush=True)
            return subprocess.run([args.gdb, "-q", "-ex", "set pagination off", "-ex", "set confirm off", "-ex", f"file {symbols}",
                                   "-ex", f"target remote {socket}", *args.words], check=False).returncode
    except MachineError as error:
        print(f"make debug: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
