# SPDX-License-Identifier: Apache-2.0
"""What a disk of QEMU was told, in the order in which it was done: the log of its driver `blklogwrites`, whose form is that of
Linux' dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst). It must not know what the writes mean.
"""
import dataclasses
import pathlib
import struct

MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD = 1, 2, 4
SUPER, ENTRY = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
SECTOR = 512


@dataclasses.dataclass
class Entry:
    flags: int
    offset: int         # bytes
    size: int
    data: bytes

    @property
    def is_flush(self):
        return bool(self.flags & FLUSH)


def blockdev(name, path, log):
    """QEMU's arguments: the disk `name` in the file `path`, logged in the file `log`."""
    pathlib.Path(log).write_bytes(b"")
    return ("-blockdev", f"driver=blklogwrites,node-name={name},log-sector-size={SECTOR},file.driver=file,file.filename={path},"
            f"log.driver=file,log.filename={log}")


def read(path):
    """All entries. The count in front is that of the last flush; behind the last entry the file ends, or holds zeroes."""
    log = pathlib.Path(path).read_bytes()
    magic, version, _, sector = SUPER.unpack_from(log.ljust(SUPER.size, b"\0"))
    if magic and (magic, version, sector) != (MAGIC, 1, SECTOR):
        raise ValueError(f"{path} is no log of writes")
    entries, at = [], SECTOR
    while at + SECTOR <= len(log):
        first, count, flags, _ = ENTRY.unpack_from(log, at)
        if not count and not flags:
            break
        size = count * SECTOR
        stored = 0 if flags & DISCARD else size
        entries.append(Entry(flags, first * SECTOR, size, log[at + SECTOR:at + SECTOR + stored]))
        at += SECTOR + stored
    return entries
