# SPDX-License-Identifier: Apache-2.0
"""The mutant runner on a tree of two files: it must tell a mutant that is noticed from one that is not, from one that
does not apply, does not build or hangs, and leave the tree as it was."""
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

MAKEFILE = """
SUITES ?= unit
suite-deps-unit:
	@grep -q '^value=' value
check:
	@. ./value; [ "$$value" != 9 ] || sleep 1000
	@. ./value; if [ "$$value" = 2 ]; then echo 'ok 1 - two'; else echo 'not ok 1 - two'; exit 1; fi
"""

PATCH = """Breaks: {name}
Judge: {judge}
Kind: host

--- a/value
+++ b/value
@@ -1 +1 @@
-{old}
+{new}
"""

CASES = {
    "noticed": ("unit", "value=2", "value=3", True, "unit: two"),
    "survives": ("unit", "value=2", "value=02 value=2", False, "SURVIVED"),
    "stale": ("unit", "value=7", "value=8", False, "does not apply"),
    "broken": ("unit", "value=2", "#", False, "does not build"),
    "hangs": ("unit", "value=2", "value=9", True, "it hangs"),
    "nojudge": ("", "value=2", "value=3", False, "no line 'Judge: '"),
}


def main():
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder) / "tree"
        (tree / "ci/mutants").mkdir(parents=True)
        (tree / "Makefile").write_text(MAKEFILE)
        (tree / "value").write_text("value=2\n")
        for name, (judge, old, new, _, _) in CASES.items():
            (tree / f"ci/mutants/{name}.patch").write_text(PATCH.format(name=name, judge=judge, old=old, new=new))
        done = subprocess.run([sys.executable, HERE / "run.py", "--tree", tree, "--out", folder + "/out", "--patience", "1"],
                              capture_output=True, text=True, check=False)
        wrong = []
        for name, (_, _, _, passes, text) in CASES.items():
            match = re.search(rf"^(not )?ok \d+ - {name}: .*(\n#.*)*", done.stdout, re.M)
            if not match or bool(match[1]) == passes or text not in match[0]:
                wrong.append(f"{name}: {match and match[0]}")
        if (tree / "value").read_text() != "value=2\n":
            wrong.append("the tree itself was changed")
        copies = list(pathlib.Path(folder).glob("out/mutants/host-*/value"))
        if not copies or any(copy.read_text() != "value=2\n" for copy in copies):
            wrong.append("a copy was not mended")
    for line in wrong:
        print(f"# {line}")
    print(f"# runner: {len(CASES) - len(wrong)} of {len(CASES)} cases told apart")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
