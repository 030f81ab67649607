# SPDX-License-Identifier: Apache-2.0
"""Line coverage of the objects in a folder, from gcov: one TAP test that fails
below a bound. Run after the programs that were built with --coverage.
"""
import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile


def lines_of(folders):
    """{file: {line: executed}} over every object; a line counts if any program reached it."""
    covered = {}
    for folder in folders:
        for notes in pathlib.Path(folder).rglob("*.gcno"):
            with tempfile.TemporaryDirectory() as scratch:
                subprocess.run(["gcov", "--json-format", str(notes.resolve())], cwd=scratch, capture_output=True, check=False)
                for file in pathlib.Path(scratch).glob("*.gcov.json.gz"):
                    for entry in json.loads(gzip.decompress(file.read_bytes()))["files"]:
                        if entry["file"].endswith(".c"):
                            lines = covered.setdefault(entry["file"], {})
                            for line in entry["lines"]:
                                lines[line["line_number"]] = lines.get(line["line_number"], False) or line["count"] > 0
    return covered


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--least", type=float, required=True, help="per cent")
    parser.add_argument("--only", default="", help="count files below this folder only")
    parser.add_argument("folders", nargs="+")
    args = parser.parse_args()
    covered = {f: l for f, l in lines_of(args.folders).items() if f.startswith(args.only)}
    total = sum(len(lines) for lines in covered.values())
    hit = sum(sum(lines.values()) for lines in covered.values())
    share = 100 * hit / total if total else 0
    print(f"{'ok' if share >= args.least else 'not ok'} 1 - line coverage of {args.name} is {share:.1f}% ({hit} of {total}), at least {args.least:g}%")
    for file, lines in sorted(covered.items()):
        missed = sorted(n for n, executed in lines.items() if not executed)
        print(f"# {file}: {100 * sum(lines.values()) / max(len(lines), 1):.1f}%, missed {missed}")
    print("1..1")
    return 0 if share >= args.least else 1


if __name__ == "__main__":
    sys.exit(main())
