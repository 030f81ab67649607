#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Front end of Kconfig: the menu, defconfigs, and the resolved configuration that the planner reads.

Kconfig tools are silent about much that is a mistake here: a value out of range, an unknown symbol, an assignment that
a dependency blocks, a choice made twice. This file finds those and hands them to the planner, whose checks give them
their words. It must not know what a symbol means beyond the names in prompts.
"""
import os
import re
import signal
import sys

import kconfiglib

ASSIGN = re.compile(r"^CONFIG_([A-Za-z0-9_]+)=(.*)$")
UNSET = re.compile(r"^# CONFIG_([A-Za-z0-9_]+) is not set$")
PLACEHOLDER = re.compile(r"@(PART|NET|DISK|CHANNEL|CABLE)(\d*)_(NAME|TITLE|COUNT|RULE_COUNT)@")


def board_names():
    """Directory names of all boards: the project's and EXT's."""
    found = []
    for root in ("appliance-config/boards", os.path.join(os.environ["EXT"], "boards")):
        if os.path.isdir(root):
            found += sorted(d for d in os.listdir(root) if os.path.exists(os.path.join(root, d, "board.dts")))
    return found


def board_symbol(name):
    return "BOARD_" + name.upper().replace("-", "_")


def board_of(path):
    """The board that a configuration file chooses, or the first one."""
    names = board_names()
    if path and os.path.exists(path):
        chosen = {n for n, v, _ in assignments(path) if v == "y"}
        for name in names:
            if board_symbol(name) in chosen:
                return name
    return names[0]


def load(path):
    """Kconfig tree for the board that `path` chooses, with `path` loaded."""
    board = board_of(path)
    os.environ["BOARD_MENU"] = os.path.join(os.environ["BOARD_MENUS"], board)
    kconf = kconfiglib.Kconfig("Kconfig", warn=False)
    if path and os.path.exists(path):
        for _ in lines_of(path):
            pass
        kconf.load_config(path)
    return kconf


def lines_of(path):
    """A file's lines. One that is no text ends the program with the place: Kconfig's own tools would break off there."""
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            yield number, line.decode("utf-8").rstrip("\r")
        except UnicodeDecodeError:
            sys.exit("error: %s, line %d: %s is no UTF-8 text; write the file in UTF-8" % (path, number, ascii(line)[2:-1]))


def assignments(path):
    """(symbol, typed value, line number) of each assignment in a file; strings without their quotes."""
    found = []
    for number, line in lines_of(path):
        match = ASSIGN.match(line)
        if match:
            found.append((match[1], unquote(match[2]), number))
        elif UNSET.match(line):
            found.append((UNSET.match(line)[1], "n", number))
    return found


def no_assignments(path):
    """(kind, line number, what stands there, nothing) of each line that is neither an assignment nor a comment."""
    return [("line", str(number), line.strip().replace("\t", " "), "") for number, line in lines_of(path)
            if line.strip() and not line.startswith("#") and not ASSIGN.match(line)]


def unquote(text):
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def number(sym, text):
    try:
        return int(text, 16 if sym.orig_type == kconfiglib.HEX else 10)
    except ValueError:
        return None


def is_same(sym, typed):
    if sym.orig_type in (kconfiglib.INT, kconfiglib.HEX):
        return number(sym, typed) is not None and number(sym, typed) == number(sym, sym.str_value)
    return typed == sym.str_value


def is_known(kconf, name):
    return name in kconf.syms and bool(kconf.syms[name].nodes)


def blocked_by(sym):
    """The condition without which `sym` cannot be set, for people."""
    for node in sym.nodes:
        if node.prompt:
            text = kconfiglib.expr_str(node.prompt[1])
            return text if text != "y" else kconfiglib.expr_str(node.dep)
    return "nothing: it cannot be set by hand"


def classify(kconf, name, typed, all_typed):
    """What became of an assignment: None, or (kind, detail)."""
    if name == "BOARD":
        return None if kconf.syms[name].str_value == typed else ("board", kconf.syms[name].str_value)
    if name == "LAYOUT_VERSION":
        return None if kconf.syms[name].str_value == typed else ("version", kconf.syms[name].str_value)
    if not is_known(kconf, name):
        return ("unknown", near(kconf, name)) if typed != "n" else None
    sym = kconf.syms[name]
    if is_same(sym, typed):
        return None
    if sym.orig_type in (kconfiglib.INT, kconfiglib.HEX):
        value = number(sym, typed)
        if value is None:
            return ("value", "a number")
        for low, high, cond in sym.ranges:
            if kconfiglib.expr_value(cond) and not number(sym, low.str_value) <= value <= number(sym, high.str_value):
                return ("range", "%s..%s" % (low.str_value, high.str_value))
    elif sym.orig_type == kconfiglib.STRING and sym.visibility:
        return ("value", "text in double quotes")
    elif sym.orig_type == kconfiglib.BOOL and typed not in ("y", "n"):
        return ("value", "y or n")
    elif typed == "n":
        return None
    if sym.choice and sym.choice.selection and sym.visibility:
        other = sym.choice.selection.name
        if all_typed.get(other) == "y":
            return ("twice", other)
    return ("blocked", blocked_by(sym))


def near(kconf, name):
    """A known symbol that looks like `name`, or nothing."""
    import difflib
    found = difflib.get_close_matches(name, [s.name for s in kconf.unique_defined_syms], 1, 0.8)
    return found[0] if found else ""


def problems(kconf, path):
    """(kind, symbol, typed, detail) of each assignment that did not take effect."""
    found = no_assignments(path)
    typed_by = {}
    typed = assignments(path)
    all_typed = {name: value for name, value, _ in typed}
    for name, value, _ in typed:
        if name in typed_by and typed_by[name] != value:
            found.append(("again", name, typed_by[name], value))
        typed_by[name] = value
        if all_typed[name] == value:
            kind = classify(kconf, name, value, all_typed)
            if kind:
                found.append((kind[0], name, value, kind[1]))
    return found


def resolve(source, target):
    """Writes every symbol's value, and every problem, in the planner's input format: fields separated by tabs."""
    kconf = load(source)
    lines = ["=\t%s\t%s" % (s.name, s.str_value) for s in kconf.unique_defined_syms if s.str_value != ""]
    lines += ["!\t" + "\t".join(p) for p in problems(kconf, source)]
    text = "\n".join(lines) + "\n"
    if not os.path.exists(target) or open(target, encoding="utf-8").read() != text:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w", encoding="utf-8") as f:
            f.write(text)


def tell_dropped(kconf, path):
    """One line for each assignment of `path` that the written .config will not hold any more."""
    for kind, name, typed, detail in problems(kconf, path):
        if kind == "line":
            print("dropped: line %s, %s (it is no assignment)" % (name, typed), file=sys.stderr)
            continue
        words = {
            "unknown": "no such symbol here%s" % (detail and "; did you mean CONFIG_%s?" % detail),
            "range": "out of range %s" % detail, "value": "should be %s" % detail,
            "blocked": "needs %s" % detail, "twice": "CONFIG_%s was chosen too" % detail,
            "again": "set again to %s" % detail,
            "board": "made for another board; this one is %s" % detail,
            "version": "made for another version; this one is %s" % detail,
        }[kind]
        print("dropped: CONFIG_%s=%s (%s)" % (name, typed, words), file=sys.stderr)


def defconfig(source, target):
    """Writes the full configuration of `source`; says what it could not keep."""
    kconf = load(source)
    if os.path.exists(source):
        tell_dropped(kconf, source)
    show_names(kconf, dynamic_nodes(kconf))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    kconf.write_config(target, save_old=False)


def olddefconfig(target):
    defconfig(target, target)


def savedefconfig(source, target):
    load(source).write_min_config(target)


def cpu_list(kconf, n):
    """CPUs of partition n in short: "0-1"; "2*" marks one that it shares."""
    cpus = []
    for cpu in range(64):
        own = kconf.syms.get("CPU%d_PART%d" % (cpu, n))
        if own is None:
            break
        slots = [kconf.syms.get("CPU%d_SLOT%d_PART%d" % (cpu, k, n)) for k in range(1, 9)]
        if own.tri_value:
            cpus.append(str(cpu))
        elif any(s is not None and s.tri_value for s in slots):
            cpus.append("%d*" % cpu)
    return ",".join(cpus)


def value_of(kconf, name):
    return kconf.syms[name].str_value


def part_title(kconf, n):
    cpus = cpu_list(kconf, int(n))
    return "Partition %s: %s - %s, %s MiB" % (
        n, value_of(kconf, "PART%s_NAME" % n) or "(no name)", "CPU " + cpus if cpus else "no CPU yet", value_of(kconf, "PART%s_MEMORY_MIB" % n))


def owner_name(kconf, prefix):
    """Name of the partition that a choice of PREFIX_PARTn symbols gives something to."""
    if prefix.startswith("NET") and value_of(kconf, prefix + "_UPLINK") == "y":
        return "the wire (%s)" % value_of(kconf, prefix + "_NIC")
    chosen = [n for n in range(1, 17) if kconf.syms["%s_PART%d" % (prefix, n)].tri_value]
    return value_of(kconf, "PART%d_NAME" % chosen[0]) if chosen else "nobody yet"


def port_title(kconf, n):
    trunk = value_of(kconf, "NET%s_TRUNK" % n) == "y"
    vlan = "VLANs " + (value_of(kconf, "NET%s_VLANS" % n) or "none") if trunk else "VLAN " + value_of(kconf, "NET%s_VLAN" % n)
    return "Port %s: %s - %s, %s" % (n, value_of(kconf, "NET%s_NAME" % n) or "(no name)", owner_name(kconf, "NET" + n), vlan)


def disk_title(kconf, n):
    size = value_of(kconf, "DISK%s_SIZE_MIB" % n)
    return "Disk %s: %s - %s, %s" % (n, value_of(kconf, "DISK%s_NAME" % n) or "(no name)", owner_name(kconf, "DISK" + n),
                                     "all that is there" if size == "0" else size + " MiB")


def two_ends_title(kconf, what, n):
    prefix = what.upper() + n
    ends = [owner_name(kconf, "%s_%s" % (prefix, end)) for end in "AB"]
    return "%s %s: %s - %s and %s" % (what, n, value_of(kconf, prefix + "_NAME") or "(no name)", *ends)


def count_text(kconf, symbol, one):
    count = value_of(kconf, symbol)
    return "none" if count == "0" else "%s %s%s" % (count, one, "" if count == "1" else "s")


WORDS = {
    ("PART", "NAME"): lambda k, n: value_of(k, "PART%s_NAME" % n) or "(no name)",
    ("PART", "TITLE"): part_title, ("NET", "TITLE"): port_title, ("DISK", "TITLE"): disk_title,
    ("NET", "COUNT"): lambda k, n: count_text(k, "NET_PORTS", "port"),
    ("DISK", "COUNT"): lambda k, n: count_text(k, "DISKS", "disk"),
    ("CHANNEL", "TITLE"): lambda k, n: two_ends_title(k, "Channel", n), ("CABLE", "TITLE"): lambda k, n: two_ends_title(k, "Cable", n),
    ("CABLE", "COUNT"): lambda k, n: count_text(k, "CABLES", "cable"),
    ("CHANNEL", "COUNT"): lambda k, n: count_text(k, "CHANNELS", "channel"),
    ("NET", "RULE_COUNT"): lambda k, n: count_text(k, "NET%s_RULES" % n, "rule"),
}


def expand(kconf, template):
    """A prompt with the present values in place of its placeholders."""
    return PLACEHOLDER.sub(lambda match: WORDS[match[1], match[3]](kconf, match[2]), template)


def dynamic_nodes(kconf):
    """(node, template, condition) of each menu entry whose prompt has a placeholder."""
    return [(n, n.prompt[0], n.prompt[1]) for n in kconf.node_iter() if n.prompt and PLACEHOLDER.search(n.prompt[0])]


def show_names(kconf, nodes):
    """Gives these menu entries prompts with the present names."""
    for node, template, cond in nodes:
        node.prompt = (expand(kconf, template), cond)


def menuconfig(target):
    """kconfiglib's menu; before each drawing, prompts get the names that were typed meanwhile."""
    import menuconfig as menu
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        sys.exit("error: the menu needs a terminal; without one, edit %s (docs/configuration.md) and run make report" % target)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)    # a terminal that goes away ends the menu, whoever ignores it above us
    while True:
        kconf = load(target)
        nodes = dynamic_nodes(kconf)
        draw = menu._draw_main

        def draw_fresh():
            show_names(kconf, nodes)
            draw()

        menu._draw_main = draw_fresh
        os.environ["KCONFIG_CONFIG"] = target
        os.environ.setdefault("MENUCONFIG_STYLE", "default")
        before = os.environ["BOARD_MENU"]
        menu.menuconfig(kconf)
        menu._draw_main = draw
        if not os.path.exists(target) or board_of(target) == os.path.basename(before):
            return
        print("The board changed: the menu opens again with its CPUs and devices.")
        olddefconfig(target)


