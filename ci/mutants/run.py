# SPDX-License-Identifier: Apache-2.0
"""Breaks the code on purpose, one patch at a time, and demands that the tests notice.

Works on copies of the tree. For each patch: apply, build (a patch that does not build proves nothing and fails), run the
suites that it names, demand that one of them fails, take the patch back. Each suite first passes on the copy unchanged.
Patches judged on the host are worked off by one copy a CPU, from both ends of a list that is sorted by suite and by file:
so little is built twice. Those that boot a system come after them, one at a time. It must not know what a patch breaks.
"""
import argparse
import collections
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "check"))
from tap import Tap  # noqa: E402

FIELD = re.compile(r"^(Breaks|Judge|Kind): *(.+)$")
BUILD_SECONDS = 900


class Mutant:
    """One patch file: what it breaks, who must notice, and whether that needs a booted system."""

    def __init__(self, path):
        self.path, self.name = path, path.stem
        fields = {}
        for line in path.read_text().splitlines():
            if line.startswith(("---", "diff ")):
                break
            if match := FIELD.match(line):
                fields[match[1]] = match[2].strip()
        self.breaks = fields.get("Breaks", "")
        self.judges = fields.get("Judge", "").split()
        self.kind = fields.get("Kind", "")
        self.files = re.findall(r"^\+\+\+ b/(\S+)", path.read_text(), re.M)

    def complaints(self):
        found = [] if self.breaks else ["no line 'Breaks: '"]
        found += [] if self.judges else ["no line 'Judge: '"]
        return found + ([] if self.kind in ("host", "system") else ["no line 'Kind: host' or 'Kind: system'"])


