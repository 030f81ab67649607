# SPDX-License-Identifier: Apache-2.0
"""Links in the documents: each that leads into the tree leads to a file that is there, and to a heading that it has. Run
by itself it lists the documents. It must not know what they are about.
"""
import pathlib
import re
import sys
import tempfile

LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")


def documents(tree):
    return [p for p in [*sorted(tree.glob("*.md")), *sorted(tree.glob("docs/**/*.md")), *sorted(tree.glob("ci/**/*.md")),
                        *sorted(tree.glob("firmware/**/*.md"))] if "build" not in p.relative_to(tree).parts]


def headings(text):
    return [line.lstrip("#").strip() for line in re.sub(r"^```.*?^```", "", text, flags=re.M | re.S).splitlines() if line.startswith("#")]


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def judge(path, tree):
    """Findings of one document."""
    found = []
    for target in LINK.findall(re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, part = target.partition("#")
        file = path.parent / name if name else path
        if not file.exists():
            found.append(f"{path.relative_to(tree)}: no {target}")
        elif part and part not in [anchor(h) for h in headings(file.read_text())]:
            found.append(f"{path.relative_to(tree)}: {name or 'it'} has no heading #{part}")
    return found


def run(tree):
    return [finding for path in documents(tree) for finding in judge(path, tree)]


def selftest():
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder)
        (tree / "a.md").write_text("# One, two\n[b](b.md) [c](c.md) [own](#one-two) [none](#three) [out](https://example.org)\n```\n[x](y)\n```\n")
        (tree / "b.md").write_text("# B\n")
        found = run(tree)
    return [] if found == ["a.md: no c.md", "a.md: it has no heading #three"] else [f"found {found}"]


def main():
    tree = pathlib.Path(sys.argv[1]).resolve()
    for path in documents(tree):
        print(f"  {str(path.relative_to(tree)):<34} {(headings(path.read_text()) or ['?'])[0]}")
    found = run(tree)
    print("\n".join(f"error: {line}" for line in found) or "every link leads somewhere")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
