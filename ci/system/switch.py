# SPDX-License-Identifier: Apache-2.0
"""The switch, in the shipped flash image: each of its rules with a frame that passes and one that does not, by a guest with a
card in every port and by the wire's other end; then stock Debians. It must not know how the switch decides.
"""
from appliance import Appliance
from script import Judge
from session import session
from switch_linux import firewall, up, uplink, vlans
from switch_parts import io, player
from switch_rules import PLAIN, all_rules, options
from wire import Wire


def rules(context):
    """One guest with a card in every port of one switch; the wire is this program."""
    script = all_rules()
    parts = [player(context, "frames", script, f"plain={PLAIN}", (0,)), io(context, 1, True)]

    def look(machine):
        up(machine, len(script.ports))
        Judge(machine, script, wire).play()
        machine.walk_tables()

    with Wire() as wire:
        session(context, Appliance("switch-rules", parts, 3, devices={"PCIE": "io"}, options=options()), look, wires={"nic0": wire.netdev("nic0")})


def run(context, full=False):
    for boot in rules, vlans, firewall, uplink:
        boot(context)
    if full:
        uplink(context, "E1000E")
