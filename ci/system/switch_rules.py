# SPDX-License-Identifier: Apache-2.0
"""Every rule of the switch, with a frame that passes and one that does not: the ports, and what is tried on each. It must not
know how frames are sent, nor how the switch decides.
"""
import frames
from frames import ACK, ALL, ARP, GRE, ICMP, ICMPV6, IPV4, IPV6, PSH, RST, SYN, TCP, TEST, UDP, arp, ether, ipv4, ipv6, tag
from script import Script

MULTICAST, RESERVED = "01:00:5e:00:00:42", "01:80:c2:00:00:0e"
RATE_KBIT, BURST_KIB, FRAMES_BURST, STORM_BURST = 12, 66, 45, 10
FILTER = ["in allow arp", "in allow icmp", "in allow udp to 10.0.0.1 dport 53", "in allow tcp established sport 80", "in deny tcp dport 23",
          "in allow tcp from 10.0.0.0/24 to 10.0.1.0/24 dport 1000-2000", "in allow proto 47", "in allow ethertype 0x88f7",
          "in allow udp from fd00::/16 to fd00::1", "out allow udp sport 53", "out deny udp", "out allow any"]

# Name -> choices, in the order of their numbers. Who takes unfinished frames comes first: see PLAIN.
OWN_ADDRESS_ONLY = {"SPOOF_MAC": True, "SPOOF_ARP": True}
BRIDGE = {"SPOOF_MAC": False, "SPOOF_ARP": False}
PORTS = {
    "j1": {"MTU": 9000, "TALKS_TO": "j2 a wan"},
    "j2": {"MTU": 9000},
    "a": {"TALKS_TO": "b wan"},
    "b": {"TALKS_TO": "sink"},
    "c": {},
    "diode": {"TALKS_TO": ">a"},
    "bridge": {"TALKS_TO": "a", "LEARN": 2, **BRIDGE},
    "v10": {"VLAN": 10, "TALKS_TO": "v10b v20 t1 t2 wan"},
    "v10b": {"VLAN": 10},
    "v20": {"VLAN": 20, "TALKS_TO": "t1 t2"},
    "t1": {"TRUNK": True, "VLANS": "10,20", "NATIVE": 30, "TALKS_TO": "t2 v30"},
    "t2": {"TRUNK": True, "VLANS": "10"},
    "v30": {"VLAN": 30},
    "own": {"SOURCES": "10.0.0.5 fd00::5", "TALKS_TO": "a"},
    "filter": {"TALKS_TO": "a", "RULES": len(FILTER), **{f"RULE{n}": rule for n, rule in enumerate(FILTER, 1)}},
    "rate": {"TALKS_TO": "a", "RATE_KBIT": RATE_KBIT, "BURST_KIB": BURST_KIB},
    "frames": {"TALKS_TO": "sink", "FRAMES": 1, "FRAMES_BURST": FRAMES_BURST},
    "storm": {"TALKS_TO": "b", "STORM": 1, "STORM_BURST": STORM_BURST},
    "seen": {"TALKS_TO": "a", "MIRROR_IN": "ears", "MIRROR_OUT": "ears", "RULES": 2, "RULE1": "in deny udp", "RULE2": "in allow any"},
    "ears": {},
    "sink": {},
    "greedy": {"TALKS_TO": "sink"},
    "wan": {"UPLINK": True, "TRUNK": True, "VLANS": "10", "NATIVE": 1, "TALKS_TO": "z2"},
    "z1": {"TALKS_TO": "z2"},
    "z2": {},
}
PLAIN = 3       # number of the first port that takes finished frames only


def options():
    """The configuration of these ports; all but the uplink are the first partition's."""
    settings = {"NET_PORTS": len(PORTS)}
    for n, (name, choices) in enumerate(PORTS.items(), 1):
        mine = {"NAME": name, **choices}
        if "UPLINK" not in choices:
            mine.update({"PART1": True, "MAC_FIXED": True, "MAC": f"02:00:00:00:00:{n:02x}"})
        settings.update({f"NET{n}_{key}": value for key, value in mine.items()})
    return settings


