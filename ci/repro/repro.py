# SPDX-License-Identifier: Apache-2.0
"""Two builds of one tree give the same bits: in another directory, time zone, umask and number of jobs.

`cheap` builds one clean copy and compares it with the outputs that are there already, without U-Boot. `full` builds two
clean copies up to the flash image. Same keys, same third-party trees. It must not know how anything is built.
"""
import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "check"))
sys.path.insert(0, str(HERE.parent / "mutants"))
from run import tracked  # noqa: E402
from tap import Tap  # noqa: E402

# What a user flashes, keeps or debugs with; not objects and host tools.
PRODUCTS = ("hyp/hyp.elf", "hyp/hyp.bin", "partitions/*.elf", "guests/*.elf", "guests/initramfs.cpio",
            "plan/*", "firmware/boot.efi", "firmware/slot.bin", "firmware/record.bin")
FULL_PRODUCTS = PRODUCTS + ("firmware/boot.fit", "firmware/u-boot.bin", "appliance.img", "appliance.spdx.json")
SECONDS = 1800

# Everything about a build that must not matter.
WAYS = {
    "a": {"folder": "a", "env": {"TZ": "UTC", "LC_ALL": "C"}, "umask": 0o022, "jobs": 2},
    "b": {"folder": "another-directory/of-another-length/b", "env": {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"},
          "umask": 0o077, "jobs": 1},
}


def products(out, patterns):
    return sorted(str(p.relative_to(out)) for pattern in patterns for p in out.glob(pattern) if p.is_file())


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def first_difference(one, other):
    """Where two files differ, for people."""
    a, b = one.read_bytes(), other.read_bytes()
    if len(a) != len(b):
        return f"{len(a)} and {len(b)} bytes"
    at = next(i for i, (x, y) in enumerate(zip(a, b)) if x != y)
    return f"from byte {at:#x}: {a[at:at + 16]!r} and {b[at:at + 16]!r}"


def compare(one, other, patterns):
    """(findings, number of files compared)."""
    names, others = products(one, patterns), products(other, patterns)
    found = [f"only one build made {n}" for n in sorted(set(names) ^ set(others))]
    both = [n for n in names if n in others]
    found += [f"{n} differs: {first_difference(one / n, other / n)}" for n in both if digest(one / n) != digest(other / n)]
    return found, len(both)


def build(tree, where, way, config, targets):
    """A clean copy of `tree` below `where`, built in its own way; returns (output directory, findings)."""
    copy = where / way["folder"]
    for name in tracked(tree):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree / name, copy / name)
    (copy / "build").mkdir()
    if config.is_file():
        shutil.copyfile(config, copy / "build/.config")
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    done = subprocess.run(["make", f"-j{way['jobs']}", *[f"build/{t}" for t in targets]], cwd=copy, env={**env, **way["env"]},
                          umask=way["umask"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False)
    said = (done.stdout + done.stderr).splitlines()
    return copy / "build", [f"make failed in {way['folder']}"] + said[-10:] if done.returncode else []


def selftest():
    with tempfile.TemporaryDirectory() as folder:
        one, other = pathlib.Path(folder) / "one", pathlib.Path(folder) / "other"
        for out, text in ((one, "x"), (other, "y")):
            (out / "hyp").mkdir(parents=True)
            (out / "hyp/hyp.elf").write_text(text)
        (one / "hyp/hyp.bin").write_text("")
        found, _ = compare(one, other, PRODUCTS)
        good, count = compare(one, one, PRODUCTS)
    return [] if len(found) == 2 and not good and count == 2 else [f"{found} {good} {count}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", default=".")
    parser.add_argument("--out", default="build")
    parser.add_argument("mode", choices=("cheap", "full"))
    parser.add_argument("targets", nargs="+", help="what to build, below the output directory")
    args = parser.parse_args()
    tree, out = pathlib.Path(args.tree).resolve(), pathlib.Path(args.out).resolve()
    patterns = FULL_PRODUCTS if args.mode == "full" else PRODUCTS
    tap = Tap()
    tap.result("self-test: a difference is found", selftest())
    (out / "repro").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out / "repro") as folder:
        where = pathlib.Path(folder)
        one, failed = (out, []) if args.mode == "cheap" else build(tree, where, WAYS["a"], out / ".config", args.targets)
        other, failed_other = build(tree, where, WAYS["b"], out / ".config", args.targets)
        found, count = (failed + failed_other, 0) if failed + failed_other else compare(one, other, patterns)
    tap.result(f"another directory, time zone, umask and -j give the same bits ({count} files)",
               found or ([] if count else ["nothing was compared"]))
    tap.done()


if __name__ == "__main__":
    main()
