# SPDX-License-Identifier: Apache-2.0
"""The machines that io.py compares: Debian guests on plain QEMU, each a QEMU of its own, and the same guests as partitions of
one of our appliances. Both answer ask(guest, words) with what ci/guests/linux/measure says in that guest. It must not know
what is measured.
"""
import dataclasses
import re
import time

from appliance import Appliance, Part
from harness import Board, Watched, flash_arguments
from plan_map import PlanMap

QEMU = 10       # one version for both; its virtio-mmio devices are version 2 there when they are asked to be
GUEST_MIB = 384
ADDRESS = "10.0.2.{}"   # of a guest; as QEMU's user network has them
HOST = ADDRESS.format(2)
PROMPT = r"guest# "
IO_MIB = 32


@dataclasses.dataclass
class Setup:
    """What the guests are given. `uplink`: the first guest's network is QEMU's user network; `disk`: a raw image."""
    name: str
    tools: str                  # net or disk: which initramfs
    guests: int = 1
    has_net: bool = False
    uplink: bool = False
    disk: str = ""


def words_of(setup, number):
    net = f" ip={ADDRESS.format(15 + number)}/24 bhtest=net" if setup.has_net else ""
    return f"console=ttyAMA0 quiet{net}"


def initramfs(out, setup):
    return str((out / f"guests/initramfs-tools-{setup.tools}.cpio").resolve())


def settle(seconds=2):
    """What a boot still does in the background is over."""
    time.sleep(seconds)


class Plain:
    """A plain QEMU a guest; two are joined by a socket."""
    name = "QEMU"

    def __init__(self, out, kernel, setup):
        self.folder, self.machines, self.has_net = out / "log/bench" / f"plain-{setup.name}", [], setup.has_net
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            for number in range(setup.guests):
                self.machines.append(self._start(out, kernel, setup, number))
            for number in range(setup.guests):
                self._up(number)
        except BaseException:
            self.close()
            raise

    def _start(self, out, kernel, setup, number):
        devices = []
        if setup.has_net:
            devices += ["-netdev", self._netdev(setup, number), "-device", f"virtio-net-device,netdev=n,mac=52:54:00:12:34:{16 + number:02x}"]
        if setup.disk:
            devices += ["-drive", f"if=none,id=d,format=raw,file={setup.disk}.{self.name},cache=writeback", "-device", "virtio-blk-device,drive=d"]
        board = Board(cpus=1, mib=GUEST_MIB, machine="virt", least=QEMU, extra=("-global", "virtio-mmio.force-legacy=false", *devices))
        boot = ["-kernel", f"{kernel}/Image", "-initrd", initramfs(out, setup), "-append", words_of(setup, number)]
        return Watched(board, boot, self.folder / str(number), None, f"plain {setup.name} {number}")

    def _netdev(self, setup, number):
        if setup.uplink:
            return "user,id=n"
        place = (self.folder / "link").resolve()
        return f"stream,id=n,server={'off' if number else 'on'},addr.type=unix,addr.path={place}"

    def _up(self, number):
        self.machines[number].expect("firmware", r"^TEST net ok" if self.has_net else r"^Enter 'help'", 180)
        settle()

    def ask(self, number, words, timeout=60):
        """What the guest says to `words`: {word: value}."""
        machine = self.machines[number]
        machine.skip_to_end("firmware")
        machine.send(f"measure {words}; echo MEASURED-END\n".encode())
        return said(machine, "firmware", timeout)

    def close(self):
        for machine in self.machines:
            machine.close()


def said(machine, source, timeout):
    start = machine.cursors.get(source, 0)
    machine.expect(source, r"^MEASURED-END", timeout)
    text = machine.text(source)[start:machine.cursors[source]]
    return dict(re.findall(r"^MEASURED (\w+) (.*)$", text, re.M))