class Rules(Script):
    def __init__(self):
        super().__init__(list(PORTS), "wan", ("z1", "z2"))
        self.count = 0

    def text(self, size=46):
        """No two payloads are the same."""
        self.count += 1
        return f"frame {self.count} ".encode().ljust(size, b".")

    def plain(self, port, to, size=46, tags=b"", kind=TEST, source=None):
        """`to`: a port or an address."""
        return ether(self.mac(to) if to in self.ports else to, source or self.mac(port), kind, self.text(size), tags)

    def ip(self, port, to, source, target, protocol, rest, **more):
        return ether(self.mac(to), self.mac(port), IPV4, ipv4(source, target, protocol, rest, **more))

    def udp(self, port, to, source, target, sport, dport):
        return self.ip(port, to, source, target, UDP, frames.udp(source, target, sport, dport, self.text(20)))

    def tcp(self, port, to, source, target, sport, dport, flags):
        return self.ip(port, to, source, target, TCP, frames.tcp(source, target, sport, dport, flags, self.text(20)))

    def ip6(self, port, to, source, target, protocol, rest):
        return ether(self.mac(to), self.mac(port), IPV6, ipv6(source, target, protocol, rest))


def matrix(s):
    g = s.group("allow matrix")
    g.add("a named port gets the frame", "a", s.plain("a", "b"), {"b"})
    g.add("and answers: a name opens both directions", "b", s.plain("b", "a"), {"a"})
    g.add("who is not named gets nothing", "a", s.plain("a", "c"), drop=("a", "not-allowed"))
    g.add("nor does it reach those who do not name it", "c", s.plain("c", "b"), drop=("c", "not-allowed"))
    g.add("a diode passes", "diode", s.plain("diode", "a"), {"a"})
    g.add("and not back", "a", s.plain("a", "diode"), drop=("a", "not-allowed"))
    g.add("a broadcast reaches all that it may talk to, no other", "b", s.plain("b", ALL), {"a", "sink", "storm"})
    g.add("a multicast as well", "b", s.plain("b", MULTICAST), {"a", "sink", "storm"})
    g.add("of a port that talks to nobody, it reaches nobody", "c", s.plain("c", ALL), drop=("c", "not-allowed"))
    g.add("what bridges keep is not passed on", "b", s.plain("b", RESERVED), drop=("b", "reserved"))
    g.add("a group is no source", "b", s.plain("b", "a", source=MULTICAST), drop=("b", "bad-source"))
    g.add("less than a header is no frame", "b", s.plain("b", "a")[:10], drop=("b", "runt"))
    g.add("a packet longer than its frame", "b", s.ip("b", "a", "10.0.0.2", "10.0.0.1", UDP, s.text(), length=1400), drop=("b", "malformed"))


def learning(s):
    one, two, three, far = (f"02:00:00:00:02:{n:02x}" for n in (1, 2, 3, 9))
    g = s.group("learning")
    g.add("an unknown address is looked for where somebody learns, nowhere else", "a", s.plain("a", one), {"bridge", "wan"})
    g.add("a station behind a bridge is heard", "bridge", s.plain("bridge", "a", source=one), {"a"})
    g.add("and found there alone", "a", s.plain("a", one), {"bridge"})
    g.add("a second one", "bridge", s.plain("bridge", "a", source=two), {"a"})
    g.add("a third one is one too many", "bridge", s.plain("bridge", "a", source=three), {"a"}, also=[("bridge", "not-learned")])
    g.add("so it is looked for everywhere", "a", s.plain("a", three), {"bridge", "wan"})
    g.add("and the first is still known", "a", s.plain("a", one), {"bridge"})
    frame = s.plain("wan", "a", source=far)
    g.add("the wire's table is another one", "wan", to={"a": frame}, inject=frame)
    g.add("its station is found on the wire alone", "a", s.plain("a", far), {"wan"})
    g.add("nobody else takes its address over", "bridge", s.plain("bridge", "a", source=far), {"a"}, also=[("bridge", "not-learned")])
    g.add("it is still on the wire", "a", s.plain("a", far), {"wan"})
    g.add("a port's own address is nobody else's source", "bridge", s.plain("bridge", "a", source=s.mac("b")), drop=("bridge", "spoof-mac"))
    g.add("a multicast goes out to the wire", "j1", s.plain("j1", MULTICAST), {"j2", "a", "wan"})
    frame = s.plain("wan", MULTICAST, source=far)
    g.add("and comes in from it", "wan", to={"a": frame, "j1": frame}, inject=frame)


