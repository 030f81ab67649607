# SPDX-License-Identifier: Apache-2.0
"""deps/dep and deps/install-tools as a user meets them: the mirror is a folder, apt-get a script that names it.

Nothing here needs the network, and nothing is installed."""
import hashlib
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve()
TREE = HERE.parents[2]
sys.path.insert(0, str(TREE / "ci/check"))
from tap import Tap  # noqa: E402


def script(path, body):
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)


class World:
    """A mirror with one tarball, a pins file that names it, and an empty cache."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.cache = self.root / "cache"
        self.bin = self.root / "bin"
        self.pool = self.root / "mirror/pool"
        for folder in (self.bin, self.pool, self.root / "src/pkg-1"):
            folder.mkdir(parents=True)
        (self.root / "src/pkg-1/hello").write_text("hello\n")
        self.tarball = self.pool / "mbedtls_1.orig.tar.gz"
        with tarfile.open(self.tarball, "w:gz") as tar:
            tar.add(self.root / "src/pkg-1", "pkg-1")
        self.sum = hashlib.sha256(self.tarball.read_bytes()).hexdigest()
        script(self.bin / "apt-get", f'echo "main stable file:{self.root}/mirror/"\n')
        self.pins(f"mbedtls 1 {self.sum} pool/{self.tarball.name}")

    def pins(self, text):
        (self.root / "pins").write_text(text + "\n")

    def dep(self, *words, **env):
        env = {"PATH": f"{self.bin}:/usr/bin:/bin", "CACHE": str(self.cache), "DEP_PINS": str(self.root / "pins"), **env}
        return subprocess.run([TREE / "deps/dep", *words], env=env, capture_output=True, text=True, check=False)


def expect(done, status, *texts):
    """Findings if the program ended otherwise, or did not say each text."""
    said = done.stdout + done.stderr
    found = [] if (done.returncode == 0) == (status == 0) else [f"exit status {done.returncode}"]
    found += [f"did not say: {t}" for t in texts if t not in said]
    return found + (said.splitlines() if found else [])


def fetch_tests(tap, world):
    tree = world.cache / "trees/x"
    done = world.dep("tree", "mbedtls", str(tree))
    there = (tree / "hello").is_file()
    tap.result("a pinned tree is fetched, checked and unpacked", expect(done, 0, "FETCH") + ([] if there else ["no tree"]))

    world.tarball.rename(world.root / "aside")
    done = world.dep("tree", "mbedtls", str(world.cache / "trees/y"))
    tap.result("what is in the cache is not fetched again", expect(done, 0) + (["fetched"] if "FETCH" in done.stderr else []))

    cached = next((world.cache / "files").iterdir())
    cached.write_bytes(b"not it")
    done = world.dep("tree", "mbedtls", str(world.cache / "trees/z"))
    tap.result("a pin that is gone is one error that names it", expect(done, 1, "'mbedtls' 1 is gone from the mirror", "make deps-update"))
    tap.result("a tree that failed is absent", ["it is there"] if (world.cache / "trees/z").exists() else [])

    (world.root / "aside").rename(world.tarball)
    done = world.dep("tree", "mbedtls", str(world.cache / "trees/z"))
    tap.result("a damaged file in the cache is fetched again", expect(done, 0, "FETCH"))

    world.pins(f"mbedtls 1 {'0' * 64} pool/{world.tarball.name}")
    done = world.dep("tree", "mbedtls", str(world.cache / "trees/w"))
    tap.result("another SHA-256 is refused", expect(done, 1, "SHA-256") + (["unpacked"] if (world.cache / "trees/w").exists() else []))

    script(world.bin / "apt-get", "exit 0\n")
    done = world.dep("fetch", "mbedtls")
    tap.result("a machine without an archive in its apt configuration is told so", expect(done, 1, "names no archive"))
    left = list((world.cache / "tmp").glob("??????"))
    tap.result("no scratch directory is left", [str(p) for p in left])


def key_tests(tap, world):
    first = world.dep("keys").stdout
    again = world.dep("keys").stdout
    world.pins(f"mbedtls 2 {world.sum} pool/other")
    other = world.dep("keys").stdout
    line = [s for s in first.splitlines() if "mbedtls" in s]
    tap.result("the key of a tree is stable", [] if first == again and line else [first, again])
    tap.result("the key of a tree changes with its pin", [first] if line[0] in other else [])


def tool_tests(tap, world):
    tools = world.root / "tools"
    tools.write_text("# x\nsh /bin/sh a shell\nlostpackage /nowhere/lost to show it\n")
    install = [TREE / "deps/install-tools"]
    env = {"PATH": f"{world.bin}:/usr/bin:/bin", "TOOLS_LIST": str(tools)}

    done = subprocess.run(install + ["--missing"], env=env, capture_output=True, text=True, check=False)
    tap.result("only what is missing is listed", [] if done.stdout == "lostpackage\n" else [done.stdout])

    script(world.bin / "id", "echo 1000\n")
    script(world.bin / "sudo", "exit 1\n")
    done = subprocess.run(install, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    found = expect(done, 1, "error: ", "apt-get install lostpackage")
    found += ["more than one line"] if done.stderr.count("\n") != 1 else []
    tap.result("without root and sudo one error lists what to install", found)

    script(world.bin / "id", "echo 0\n")
    script(world.bin / "apt-get", f'echo "$@" >> {world.root}/calls\n')
    done = subprocess.run(install, env=env, capture_output=True, text=True, check=False)
    calls = (world.root / "calls").read_text()
    found = expect(done, 0, "lostpackage: to show it") + ([] if "install --no-install-recommends lostpackage" in calls else [calls])
    tap.result("root installs it after one line that says what and why", found)

    script(world.bin / "id", "echo 1000\n")
    script(world.bin / "sudo", '[ "$1" = -n ] && shift; "$@"\n')
    (world.root / "calls").unlink()
    done = subprocess.run(install, env=env, capture_output=True, text=True, check=False)
    tap.result("another user goes through sudo", expect(done, 0, "through sudo") + ([] if (world.root / "calls").exists() else ["not called"]))


def pin_tests(tap):
    rows = [line.split() for line in (TREE / "deps/pins").read_text().splitlines() if not line.startswith("#")]
    bad = [" ".join(r) for r in rows if len(r) != 4 or len(r[2]) != 64 or not r[3].startswith("pool/main/")]
    tap.result(f"every pin has name, version, SHA-256 and pool path ({len(rows)})", bad or ([] if rows else ["no pin"]))


def main():
    os.umask(0o22)
    tap = Tap()
    for tests in (fetch_tests, key_tests, tool_tests):
        with tempfile.TemporaryDirectory() as root:
            tests(tap, World(root))
    pin_tests(tap)
    tap.done()


if __name__ == "__main__":
    main()
