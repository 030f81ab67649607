# SPDX-License-Identifier: Apache-2.0
"""Writes a cpio archive (newc) for an initramfs: the same bytes for the same files.

Usage: mkcpio.py OUT NAME=FILE ...    each FILE becomes the executable /NAME
It must not know what the files are: owner, times and numbers are all fixed.
"""
import pathlib
import sys


def entry(number, name, mode, data=b""):
    links = 2 if mode & 0o040000 else 1
    fields = (number, mode, 0, 0, links, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def archive(files):
    folders = sorted({str(p) for name in files for p in pathlib.PurePosixPath(name).parents} - {"."})
    parts = [entry(i + 1, name, 0o040755) for i, name in enumerate(folders)]
    for name in sorted(files):
        parts.append(entry(len(parts) + 1, name, 0o100755, pathlib.Path(files[name]).read_bytes()))
    parts.append(entry(0, "TRAILER!!!", 0))
    return b"".join(parts)


def main():
    files = dict(word.split("=", 1) for word in sys.argv[2:])
    pathlib.Path(sys.argv[1]).write_bytes(archive(files))


if __name__ == "__main__":
    main()
