# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, twice included, with the project's warnings.

hyp/abi needs nothing but <stdint.h> and <stddef.h>.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import tempfile

WARN = ["-std=gnu11", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-fsyntax-only"]
UNIKERNEL = ["aarch64-linux-gnu-gcc", "-ffreestanding", "{libraries}", "-Ipvdrivers", "-Ipvdrivers/runtime/include", "-Ihyp"]
# folder -> compiler and include paths (relative to the tree); {libraries}, what unikernels are linked with, are given by the build
FOLDERS = {
    "hyp/abi": ["aarch64-linux-gnu-gcc", "-ffreestanding", "-Ihyp"],
    "hyp/include/hyp": ["aarch64-linux-gnu-gcc", "-ffreestanding", "-Ihyp/include", "-Ihyp", "-I."],
    "hyp/arm64": ["aarch64-linux-gnu-gcc", "-ffreestanding", "-Ihyp/include", "-Ihyp", "-Ihyp/arm64", "-I."],
    "pvdrivers/back": UNIKERNEL,
    "pvdrivers/channel": UNIKERNEL,
    "pvdrivers/front": UNIKERNEL,
    "pvdrivers/ip": UNIKERNEL,
    "pvdrivers/phys": UNIKERNEL,
    "pvdrivers/runtime": UNIKERNEL,
    "pvdrivers/runtime/include/rt": UNIKERNEL,
    "pvdrivers/virtio": UNIKERNEL,
    "firmware/update": ["gcc", "-Ifirmware/update", "-Ifirmware", "-Ihyp", "-I."],
    "appliance-config/plan": ["gcc", "-Iappliance-config/plan", "-I."],
}
ABI_MAY = re.compile(r'#\s*include\s*(<stdint\.h>|<stddef\.h>|"[\w/]+\.h"|<abi/[\w/]+\.h>)')


def compile_alone(tree, header, command):
    # asm.h is for assembly: it is assembled, not compiled
    is_assembly = header.name == "asm.h"
    with tempfile.NamedTemporaryFile("w", suffix=".S" if is_assembly else ".c") as source:
        source.write(f'#include "{tree / header}"\n#include "{tree / header}"\n')
        source.flush()
        how = ["-c", "-o", "/dev/null"] if is_assembly else WARN
        done = subprocess.run([*command, *how, source.name], cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode:
        return f"{header}: does not stand alone: {done.stderr.strip().splitlines()[0] if done.stderr else 'no message'}"
    return None


def abi_findings(name, text):
    return [f"{name}: {line.strip()}: hyp/abi needs <stdint.h> and <stddef.h> only"
            for line in text.splitlines() if re.match(r"#\s*include", line) and not ABI_MAY.match(line)]


def words_of(command, libraries):
    return [word for part in command for word in ([f"-isystem{path}" for path in libraries] if part == "{libraries}" else [part])]


def run(tree, libraries):
    jobs, found = [], []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for folder, command in FOLDERS.items():
            for header in sorted((tree / folder).glob("*.h")):
                jobs.append(pool.submit(compile_alone, tree, header.relative_to(tree), words_of(command, libraries)))
        found += [r for r in (j.result() for j in jobs) if r]
    rooms = {str(header.parent.relative_to(tree)) for header in (tree / "pvdrivers").rglob("*.h")} - set(FOLDERS)
    found += [f"{room}: its headers are not judged" for room in sorted(rooms)]
    for header in sorted((tree / "hyp/abi").glob("*.h")):
        found += abi_findings(str(header.relative_to(tree)), header.read_text())
    return found, len(jobs)


def selftest():
    found = []
    with tempfile.TemporaryDirectory() as folder:
        base = pathlib.Path(folder)
        (base / "bad.h").write_text("#ifndef B\n#define B\nuint32_t missing_include;\n#endif\n")
        (base / "good.h").write_text("#ifndef G\n#define G\n#include <stdint.h>\nextern uint32_t x;\n#endif\n")
        if not compile_alone(base, pathlib.Path("bad.h"), ["gcc"]):
            found.append("a header that does not stand alone was not caught")
        if compile_alone(base, pathlib.Path("good.h"), ["gcc"]):
            found.append("a good header was refused")
    if not abi_findings("a.h", "#include <stdio.h>\n") or abi_findings("a.h", "#include <stdint.h>\n"):
        found.append("the rule for hyp/abi does not judge")
    return found
