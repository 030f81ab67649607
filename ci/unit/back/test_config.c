/* SPDX-License-Identifier: Apache-2.0 */
/* The vswitch: configurations that no planner makes are refused. */

#include "../tap.h"
#include "world.h"

/* Each line breaks a sound configuration in one way. */
static bool refuses(void (*spoil)(struct world *w))
{
	struct world *w = world_make();

	world_start(w);
	spoil(w);
	return !vswitch_init(&w->sw, &w->config, 0, 0);
}

static void too_many_ports(struct world *w) { w->config.port_count = VSWITCH_PORT_MAX + 1; }
static void too_many_rules(struct world *w) { w->config.rule_count = VSWITCH_RULE_MAX + 1; }
static void no_ageing(struct world *w) { w->config.age_s = 0; }
static void no_name(struct world *w) { w->port[1].name = NULL; }
static void no_vlan(struct world *w) { w->port[1].vlan = 0; }
static void vlan_4095(struct world *w) { w->port[1].vlan = 4095; }
static void trunk_vlan_4095(struct world *w) { w->port[1].is_trunk = true; w->port[1].vlan = 4095; }
static void learns_too_much(struct world *w) { w->port[1].learn_limit = VSWITCH_LEARN_MAX + 1; }
static void mirror_nowhere(struct world *w) { w->port[1].mirror_egress_to = 4; }
static void mirror_in_nowhere(struct world *w) { w->port[1].mirror_ingress_to = 4; }
static void allows_nobody(struct world *w) { w->port[1].allow = 1u << 4; }
static void rules_outside(struct world *w) { w->port[1].rule_count = 1; }
static void rules_behind(struct world *w) { w->port[1].rule_first = 1; }
static void group_mac(struct world *w) { w->port[1].mac[0] = 1; }
static void fixed_to_nothing(struct world *w) { w->port[UPLINK].is_mac_fixed = true; }
static void no_burst(struct world *w) { w->port[1].bytes.per_second = 1; }
static void frames_large_burst(struct world *w) { w->port[1].frames = (struct vswitch_limit){ 1, VSWITCH_BURST_MAX + 1 }; }
static void storm_large_rate(struct world *w) { w->port[1].storm = (struct vswitch_limit){ VSWITCH_RATE_MAX + 1, 1 }; }

static void bad_trunk_range(struct world *w)
{
	static const struct vswitch_vlan_range range = { 10, 4095 };

	w->port[1].is_trunk = true;
	w->port[1].vlan_ranges = &range;
	w->port[1].vlan_range_count = 1;
}

static void bad_source(struct world *w)
{
	static const struct vswitch_prefix prefix = { 4, 33, { 0 } };

	w->port[1].sources = &prefix;
	w->port[1].source_count = 1;
}

static void bad_rule_prefix(struct world *w) { w->config.rule_count = 1; w->rule[0].source = (struct vswitch_prefix){ 6, 129, { 0 } }; }
static void bad_rule_family(struct world *w) { w->config.rule_count = 1; w->rule[0].destination.family = 5; }
static void bad_rule_ports(struct world *w) { w->config.rule_count = 1; w->rule[0].source_ports.first = 1; }
static void bad_rule_to_ports(struct world *w) { w->config.rule_count = 1; w->rule[0].destination_ports.first = 1; }
static void bad_rule_number(struct world *w) { w->config.rule_count = 1; w->rule[0].protocol = VSWITCH_IP_PROTOCOL; w->rule[0].number = 256; }

static void unsound_configurations_are_refused(void)
{
	static void (*const ways[])(struct world *) = {
		too_many_ports, too_many_rules, no_ageing, no_name, no_vlan, vlan_4095, trunk_vlan_4095, learns_too_much, mirror_nowhere,
		mirror_in_nowhere, allows_nobody, rules_outside, rules_behind, group_mac, fixed_to_nothing, no_burst, frames_large_burst,
		storm_large_rate, bad_trunk_range, bad_source, bad_rule_prefix, bad_rule_family, bad_rule_ports, bad_rule_to_ports,
		bad_rule_number,
	};

	for (uint32_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		CHECK(refuses(ways[i]));
		if (tap_bad_)
			printf("# way %u\n", i);
	}
}

int main(void)
{
	TEST(unsound_configurations_are_refused);
	return tap_done();
}
