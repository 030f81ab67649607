# SPDX-License-Identifier: Apache-2.0
"""How deep the hypervisor's stacks were used, from a dump of its memory, against the bound that ci/check computes from the
call graph. The boot stage hands memory over cleared: that is the paint, and the lowest word that is not 0 is the mark.
It must not know who calls whom.
"""
import stack

GUARD = 4096


def depths(data, each):
    """Bytes used of each stack; `data` holds guard page and stack of `each` bytes in turns."""
    used = []
    for at in range(0, len(data), GUARD + each):
        one = data[at + GUARD:at + GUARD + each]
        first = next((i for i in range(0, each, 8) if any(one[i:i + 8])), each)
        used.append(each - first)
    return used


def judge(tree, objects, elf_path, base, memory):
    """(findings, the deepest use, the bound), both in bytes with the frame."""
    each = stack.bytes_of_one(tree)
    elf = stack.Elf(elf_path.read_bytes())
    (address, size), = elf.objects["stacks"]
    used = depths(memory[address - base:address - base + size], each)
    found, bound, _ = stack.run(tree, objects, elf_path, each - stack.TRAP_FRAME)
    bound += stack.TRAP_FRAME
    found += [f"CPU {cpu} used {bytes_used} bytes of its stack, the bound is {bound}" for cpu, bytes_used in enumerate(used) if bytes_used > bound]
    found += [f"CPU {cpu} used no stack: the mark is not where it should be" for cpu, bytes_used in enumerate(used) if bytes_used < stack.TRAP_FRAME]
    return found, max(used), bound
