/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a configuration is one that the planner makes: every index and bound that the rest relies on. It must not know run-time state.
 */

#include "vswitch_parts.h"

static bool is_vlan(uint32_t vlan)
{
	return vlan >= 1 && vlan <= VSWITCH_VLAN_COUNT - 2;
}

static bool is_limit(const struct vswitch_limit *limit)
{
	return limit->per_second == 0 ||
	       (limit->per_second <= VSWITCH_RATE_MAX && limit->burst >= 1 && limit->burst <= VSWITCH_BURST_MAX);
}

static bool is_prefix(const struct vswitch_prefix *prefix)
{
	return prefix->family == 0 || (prefix->family == 4 && prefix->length <= 32) || (prefix->family == 6 && prefix->length <= 128);
}

static bool are_vlans(const struct vswitch_port_config *port)
{
	if (!port->is_trunk)
		return is_vlan(port->vlan);
	for (uint32_t i = 0; i < port->vlan_range_count; i++)
		if (!is_vlan(port->vlan_ranges[i].first) || !is_vlan(port->vlan_ranges[i].last))
			return false;
	return port->vlan == 0 || is_vlan(port->vlan);
}

static bool are_sources(const struct vswitch_port_config *port)
{
	for (uint32_t i = 0; i < port->source_count; i++)
		if (port->sources[i].family == 0 || !is_prefix(&port->sources[i]))
			return false;
	return true;
}

static bool is_mirror(const struct vswitch_config *config, uint32_t port)
{
	return port == VSWITCH_NO_PORT || port < config->port_count;
}

static bool is_mac(const struct vswitch_port_config *port)
{
	uint64_t mac = mac_of(port->mac);

	return !mac_is_group(mac) && (mac != 0 || !port->is_mac_fixed);
}

static bool is_port(const struct vswitch_config *config, const struct vswitch_port_config *port)
{
	return port->name && is_mac(port) && are_vlans(port) && are_sources(port) && port->learn_limit <= VSWITCH_LEARN_MAX &&
	       is_mirror(config, port->mirror_ingress_to) && is_mirror(config, port->mirror_egress_to) &&
	       (uint64_t)port->allow >> config->port_count == 0 && port->rule_first <= config->rule_count &&
	       port->rule_count <= config->rule_count - port->rule_first && is_limit(&port->bytes) && is_limit(&port->frames) &&
	       is_limit(&port->storm);
}

static bool is_rule(const struct vswitch_rule *rule)
{
	return is_prefix(&rule->source) && is_prefix(&rule->destination) && rule->source_ports.first <= rule->source_ports.last &&
	       rule->destination_ports.first <= rule->destination_ports.last &&
	       (rule->protocol != VSWITCH_IP_PROTOCOL || rule->number <= 255);
}

bool vswitch_config_is_sound(const struct vswitch_config *config)
{
	if (config->port_count > VSWITCH_PORT_MAX || config->rule_count > VSWITCH_RULE_MAX || config->age_s == 0)
		return false;
	for (uint32_t i = 0; i < config->port_count; i++)
		if (!is_port(config, &config->ports[i]))
			return false;
	for (uint32_t i = 0; i < config->rule_count; i++)
		if (!is_rule(&config->rules[i]))
			return false;
	return true;
}
