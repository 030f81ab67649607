# SPDX-License-Identifier: Apache-2.0
"""Rules on the text of every committed file: licence line, nothing of one
machine, nothing that points outside the repository.

The host names of package mirrors are not written here either: they are read
from the machine's own package configuration when the check runs.
"""
import pathlib
import re
import subprocess

# Files that cannot carry a licence line of their own.
NO_SPDX = re.compile(r"(^LICENSE$|\.svg$|\.patch$|\.expected$|\.config$|\.dts\.in$|_defconfig$|\.json$|/corpus/)")
HOME = re.compile(r"(?<![\w$}])/(?:home/\w+|root/(?!\*)\w|Users/\w+)")
OUTSIDE = re.compile(r"\.\./shared|/work/(?:main|wt|shared)|DESIGN\.md|FACTS\.md|STYLE\.md|\bissue #?\d+\b")
CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.M)
TRAILING = re.compile(r"[ \t]+$", re.M)


def mirror_hosts():
    """Hosts that the machine's apt would ask, for example of its main archive."""
    out = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=False).stdout
    hosts = set()
    for word in out.split():
        host = re.sub(r"^[a-z+]+://", "", word).split("/")[0].split("@")[-1].split(":")[0]
        if "." in host:
            hosts.add(host)
            hosts.add(".".join(host.split(".")[-2:]))
    return hosts


def judge(name, text, hosts):
    """Findings in one file."""
    found = []
    if not NO_SPDX.search(name) and "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.splitlines()[:5]):
        found.append(f"{name}: no SPDX-License-Identifier line")
    for host in hosts:
        if re.search(r"(?<![\w.-])" + r"(?:[\w-]+\.)*" + re.escape(host) + r"(?![\w-])", text):
            found.append(f"{name}: names the package mirror {host.split('.')[0]}...")
    if name.startswith("ci/check/"):
        return found
    for pattern, what in ((HOME, "a home directory"), (OUTSIDE, "a document or folder outside the repository")):
        match = pattern.search(text)
        if match:
            found.append(f"{name}: names {what}: {match.group(0)}")
    if CONFLICT.search(text):
        found.append(f"{name}: conflict marker")
    if not name.endswith((".md", ".patch", ".expected")) and TRAILING.search(text):
        found.append(f"{name}: trailing white space")
    return found


def files(tree):
    out = subprocess.run(["git", "-C", str(tree), "ls-files", "-z"], capture_output=True, check=True).stdout
    return [n for n in out.decode().split("\0") if n and (tree / n).is_file()]


def run(tree):
    """Findings of every committed file."""
    hosts = mirror_hosts()
    found = []
    for name in files(tree):
        data = (pathlib.Path(tree) / name).read_bytes()
        if b"\0" in data[:4096]:
            found.append(f"{name}: a binary file; everything committed is source")
            continue
        found += judge(name, data.decode(errors="replace"), hosts)
    return found


def selftest():
    hosts = {"mirror.example", "packages.mirror.example"}
    licence = "/* SPDX-License-Identifier: Apache-2.0 */\n"
    bad = ["int x;\n", licence + "see http://packages.mirror.example/pool\n", licence + "cp /home/anna/x y\n",
           licence + "see DESIGN.md\n", licence + "<<<<<<< HEAD\n", licence + "int x; \n"]
    good = [licence + "int x;\n", licence + "/* a home directory: $HOME/.cache */\n"]
    return ([f"not caught: {t!r}" for t in bad if not judge("a.c", t, hosts)]
            + [f"wrongly refused: {t!r}" for t in good if judge("a.c", t, hosts)])
