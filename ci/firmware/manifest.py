# SPDX-License-Identifier: Apache-2.0
"""Writes the manifest.in of the firmware tests' image, and its one component beside the payload.

    manifest.py OUT.IN PAYLOAD.BIN [key=value ...]      keys: gic, cpus, ram (bytes), compatible, version, handoff, extra

It must not know the binary manifest.
"""
import hashlib
import pathlib
import sys

COMPONENT_SIZE = 3 * 1024 * 1024 + 5


def pattern():
    """What ci/firmware/payload.c looks for: byte i is i * 7 + (i >> 8)."""
    return bytes((i * 7 + (i >> 8)) & 255 for i in range(65536)) * (COMPONENT_SIZE // 65536 + 1)


def text(payload, data, gic=3, cpus=4, ram=0x80000000, version="1.0", compatible="linux,dummy-virt", extra=""):
    second = 0x080a0000 if int(gic) == 3 else 0x08010000
    plan = hashlib.sha256(b"the plan of the firmware tests").hexdigest()
    lines = ["format 1", f"plan-id {plan}", "name firmware-test", f"version {version}", "security-version 7", "arch arm64",
             "board qemu-virt", f"compatible {compatible}", f"ram 0x40000000 {int(ram):#x}", *[f"cpu {n}" for n in range(int(cpus))],
             f"gic {gic} 0x08000000 {second:#x}",
             "range hypervisor 0x50000000 0x200000", "range store 0x50200000 0x1000000", "range guest 0x60000000 0x20000000",
             f"component payload hypervisor {payload}", f"component data data {data}",
             "clear 0x60000000 0x20000000", "load payload 0 0x50000000 * 0x100000",
             f"load data 0 0x50200000 * {COMPONENT_SIZE + 4096}", "load data 0 0x60200000 * 0",
             "entry 0x50000000", "handoff 0x501ff000", *extra.split(";")]
    return "\n".join(lines) + "\n"


def main():
    out, payload = map(pathlib.Path, sys.argv[1:3])
    data = out.with_suffix(".data")
    data.write_bytes(pattern()[:COMPONENT_SIZE])
    out.write_text(text(payload, data, **dict(word.split("=", 1) for word in sys.argv[3:])))


if __name__ == "__main__":
    main()