class Ours:
    """One board, with a partition a guest and the I/O partition."""
    name = "Bulkhead"

    def __init__(self, out, builder, setup):
        self.setup, self.out = setup, out
        appliance = self._appliance(setup)
        sub = builder.build(appliance)
        builder.pack(sub)
        plan = PlanMap(sub / "plan/map.txt")
        board = Board(**{**plan.board(), "least": QEMU, "cpus": setup.guests + 1, "extra": self._devices(setup)})
        self.machine = Watched(board, flash_arguments(out / "firmware/u-boot.bin", sub / "appliance.img"), out / "log/bench" / f"ours-{setup.name}",
                               None, f"ours {setup.name}", plan.console_key())
        try:
            self._up()
        except BaseException:
            self.close()
            raise

    def _appliance(self, setup):
        parts = [Part(f"linux{n}", "6.12", GUEST_MIB, (n,), words_of(setup, n), options={"INITRD": initramfs(self.out, setup)})
                 for n in range(setup.guests)]
        hardware = setup.uplink or setup.disk
        parts.append(Part("io", str(self.out / "partitions/io.elf"), IO_MIB, (setup.guests,),
                          options={"IO": True, **({"TRUSTED_DMA": True} if hardware else {})}))
        options = {"SLOT_MIB": 192}
        if setup.has_net:
            options.update(self._ports(setup))
        if setup.disk:
            options.update({"DISKS": 1, "DISK1_NAME": "data", "DISK1_PART1": True, "DISK1_REGION": True})
        return Appliance(f"bench-io-{setup.name}", parts, devices={"PCIE": "io"} if hardware else {}, options=options)

    @staticmethod
    def _ports(setup):
        """Guests are ports a and b; with an uplink there is one guest."""
        options = {"NET_PORTS": 2, "NET1_NAME": "a", "NET1_PART1": True, "NET1_TALKS_TO": "b", "NET2_NAME": "b", "NET2_TALKS_TO": "a"}
        return {**options, "NET2_UPLINK" if setup.uplink else "NET2_PART2": True}

    @staticmethod
    def _devices(setup):
        devices = []
        if setup.uplink:
            devices += ["-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n,addr=1,disable-legacy=on,romfile="]
        if setup.disk:
            devices += ["-drive", f"if=none,id=d,format=raw,file={setup.disk}.{Ours.name},cache=writeback", "-device", "virtio-blk-pci,drive=d,addr=16,disable-legacy=on"]
        return tuple(devices)

    def _up(self):
        machine = self.machine
        machine.expect("hyp", r"^keys: ", 180)
        machine.frames()
        for number in range(self.setup.guests):
            machine.expect(f"linux{number}", PROMPT, 240)
        settle()

    def tell(self, number, words):
        """Types `words`; answer() has what the guest says to them."""
        self.machine.type(number, f"linux{number}", f"measure {words}; echo MEASURED-END\n")

    def answer(self, number, timeout=60):
        return said(self.machine, f"linux{number}", timeout)

    def ask(self, number, words, timeout=60):
        """What the guest says to `words`: {word: value}."""
        self.tell(number, words)
        return self.answer(number, timeout)

    def io_time(self):
        """(up, asleep, polling for nothing) of the I/O partition so far, in its milliseconds, as its report says."""
        self.machine.skip_to_end("io")
        self.machine.type(self.setup.guests, "io", "s", echo=False)
        said_ms = self.machine.expect("io", r"^io: (\d+) ms up, (\d+) ms of them asleep, (\d+) ms polling for nothing", 20)
        return tuple(int(number) for number in said_ms.groups())

    def exits(self):
        """{partition: {class of exits: how many so far}} of CPUs, by the state key."""
        machine = self.machine
        machine.skip_to_end("hyp")
        start = machine.cursors["hyp"]
        machine.command("s")
        for _ in range(self.setup.guests + 1):
            machine.expect("hyp", r"^  exits:.* error \d+\n", 20)
        text, result, name = machine.text("hyp")[start:], {}, None
        for line in text.splitlines():
            head = re.match(r"\d+ ([a-z0-9-]+): ", line)
            name = head[1] if head else name
            if line.startswith("  exits:") and name:
                result[name] = {word: int(count) for word, count in re.findall(r"([a-z]+) (\d+)", line)}
        return result

    def close(self):
        self.machine.close()