def vlans(s):
    ten, twenty, ten5 = tag(10), tag(20), tag(10, 5)
    g = s.group("VLAN")

    def tagged(name, port, to, tags, arrives=None, **more):
        """Sent with `tags`; arrives = {port: tags}."""
        s.count += 1
        mark = s.count
        made = []
        for words in (tags, *(arrives or {}).values()):
            s.count = mark
            made.append(s.plain(port, to, tags=words))
        g.add(name, port, made[0], dict(zip(arrives or {}, made[1:])), **more)

    tagged("two access ports of one VLAN", "v10", "v10b", b"", {"v10b": b""})
    tagged("not those of two, whatever they talk to: it is looked for behind the wire, in its own VLAN", "v10", "v20", b"", {"wan": ten})
    tagged("where nobody learns it is nowhere", "v20", "v10", b"", drop=("v20", "no-destination"))
    tagged("a broadcast stays in its VLAN and gets its tag on trunks", "v10", ALL, b"", {"v10b": b"", "t1": ten, "t2": ten, "wan": ten})
    tagged("a trunk without the VLAN does not see it", "v20", ALL, b"", {"t1": twenty})
    tagged("an access port gets no tag", "t1", "v10", ten, {"v10": b""})
    tagged("from trunk to trunk the tag stays, with its priority", "t1", "t2", ten5, {"t2": ten5})
    tagged("the native VLAN comes without a tag", "v30", "t1", b"", {"t1": b""})
    tagged("and goes without one", "t1", "v30", b"", {"v30": b""})
    tagged("a tag of another VLAN does not lead there", "t1", "v10", twenty, drop=("t1", "no-destination"))
    tagged("a VLAN that a trunk does not carry", "t1", "v10", tag(40), drop=("t1", "vlan-foreign"))
    tagged("no tag on a trunk without a native VLAN", "t2", "v10", b"", drop=("t2", "vlan-tag"))
    tagged("a tag on an access port", "v10", "v10b", ten, drop=("v10", "vlan-tag"))
    tagged("but a priority", "v10", "v10b", tag(0, 3), {"v10b": b""})
    tagged("a tag in a tag", "t1", "v10", ten + twenty, drop=("t1", "vlan-nested"))
    tagged("a provider's tag", "t1", "v10", tag(10, kind=frames.STACKED), drop=("t1", "vlan-nested"))
    for name, words, more in (("a tag from the wire is taken off", ten, {}), ("a VLAN that the wire does not carry", twenty, {"drop": ("wan", "vlan-foreign")})):
        frame = s.plain("wan", "v10", source="02:00:00:00:02:0a")
        sent = frame[:12] + words + frame[12:]
        g.add(name, "wan", to={} if more else {"v10": frame}, inject=sent, **more)


def addresses(s):
    ok, lie = "10.0.0.5", "10.0.0.6"
    other = "02:00:00:00:02:0b"
    g = s.group("false addresses")
    g.add("its own addresses", "own", s.udp("own", "a", ok, "10.0.0.1", 1, 2), {"a"})
    g.add("another MAC address", "own", s.plain("own", "a", source=other), drop=("own", "spoof-mac"))
    g.add("another IP address", "own", s.udp("own", "a", lie, "10.0.0.1", 1, 2), drop=("own", "spoof-ip"))
    g.add("true ARP", "own", ether(ALL, s.mac("own"), ARP, arp(s.mac("own"), ok, "10.0.0.1")), {"a"})
    g.add("ARP for another IP address", "own", ether(ALL, s.mac("own"), ARP, arp(s.mac("own"), lie, "10.0.0.1")), drop=("own", "spoof-arp"))
    g.add("ARP for another MAC address", "own", ether(ALL, s.mac("own"), ARP, arp(other, ok, "10.0.0.1")), drop=("own", "spoof-arp"))
    ask = ipv4("0.0.0.0", "255.255.255.255", UDP, frames.udp("0.0.0.0", "255.255.255.255", 68, 67, s.text()))
    g.add("a question for DHCP", "own", ether(ALL, s.mac("own"), IPV4, ask), {"a"})
    g.add("its IPv6 address", "own", s.ip6("own", "a", "fd00::5", "fd00::1", UDP, frames.udp("fd00::5", "fd00::1", 1, 2, s.text())), {"a"})
    g.add("another IPv6 address", "own", s.ip6("own", "a", "fd00::6", "fd00::1", UDP, frames.udp("fd00::6", "fd00::1", 1, 2, s.text())),
          drop=("own", "spoof-ip"))
    for name, link, more in (("a true neighbour advertisement", s.mac("own"), {"to": {"a"}}),
                             ("a false one", other, {"drop": ("own", "spoof-arp")})):
        g.add(name, "own", s.ip6("own", "a", "fd00::5", "fd00::1", ICMPV6, frames.advertisement("fd00::5", "fd00::1", "fd00::5", link)), **more)


