# SPDX-License-Identifier: Apache-2.0
"""deps/sbom.py on an image of a few bytes: everything in it is named, nothing else is, and the document is a valid whole."""
import gzip
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "ci/check"))
sys.path.insert(0, str(TREE / "deps"))
from tap import Tap  # noqa: E402
import sbom  # noqa: E402


class Image:
    """A kernel of one series in it, one of another beside it, and busybox inside a compressed initramfs."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.series("kernel-6.1", "linux-image-6.1-arm64", "Image", b"6.1 kernel")
        self.series("kernel-6.12", "linux-image-6.12-arm64", "Image", b"kernel of 6.12")
        self.series("busybox-arm64", "busybox-static", "busybox", b"a busybox")
        for name, data in (("hyp.bin", b"hyp"), ("Image", b"kernel of 6.12"), ("cpio.gz", gzip.compress(b"xx a busybox yy", mtime=0)),
                           ("hello.bin", b"hello"), ("web.bin", b"web, IP by lwIP 1.2"), ("u-boot.bin", b"uboot"), ("boot.efi", b"boot stage"), ("image", b"whole")):
            (self.root / name).write_bytes(data)
        (self.root / "manifest.in").write_text("".join(f"component {n} {t} {self.root}/{f}\n" for n, t, f in (
            ("hyp", "hypervisor", "hyp.bin"), ("linux", "kernel", "Image"), ("initrd", "initrd", "cpio.gz"),
            ("hello", "program", "hello.bin"), ("web", "program", "web.bin"))))

    def series(self, name, deb, file, data):
        folder = self.root / "series" / name
        folder.mkdir(parents=True)
        (folder / file).write_bytes(data)
        (folder / "PACKAGE").write_text(f"{deb} 1.2-3 {'ab' * 32} pool/x.deb\n")

    def document(self):
        command = [sys.executable, TREE / "deps/sbom.py", "--pins", TREE / "deps/pins", "--series", self.root / "series", "--manifest",
                   self.root / "manifest.in", "--firmware", self.root / "u-boot.bin", self.root / "boot.efi", "--version", "v1", self.root / "image"]
        return subprocess.run(command, env={**os.environ, "SOURCE_DATE_EPOCH": "86400"}, capture_output=True, text=True, check=True).stdout


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as root:
        image = Image(root)
        text = image.document()
        document = json.loads(text)
        again = image.document()
    packages = {p["name"]: p for p in document["packages"]}
    wanted = {"bulkhead-appliance", "u-boot.bin", "boot.efi", "hyp", "linux", "initrd", "hello", "web", "lwip", "u-boot", "mbedtls", "libfdt", "picolibc",
              "linux-image-6.12-arm64", "busybox-static"}
    tap.result("everything in the image is named, and nothing else", sorted(wanted ^ set(packages)))
    linked = {(r["spdxElementId"], r["relatedSpdxElement"]) for r in document["relationships"] if r["relationshipType"] == "STATIC_LINK"}
    users = [n for n in ("hello", "web") if (packages[n]["SPDXID"], packages["lwip"]["SPDXID"]) in linked]
    tap.result("lwIP is linked into the program that says so, and no other", [] if users == ["web"] else users)
    known = {p["SPDXID"] for p in document["packages"]} | {"SPDXRef-DOCUMENT"}
    tap.result("each relation is between things in the document",
               [str(r) for r in document["relationships"] if not {r["spdxElementId"], r["relatedSpdxElement"]} <= known])
    tap.result("the image's hash is the image's",
               [] if packages["bulkhead-appliance"]["checksums"][0]["checksumValue"] == hashlib.sha256(b"whole").hexdigest() else ["it is not"])
    tap.result("pinned sources carry version, hash and licence",
               [n for n in ("u-boot", "mbedtls", "libfdt", "picolibc") if len(packages[n]["checksums"][0]["checksumValue"]) != 64
                or packages[n]["licenseDeclared"] == "NOASSERTION"])
    tap.result("the security fixes are told", [] if "security fixes" in packages["u-boot"].get("comment", "") else ["they are not"])
    pins = sbom.read_pins(TREE / "deps/pins")
    tap.result("every pin has a licence", [n for n, p in pins.items() if p["licenseDeclared"] == "NOASSERTION"])
    tap.result("the same image gives the same document, dated by the commit",
               [] if text == again and document["creationInfo"]["created"] == "1970-01-02T00:00:00Z" else ["it differs"])
    tap.result("the document is complete SPDX 2.3", [k for k in ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace",
                                                                 "creationInfo", "packages") if k not in document])
    tap.done()


if __name__ == "__main__":
    main()
