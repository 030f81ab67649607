# SPDX-License-Identifier: Apache-2.0
"""The static checks as one TAP suite: each rule, and a self-test that shows
that the rule can fail. Run after the build: some rules judge its outputs.
"""
import argparse
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import headers  # noqa: E402
import includes  # noqa: E402
import links  # noqa: E402
import stack  # noqa: E402
import text  # noqa: E402
from tap import Tap  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", default=".")
    parser.add_argument("--out", default="build")
    parser.add_argument("--library", action="append", required=True, help="headers of a library of unikernels")
    args = parser.parse_args()
    tree, out = pathlib.Path(args.tree).resolve(), pathlib.Path(args.out).resolve()
    tap = Tap()
    for module in (includes, headers, text, stack, links):
        tap.result(f"self-test: {module.__name__} catches what it should", module.selftest())
    done = subprocess.run([sys.executable, tree / "ci/suite.py", "--selftest"], capture_output=True, text=True, check=False)
    tap.result("self-test: the suite runner counts right", done.stdout.splitlines()[1:] if done.returncode else [])

    found, judged = includes.run(tree, out)
    tap.result(f"who may include whom ({judged} objects)", found or ([] if judged else ["no object was judged: build first"]))
    found, count = headers.run(tree, args.library)
    tap.result(f"headers stand alone ({count})", found or ([] if count else ["no header found"]))
    tap.result("licence lines, no host of a registry, no home, nothing outside", text.run(tree))
    tap.result(f"links of the documents lead somewhere ({len(links.documents(tree))})", links.run(tree))
    elf = out / "hyp/hyp.elf"
    if elf.exists():
        limit = stack.bytes_of_one(tree) - stack.TRAP_FRAME
        found, size, chain = stack.run(tree, out / "hyp", elf, limit)
        tap.result(f"stack of the hypervisor is bounded ({size} bytes of {limit})", found)
        print(f"# deepest: {' > '.join(chain)}")
    else:
        tap.result("stack of the hypervisor is bounded", [f"{elf} is not there: build first"])
    tap.done()


if __name__ == "__main__":
    main()
