# SPDX-License-Identifier: Apache-2.0
"""README's way for a kernel of one's own, walked to its end: a directory outside of the project, `make EXT=` for
everything, and Linux proves that it runs. Then the image is made one to ship: development keys are refused although all
is built, and keys of one's own, older than what was built, are taken. It must not know how anything is built.
"""
import argparse
import gzip
import hashlib
import os
import pathlib
import re
import secrets
import shutil
import subprocess
import sys
import time

TREE = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "ci/check"), str(TREE / "ci/run")]
from machine import Board, Machine, flash_arguments  # noqa: E402
from tap import Tap  # noqa: E402

CPUS, MIB = 2, 256


class Walk:
    """The directories of a user: `ext` with what is his, `out` with what is built."""

    def __init__(self, main, kernel):
        self.main, self.release = main, (kernel / "RELEASE").read_text().strip()
        self.ext, self.out = main / "own/gateway", main / "own/build"
        shutil.rmtree(main / "own", ignore_errors=True)
        (self.ext / "appliances").mkdir(parents=True)
        shutil.copy(kernel / "Image", self.ext / "my-Image")
        (self.ext / "my-initrd.cpio.gz").write_bytes(gzip.compress((main / "guests/initramfs.cpio").read_bytes(), mtime=0))
        self.nonce = secrets.token_hex(8)
        self.take_uboot()

    def take_uboot(self):
        """U-Boot is what takes long, and does not depend on anything here: it is taken as it was built."""
        (self.out / "firmware/u-boot").mkdir(parents=True)
        for name in (".config", "u-boot-nodtb.bin"):
            shutil.copy2(self.main / "firmware/u-boot" / name, self.out / "firmware/u-boot" / name)

    def make(self, *words):
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
        return subprocess.run(["make", "-j2", f"EXT={self.ext}", f"O={self.out}", *words], cwd=TREE, env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=900, check=False)

    def choose(self):
        """What a person would set in menuconfig, which begins with the demo."""
        wanted = {"PART1_IMAGE": '"my-Image"', "PART1_INITRD": '"my-initrd.cpio.gz"', "PART1_MEMORY_MIB": str(MIB),
                  "PART1_CMDLINE": f'"console=ttyAMA0 nonce={self.nonce}"'}
        findings = judge(self.make("demo-arm64_defconfig"))
        config = self.out / ".config"
        text = config.read_text()
        for key, value in wanted.items():
            text = re.sub(rf"^CONFIG_{key}=.*$", f"CONFIG_{key}={value}", text, flags=re.M)
        config.write_text(text)
        return findings

    def run(self, *words):
        """Findings: boots, and my kernel says what only it could."""
        findings = judge(self.make("run", "TIMEOUT=150", *words), "every partition is up")
        return findings or self.proof()

    def proof(self):
        """make run ends when Linux starts its first program; a second boot waits for what that computes."""
        up = "UP " + hashlib.sha256(f"{self.nonce}:Linux {self.release}:{CPUS}:{MIB}".encode()).hexdigest()
        boot = flash_arguments(self.out / "firmware/u-boot.bin", self.out / "appliance.img")
        end = time.monotonic() + 120
        with Machine(Board(), boot, self.out / "log/proof") as machine, machine.changed:
            while up not in machine.text("linux") and not machine.ended and time.monotonic() < end:
                machine.changed.wait(1)
            return [] if up in machine.text("linux") else [f"it did not say {up}", *machine.text("linux").splitlines()[-5:]]

    def keep(self):
        findings = judge(self.make("savedefconfig"))
        before = (self.out / ".config").read_text()
        shutil.copy(self.out / "defconfig", self.ext / "appliances/mine_defconfig")
        findings += judge(self.make("list"), "mine") + judge(self.make("mine_defconfig"))
        return findings + ([] if settings(before) == settings((self.out / ".config").read_text()) else ["the configuration is another one"])

    def keys(self):
        """Keys of his own, made long ago."""
        folder = self.main / "own/keys"
        subprocess.run([TREE / "firmware/image/make-keys", folder, "development"], check=True)
        (folder / "DEVELOPMENT").unlink()
        for file in folder.iterdir():
            os.utime(file, (1600000000, 1600000000))
        return f"KEYS={folder}"

    def refused(self):
        image = self.out / "appliance.img"
        before = image.stat().st_mtime_ns
        done = self.make("RELEASE=1")
        findings = [] if done.returncode and "RELEASE=1 refuses the development keys" in done.stderr else ["it was not refused", done.stdout, done.stderr]
        return findings + ([] if image.stat().st_mtime_ns == before else ["the image was written"])

    def released(self):
        findings = self.run("RELEASE=1", self.keys())
        said = (self.out / "log/firmware.log").read_text() + (self.out / "log/hyp.log").read_text()
        findings += [f"said of a release: {line}" for line in re.findall(r".*(?i:development keys).*", said)]
        return findings + ([] if "boot: slot a: starting" in said else ["the boot stage said nothing"])


def settings(text):
    return sorted(line for line in text.splitlines() if line.startswith("CONFIG_"))


def judge(done, *words):
    """Findings of a command that must succeed and say `words`."""
    said = done.stdout + done.stderr
    findings = [f"not said: {word}" for word in words if word not in said] + ([] if done.returncode == 0 else [f"status {done.returncode}"])
    return findings + (said.splitlines()[-15:] if findings else [])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--kernel", type=pathlib.Path, required=True)
    args = parser.parse_args()
    tap, walk = Tap(), Walk(args.out.resolve(), args.kernel)
    tap.result("a kernel and an initrd of one's own are chosen", walk.choose())
    tap.result("make EXT=dir run boots them, and Linux proves it", walk.run())
    tap.result("the configuration is kept as an appliance of one's own", walk.keep())
    tap.result("RELEASE=1 refuses development keys, although all is built", walk.refused())
    tap.result("keys of one's own are taken, however old, and the image says nothing of development", walk.released())
    tap.result("and RELEASE=1 refuses development keys again", walk.refused())
    tap.done()


if __name__ == "__main__":
    main()
