# SPDX-License-Identifier: Apache-2.0
"""The switch as a user meets it: the two worked examples of docs/networking.md, booted exactly as they stand there, with stock
Debians and our unikernels plugged in; and Debian, a unikernel and the host on one uplink. It must not know how the switch
decides.
"""
import http.server
import re
import struct
import threading
import time

import frames
import harness
from appliance import Appliance
from frames import ALL, ARP, arp, ether, tag
from script import Script, counters
from session import session
from switch_parts import debian, hello, io, player
from wire import Wire

STATION = "02:00:00:00:02:01"       # a machine at the other end of the cable
CRUMB = "<title>hello<"


def example(title):
    """{option: value} of the configuration in docs/networking.md below this heading."""
    text = (harness.ROOT.parent / "docs/networking.md").read_text().split(f"\n## Example: {title}\n")[1].split("\n## ")[0]
    found = {}
    for key, value in re.findall(r"^CONFIG_(\w+)=(.*)$", text, re.M):
        found[key] = value.strip('"') if value[0] == '"' else True if value == "y" else int(value)
    return found


def do(machine, name, words, outcome, more="", timeout=60):
    """Types a word of nettest into a guest, which must come to `outcome`; returns what it says besides. What must not come
    is not waited for long."""
    machine.type_to(name, f"nettest {words}{' 4' if outcome == 'fail' else ''}\n")
    word = words.split()[0]
    said = machine.expect(name, rf"^NET {word} (ok|fail) ?(.*)\n", timeout, f"what comes of {words!r}")
    machine.require(said[1] == outcome, f"{name}: {words!r}: {said[0]}, expected {outcome}")
    machine.require(re.search(more, said[2]), f"{name}: {words!r}: {said[0]}, without {more!r}")
    machine.expect(name, r"^guest# ", 30)
    return said[2]


def up(machine, ports):
    """All guests, and a prompt in each Debian."""
    with machine.test("the I/O partition serves all ports"):
        machine.expect("io", rf"serves \d+ devices, 0 disks, {ports} ports", 60)
        machine.expect_guest("io", "io 1.0")
    for part in machine.appliance.parts:
        if part.name == "io":
            continue
        with machine.test(f"{part.name} is up"):
            machine.expect_guest(part.name, None if part.is_linux else "frames 1.0" if "frames" in part.image else "hello 1.0")
            if part.is_linux:
                machine.expect(part.name, r"^guest# ", 60)


def statistics(machine, end):
    """What the I/O partition says, up to the line that matches `end`."""
    machine.skip_to_end("io")
    at = len(machine.text("io"))
    machine.type(machine.appliance.index("io"), "io", "s", echo=False)
    machine.expect("io", end, 30, "the counters")
    return machine.text("io")[at:]


# ---- two isolated VLANs

def vlans(context):
    names = {"plc": "10.0.10.1", "hmi": "10.0.10.2", "gateway": "10.0.20.1", "logger": "10.0.20.2"}
    parts = [io(context, 0, True), debian(context, "plc", 1), hello(context, "hmi", (), f"ip={names['hmi']}/24"), debian(context, "gateway", 2),
             hello(context, "logger", (), f"ip={names['logger']}/24")]
    appliance = Appliance("switch-vlans", parts, 3, slots={3: [("hmi", 5000), ("logger", 5000)]}, devices={"PCIE": "io"},
                          options=example("two isolated VLANs"))

    def ask(vlan, target, source, station=STATION):
        """A question on the cable for an address; untagged with VLAN 0."""
        frame = ether(ALL, station, ARP, arp(station, source, target))
        wire.send(frame[:12] + (tag(vlan) if vlan else b"") + frame[12:])

    def answers(vlan, target, source):
        """Whether the one who has `target` answers, under that VLAN's tag."""
        ask(vlan, target, source)
        wanted = frames.mac(STATION), tag(vlan), frames.address(target)
        return wire.expect_any(lambda f: f[:6] == wanted[0] and f[12:16] == wanted[1] and f[32:36] == wanted[2], 20)

    def look(machine):
        up(machine, 5)
        with machine.test("plc and hmi reach each other"):
            mac = do(machine, "plc", f"addr eth0 {names['plc']}/24", "ok")
            do(machine, "plc", f"get {names['hmi']}", "ok", CRUMB)
        with machine.test("gateway and logger reach each other"):
            mac_of_gateway = do(machine, "gateway", f"addr eth0 {names['gateway']}/24", "ok")
            do(machine, "gateway", f"get {names['logger']}", "ok", CRUMB)
        with machine.test("plc's question for gateway is asked in VLAN 10 alone, also on the cable, and nobody answers"):
            do(machine, "plc", "addr eth0 10.0.20.9/24", "ok")
            wire.take()
            do(machine, "plc", f"get {names['gateway']}", "fail")
            asked = [f for f in wire.take() if f[:6] == b"\xff" * 6 and f[6:12] == frames.mac(mac)]
            machine.require(asked and all(f[12:16] == tag(10) for f in asked), f"on the cable: {[f.hex() for f in asked]}")
        with machine.test("a frame to gateway's address is looked for behind the cable, in VLAN 10, and does not reach gateway"):
            do(machine, "plc", f"neighbour {names['gateway']} {mac_of_gateway}", "ok")
            do(machine, "plc", f"get {names['gateway']}", "fail")
            found = [f for f in wire.take() if f[:6] == frames.mac(mac_of_gateway)]
            machine.require(found and all(f[12:16] == tag(10) for f in found), f"on the cable: {[f.hex() for f in found]}")
        for name, vlan in ("plc", 10), ("hmi", 10), ("gateway", 20):
            with machine.test(f"the cable reaches {name} in VLAN {vlan}, which answers with a tag"):
                machine.require(answers(vlan, names[name], f"10.0.{vlan}.99"), f"no answer; the cable saw {[f.hex()[:80] for f in wire.take()]}")
        with machine.test("without a tag, with another, and for logger it reaches nobody; the counters say why"):
            before = statistics(machine, r"^io: port cable: \S+, link .*\n")
            wire.take()
            ask(0, names["plc"], "10.0.10.99")
            ask(30, names["plc"], "10.0.10.99")
            ask(20, names["logger"], "10.0.20.99")
            machine.require(answers(10, names["plc"], "10.0.10.99"), "plc does not answer what comes last")
            after = statistics(machine, r"^io: port cable: \S+, link .*\n")
            more = {why: n - counters(before, "cable")[why] for why, n in counters(after, "cable").items() if n != counters(before, "cable")[why]}
            machine.require({k: v for k, v in more.items() if k.startswith("vlan")} == {"vlan-tag": 1, "vlan-foreign": 1}, f"counted: {more}")
            answered = [f for f in wire.take() if f[:6] == frames.mac(STATION)]
            machine.require(len(answered) == 1, f"answered: {[f.hex()[:80] for f in answered]}")

    with Wire() as wire:
        session(context, appliance, look, wires={"nic0": wire.netdev("nic0")})


