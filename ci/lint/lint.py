# SPDX-License-Identifier: Apache-2.0
"""Judges the source without building it, as one TAP suite: cppcheck, lengths, budgets; each rule shows that it can fail."""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "check"))
import sizes  # noqa: E402
from tap import Tap  # noqa: E402

FUNCTION_LINES = 60
FILE_LINES = 1000
HYP_SLOC, HYP_HEADER_SLOC = 6050, 2000      # 6,000, and what faults that were found since needed
HYP_SLOC_DEVICE = 521                        # 500, and what lives that end needed
HYP_SLOC_APART = {"smmu": 700, "its": 1200}
ROOMS = ("appliance-config", "firmware", "hyp", "pvdrivers", "partitions", "ci")

# Left to others: uninitialised variables to the compiler and the sanitizers, which follow pointers that it does not.
CPPCHECK = ["cppcheck", "--quiet", "--std=c11", "--enable=warning,performance,portability", "--inline-suppr", "--error-exitcode=1",
            "--suppress=missingInclude", "--suppress=missingIncludeSystem", "--suppress=unmatchedSuppression",
            "--suppress=uninitvar", "--suppress=ctuuninitvar", f"--library={HERE}/macros.cfg",
            "--template={file}:{line}: {id}: {message}", "-D__STDC_VERSION__=201112L"]


def c_files(tree):
    out = subprocess.run(["git", "-C", str(tree), "ls-files", "-co", "--exclude-standard", "--", *[f"{r}/*.c" for r in ROOMS]],
                         capture_output=True, text=True, check=True).stdout
    return [n for n in out.splitlines() if (tree / n).is_file()]


def cppcheck(tree, names, *more):
    done = subprocess.run([*CPPCHECK, "-j2", *more, "-Ihyp/include", "-Ihyp", *names], cwd=tree, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if line.strip()]
    return said if done.returncode else []


def cppcheck_selftest():
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "bad.c").write_text("int f(void);\nint f(void)\n{\n\tint a[2];\n\ta[0] = 1;\n\treturn a[2];\n}\n")
        (pathlib.Path(folder) / "good.c").write_text("int f(int x);\nint f(int x)\n{\n\treturn x + 1;\n}\n")
        found = [] if cppcheck(folder, ["bad.c"]) else ["an access behind an array is not found"]
        return found + cppcheck(folder, ["good.c"])


def long_functions(name, text, limit=FUNCTION_LINES):
    return [f"{name}:{line}: {function}() has {count} lines, {limit} at most"
            for function, line, count in sizes.functions(text) if count > limit]


def long_functions_selftest():
    text = "void f(void)\n{\n" + "\tg();\n" * 61 + "}\n"
    return [] if long_functions("a.c", text) and not long_functions("a.c", text, 61) else ["a long function is not found"]


def budget(name, value, limit):
    return [f"{name}: {value}, {limit} at most"] if value > limit else []


def check_lengths(tap, tree, names):
    texts = {n: (tree / n).read_text() for n in names}
    counts = sorted(c for t in texts.values() for _, _, c in sizes.functions(t)) or [0]
    spread = f"median {statistics.median(counts):.0f}, 90th percentile {counts[len(counts) * 9 // 10]}, longest {counts[-1]}"
    tap.result(f"functions are short ({len(counts)}: {spread} lines)",
               [f for n, t in texts.items() for f in long_functions(n, t)])
    tap.result("files are short", [f for n, t in texts.items() for f in budget(n, t.count("\n"), FILE_LINES)])


def check_budgets(tap, tree):
    code, headers, parts = sizes.hypervisor_sloc(tree)
    device = code - sizes.SLOC_WITHOUT_DEVICES
    tap.result(f"hypervisor for arm64: {code} lines of C and assembly, {HYP_SLOC + HYP_SLOC_DEVICE} at most",
               budget("hyp", code, HYP_SLOC + HYP_SLOC_DEVICE))
    tap.result(f"device pages and doorbells added {device} of them, {HYP_SLOC_DEVICE} at most", budget("hyp", device, HYP_SLOC_DEVICE))
    for part, lines in parts.items():
        tap.result(f"{part}: {lines} lines beside them, {HYP_SLOC_APART[part]} at most", budget(f"hyp, {part}", lines, HYP_SLOC_APART[part]))
    tap.result(f"its headers: {headers} lines, {HYP_HEADER_SLOC} at most", budget("hyp", headers, HYP_HEADER_SLOC))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", default=".")
    parser.add_argument("--out", default="build")
    args = parser.parse_args()
    tree = pathlib.Path(args.tree).resolve()
    tap = Tap()
    tap.result("self-test: sizes are counted right", sizes.selftest())
    tap.result("self-test: a long function is found", long_functions_selftest())
    tap.result("self-test: a budget can be passed", [] if budget("x", 2, 1) and not budget("x", 1, 1) else ["it cannot"])
    tap.result("self-test: cppcheck finds what it should", cppcheck_selftest())
    names = c_files(tree)
    known = pathlib.Path(args.out).resolve() / "lint"
    known.mkdir(parents=True, exist_ok=True)
    found = cppcheck(tree, names, f"--cppcheck-build-dir={known}") if names else ["no file"]
    tap.result(f"cppcheck has nothing to say ({len(names)} files)", found)
    check_lengths(tap, tree, names)
    check_budgets(tap, tree)
    tap.done()


if __name__ == "__main__":
    main()