def filters(s):
    g = s.group("filter")
    a, f = "10.0.0.1", "10.0.0.7"

    def goes(name, frame, rule):
        g.add(name, "filter", frame, {"a"}, rules=[("filter", rule)])

    def ends(name, frame, rule=None, why="filter"):
        g.add(name, "filter", frame, drop=("filter", why), rules=[("filter", rule)] if rule else ())

    def udp(port, source=f, target=a, sport=9):
        return s.udp("filter", "a", source, target, sport, port)

    def tcp(flags, sport=9, dport=9, source=f, target=a):
        return s.tcp("filter", "a", source, target, sport, dport, flags)

    goes("arp", ether(s.mac("a"), s.mac("filter"), ARP, arp(s.mac("filter"), f, a)), 1)
    goes("icmp", s.ip("filter", "a", f, a, ICMP, frames.icmp(s.text(20))), 2)
    goes("udp by address and port", udp(53), 3)
    ends("another port", udp(54))
    ends("another address", udp(53, target="10.0.0.2"))
    goes("tcp established", tcp(ACK, sport=80), 4)
    goes("tcp that refuses", tcp(RST, sport=80), 4)
    ends("tcp that begins", tcp(SYN, sport=80))
    ends("tcp established from another port", tcp(ACK, sport=81))
    ends("a rule that denies, before one that allows", tcp(SYN, dport=23, target="10.0.1.1"), 5)
    goes("prefixes and a range of ports: its first", tcp(SYN, dport=1000, target="10.0.1.255"), 6)
    goes("its last", tcp(SYN, dport=2000, target="10.0.1.1"), 6)
    ends("one behind it", tcp(SYN, dport=2001, target="10.0.1.1"))
    ends("outside of the prefix", tcp(SYN, dport=1000, target="10.0.2.1"))
    goes("a number of a protocol", s.ip("filter", "a", f, a, GRE, s.text(20)), 7)
    ends("another number", s.ip("filter", "a", f, a, GRE + 3, s.text(20)))
    goes("an EtherType", s.plain("filter", "a", kind=0x88F7), 8)
    ends("another EtherType", s.plain("filter", "a", kind=0x88F8))
    goes("IPv6", s.ip6("filter", "a", "fd00::7", "fd00::1", UDP, frames.udp("fd00::7", "fd00::1", 1, 2, s.text())), 9)
    ends("IPv6 to another", s.ip6("filter", "a", "fd00::7", "fd00::2", UDP, frames.udp("fd00::7", "fd00::2", 1, 2, s.text())))
    ends("a fragment that might be what is denied", s.ip("filter", "a", f, a, TCP, s.text(64), fragment=8), 5, "filter-unseen")
    ends("a fragment that might be what is allowed", s.ip("filter", "a", f, a, UDP, s.text(64), fragment=8))
    g.add("out: what is allowed", "a", s.udp("a", "filter", a, f, 53, 9), {"filter"}, rules=[("filter", 10)])
    g.add("out: what is denied, counted at the receiver", "a", s.udp("a", "filter", a, f, 54, 9), drop=("filter", "filter"), rules=[("filter", 11)])
    g.add("out: the rest", "a", s.tcp("a", "filter", a, f, 1, 2, SYN), {"filter"}, rules=[("filter", 12)])


