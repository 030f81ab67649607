# SPDX-License-Identifier: Apache-2.0
"""Takes the text of the board's serial line apart: one stream for the firmware, one for the hypervisor, one for each
partition. docs/console.md has the two forms in which they share the line: prefixed lines, and frames. It must not know
where the bytes come from, nor what a partition means by them.
"""
import codecs
import re

FRAME_START, FRAME_END, FRAME_ESCAPE = 0x1e, 0x1f, 0x10
PREFIXED = re.compile(rb"^\[([a-z][a-z0-9-]*)\]([ ~!])(.*)$", re.S)
HYP, FIRMWARE = "hyp", "firmware"


class Stream:
    """What one source has printed so far."""

    def __init__(self, name, sink=None, observe=None):
        self.name = name
        self.text = ""
        self.lost = 0
        self.life = (0, 0)          # where the present life of the board begins: in the text, in the sink
        self.sink = sink
        self.observe = observe
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def add(self, data):
        text = self.decoder.decode(data).replace("\r", "")
        self.text += text
        if self.sink:
            self.sink.write(text)
            self.sink.flush()
        if self.observe:
            self.observe(self)

    def take_back(self, count):
        """The last `count` characters were not this stream's."""
        if count > 0:
            self.text = self.text[:-count]
            if self.sink:
                self.sink.seek(self.sink.tell() - count)
                self.sink.truncate()

    def begin_life(self):
        self.life = (len(self.text), self.sink.tell() if self.sink else 0)

    def forget_life(self):
        """What the board printed since it started comes again."""
        self.text, self.lost = self.text[:self.life[0]], 0
        if self.sink:
            self.sink.seek(self.life[1])
            self.sink.truncate()


class Demux:
    """Feed it bytes; `streams` holds what came of whom. `open_sink(name)` gives a text file for a new stream, or None;
    `observe(stream)` is called whenever one has grown."""

    def __init__(self, open_sink=lambda name: None, observe=None):
        self.open_sink = open_sink
        self.observe = observe
        self.streams = {}
        self.is_framed = False
        self.is_history = True      # the next frames begin with all that the rings remember
        self.pending = b""          # prefixed form: a line that has not ended; framed form: a frame's head
        self.source = None          # framed form: the stream that the frame belongs to
        self.is_head = False
        self.is_escaped = False
        self.held = b""             # framed form: bytes that the stream has not got yet
        self.line = b""             # framed form: the line that they are in, to find what a panic writes between

    def stream(self, name):
        if name not in self.streams:
            self.streams[name] = Stream(name, self.open_sink(name), self.observe)
        return self.streams[name]

    def feed(self, data):
        while data:
            data = self._feed_frames(data) if self.is_framed else self._feed_lines(data)

    # ---- prefixed lines

    def _feed_lines(self, data):
        start = data.find(bytes([FRAME_START]))
        piece, rest = (data, b"") if start < 0 else (data[:start], data[start:])
        *whole, self.pending = (self.pending + piece).split(b"\n")
        for line in whole:
            self._take_line(line)
        if start < 0:
            return b""
        self.pending = b""
        if self.is_history:     # what came before would be there twice
            for name, stream in self.streams.items():
                if name != FIRMWARE:
                    stream.forget_life()
        self.is_framed, self.is_head, self.is_history, self.line = True, False, False, b""
        return rest

    def _take_line(self, line):
        match = PREFIXED.match(line.rstrip(b"\r"))
        if not match:
            self.stream(FIRMWARE).add(line + b"\n")
            return
        name, mark, text = match.group(1).decode(), match.group(2), match.group(3)
        stream = self.stream(name)
        if name == HYP and text.startswith(b"Bulkhead: "):
            for each in self.streams.values():
                each.begin_life()
        if mark == b"!":
            stream.lost += int(text.split()[0])
            return
        if mark == b"~" and stream.text.endswith("\n"):
            stream.text = stream.text[:-1]
        stream.add(text + b"\n")

    # ---- frames

    def _feed_frames(self, data):
        for i, byte in enumerate(data):
            if self.is_head:
                self._take_head(byte)
            elif self.is_escaped:
                self.is_escaped = False
                self._take_framed(byte ^ 0x40)
            elif byte == FRAME_START:
                self.is_head, self.pending = True, b""
            elif byte == FRAME_ESCAPE:
                self.is_escaped = True
            else:
                self._take_framed(byte)
            if not self.is_framed:
                return data[i + 1:]
        self._flush()
        return b""

    def _take_head(self, byte):
        if byte != FRAME_END:
            self.pending += bytes([byte])
            return
        self._flush()
        name, _, lost = self.pending.decode("ascii", "replace").partition("!")
        self.is_head, self.pending, self.line = False, b"", b""
        self.source = self.stream(name)
        self.source.lost += int(lost or 0)

    def _take_framed(self, byte):
        self.held += bytes([byte])
        self.line = b"" if byte == 0x0a else self.line + bytes([byte])
        if self.line == b"[hyp] ":      # a panic writes prefixed lines; so does a hypervisor that starts anew
            already = len(self.line) - len(self.held)
            self.held = self.held[:-len(self.line)]
            (self.source or self.stream(FIRMWARE)).take_back(already)
            self._flush()
            self.is_framed, self.pending, self.is_history = False, self.line, True

    def _flush(self):
        if self.held:
            (self.source or self.stream(FIRMWARE)).add(self.held)
        self.held = b""
