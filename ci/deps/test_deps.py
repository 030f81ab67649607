# SPDX-License-Identifier: Apache-2.0
"""deps/dep, deps/cache and deps/install-tools as a user meets them: the mirror is a folder, apt-get a script that names it.

Nothing here needs the network, and nothing is installed."""
import hashlib
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import textwrap

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


def cache_tests(tap, world):
    """One place decides where the cache is; make and the programs beside it ask there."""
    home = world.root / "home"
    home.mkdir()
    cases = [({}, "/var/tmp/bulkhead-cache"), ({"HOME": ""}, "/var/tmp/bulkhead-cache"), ({"HOME": "/nonexistent"}, "/var/tmp/bulkhead-cache"),
             ({"HOME": str(home)}, f"{home}/.cache/bulkhead"), ({"HOME": str(home), "BULKHEAD_CACHE": "/srv/c"}, "/srv/c"),
             ({"BULKHEAD_CACHE": ""}, "/var/tmp/bulkhead-cache")]
    asks = {"deps/cache": ["deps/cache"],
            "make": ["make", "-s", "--eval", "where: ; @echo $(CACHE)", "where", "NO_PLAN=1", "NEEDS_TOOLS="],
            "ci/run/machine.py": [sys.executable, "-c", "import sys; sys.path.insert(0, 'ci/run'); import machine; print(machine.cache())"]}
    for who, command in asks.items():
        found = []
        for env, wanted in cases:
            done = subprocess.run(command, cwd=TREE, env={"PATH": "/usr/bin:/bin", **env}, capture_output=True, text=True, check=False)
            found += [] if done.stdout == wanted + "\n" else [f"{env}: {done.stdout}{done.stderr}"]
        tap.result(f"{who} finds the cache, with HOME and without", found)


class Archive:
    """Packages of a folder, and an apt that lists them: a program, a library that it needs, the loader, and one that nobody needs."""

    def __init__(self, world):
        self.world, self.records = world, []
        loader = self.elf("ld-linux-aarch64.so.1")
        one = self.elf("libone.so.1", loader)
        program = self.elf("fio", one)
        self.package("libc6", "2.36-9", "libs", {"lib/aarch64-linux-gnu": loader})
        self.package("libone1", "1.0-1", "libs", {"usr/lib/aarch64-linux-gnu": one})
        self.package("libspare1", "1.0-1", "libs", {"usr/lib/aarch64-linux-gnu": self.elf("libspare.so.1")})
        self.package("fio", "2.9-1", "utils", {"usr/bin": program}, "bookworm")
        self.package("fio", "3.33-3", "utils", {"usr/bin": program}, "trixie")
        script(world.bin / "apt-get", textwrap.dedent(f"""\
            case "$*" in
            indextargets*) echo "main stable file:{world.root}/mirror/" ;;
            *install*) printf 'Inst %s\\n' fio libc6 libone1 libspare1 ;;
            esac
            """))
        script(world.bin / "apt-cache", textwrap.dedent(f"""\
            suite=$(sed -n '1s/.* \\([a-z]*\\) main/\\1/p' "$CACHE/apt/sources.list")
            while [ "$1" != show ]; do shift; done
            shift
            for name; do cat {world.root}/records/$suite/$name {world.root}/records/$name 2>/dev/null; done
            exit 0
            """))

    def elf(self, name, *needs):
        path = self.world.root / "elf" / name
        path.parent.mkdir(exist_ok=True)
        subprocess.run(["aarch64-linux-gnu-gcc", "-nostdlib", "-shared", f"-Wl,-soname,{name}", "-Wl,--no-as-needed", "-o", path, "-x", "c", "/dev/null",
                        "-x", "none", *needs], check=True)
        return path

    def package(self, name, version, section, files, suite=""):
        root, deb = self.world.root / f"deb/{name}-{version}", self.world.pool / f"{name}_{version}_arm64.deb"
        (root / "DEBIAN").mkdir(parents=True)
        (root / "DEBIAN/control").write_text(f"Package: {name}\nVersion: {version}\nArchitecture: arm64\nMaintainer: x <x@example>\nDescription: x\n")
        for folder, file in files.items():
            (root / folder).mkdir(parents=True)
            (root / folder / file.name).write_bytes(file.read_bytes())
        subprocess.run(["dpkg-deb", "--build", "--root-owner-group", root, deb], check=True, capture_output=True)
        record = self.world.root / "records" / suite / name
        record.parent.mkdir(parents=True, exist_ok=True)
        sum_ = hashlib.sha256(deb.read_bytes()).hexdigest()
        record.write_text(f"Package: {name}\nVersion: {version}\nSection: {section}\nFilename: pool/{deb.name}\nSHA256: {sum_}\n\n")


def series_tests(tap, world):
    archive = Archive(world)
    tree = world.cache / "series/tools-disk"
    done = world.dep("series", "tools-disk", str(tree))
    files = sorted(str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file())
    wanted = ["PACKAGE", "bin/fio", "lib/aarch64-linux-gnu/libone.so.1", "lib/ld-linux-aarch64.so.1"]
    found = expect(done, 0, "PACKAGE") + ([] if files == wanted else [str(files)])
    tap.result("programs of a series come with the libraries that they need, and with no other", found)
    lines = [line.split() for line in (tree / "PACKAGE").read_text().splitlines()] if tree.exists() else []
    right = [line[0] for line in lines] == ["fio", "libc6", "libone1", "libspare1"] and all(len(line[2]) == 64 for line in lines)
    tap.result("every package of a series is named with version and SHA-256, for the bill of materials", [] if right else [str(lines)])
    tap.result("a version outside of the series is passed over for the next suite", [] if lines and lines[0][1] == "3.33-3" else [str(lines)])

    lost = world.root / "records/libone1"
    text = lost.read_text()
    lost.unlink()
    script(world.bin / "apt-get", (world.bin / "apt-get").read_text().split("\n", 1)[1].replace(" libone1", ""))
    tree = world.cache / "series/again"
    done = world.dep("series", "tools-disk", str(tree))
    tap.result("a library that is in no package is one error that names it",
               expect(done, 1, "fio needs libone.so.1, which is in none of its packages") + (["the tree is there"] if tree.exists() else []))
    lost.write_text(text)

    next(world.pool.glob("fio_3*")).write_bytes(b"not it")
    for file in (world.cache / "files").glob("*fio*"):
        file.unlink()
    done = world.dep("series", "tools-disk", str(tree))
    tap.result("a package that is not what its record says is refused", expect(done, 1, "fio 3.33-3", "SHA-256") + (["it is there"] if tree.exists() else []))

    archive.package("fio", "4.0-1", "utils", {"usr/bin": world.root / "elf/fio"}, "trixie")
    done = world.dep("series", "tools-disk", str(tree))
    tap.result("a series that no suite has is one error that names it", expect(done, 1, "no package of the series tools-disk (fio 3.*)", "bookworm,trixie"))


def pin_tests(tap):
    rows = [line.split() for line in (TREE / "deps/pins").read_text().splitlines() if not line.startswith("#")]
    bad = [" ".join(r) for r in rows if len(r) != 4 or len(r[2]) != 64 or not r[3].startswith("pool/main/")]
    tap.result(f"every pin has name, version, SHA-256 and pool path ({len(rows)})", bad or ([] if rows else ["no pin"]))


def main():
    os.umask(0o22)
    tap = Tap()
    for tests in (fetch_tests, key_tests, tool_tests, cache_tests, series_tests):
        with tempfile.TemporaryDirectory() as root:
            tests(tap, World(root))
    pin_tests(tap)
    tap.done()


if __name__ == "__main__":
    main()
