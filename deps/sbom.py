#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the flash image is made of, as SPDX 2.3 (JSON): our own programs, the pinned sources linked into them, and the
guests' packages, found in the components by content. The same image gives the same document.

It reads deps/pins, the guests' PACKAGE files and the plan's list of components; it must not know who made those.
"""
import argparse
import datetime
import gzip
import hashlib
import json
import os
import pathlib
import sys
import zlib

LICENCES = {
    "u-boot": "GPL-2.0-or-later",
    "mbedtls": "Apache-2.0 OR GPL-2.0-or-later",
    "picolibc": "BSD-3-Clause",
    "libfdt": "GPL-2.0-or-later OR BSD-2-Clause",
    "lwip": "BSD-3-Clause",
    "linux": "GPL-2.0-only WITH Linux-syscall-note",
    "busybox": "GPL-2.0-only",
}
# What the pinned sources are linked into: what starts the slots by its name, components of a slot by their type.
LINKED = {"u-boot.bin": ("u-boot",), "boot.efi": ("mbedtls", "libfdt"), "program": ("picolibc", "libfdt")}
# Linked only into programs that ask for it, and told by a text of its own in them.
TELL_TALES = {"lwip": b"IP by lwIP "}
SOURCE_PACKAGES = {"libfdt": "device-tree-compiler"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def file_sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identifier(*words):
    return "SPDXRef-" + "-".join("".join(c if c.isalnum() or c == "." else "-" for c in w) for w in words)


def package(name, version, licence, checksum=None, purl=None, comment=None):
    """One SPDX package."""
    record = {"SPDXID": identifier("Package", name, version), "name": name, "versionInfo": version,
              "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
              "licenseDeclared": licence, "copyrightText": "NOASSERTION"}
    if checksum:
        record["checksums"] = [{"algorithm": "SHA256", "checksumValue": checksum}]
    if purl:
        record["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}]
    if comment:
        record["comment"] = comment
    return record


def licence_of(name):
    for key, licence in LICENCES.items():
        if name == key or name.startswith(key + "-"):
            return licence
    return "NOASSERTION"


def read_pins(path):
    """{name: package} of deps/pins; the packaging that patches come from is told in its source's comment."""
    rows = [line.split() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    patches = {name.removesuffix("-debian"): version for name, version, _, _ in rows if name.endswith("-debian")}
    result = {}
    for name, version, checksum, _ in rows:
        if name.endswith("-debian"):
            continue
        comment = f"with security fixes of Debian's {patches[name]}" if name in patches else None
        source = SOURCE_PACKAGES.get(name, name)
        result[name] = package(name, version, licence_of(name), checksum, f"pkg:deb/debian/{source}@{version}?arch=source", comment)
    return result


def read_series(folder):
    """[(package, bytes to look for)] of each guest package that was fetched."""
    found = []
    for path in sorted(folder.glob("*/PACKAGE")):
        content = next((p for p in (path.parent / "Image", path.parent / "busybox") if p.exists()), None)
        if not content:     # a tool of this machine, or of test guests
            continue
        name, version, checksum, _ = path.read_text().split()
        content = content.read_bytes()
        licence = licence_of(name.replace("-image", ""))
        found.append((package(name, version, licence, checksum, f"pkg:deb/debian/{name}@{version}?arch=arm64"), content))
    return found


def read_components(path):
    """[(name, type, file)] of the plan's manifest input."""
    rows = [line.split("#")[0].split() for line in path.read_text().splitlines()]
    return [tuple(r[1:4]) for r in rows if r[:1] == ["component"]]


def unpacked(data):
    """Gzip data as it was before; anything else as it is."""
    try:
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error):
        return data


class Document:
    """Packages and relations in the order in which they are added."""

    def __init__(self):
        self.packages, self.relations = {}, []

    def add(self, record):
        self.packages[record["SPDXID"]] = record
        return record

    def relate(self, one, kind, other):
        self.relations.append({"spdxElementId": one["SPDXID"], "relationshipType": kind, "relatedSpdxElement": other["SPDXID"]})

    def text(self, name, created, image):
        namespace = sha256(json.dumps([list(self.packages.values()), self.relations]).encode())
        return json.dumps({
            "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": name,
            "documentNamespace": f"urn:sha256:{namespace}",
            "creationInfo": {"created": created, "creators": ["Tool: bulkhead-sbom"]},
            "documentDescribes": [image["SPDXID"]],
            "packages": list(self.packages.values()),
            "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                               "relatedSpdxElement": image["SPDXID"]}] + self.relations,
        }, indent=1) + "\n"


def describe(args):
    """The document of an image."""
    document = Document()
    pins, series = read_pins(pathlib.Path(args.pins)), read_series(pathlib.Path(args.series))
    image = document.add(package("bulkhead-appliance", args.version, "NOASSERTION", file_sha256(args.image)))
    parts = [(os.path.basename(f), os.path.basename(f), f) for f in args.firmware] + read_components(pathlib.Path(args.manifest))
    for name, kind, path in parts:
        data = pathlib.Path(path).read_bytes()
        whole = unpacked(data)
        ours = kind in ("hypervisor", "program", "devicetree", "boot.efi")
        licence = "Apache-2.0" if ours else LICENCES["u-boot"] if kind == "u-boot.bin" else "NOASSERTION"
        part = document.add(package(name, args.version if ours else sha256(data)[:12], licence, sha256(data), None, kind))
        document.relate(image, "CONTAINS", part)
        told = tuple(p for p, text in TELL_TALES.items() if kind == "program" and text in whole)
        for pin in LINKED.get(kind, ()) + told:
            document.relate(part, "STATIC_LINK", document.add(pins[pin]))
        for record, content in series:
            if content and content in whole:
                document.relate(part, "GENERATED_FROM", document.add(record))
    created = datetime.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), datetime.timezone.utc)
    return document.text(f"bulkhead {args.version}", created.strftime("%Y-%m-%dT%H:%M:%SZ"), image)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pins", default="deps/pins")
    parser.add_argument("--series", required=True)
    parser.add_argument("--manifest", required=True)
    parser.add_argument("--firmware", nargs="*", default=[])
    parser.add_argument("--version", default="unversioned")
    parser.add_argument("image")
    sys.stdout.write(describe(parser.parse_args()))


if __name__ == "__main__":
    main()
