# SPDX-License-Identifier: Apache-2.0
"""Takes from a running QEMU what the page-table walker judges: EL2's registers of every CPU, through QEMU's gdb stub,
and physical memory, through its monitor. It must not know what is right.
"""
import re
import socket
import time

REGISTERS = ("TTBR0_EL2", "TCR_EL2", "MAIR_EL2", "SCTLR_EL2", "VTTBR_EL2", "VTCR_EL2", "HCR_EL2", "cpsr")

SMMU = {"CR0": (0x20, 1), "STRTAB_BASE": (0x80, 2), "STRTAB_BASE_CFG": (0x88, 1)}     # offset, words


class Stub:
    """gdb's remote protocol, as far as reading registers needs it. QEMU stops while it is connected."""

    def __init__(self, path):
        self.link = socket.socket(socket.AF_UNIX)
        self.link.settimeout(30)
        self.link.connect(path)
        self.data = b""
        self._send("qSupported:xmlRegisters=aarch64")
        while not self._packet().startswith(b"PacketSize"):     # first it may tell that it has stopped the machine
            pass

    def _byte(self):
        while not self.data:
            self.data = self.link.recv(65536)
            if not self.data:
                raise OSError("QEMU closed its gdb stub")
        byte, self.data = self.data[:1], self.data[1:]
        return byte

    def _send(self, words):
        payload = words.encode()
        self.link.sendall(b"$" + payload + b"#%02x" % (sum(payload) & 0xff))

    def _packet(self):
        while self._byte() != b"$":
            pass
        answer = b""
        while not answer.endswith(b"#"):
            answer += self._byte()
        self._byte()
        self._byte()
        self.link.sendall(b"+")
        return answer[:-1]

    def ask(self, words):
        self._send(words)
        return self._packet()

    def feature(self, name):
        """The text of one description of registers."""
        text, at = b"", 0
        while True:
            part = self.ask(f"qXfer:features:read:{name}:{at:x},ffb")
            part = re.sub(rb"}(.)", lambda m: bytes([m.group(1)[0] ^ 0x20]), part, flags=re.S)
            text, at = text + part[1:], at + len(part) - 1
            if part[:1] == b"l":
                return text.decode()

    def numbers(self):
        """Register name -> number, of all that the stub describes."""
        numbers = {}
        following = 0
        for file in re.findall(r'href="([^"]+)"', self.feature("target.xml")):
            for attributes in re.findall(r"<reg ([^>]*)>", self.feature(file)):
                given = re.search(r'regnum="(\d+)"', attributes)
                following = int(given.group(1)) if given else following
                numbers[re.search(r'name="([^"]+)"', attributes).group(1)] = following
                following += 1
        return numbers

    def read(self, cpu, register):
        self.ask(f"Hg{cpu + 1:x}")
        return int.from_bytes(bytes.fromhex(self.ask(f"p{register:x}").decode()), "little")

    def close(self):
        """Detach: QEMU goes on."""
        try:
            self.ask("D")
        finally:
            self.link.close()


def registers(stub_path, cpus):
    """[{name: value} per CPU], of one instant."""
    stub = Stub(stub_path)
    try:
        numbers = stub.numbers()
        missing = [name for name in REGISTERS if name not in numbers]
        if missing:
            raise OSError(f"QEMU's gdb stub does not show {', '.join(missing)}")
        return [{name: stub.read(cpu, numbers[name]) for name in REGISTERS} for cpu in range(cpus)]
    finally:
        stub.close()


def collect(stub_path, cpus, vmids, limit=20):
    """Registers as lines for the walker: one instant, and more of them until each VMID was seen on some CPU (shared CPUs
    switch). An instant more adds rows behind those of the CPUs."""
    rows = registers(stub_path, cpus)
    missing = set(vmids) - {row["VTTBR_EL2"] >> 48 for row in rows}
    end = time.monotonic() + limit
    while missing and time.monotonic() < end:
        time.sleep(0.013)
        for row in registers(stub_path, cpus):
            if row["VTTBR_EL2"] >> 48 in missing:
                missing.remove(row["VTTBR_EL2"] >> 48)
                rows.append(row)
    return "".join(f"{i} {name} {value:#x}\n" for i, row in enumerate(rows) for name, value in row.items())


def smmu(monitor, base):
    """What the SMMU's registers at `base` say of its stream table, as lines for the walker; None: there is none."""
    lines = ""
    for name, (offset, count) in SMMU.items() if base else ():
        words = re.findall(r"0x([0-9a-f]{8})\b", monitor.human(f"xp /{count}wx {int(base, 0) + offset:#x}").partition(":")[2])
        if len(words) != count:
            raise OSError(f"QEMU does not show the SMMU's {name}")
        lines += f"smmu {name} 0x{''.join(reversed(words))}\n"
    return lines
