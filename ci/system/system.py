# SPDX-License-Identifier: Apache-2.0
"""Runs one suite of system tests. Prints TAP."""
import argparse
import importlib
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import harness                                  # noqa: E402
from appliance import Builder                   # noqa: E402
from session import Context                     # noqa: E402

SUITES = ("linux", "keys", "hostile", "restart", "slots", "policy", "vgic", "assertion", "device", "calls", "smmu", "iopart", "durable", "disks", "switch",
          "outage", "channel", "passthrough", "serial", "pool", "messages")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--kernel-6.1", dest="kernel_6_1", type=pathlib.Path, required=True)
    parser.add_argument("--kernel-6.12", dest="kernel_6_12", type=pathlib.Path, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--full", action="store_true", help="every combination, and the long ones")
    parser.add_argument("--only", default="", help="only appliances whose name holds this")
    parser.add_argument("--direct", action="store_true", help="without firmware")
    args = parser.parse_args()
    kernels = {"6.1": args.kernel_6_1, "6.12": args.kernel_6_12}
    releases = {name: (folder / "RELEASE").read_text().strip() for name, folder in kernels.items()}
    tap = harness.Tap()
    context = Context(args.out, tap, Builder(args.out, kernels, args.key), releases, args.direct, args.only)
    run = importlib.import_module(args.suite).run
    if args.full:
        run(context, full=True)     # only those have more to show whose run() takes it: system.mk looks for it
    else:
        run(context)
    tap.done()


if __name__ == "__main__":
    main()