# ---- a firewall between IT and OT

def firewall(context):
    script = Script()
    script.group("ids").add("it listens", "", words="listen")
    parts = [io(context, 0, False), debian(context, "scada", 1), debian(context, "plc", 2), player(context, "ids", script, "", (3,))]
    appliance = Appliance("switch-firewall", parts, 2, options=example("a firewall between IT and OT"))

    def look(machine):
        up(machine, 3)
        with machine.test("scada reads the controller at port 502"):
            machine.type(machine.appliance.index("ids"), "ids", "g", echo=False)
            machine.expect("ids", r"^AT 1\n", 30)
            do(machine, "scada", "addr eth0 10.0.0.1/24", "ok")
            mac = do(machine, "plc", "addr eth0 10.0.0.5/24", "ok")
            for name in "plc", "scada":
                do(machine, name, f"serve 502 {name}-speaks", "ok")
            do(machine, "plc", "serve 80 plc-has-a-page", "ok")
            do(machine, "scada", "get 10.0.0.5:502", "ok", "plc-speaks")
            before = counted(machine)
        with machine.test("and nothing else there"):
            do(machine, "scada", "get 10.0.0.5:80", "fail")
        with machine.test("not by ping"):
            do(machine, "scada", "ping 10.0.0.5", "fail")
        with machine.test("under no other address, neither by ARP nor by IP"):
            do(machine, "scada", "become eth0 10.0.0.9/24", "ok")
            do(machine, "scada", "get 10.0.0.5:502", "fail")
            do(machine, "scada", f"neighbour 10.0.0.5 {mac}", "ok")
            do(machine, "scada", "get 10.0.0.5:502", "fail")
            do(machine, "scada", "become eth0 10.0.0.1/24", "ok")
            do(machine, "scada", "get 10.0.0.5:502", "ok", "plc-speaks")
        with machine.test("the controller opens no connection, not even to port 502 of scada"):
            do(machine, "plc", "get 10.0.0.1:502", "fail")
            do(machine, "plc", "ping 10.0.0.1", "fail")
        with machine.test("the counters tell which rule was used, and what somebody tried"):
            after = counted(machine)
            for port, what in ("ot", "filter"), ("it", "spoof-arp"), ("it", "spoof-ip"), *(("ot", f"rule {n}") for n in (1, 2, 3, 4)):
                machine.require(after[port][what] > before[port][what], f"{what} of {port} stays {after[port][what]}")
        with machine.test("ids has heard both directions, and what the controller tried; it does not hear what did not reach the controller"):
            seen = heard(machine.text("ids"))
            for source, at, port in ("10.0.0.1", 1, 502), ("10.0.0.5", 0, 502), ("10.0.0.5", 1, 502):
                machine.require(any(f[0] == source and f[1][at] == port for f in seen), f"nothing of {source} with port {port}: {seen}")
            machine.require(not any(f[0] == "10.0.0.1" and f[1][1] == 80 for f in seen), f"what was denied: {seen}")

    session(context, appliance, look)


