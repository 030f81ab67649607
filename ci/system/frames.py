# SPDX-License-Identifier: Apache-2.0
"""Ethernet frames, byte for byte, for tests of the switch: written from the protocols' own documents (RFC 791, 826, 768,
9293, 8200, 4861, IEEE 802.1Q), so that it is no copy of what it judges. It must not know ports or rules.
"""
import ipaddress
import struct

IPV4, IPV6, ARP, VLAN, STACKED, TEST = 0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8, 0x88B5
ICMP, TCP, UDP, ICMPV6, GRE = 1, 6, 17, 58, 47
SYN, RST, PSH, ACK = 2, 4, 8, 16
ALL = "ff:ff:ff:ff:ff:ff"
LEAST = 60


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def address(text):
    return ipaddress.ip_address(text).packed


def tag(vlan, priority=0, kind=VLAN):
    return struct.pack(">HH", kind, priority << 13 | vlan)


def ether(to, source, kind, rest, tags=b""):
    """A frame; short ones are filled with zeros to what a wire wants."""
    return (mac(to) + mac(source) + tags + struct.pack(">H", kind) + rest).ljust(LEAST, b"\0")


def total(data):
    """One's complement sum of 16-bit words (RFC 1071)."""
    value = sum(word for word, in struct.iter_unpack(">H", data + b"\0" * (len(data) % 2)))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return value


def checksum(data):
    return 0xFFFF - total(data)


def pseudo(source, to, protocol, length):
    if len(source) == 4:
        return source + to + struct.pack(">HH", protocol, length)
    return source + to + struct.pack(">II", length, protocol)


def ipv4(source, to, protocol, rest, fragment=0, number=0x1234, length=None):
    """`fragment`: the field of flags and offset."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(rest) if length is None else length, number, fragment, 64, protocol, 0) + address(source) + address(to)
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + rest


def ipv6(source, to, protocol, rest):
    return struct.pack(">IHBB", 6 << 28, len(rest), protocol, 255 if protocol == ICMPV6 else 64) + address(source) + address(to) + rest


def udp(source, to, sport, dport, text):
    head = struct.pack(">HHHH", sport, dport, 8 + len(text), 0)
    value = checksum(pseudo(address(source), address(to), UDP, 8 + len(text)) + head + text) or 0xFFFF
    return head[:6] + struct.pack(">H", value) + text


def tcp(source, to, sport, dport, flags, text=b"", sequence=1000, unfinished=False):
    """`unfinished`: with the sum of the pseudo header alone, as a driver leaves it to its device."""
    head = struct.pack(">HHIIBBHHH", sport, dport, sequence, 1, 5 << 4, flags, 65535, 0, 0)
    fake = pseudo(address(source), address(to), TCP, 20 + len(text))
    value = total(fake) if unfinished else checksum(fake + head + text)
    return head[:16] + struct.pack(">H", value) + head[18:] + text


def icmp(text):
    head = struct.pack(">BBHHH", 8, 0, 0, 1, 1)
    return head[:2] + struct.pack(">H", checksum(head + text)) + head[4:] + text


def arp(sender_mac, sender, target, operation=1):
    return struct.pack(">HHBBH", 1, IPV4, 6, 4, operation) + mac(sender_mac) + address(sender) + bytes(6) + address(target)


def advertisement(source, to, target, link):
    """A neighbour advertisement with the target's link-layer address."""
    body = struct.pack(">BBHI", 136, 0, 0, 0x20000000) + address(target) + b"\x02\x01" + mac(link)
    value = checksum(pseudo(address(source), address(to), ICMPV6, len(body)) + body)
    return body[:2] + struct.pack(">H", value) + body[4:]


def segments(frame, size):
    """What a TCP frame over IPv4 without options becomes when it is cut into pieces of `size` bytes."""
    link, head, text = frame[:14], frame[34:54], frame[54:]
    source, to = (str(ipaddress.ip_address(frame[at:at + 4])) for at in (26, 30))
    sport, dport, sequence = struct.unpack(">HHI", head[:8])
    number, = struct.unpack(">H", frame[18:20])
    found = []
    for n, at in enumerate(range(0, len(text), size)):
        piece = text[at:at + size]
        flags = head[13] if at + size >= len(text) else head[13] & ~PSH
        found.append(link + ipv4(source, to, TCP, tcp(source, to, sport, dport, flags, piece, sequence + at), number=number + n))
    return found


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value
