# SPDX-License-Identifier: Apache-2.0
"""Who may include whom, judged by the compilers' own dependency files.

A rule names a folder and the folders of the tree whose headers its objects
may reach. The most specific (longest) folder that matches an object's source
decides. Headers outside the tree are the compiler's own and are judged only
for hyp/, where nothing but the freestanding headers may appear.
"""
import pathlib
import re

# source folder -> folders it may see, beside itself
RULES = {
    "hyp/abi": [],
    "hyp/core": ["hyp/include", "hyp/abi"],
    "hyp/arm64": ["hyp/include", "hyp/abi"],
    "hyp/x86": ["hyp/include", "hyp/abi"],
    "hyp/x86/vmx": ["hyp/include", "hyp/abi", "hyp/x86"],
    "hyp/x86/svm": ["hyp/include", "hyp/abi", "hyp/x86"],
    "hyp/fake": ["hyp/include", "hyp/abi"],
    "pvdrivers": ["hyp/abi", "pvdrivers"],
    "partitions": ["hyp/abi", "pvdrivers", "partitions"],
    "firmware/update": [],
    "firmware/boot": ["firmware/update", "hyp/abi"],
    "firmware/image": ["firmware/update", "hyp/abi"],
    "appliance-config/plan": ["hyp/abi"],
}

# the only file of firmware/update that may see mbedtls
CRYPTO_FILE = "firmware/update/crypto_mbedtls.c"
FREESTANDING = re.compile(r"/(stdint|stdint-gcc|stddef|stdbool|stdarg|limits|stdnoreturn|stdalign)\.h$|stdc-predef\.h$")


def parse(text):
    """The prerequisites of the first rule of a dependency file, source first."""
    text = text.replace("\\\n", " ")
    for line in text.splitlines():
        if ":" in line and not line.startswith("#"):
            return line.split(":", 1)[1].split()
    return []


def owner(path):
    best = ""
    for folder in RULES:
        if path.startswith(folder + "/") and len(folder) > len(best):
            best = folder
    return best


def judge(source, headers):
    """Findings for one object: `source` and `headers` relative to the tree, or absolute if outside."""
    folder = owner(source)
    if not folder:
        return []
    found = []
    allowed = [folder, *RULES[folder]]
    for header in headers:
        if header.startswith("/"):
            if folder.startswith("hyp/") and folder != "hyp/fake" and not FREESTANDING.search(header):
                found.append(f"{source} includes {header}: no third-party header appears in hyp/")
            if "mbedtls" in header and folder == "firmware/update" and source != CRYPTO_FILE:
                found.append(f"{source} includes {header}: only {CRYPTO_FILE} may")
            continue
        if header == source or header.startswith("build"):
            continue
        if not any(header.startswith(a + "/") for a in allowed):
            found.append(f"{source} includes {header}: {folder} sees only {', '.join(allowed)}")
    return found


def run(tree, out):
    """All findings, and the number of objects judged."""
    found, judged = set(), 0
    out = pathlib.Path(out).resolve()
    for dep in out.rglob("*.d"):
        names = parse(dep.read_text(errors="replace"))
        if not names:
            continue
        rel = []
        for name in names:
            path = (tree / name).resolve()
            if path.is_relative_to(out) and path.parts[-3:] == ("hyp", "arm64", "offsets.h"):
                continue  # from our own structs, in each of the appliances that tests build
            rel.append(str(path.relative_to(tree)) if path.is_relative_to(tree) and not path.is_relative_to(out) else str(path))
        judged += bool(owner(rel[0]))
        found.update(judge(rel[0], rel[1:]))
    return sorted(found), judged


def selftest():
    """What must be caught and what must not."""
    bad = [
        ("hyp/core/sched.c", ["hyp/arm64/vcpu.h"]),
        ("hyp/arm64/trap.c", ["hyp/core/private.h"]),
        ("pvdrivers/runtime/main.c", ["hyp/include/hyp/plan.h"]),
        ("firmware/update/manifest.c", ["/usr/include/mbedtls/sha256.h"]),
        ("hyp/core/print.c", ["/usr/include/stdio.h"]),
    ]
    good = [
        ("hyp/core/sched.c", ["hyp/include/hyp/plan.h", "/usr/lib/gcc/include/stdint.h"]),
        ("partitions/hello/hello.c", ["pvdrivers/runtime/include/runtime.h", "/opt/picolibc/include/stdio.h"]),
        ("hyp/x86/vmx/vmcs.c", ["hyp/x86/lapic.h"]),
    ]
    return ([f"not caught: {s} includes {h}" for s, h in bad if not judge(s, h)]
            + [f"wrongly refused: {s} includes {h}" for s, h in good if judge(s, h)])