def mirror(s):
    g = s.group("mirror")
    g.add("what it sends is heard", "seen", s.plain("seen", "a"), {"a", "ears"}, rules=[("seen", 2)])
    g.add("what it is sent is heard", "a", s.plain("a", "seen"), {"seen", "ears"})
    g.add("what others say is not", "a", s.plain("a", "b"), {"b"})
    frame = s.udp("seen", "a", "10.0.0.8", "10.0.0.1", 1, 2)
    g.add("what its rules drop is heard", "seen", frame, {"ears"}, drop=("seen", "filter"), rules=[("seen", 1)])
    frame = s.plain("seen", "a")
    sent = frame[:12] + tag(0, 7) + frame[12:]
    g.add("as it came, tag and all", "seen", sent, {"a": frame, "ears": sent}, rules=[("seen", 2)])
    g.add("who listens cannot speak", "ears", s.plain("ears", "a"), drop=("ears", "not-allowed"))


def sizes(s):
    g = s.group("MTU")
    g.add("as long as it may be", "a", s.plain("a", "b", 1500), {"b"})
    g.add("one byte longer", "a", s.plain("a", "b", 1501), drop=("a", "too-big"))
    g.add("a tag does not count", "t1", s.plain("t1", "t2", 1500, tag(10)), {"t2"})
    g.add("a jumbo frame", "j1", s.plain("j1", "j2", 9000), {"j2"})
    g.add("one byte longer than that", "j1", s.plain("j1", "j2", 9001), drop=("j1", "too-big"))
    g.add("to one who takes no jumbo frames, counted there", "j1", s.plain("j1", "a", 9000), drop=("a", "too-big"))
    g.add("to the wire, which takes none", "j1", s.plain("j1", "02:00:00:00:02:0c", 9000), drop=("wan", "too-big"))


def offloads(s):
    """A frame that is still to be cut: `told` is the virtio header that says so."""
    whole, size, wire = (1, 1, 1460, 34, 16), 1460, "02:00:00:00:02:0d"
    g = s.group("offload")

    def large(to, count):
        text = bytes(n * 7 & 255 for n in range(count))
        head = frames.tcp("10.0.0.1", "10.0.0.2", 5, 6, ACK | PSH, text, unfinished=True)
        return ether(to, s.mac("j1"), IPV4, ipv4("10.0.0.1", "10.0.0.2", TCP, head))

    frame = large(s.mac("j2"), 60000)
    g.add("60,000 bytes arrive whole and untouched", "j1", frame, {"j2"}, meta=whole, told=whole)
    frame = large(s.mac("a"), 16000)
    g.add("for one who does not take them they are cut", "j1", frame, {"a": frames.segments(frame, size)}, meta=whole)
    frame = large(wire, 16000)
    g.add("for a card that cannot, as well", "j1", frame, {"wan": frames.segments(frame, size)}, meta=whole)
    sums = (1, 0, 0, 34, 16)
    frame = large(s.mac("j2"), 1000)
    g.add("an unfinished checksum stays unfinished", "j1", frame, {"j2"}, meta=sums, told=sums)
    frame = large(s.mac("a"), 1000)
    g.add("or is finished", "j1", frame, {"a": frames.segments(frame, 1000)[0]}, meta=sums)
    frame = large(wire, 1000)
    g.add("for the wire too", "j1", frame, {"wan": frames.segments(frame, 1000)[0]}, meta=sums)
    g.add("a checksum in another place", "j1", large(s.mac("j2"), 1000), drop=("j1", "device"), meta=(1, 0, 0, 34, 8))
    g.add("who did not say that it would leave work may not", "a", s.tcp("a", "b", "10.0.0.3", "10.0.0.4", 1, 2, ACK), drop=("a", "device"), meta=sums)


def bounded(unit, burst, per_second, port):
    """Judges a burst: `burst` at once, and in any time no more than that and the rate."""
    def judge(arrived, ns):
        count = arrived.get(port, 0) * unit
        if set(arrived) - {port}:
            return "somebody else got some"
        most = burst + per_second * ns / 1e9
        return "" if burst - unit < count <= most else f"passed {count}, not {burst} to {most}"
    return judge