def counted(machine):
    text = statistics(machine, r"^io: port ids: in .*\n")
    return {port: counters(text, port) for port in ("it", "ot", "ids")}


def heard(text):
    """{(source, (its port, the other port))} of the TCP segments that a listener said."""
    all_heard = [bytes.fromhex(f) for f in re.findall(r"^HEARD \d+ \d+ (\w+)$", text, re.M)]
    return {(".".join(map(str, f[26:30])), struct.unpack(">HH", f[34:38])) for f in all_heard if f[12:14] == b"\x08\x00" and f[23] == frames.TCP}


# ---- Debian, unikernels and the host

class Page(http.server.BaseHTTPRequestHandler):
    """This machine's web server, which a guest reaches at 10.0.2.2."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the-host-speaks\n")

    def log_message(self, *_):
        pass


def uplink(context, card="VIRTIO"):
    parts = [io(context, 0, True), debian(context, "linux", 1), hello(context, "web", (2,), "ip=dhcp"), hello(context, "cell", (3,), "ip=10.0.10.2/24")]
    options = {"NET_PORTS": 5, "NET1_NAME": "lan", "NET1_PART2": True, "NET1_TALKS_TO": "web wan",
               "NET2_NAME": "trunk", "NET2_PART2": True, "NET2_TRUNK": True, "NET2_VLANS": "10,20", "NET2_TALKS_TO": "cell",
               "NET3_NAME": "web", "NET3_PART3": True, "NET3_TALKS_TO": "wan", "NET4_NAME": "cell", "NET4_PART4": True, "NET4_VLAN": 10,
               "NET5_NAME": "wan", "NET5_UPLINK": True, f"QEMU_NIC_{card}": True}
    last = r"^io: port wan: \S+, link .*\n"

    def look(machine):
        up(machine, 5)
        with machine.test("web has an address from the wire's DHCP server, and Debian gets its page"):
            web = machine.expect("web", r"^hello: http://([0-9.]+)/\n", 60)[1]
            do(machine, "linux", "addr eth0 10.0.2.77/24", "ok")
            do(machine, "linux", f"get {web}", "ok", CRUMB)
        with machine.test("Debian reaches the host through the uplink"):
            do(machine, "linux", "ping 10.0.2.2", "ok")
            do(machine, "linux", f"get 10.0.2.2:{port}", "ok", "the-host-speaks")
        with machine.test("ethtool says that checksums and segmentation are left to the card"):
            do(machine, "linux", "offloads eth0", "ok", "rx-checksumming tx-checksumming tcp-segmentation-offload")
        with machine.test("a VLAN subinterface of the trunk reaches the access port of that VLAN"):
            do(machine, "linux", "vlan eth1 10 10.0.10.1/24", "ok")
            do(machine, "linux", "get 10.0.10.2", "ok", CRUMB)
        with machine.test("one of another VLAN does not"):
            do(machine, "linux", "become eth1.10 10.0.11.1/24", "ok")
            do(machine, "linux", "vlan eth1 20 10.0.10.1/24", "ok")
            do(machine, "linux", "get 10.0.10.2", "fail")
        with machine.test("nor does the trunk without a tag, and the counter says why"):
            do(machine, "linux", "become eth1.20 10.0.12.1/24", "ok")
            do(machine, "linux", "addr eth1 10.0.10.1/24", "ok")
            before = counters(statistics(machine, last), "trunk")["vlan-tag"]
            do(machine, "linux", "get 10.0.10.2", "fail")
            machine.require(counters(statistics(machine, last), "trunk")["vlan-tag"] > before, "vlan-tag stays")
        with machine.test("the cable is pulled: the wire is gone, neighbours are not, and the counters tell it"):
            machine.monitor.human("set_link nic0 off")
            wait_for_link(machine, last, "down")
            do(machine, "linux", "ping 10.0.2.2", "fail")
            do(machine, "linux", f"get {web}", "ok", CRUMB)
            do(machine, "linux", "carrier eth0", "ok", "1")
            said = statistics(machine, last)
            machine.require(counters(said, "lan")["port-down"] + counters(said, "lan")["no-destination"] > 0, said)
        with machine.test("it is plugged in again, and all is as before"):
            machine.monitor.human("set_link nic0 on")
            wait_for_link(machine, last, "up")
            do(machine, "linux", "ping 10.0.2.2", "ok")
            do(machine, "linux", f"get 10.0.2.2:{port}", "ok", "the-host-speaks")

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        session(context, Appliance(f"switch-uplink-{card.lower()}", parts, 3, devices={"PCIE": "io"}, options=options), look)
        server.shutdown()


def wait_for_link(machine, last, state):
    """The card sees it at an interrupt, the counters when they are asked."""
    end = time.monotonic() + 30
    while f", link {state}," not in statistics(machine, last):
        machine.require(time.monotonic() < end, f"the uplink is not {state}")
