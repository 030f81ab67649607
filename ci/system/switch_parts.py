# SPDX-License-Identifier: Apache-2.0
"""Partitions that tests of the switch plug into it. It must not know what is tried."""
from appliance import Part


def debian(context, name, cpu, words=""):
    initrd = str((context.out / "guests/initramfs-tools-net.cpio").resolve())
    return Part(name, "6.12", 192, (cpu,), f"console=ttyAMA0 {words}".strip(), options={"INITRD": initrd})


def hello(context, name, cpus, words):
    return Part(name, str(context.out / "partitions/hello.elf"), 16, cpus, words)


def io(context, cpu, has_card):
    return Part("io", str(context.out / "partitions/io.elf"), 48, (cpu,), options={"IO": True, **({"TRUSTED_DMA": True} if has_card else {})})


def player(context, name, script, words, cpus):
    """The guest that plays a script. Only what is started as Linux has an initrd."""
    initrd = (context.out / f"system/switch-{name}.cpio").resolve()
    script.write(initrd)
    image = str(context.out / "guests/frames.bin")
    return Part(name, image, 96, cpus, words, options={"RAW": False, "LINUX": True, "INITRD": str(initrd)})