def limits(s):
    frame = s.plain("rate", "a", 986)
    g = s.group("limits")
    g.add("a rate: the burst passes, and what the time allows", "rate", frame, {"a"}, drop=("rate", "rate"), times=200,
          judge=bounded(1000, BURST_KIB << 10, RATE_KBIT * 125, "a"))
    g.add("(a second and more)", "", words="sleep 1300000000")
    g.add("then some pass again", "rate", frame, {"a"}, drop=("rate", "rate"), times=8,
          judge=lambda arrived, ns: "" if arrived.get("a", 0) else "none passed")
    g.add("a storm: broadcasts", "storm", s.plain("storm", ALL), {"b"}, drop=("storm", "storm"), times=50,
          judge=bounded(1, STORM_BURST, 1, "b"))
    g.add("to one station it is none", "storm", s.plain("storm", "b"), {"b"}, times=50,
          judge=lambda arrived, ns: "" if arrived == {"b": 50} else "not all arrived")


def share(s):
    """In each round a greedy sender offers 32 frames and a modest one 1 to a receiver that takes 24."""
    first, rounds, room, many = 64, 100, 24, 32
    sent = first + rounds * many
    g = s.group("share of a port")

    def fight(name, port, judge, drop):
        def counts(wanted, result):
            arrived, _ = result
            greedy, modest = arrived.get(port, 0), arrived.get("b", 0)
            wanted[port].update({"in": sent, "in bytes": sent * 60})
            wanted["b"].update({"in": rounds, "in bytes": rounds * 60})
            wanted["sink"].update({"out": greedy + modest, "out bytes": (greedy + modest) * 60})
            limited = sent - greedy if drop == "frame-rate" else 0
            wanted[port]["frame-rate"] += limited
            wanted["sink"]["no-room"] += sent + rounds - greedy - modest - limited

        words = f"share {s.number(port)} {s.number('b')} {s.number('sink')} {first} {rounds} {room}"
        g.add(name, port, words=words, judge=judge, counts=counts)

    def with_limit(arrived, ns):
        most = FRAMES_BURST + ns / 1e9
        return "" if arrived.get("b") == rounds and FRAMES_BURST <= arrived.get("frames", 0) <= most else f"not all {rounds} of b, or more than {most}"

    def without(arrived, ns):
        return "" if arrived.get("b", 0) < rounds and arrived.get("greedy", 0) > rounds * room / 2 else "the greedy one did not take all"

    fight("a limited sender at full rate leaves the other all of its frames", "frames", with_limit, "frame-rate")
    fight("without a limit it takes them", "greedy", without, "no-room")


def cable(s):
    """The wire takes nothing for a while. What the card had taken arrives, the rest is counted, others go on."""
    many, far = 1000, "02:00:00:00:02:0e"
    frame, later = s.plain("a", far), s.plain("a", far)
    g = s.group("a wire that stands still")
    wires = []

    def stand_still(wire):
        wires.append(wire)
        wire.stand_still()

    def counts(wanted, _):
        taken = wires[0].count(frame)       # all: what was sent later is there
        wanted["a"].update({"in": many, "in bytes": many * len(frame)})
        wanted["wan"].update({"out": taken, "out bytes": taken * len(frame), "no-room": many - taken})

    g.add("(a station is known)", "wan", inject=s.plain("wan", "c", source=far), drop=("wan", "not-allowed"))
    g.add("(it stands)", "", act=stand_still)
    g.add("a sender at full rate comes to its end", "a", frame, {"wan"}, times=many, counts=counts,
          judge=lambda arrived, ns: "somebody else got some" if arrived else "")
    g.add("and others are served", "a", s.plain("a", "b"), {"b"})
    g.add("(it flows)", "", act=lambda wire: wire.flow())
    g.add("what the card had taken arrives, no more and no less, and what comes then", "a", later, {"wan"})


def all_rules():
    s = Rules()
    for part in (matrix, learning, vlans, addresses, filters, mirror, sizes, offloads, limits, share, cable):
        part(s)
    return s