def tracked(tree):
    """What git knows or would add; without git, everything but outputs."""
    done = subprocess.run(["git", "-C", tree, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return [p for p in done.stdout.splitlines() if (tree / p).is_file()]
    return [str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file() and "build" not in p.relative_to(tree).parts[:1]]


class Copy:
    """The copy that is broken and mended; unchanged files keep their time, so that little is built again."""

    def __init__(self, tree, where, config, jobs, words=()):
        self.where, self.kept = where, {}
        self.words = [f"-j{jobs}", "O=build", *words]
        where.mkdir(parents=True, exist_ok=True)
        wanted = set(tracked(tree))
        for path in wanted:
            source, target = tree / path, where / path
            if not target.is_file() or source.read_bytes() != target.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        for path in where.rglob("*"):
            name = str(path.relative_to(where))
            if path.is_file() and not name.startswith("build/") and name not in wanted:
                path.unlink()
        if config.is_file():
            (where / "build").mkdir(exist_ok=True)
            shutil.copy(config, where / "build/.config")

    def patch(self, mutant, *more):
        self.kept = {path: (self.where / path).read_bytes() for path in mutant.files if (self.where / path).is_file()}
        return subprocess.run(["patch", "-s", "-p1", "-N", "--no-backup-if-mismatch", "-r", "-", "-i", mutant.path, *more],
                              cwd=self.where, capture_output=True, text=True, check=False)

    def mend(self):
        """Undoes a patch by writing back what it touched; the new time makes make build it again."""
        for path, content in self.kept.items():
            (self.where / path).write_bytes(content)

    def make(self, seconds, *words, **more):
        """(status, output); status is None if it had to be stopped. `more` goes into the environment."""
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")} | more
        command = ["make", "--no-print-directory", *self.words, *words]
        with subprocess.Popen(command, cwd=self.where, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True) as process:
            try:
                text = process.communicate(timeout=seconds)[0]
                return process.returncode, text
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
                return None, ""


def first_failure(text):
    match = re.search(r"^\s*not ok \d+ - (.*)$", text, re.M)
    return match[1] if match else "the suite died"


class Judge:
    """Runs suites in the copy; knows how long each takes when nothing is broken."""

    def __init__(self, copy, patience):
        self.copy, self.patience, self.seconds = copy, patience, {}

    def sound(self, suite):
        """Findings if the suite does not pass on the unchanged copy."""
        if suite in self.seconds:
            return []
        status, text = self.copy.make(BUILD_SECONDS, f"suite-deps-{suite}")
        if status:
            return [f"suite {suite} does not build unchanged"] + text.splitlines()[-5:]
        start = time.monotonic()
        status, text = self.copy.make(BUILD_SECONDS, f"SUITES={suite}", "check")
        if status != 0:
            return [f"suite {suite} fails unchanged"] + text.splitlines()[-8:]
        self.seconds[suite] = time.monotonic() - start
        return []

    def noticed(self, suite):
        """(who noticed, findings)."""
        status, text = self.copy.make(BUILD_SECONDS, f"suite-deps-{suite}")
        if status != 0:
            return "", ["does not build, so it proves nothing"] + text.splitlines()[-8:]
        status, text = self.copy.make(self.patience + 3 * self.seconds[suite], f"SUITES={suite}", "check", STOP_AT_FAILURE="1")
        if status == 0:
            return "", []
        return f"{suite}: {first_failure(text) if status else 'it hangs'}", []


def judge_mutant(copy, judge, mutant):
    """(who noticed, findings) of one patch."""
    found = mutant.complaints()
    for suite in mutant.judges:
        found += found or judge.sound(suite)
    if found:
        return "", found
    done = copy.patch(mutant)
    if done.returncode:
        copy.mend()
        return "", ["does not apply"] + done.stdout.splitlines()
    try:
        for suite in mutant.judges:
            who, found = judge.noticed(suite)
            if who or found:
                return who, found
    finally:
        copy.mend()
    return "", [f"SURVIVED: {', '.join(mutant.judges)} did not notice"]


def work(judge, turns, report):
    """Judges what `turns` gives until it gives no more."""
    for mutant in iter(turns, None):
        report(mutant, *judge_mutant(judge.copy, judge, mutant))


def judge_all(mutants, copies, patience, report):
    """Two copies begin at the two ends of the list."""
    left = collections.deque(sorted(mutants, key=lambda m: (m.judges, m.files, m.name)))
    ends = [left.popleft, left.pop]
    threads = []
    for number, copy in enumerate(copies):
        def turn(take=ends[number % 2]):
            try:
                return take()
            except IndexError:
                return None
        threads.append(threading.Thread(target=work, args=(Judge(copy, patience), turn, report)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", default=".")
    parser.add_argument("--out", default="build")
    parser.add_argument("--kind", choices=("host", "system", "all"), default="all")
    parser.add_argument("--least", type=int, default=1, help="fail if there are fewer patches, of any kind")
    parser.add_argument("--patience", type=int, default=8, help="seconds above the suite's usual time until it hangs")
    parser.add_argument("only", nargs="*", help="names of patches")
    args = parser.parse_args()
    tree, out = pathlib.Path(args.tree).resolve(), pathlib.Path(args.out).resolve()
    everyone = [Mutant(p) for p in sorted((tree / "ci/mutants").glob("*.patch"))]
    chosen = [m for m in everyone if (args.kind in ("all", m.kind) or m.complaints()) and (not args.only or m.name in args.only)]
    tap, lock = Tap(), threading.Lock()

    def report(mutant, who, found):
        with lock:
            tap.result(f"{mutant.name}: {mutant.breaks} ({who})", found)

    host = [m for m in chosen if m.kind != "system"]
    cpus = os.cpu_count() or 1
    copies = [Copy(tree, out / f"mutants/host-{n}", out / ".config", 1, ["NO_PLAN=1"]) for n in range(min(cpus, 2, len(host)))]
    judge_all(host, copies, args.patience, report)
    system = [m for m in chosen if m.kind == "system"]
    if system:
        judge_all(system, [Copy(tree, out / "mutants/system", out / ".config", cpus)], args.patience, report)
    unknown = sorted(set(args.only) - {m.name for m in everyone})
    tap.result("every name given is that of a patch", unknown)
    tap.result(f"there are {len(everyone)} patches, {args.least} at least", [] if len(everyone) >= args.least else ["too few"])
    tap.done()


if __name__ == "__main__":
    main()