def defconfigs():
    """name -> path of every defconfig, the project's and EXT's."""
    found = {}
    for root in ("appliance-config/appliances", os.path.join(os.environ["EXT"], "appliances"), os.environ["EXT"]):
        if root and os.path.isdir(root):
            found.update({f: os.path.join(root, f) for f in sorted(os.listdir(root)) if f.endswith("_defconfig")})
    return found


def list_all():
    print("Boards:      " + " ".join(board_names()))
    print("Appliances, to be chosen by make <name>_defconfig:")
    for name, path in sorted(defconfigs().items()):
        with open(path, encoding="utf-8") as f:
            first = f.readline()
        print("  %-28s %s" % (name, first[1:].strip() if first.startswith("#") else ""))


def choose(name, target):
    if name not in defconfigs():
        sys.exit("error: no appliance %s: make list shows those that are there" % name)
    defconfig(defconfigs()[name], target)


def main():
    command, *args = sys.argv[1:]
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)   # who reads only the first lines of a list
    os.environ.setdefault("srctree", ".")
    os.environ.setdefault("EXT", "")
    if os.environ["EXT"] == "":
        os.environ["EXT"] = "/nonexistent"
    if command == "resolve":
        for source, target in zip(args[::2], args[1::2]):
            resolve(source, target)
        return
    {"olddefconfig": olddefconfig, "defconfig": defconfig, "savedefconfig": savedefconfig, "choose": choose,
     "menuconfig": menuconfig, "list": list_all}[command](*args)


if __name__ == "__main__":
    main()
