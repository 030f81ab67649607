# SPDX-License-Identifier: Apache-2.0
"""Makes the guest files that the golden configurations name: small, and each right or wrong in one way."""
import gzip
import pathlib
import struct
import subprocess

OVERLAY = '/dts-v1/;\n/plugin/;\n&{/} { fragment-made { note = "by an overlay"; }; };\n'


def image(image_size, size=4096):
    """An arm64 Image: code0, code1, text_offset, image_size, flags, reserved, magic."""
    header = struct.pack("<IIQQQQQQ4sI", 0x14000000, 0, 0, image_size, 0xA, 0, 0, 0, b"ARM\x64", 0)
    return header + bytes(size - len(header))


def elf(paddr=0x40200000, entry=None, machine=183, size=4096):
    """An executable with one segment, and one function symbol."""
    names, strings = b"\0.symtab\0.strtab\0", b"\0start\0"
    body = bytes(16)
    symbols = bytes(24) + struct.pack("<IBBHQQ", 1, 0x12, 0, 1, paddr, 16)
    at = 64 + 56
    sections_at = at + len(body) + len(symbols) + len(strings) + len(names)
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", 2, machine, 1, paddr if entry is None else entry, 64, sections_at, 0, 64, 56, 1, 64, 4, 3)
    program = struct.pack("<IIQQQQQQ", 1, 7, at, paddr, paddr, len(body), size, 4096)
    at += len(body)
    sections = bytes(64)
    sections += struct.pack("<IIQQQQIIQQ", 1, 2, 0, 0, at, len(symbols), 2, 1, 8, 24)
    sections += struct.pack("<IIQQQQIIQQ", 9, 3, 0, 0, at + len(symbols), len(strings), 0, 0, 1, 0)
    sections += struct.pack("<IIQQQQIIQQ", 9, 3, 0, 0, at + len(symbols) + len(strings), len(names), 0, 0, 1, 0)
    return header + program + body + symbols + strings + names + sections


def overlay(out, name, source):
    subprocess.run(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", out / name, "-"], input=source.encode(), check=True)


def make(out):
    """Writes all files to the directory `out`."""
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    good = image(0x100000)
    packed = gzip.compress(good + bytes(range(256)) * 64, mtime=0)
    files = {
        "good.Image": good, "pool.Image": image(0x100000)[:-64] + b"restricted-dma-pool".ljust(64, b"\0"), "huge.Image": image(0x8000000), "good.elf": elf(), "place.elf": elf(paddr=0x80000000),
        "low.elf": elf(paddr=0x40000000), "entry.elf": elf(entry=0x40300000), "x86.elf": elf(machine=62),
        "good.Image.gz": packed, "cut.Image.gz": packed[:-12], "flat.bin": b"\xc0\x03\x5f\xd6" * 16, "empty": b"",
        "good.cpio": b"070701" + bytes(506), "mid.cpio": b"070701" + bytes((6 << 20) - 6), "big.cpio": b"070701" + bytes((24 << 20) - 6),
        "bad.dtbo": b"no device tree at all", "text.txt": b"just words\n",
    }
    files["partitions/io.elf"] = files["partitions/hello.elf"] = elf()
    (out / "partitions").mkdir(exist_ok=True)
    for name, data in files.items():
        (out / name).write_bytes(data)
    overlay(out, "good.dtbo", OVERLAY)
    overlay(out, "plain.dtb", "/dts-v1/;\n/ { };\n")
    (out / "big.data").write_bytes(bytes(3 << 20))
    overlay(out, "big.dtbo", OVERLAY.replace('"by an overlay"', '/incbin/("%s")' % (out / "big.data")))
