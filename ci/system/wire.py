# SPDX-License-Identifier: Apache-2.0
"""The other end of an emulated network card's cable: every frame that the card sends is kept, and frames are sent to it.
One datagram of a socket is one frame. It must not know what frames mean.
"""
import socket
import tempfile
import threading
import time


class Wire:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="bulkhead-wire-")
        self.here, self.there = f"{self.folder.name}/peer", f"{self.folder.name}/card"
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.bind(self.here)
        self.changed = threading.Condition()
        self.frames = []
        self.flows = threading.Event()
        self.flows.set()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def netdev(self, name):
        """QEMU's words for the back-end of the card."""
        return f"dgram,id={name},local.type=unix,local.path={self.there},remote.type=unix,remote.path={self.here}"

    def _read(self):
        while True:
            self.flows.wait()
            frame = self.link.recv(1 << 17)
            if not frame:
                return
            with self.changed:
                self.frames.append(frame)
                self.changed.notify_all()

    def stand_still(self):
        """The card gets rid of some frames more, then of none."""
        self.flows.clear()

    def flow(self):
        self.flows.set()

    def count(self, frame):
        """How often the card sent it since take()."""
        with self.changed:
            return self.frames.count(frame)

    def send(self, frame):
        self.link.sendto(frame, self.there)

    def expect(self, frame, timeout):
        """Whether the card sends it, or did so since take()."""
        return self.expect_any(lambda one: one == frame, timeout)

    def expect_any(self, is_meant, timeout):
        """The same of a frame for which `is_meant` is true."""
        end = time.monotonic() + timeout
        with self.changed:
            while not any(map(is_meant, self.frames)):
                left = end - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(left)
        return True

    def take(self):
        """What came since the last call."""
        with self.changed:
            frames, self.frames = self.frames, []
        return frames

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.flow()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.here)
        self.thread.join(5)
        self.link.close()
        self.folder.cleanup()
