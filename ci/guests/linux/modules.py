# SPDX-License-Identifier: Apache-2.0
"""Takes kernel modules, and what they depend on, out of a kernel's package, in the order in which insmod wants them.

Usage: modules.py FOLDER OUT NAME ...    each module becomes OUT/NN-name.ko
It must not know what a module is for.
"""
import lzma
import pathlib
import re
import sys


def find(folder):
    """Name with underscores -> file."""
    return {re.sub(r"\.ko(\.xz)?$", "", p.name).replace("-", "_"): p for p in sorted(folder.rglob("*.ko*"))}


def read(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def depends(data):
    """Names in the module's own list."""
    match = re.search(rb"\0depends=([^\0]*)\0", data)
    return [name.replace("-", "_") for name in match[1].decode().split(",") if name] if match else []


def order(files, names):
    """(name, bytes) of all that is needed, each behind what it needs."""
    done = {}

    def add(name):
        if name in done:
            return
        if name not in files:
            sys.exit(f"no module {name} in this kernel's package")
        data = read(files[name])
        for other in depends(data):
            add(other)
        done[name] = data
    for name in names:
        add(name)
    return list(done.items())


def main():
    folder, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for path in out.glob("*.ko"):
        path.unlink()
    for number, (name, data) in enumerate(order(find(folder), sys.argv[3:])):
        (out / f"{number:02}-{name}.ko").write_bytes(data)


if __name__ == "__main__":
    main()
