# SPDX-License-Identifier: Apache-2.0
"""Golden tests of the planner: pairs of configurations that differ by one line.

pass-*.config must be planned. fail-<identifier>.config names its sibling in its first line, differs from it by one
line, and must be refused with this identifier alone, with the message that stands in the file of the same name with
.expected, and with nothing written. With its check disabled the result must be another one: else the test tests
nothing. --update writes the .expected files anew.
"""
import argparse
import concurrent.futures
import difflib
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "check"))
import files  # noqa: E402
from tap import Tap  # noqa: E402

LINK = re.compile("hypervisor-(grown|roomy)|sizes")


class Planner:
    def __init__(self, args):
        self.program, self.menu_program, self.out = args.planner, args.menu_planner, pathlib.Path(args.out)
        shutil.rmtree(self.out, ignore_errors=True)
        files.make(self.out / "files")
        self.boards = {}
        for dts in sorted(HERE.glob("boards/*/board.dts")):
            dtb = self.out / "boards" / (dts.parent.name + ".dtb")
            dtb.parent.mkdir(exist_ok=True)
            subprocess.run(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", dtb, dts], check=True)
            subprocess.run([self.menu_program, "menu", "--board", f"{dts.parent.name}={dtb}", "--out", dtb.parent], check=True)
            self.boards[dts.parent.name] = dtb

    def resolve(self, configs):
        """The front end's output of all configurations, two processes at a time."""
        env = dict(os.environ, EXT=str(HERE), BOARD_MENUS=str(self.out / "boards"))
        pairs = [[str(c), str(self.resolved(c))] for c in configs]
        runs = [subprocess.Popen([sys.executable, "appliance-config/kconfig.py", "resolve"] + sum(half, []), env=env)
                for half in (pairs[::2], pairs[1::2])]
        return all(r.wait() == 0 for r in [*runs])

    def resolved(self, config):
        return self.out / "resolved" / config.stem

    def run(self, config, *more):
        """(status, identifiers, standard error, files written) of one plan."""
        where = self.out / "plans" / config.stem
        shutil.rmtree(where, ignore_errors=True)
        text = self.resolved(config).read_text()
        board = re.search(r"^=\tBOARD\t(.*)$", text, re.M)[1]
        common = ["--board", f"{board}={self.boards[board]}", "--config", str(self.resolved(config)), "--out", str(where / "plan"),
                  "--ext", str(HERE), f"-DO={self.out / 'files'}", "--programs", "hello io", *more]
        done = subprocess.run([self.program, "plan", *common], capture_output=True, text=True, check=False)
        status, errors = done.returncode, done.stderr
        if LINK.search(config.stem):
            link = self.link(where, common)
            status, errors = status or link.returncode, errors + link.stderr
            shutil.rmtree(where, ignore_errors=True) if link.returncode == 1 else None
        written = [p for p in where.rglob("*") if p.is_file()] if where.exists() else []
        return status, re.findall(r"^error\[([a-z0-9-]+)\]:", errors, re.M), errors, written

    def link(self, where, common):
        """check-link against an ELF file of 1 MiB at the planned address."""
        base = int(re.search(r"HYP_BASE := (\S+)", (where / "plan/plan.mk").read_text())[1], 0)
        elf = bytearray(files.elf(paddr=base, size=1 << 20))
        (where / "hyp.elf").write_bytes(elf)
        return subprocess.run([self.program, "check-link", *common, "--elf", str(where / "hyp.elf")], capture_output=True, text=True, check=False)


def lines_of(config):
    return [l for l in config.read_text().splitlines() if l and not re.match(r"# (?!CONFIG_)", l)]


def one_change(config, sibling):
    """Findings unless the two differ by one line that was added, removed or replaced."""
    changes = [l for l in difflib.ndiff(lines_of(sibling), lines_of(config)) if l[0] in "+-"]
    plus, minus = sum(l[0] == "+" for l in changes), sum(l[0] == "-" for l in changes)
    return [] if (plus, minus) in ((1, 0), (0, 1), (1, 1)) else changes


IO_NODE = re.compile(r"^\t(?:reserved-memory |virtio_mmio@|io@|vswitch |disks |pcie@|channel@).*?^\t};\n|^\t\t(?:its|v2m)@.*?^\t\t};\n", re.M | re.S)
IO_FIELD = re.compile(r"^\t\t\.(?:fronts|front_count|backs|back_count|windows|window_count|channels|channel_count|doorbell_irq|functions|function_count|vits|dma_maps|dma_page_count|its|has_restart|stage2_page_count) .*\n", re.M)
IO_LINE = re.compile(r"^(?:map|irq \d+ \d+ \d+ edge message|emul \d+ (?:its|v2m|pci|fn_\S+)|pool|window|virtio|channel|port|smmu|stream|dma|qemu-\w+|stage1) .*\n", re.M)

PCI_TABLE = re.compile(r"^static (?:const )?struct (?:(?:plan_pci|plan_its|plan_vits|plan_v2m|plan_msix|its|vits|pci_)\w* |plan_map \w+_dma_maps)[^;]*;\n", re.M)
CHANNEL_TABLE = re.compile(r"^static const struct plan_channel .*?^};\n", re.M | re.S)


def between(text, first, last):
    """What stands from `first` up to `last`; nothing if it is not there."""
    start = text.find(first)
    return text[start:text.index(last, start)] if start >= 0 else ""


def emitted(where):
    """What the planner wrote of hybrid I/O, as one text."""
    out = []
    for tree in sorted(where.glob("*.dtb")):
        source = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", tree], capture_output=True, text=True, check=True).stdout
        out.append(f"==== {tree.name}\n" + "".join(IO_NODE.findall(source)))
    plan, report = (where / "plan.c").read_text(), (where / "report.txt").read_text()
    manifest, picture = (where / "manifest.in").read_text(), (where / "map.svg").read_text()
    out.append("==== plan.c\n" + between(plan, "/* ---- pages of devices", "/* ---- alpha") + between(plan, "/* ---- devices between", "\nstatic const struct plan_partition")
               + "".join(CHANNEL_TABLE.findall(plan)) + "".join(IO_FIELD.findall(plan)) + "".join(PCI_TABLE.findall(plan)) + between(plan, "static const struct plan_stream", "static const struct arch_plan arch"))
    out.append("==== map.txt\n" + "".join(IO_LINE.findall((where / "map.txt").read_text())))
    out.append("==== manifest.in\n" + "".join(l + "\n" for l in manifest.splitlines() if re.match(r"range (disk\.|channels)|clear", l)))
    out.append("==== report.txt\n" + between(report, "\nNetwork\n" if "\nNetwork\n" in report else "\nChannels\n", "\nBuild\n") + report[report.index("\nTrust\n"):])
    out.append("==== map.svg\n" + between(picture, '"h">Network' if '"h">Network' in picture else '"h">Channels', '"h">CPUs'))
    return "\n".join(out)


def judge_emitted(config, where, update):
    """Findings unless the planner wrote what stands beside the configuration."""
    expected, text = config.with_suffix(".expected"), emitted(where)
    if update:
        expected.write_text(text)
    if not expected.exists():
        return [f"no {expected.name}: run.py --update writes it"]
    return list(difflib.unified_diff(expected.read_text().splitlines(), text.splitlines(), expected.name, "emitted", lineterm="", n=1))


def judge_pass(planner, config, update):
    status, found, errors, written = planner.run(config)
    names = {p.name for p in written}
    missing = {"plan.c", "plan.mk", "manifest.in", "report.txt", "map.svg", "map.txt"} - names
    if status or found or missing:
        return [f"status {status}, not written: {sorted(missing)}", errors]
    serves = re.search("CONFIG_NET_PORTS=|CONFIG_CHANNELS=|CONFIG_DEV_FN_A_PART1", config.read_text())
    return judge_emitted(config, next(p for p in written if p.name == "plan.c").parent, update) if serves else []


def neutral(planner, text):
    return text.replace(str(planner.out / "files"), "FILES")


def identifier_of(config):
    """fail-<identifier>.config, or fail-<identifier>.<case>.config for another case of the same check."""
    return config.stem[len("fail-"):].split(".")[0]


def judge_fail(planner, config, update):
    identifier = identifier_of(config)
    first = config.read_text().splitlines()[0]
    sibling = HERE / first.removeprefix("# sibling: ")
    if not sibling.is_file():
        return [f"names no sibling: {first}"]
    findings = [f"more than one change: {l}" for l in one_change(config, sibling)]
    status, found, errors, written = planner.run(config)
    if status != 1 or set(found) != {identifier}:
        findings += [f"status {status}, identifiers {found}", *errors.splitlines()]
    findings += [f"written: {p}" for p in written]
    expected = config.with_suffix(".expected")
    if update:
        expected.write_text(neutral(planner, errors))
    if not expected.exists() or expected.read_text() != neutral(planner, errors):
        findings += ["message is not that of " + expected.name, *neutral(planner, errors).splitlines()]
    status, found, errors, _ = planner.run(config, f"--disable-check={identifier}")
    if status == 1 and set(found) == {identifier}:
        findings.append("the check was disabled, and the result is the same")
    if status not in (0, 1):
        findings += [f"with the check disabled the planner ended with {status}", *errors.splitlines()[:20]]
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planner", required=True)
    parser.add_argument("--menu-planner", required=True, help="the planner that makes the menus; a broken one is judged by the rest")
    parser.add_argument("--out", required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--only", default="", help="regular expression: part of the name of the configurations to run")
    parser.add_argument("--skip", help="the same of those to leave out")
    args = parser.parse_args()
    tap = Tap()
    planner = Planner(args)
    chosen = [c for c in sorted(HERE.glob("*.config")) if re.search(args.only, c.stem) and not (args.skip and re.search(args.skip, c.stem))]
    passing = [c for c in chosen if c.stem.startswith("pass-")]
    failing = [c for c in chosen if c.stem.startswith("fail-")]
    tap.result("the front end resolves every configuration", [] if planner.resolve(passing + failing) else ["see above"])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda c: judge_pass(planner, c, args.update), passing))
        results += pool.map(lambda c: judge_fail(planner, c, args.update), failing)
    for config, findings in zip(passing + failing, results):
        tap.result(config.stem, findings)
    if not args.only:
        known = set(subprocess.run([args.planner, "checks"], capture_output=True, text=True, check=True).stdout.split())
        tested = {identifier_of(c) for c in HERE.glob("fail-*.config")}
        tap.result("every check has a test, and every test a check", sorted(known ^ tested))
        page = (HERE.parent.parent / "docs/configuration.md").read_text()
        tap.result("docs/configuration.md names every check", sorted(i for i in known if f"`{i}`" not in page))
        tap.result("there are at least 40 checks", [] if len(known) >= 40 else [str(len(known))])
    tap.done()


if __name__ == "__main__":
    main()
