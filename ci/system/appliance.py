# SPDX-License-Identifier: Apache-2.0
"""Appliances for tests: a description in Python becomes a .config, make builds plan and hypervisor from it, and the flash
image is put together with the boot stage and the U-Boot that were built once. It must not know what a test looks at.
"""
import dataclasses
import pathlib
import re
import subprocess

import harness
from plan_map import PlanMap


class BuildFailure(Exception):
    """An appliance could not be built; the words are make's."""


@dataclasses.dataclass
class Part:
    """One partition. `cpus`: its physical CPUs, in the order of its vCPUs; slots of shared CPUs stand in the appliance."""
    name: str
    image: str                      # a path, or "6.1" or "6.12" for Debian's kernel
    mib: int = 16
    cpus: tuple = ()
    cmdline: str = ""
    initrd: str = ""
    options: dict = dataclasses.field(default_factory=dict)     # CONFIG_PARTn_<key> = value
    nonce: str = dataclasses.field(default_factory=harness.new_nonce)

    @property
    def is_linux(self):
        return self.image.startswith("6.")


@dataclasses.dataclass
class Appliance:
    name: str
    parts: list
    gic: int = 3
    slots: dict = dataclasses.field(default_factory=dict)       # CPU -> [(partition's name, length in us)]
    devices: dict = dataclasses.field(default_factory=dict)     # GPIO -> partition's name
    options: dict = dataclasses.field(default_factory=dict)     # CONFIG_<key> = value
    make: tuple = ()                                            # more variables for make: test builds of the hypervisor

    def index(self, name):
        return [p.name for p in self.parts].index(name)


def _value(value):
    if value is True:
        return "y"
    return str(value) if isinstance(value, int) or re.fullmatch("0x[0-9a-f]+", value) else f'"{value}"'


class Builder:
    """`out` is the main output directory: kernels, guests, boot stage, U-Boot and the image tool are there already."""

    def __init__(self, out, kernels, key, jobs=2):
        self.out, self.kernels, self.key, self.jobs = pathlib.Path(out), kernels, key, jobs
        self.tree = harness.ROOT.parent     # whose hypervisor is built

    def config(self, appliance):
        """The lines of its .config."""
        settings = {"BOARD_QEMU_VIRT": True, "APPLIANCE": appliance.name, "PARTITION_COUNT": len(appliance.parts),
                    f"GIC_V{appliance.gic}": True, **appliance.options}
        for n, part in enumerate(appliance.parts, 1):
            settings.update(self._part(n, part))
        for cpu, slots in appliance.slots.items():
            settings.update({f"CPU{cpu}_SHARED": True, f"CPU{cpu}_SLOTS": len(slots), f"CPU{cpu}_FRAME_US": sum(us for _, us in slots)})
            for at, (name, us) in enumerate(slots, 1):
                settings.update({f"CPU{cpu}_SLOT{at}_PART{appliance.index(name) + 1}": True, f"CPU{cpu}_SLOT{at}_US": us})
        for device, name in appliance.devices.items():
            settings[f"DEV_{device}_PART{appliance.index(name) + 1}"] = True
        return "".join(f"CONFIG_{key}={_value(value)}\n" if value is not False else f"# CONFIG_{key} is not set\n"
                       for key, value in settings.items())

    def _part(self, n, part):
        settings = {"NAME": part.name, "MEMORY_MIB": part.mib, "CMDLINE": f"{part.cmdline} nonce={part.nonce}".strip()}
        if part.is_linux:
            settings.update({"LINUX": True, "IMAGE": f"{self.kernels[part.image]}/Image", "INITRD": str((self.out / "guests/initramfs.cpio").resolve())})
        else:
            settings.update({"RAW": True, "IMAGE": str(pathlib.Path(part.image).resolve())})
        settings.update(part.options)
        lines = {f"PART{n}_{key}": value for key, value in settings.items()}
        lines.update({f"CPU{cpu}_PART{n}": True for cpu in part.cpus})
        return lines

    def build(self, appliance):
        """Its output directory, with plan and hypervisor."""
        sub = self.out / "system" / appliance.name
        sub.mkdir(parents=True, exist_ok=True)
        config, text = sub / ".config", self.config(appliance)
        if not config.exists() or config.read_text() != text:
            config.write_text(text)
        sub, planner = sub.resolve(), (self.out / "appliance-config/planner").resolve()
        self._run("make", "-s", "-C", str(self.tree), f"-j{self.jobs}", f"O={sub}", f"PLANNER={planner}", "PLANNER_OBJECTS=",
                  *appliance.make, f"{sub}/hyp/hyp.bin", f"{sub}/plan/manifest.in")
        return sub

    def pack(self, sub):
        """The flash image of what was built in `sub`."""
        firmware = self.out / "firmware"
        self._run(str(firmware / "bulkhead-image"), "slot", f"{sub}/plan/manifest.in", self.key, f"{sub}/slot.bin")
        self._run("firmware/image/make-image", f"{sub}/appliance.img", f"{firmware}/boot.fit", f"{firmware}/record.bin", f"{sub}/slot.bin",
                  str(self.slot_mib(sub)))

    @staticmethod
    def slot_mib(sub):
        for line in (sub / "plan/plan.mk").read_text().splitlines():
            if line.startswith("PLAN_SLOT_MIB"):
                return int(line.split()[-1])
        return 128

    @staticmethod
    def _run(*command):
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=harness.ROOT.parent, stdin=subprocess.DEVNULL)
        if done.returncode:
            words = [line for line in (done.stdout + done.stderr).splitlines() if not re.match(r"  [A-Z]+ +\S+$", line)]
            raise BuildFailure("\n".join([" ".join(command), *words[-30:]]))

    def boot(self, appliance, direct=False):
        """(plan map, QEMU's arguments, output directory) of a freshly built appliance."""
        sub = self.build(appliance)
        plan = PlanMap(sub / "plan/map.txt")
        if direct:
            return plan, harness.direct_arguments(sub / "plan/manifest.in", sub), sub
        self.pack(sub)
        return plan, harness.flash_arguments(self.out / "firmware/u-boot.bin", sub / "appliance.img"), sub
