# SPDX-License-Identifier: Apache-2.0
"""A copy of the tree with a fault planted in it, below the output directory, so that no image that is shipped can hold
it. It must not know what the fault is.
"""
import pathlib
import shutil
import subprocess

import harness


def tree(out, path, old, new):
    """The copy, with `new` in the place of `old` in the file at `path`. Unchanged files keep their time, so that little is
    built again."""
    root, copy = harness.ROOT.parent, pathlib.Path(out).resolve() / "planted"
    listed = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=False)
    names = listed.stdout.splitlines() if listed.returncode == 0 else [
        str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and copy.parent not in p.parents]
    for name in names:
        if (root / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, copy / name)
    text = (root / path).read_text()
    if text.count(old) != 1:
        raise ValueError(f"{path} does not hold {old!r} once")
    (copy / path).write_text(text.replace(old, new))
    return copy
