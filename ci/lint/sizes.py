# SPDX-License-Identifier: Apache-2.0
"""How large things are: functions and files in lines, source in lines of code, the hypervisor's image in bytes.

Lines of code are those that are neither blank nor comment alone. It must not know which size is too large.
"""
import pathlib
import re
import subprocess


# Parts of the hypervisor that not every appliance uses, with budgets of their own: files that begin so.
SLOC_APART = {"smmu": ("smmu", ), "its": ("its", "vits", "v2m", "pci")}

# Lines in files of others that serve passed-through functions: in the life of a partition, in the interrupt controller.
SLOC_ELSEWHERE = {"its": 84}

# Lines of C and assembly of the hypervisor that did everything but device pages and doorbells: what came on top is theirs.
SLOC_WITHOUT_DEVICES = 6033


def strip_comments(text):
    """C text without comments; the lines stay where they are."""
    def blank(match):
        return re.sub(r"[^\n]", "", match.group(0)) or " "
    return re.sub(r"/\*.*?\*/|//[^\n]*", blank, text, flags=re.S)


def sloc(text):
    return sum(1 for line in strip_comments(text).splitlines() if line.strip())


def functions(text):
    """(name, first line, lines) of each function of kernel-like C: its braces stand in the first column."""
    lines = strip_comments(text).splitlines()
    head = ""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line.startswith("}") and start:
            match = re.search(r"(\w+)\s*\([^;{}]*$", head)
            if match:
                yield match[1], start, number - start - 1
            head, start = "", None
        elif start is None:
            head = head + " " + line if line[:1] in ("\t", " ", "") and head else line


def hypervisor_files(tree):
    """(C and assembly, headers) of the arm64 hypervisor. offsets.c is not of it: it makes a header for assembly."""
    hyp = pathlib.Path(tree) / "hyp"
    code = [p for d in ("core", "arm64") for s in ("*.c", "*.S") for p in sorted((hyp / d).glob(s)) if p.name != "offsets.c"]
    headers = [p for d in ("abi", "include", "core", "arm64") for p in sorted((hyp / d).rglob("*.h"))]
    return code, headers


def apart(path):
    """The part with a budget of its own that this file belongs to; None: to the whole."""
    return next((part for part, begins in SLOC_APART.items() if path.name.startswith(begins)), None)


def hypervisor_sloc(tree):
    """(C and assembly, headers, {part: C and assembly of the parts that are counted apart})."""
    code, headers = hypervisor_files(tree)
    parts = {part: sum(sloc(p.read_text()) for p in code if apart(p) == part) + SLOC_ELSEWHERE.get(part, 0) for part in SLOC_APART}
    return sum(sloc(p.read_text()) for p in code if not apart(p)) - sum(SLOC_ELSEWHERE.values()), sum(sloc(p.read_text()) for p in headers), parts


def image_bytes(elf):
    """Text, read-only and initialised data of an ELF, in bytes."""
    out = subprocess.run(["aarch64-linux-gnu-size", elf], capture_output=True, text=True, check=True).stdout
    text, data = out.splitlines()[1].split()[:2]
    return int(text) + int(data)


def selftest():
    text = "/* a\n b */\n\nint f(int a,\n      int b)\n{\n\treturn a; /* x */\n\n}\nstruct s {\n\tint x;\n};\nvoid g(void)\n{\n}\n"
    found = []
    if sloc(text) != 11:
        found.append(f"lines of code: {sloc(text)}")
    if list(functions(text)) != [("f", 6, 2), ("g", 14, 0)]:
        found.append(f"functions: {list(functions(text))}")
    return found
