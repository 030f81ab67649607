/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vswitch's one decision, put together from its parts: is the frame whole, which VLAN, is the sender who it says, has it room in its
 * limits, may it leave its port, who is there, may they talk, may it enter theirs. It must not know rings, windows or devices.
 */

#include <string.h>

#include "vswitch_parts.h"

_Static_assert(VSWITCH_PORT_MAX <= 32, "ports are bits of a uint32_t");
_Static_assert(VSWITCH_PORT_MAX * VSWITCH_LEARN_MAX < UINT16_MAX, "entries are numbered from 1 in a uint16_t");

/* One frame on its way through. */
struct passage {
	struct vswitch *sw;
	const struct vswitch_frame *frame;
	struct vswitch_verdict *verdict;
	const struct packet *packet;
	enum packet_shape shape;
	uint64_t source, destination;
};

static bool is_reserved(uint64_t mac)
{
	return mac >> 4 == 0x0180c2000000ull >> 4;
}

/* Bytes that count against an MTU. */
static uint32_t payload_bytes(const struct passage *t)
{
	uint32_t header = ETHERNET_BYTES + (t->packet->is_tagged ? TAG_BYTES : 0);

	return t->frame->wire_bytes > header ? t->frame->wire_bytes - header : 0;
}

static enum vswitch_drop check_shape(const struct passage *t)
{
	switch (t->shape) {
	case PACKET_RUNT:
		return VSWITCH_DROP_RUNT;
	case PACKET_NESTED:
		return VSWITCH_DROP_VLAN_NESTED;
	case PACKET_MALFORMED:
		return VSWITCH_DROP_MALFORMED;
	default:
		return VSWITCH_FORWARDED;
	}
}

static enum vswitch_drop check_addresses(struct passage *t)
{
	t->destination = mac_of(t->frame->header);
	t->source = mac_of(t->frame->header + 6);
	if (mac_is_group(t->source) || t->source == 0)
		return VSWITCH_DROP_BAD_SOURCE;
	if (is_reserved(t->destination))
		return VSWITCH_DROP_RESERVED;
	if (payload_bytes(t) > port_config(t->sw, t->frame->port)->mtu)
		return VSWITCH_DROP_TOO_BIG;
	return VSWITCH_FORWARDED;
}

/* What is wrong with the frame itself, whoever should get it. */
static enum vswitch_drop admit(struct passage *t)
{
	enum vswitch_drop drop;

	if (!t->sw->port[t->frame->port].is_up)
		return VSWITCH_DROP_PORT_DOWN;
	drop = check_shape(t);
	if (drop == VSWITCH_FORWARDED)
		drop = check_addresses(t);
	if (drop == VSWITCH_FORWARDED)
		drop = vswitch_classify(t->sw, t->frame, t->packet, t->verdict);
	if (drop == VSWITCH_FORWARDED)
		drop = vswitch_check_sender(t->sw, t->frame->port, t->verdict->vlan, t->packet);
	if (drop == VSWITCH_FORWARDED)
		drop = vswitch_rate(t->sw, t->frame, mac_is_group(t->destination));
	return drop;
}

/* The ports that would get the frame if everybody might talk. An unknown address can only be behind a port that learns. */
static uint32_t candidates(struct passage *t, enum vswitch_drop *drop)
{
	uint32_t others = t->sw->vlan_ports[t->verdict->vlan] & ~(1u << t->frame->port), port;

	*drop = VSWITCH_DROP_NO_DESTINATION;
	if (mac_is_group(t->destination))
		return others & t->sw->up;
	port = vswitch_find(t->sw, t->verdict->vlan, t->destination, t->frame->now_ns);
	if (port == VSWITCH_NO_PORT)
		return others & t->sw->up & t->sw->learns;
	if (!(t->sw->up >> port & 1))
		*drop = VSWITCH_DROP_PORT_DOWN;
	return others & t->sw->up & 1u << port;
}

static void mirror_to(struct passage *t, uint32_t port)
{
	if (port == VSWITCH_NO_PORT || port == t->frame->port || !(t->sw->up >> port & 1))
		return;
	if (payload_bytes(t) > port_config(t->sw, port)->mtu)
		vswitch_count_drop(t->sw, port, VSWITCH_DROP_TOO_BIG);
	else
		t->verdict->mirror |= 1u << port;
}

/* One receiver: its filter and its MTU; a drop is counted there. */
static enum vswitch_drop enter(struct passage *t, uint32_t port)
{
	enum vswitch_drop drop = vswitch_filter(t->sw, port, VSWITCH_EGRESS, t->packet);

	if (drop == VSWITCH_FORWARDED && payload_bytes(t) > port_config(t->sw, port)->mtu)
		drop = VSWITCH_DROP_TOO_BIG;
	if (drop != VSWITCH_FORWARDED) {
		vswitch_count_drop(t->sw, port, drop);
		return drop;
	}
	t->verdict->egress |= 1u << port;
	t->verdict->edit[port] = (uint8_t)vswitch_edit_for(t->sw, port, t->packet, t->verdict->vlan);
	mirror_to(t, port_config(t->sw, port)->mirror_egress_to);
	return VSWITCH_FORWARDED;
}

/* Each receiver in turn. The reason, if none is left, is the last one's. */
static enum vswitch_drop enter_all(struct passage *t, uint32_t ports)
{
	enum vswitch_drop drop = VSWITCH_FORWARDED;

	for (; ports != 0; ports &= ports - 1)
		drop = enter(t, (uint32_t)__builtin_ctz(ports));
	return t->verdict->egress ? VSWITCH_FORWARDED : drop;
}

/* Copies are as the frame came in; a tag that the NIC took out is put back. */
static void finish_mirrors(struct passage *t)
{
	t->verdict->mirror &= ~t->verdict->egress;
	for (uint32_t ports = t->verdict->mirror; ports != 0; ports &= ports - 1)
		t->verdict->edit[__builtin_ctz(ports)] = t->frame->has_tag_beside ? VSWITCH_EDIT_INSERT : VSWITCH_EDIT_KEEP;
}

/* Drops here are the sender's to count. */
static enum vswitch_drop leave(struct passage *t, uint32_t *ports)
{
	uint32_t found;
	enum vswitch_drop drop = admit(t);

	if (drop != VSWITCH_FORWARDED)
		return drop;
	mirror_to(t, port_config(t->sw, t->frame->port)->mirror_ingress_to);
	drop = vswitch_filter(t->sw, t->frame->port, VSWITCH_INGRESS, t->packet);
	if (drop != VSWITCH_FORWARDED)
		return drop;
	vswitch_learn(t->sw, t->frame->port, t->verdict->vlan, t->source, t->frame->now_ns);
	found = candidates(t, &drop);
	*ports = found & port_config(t->sw, t->frame->port)->allow;
	if (found == 0)
		return drop;
	return *ports ? VSWITCH_FORWARDED : VSWITCH_DROP_NOT_ALLOWED;
}

void vswitch_forward(struct vswitch *sw, const struct vswitch_frame *frame, struct vswitch_verdict *verdict)
{
	struct packet packet;
	enum packet_shape shape = packet_parse(&packet, frame->header, frame->header_bytes, frame->total_bytes);

	vswitch_forward_parsed(sw, frame, &packet, shape, verdict);
}

void vswitch_forward_parsed(struct vswitch *sw, const struct vswitch_frame *frame, const struct packet *packet, enum packet_shape shape,
			    struct vswitch_verdict *verdict)
{
	struct passage t;	/* not cleared: check_addresses() fills it, or the frame goes no further */
	struct vswitch_counters *counters = &sw->port[frame->port].counters;
	uint32_t ports = 0;

	t.sw = sw;
	t.frame = frame;
	t.packet = packet;
	t.shape = shape;
	t.verdict = verdict;
	verdict->egress = 0;
	verdict->mirror = 0;
	verdict->vlan = 0;
	verdict->tci = 0;
	counters->rx_frames++;
	counters->rx_bytes += frame->total_bytes;
	verdict->drop = leave(&t, &ports);
	if (verdict->drop == VSWITCH_FORWARDED)
		verdict->drop = enter_all(&t, ports);
	else
		vswitch_count_drop(sw, frame->port, verdict->drop);
	finish_mirrors(&t);
}

bool vswitch_init(struct vswitch *sw, const struct vswitch_config *config, uint64_t seed, uint64_t now_ns)
{
	if (!vswitch_config_is_sound(config))
		return false;
	memset(sw, 0, sizeof(*sw));
	sw->config = config;
	sw->seed = seed;
	vswitch_vlan_start(sw);
	for (uint32_t port = 0; port < config->port_count; port++) {
		vswitch_rate_start(sw, port, now_ns);
		vswitch_port_set_up(sw, port, true);
		sw->mac[port] = mac_of(config->ports[port].mac);
		sw->fixed |= (sw->mac[port] != 0 ? 1u : 0u) << port;
		sw->learns |= (config->ports[port].learn_limit != 0 ? 1u : 0u) << port;
	}
	return true;
}

void vswitch_port_set_up(struct vswitch *sw, uint32_t port, bool is_up)
{
	sw->port[port].is_up = is_up;
	sw->up = is_up ? sw->up | 1u << port : sw->up & ~(1u << port);
	if (!is_up)
		vswitch_forget_port(sw, port);
}

void vswitch_count_tx(struct vswitch *sw, uint32_t port, uint32_t bytes)
{
	sw->port[port].counters.tx_frames++;
	sw->port[port].counters.tx_bytes += bytes;
}

void vswitch_count_drop(struct vswitch *sw, uint32_t port, enum vswitch_drop reason)
{
	sw->port[port].counters.drops[reason]++;
}

const char *vswitch_drop_name(enum vswitch_drop reason)
{
	static const char *const names[VSWITCH_DROP_COUNT] = {
		[VSWITCH_FORWARDED] = "forwarded",
		[VSWITCH_DROP_RUNT] = "runt",
		[VSWITCH_DROP_TOO_BIG] = "too-big",
		[VSWITCH_DROP_BAD_SOURCE] = "bad-source",
		[VSWITCH_DROP_RESERVED] = "reserved",
		[VSWITCH_DROP_VLAN_TAG] = "vlan-tag",
		[VSWITCH_DROP_VLAN_FOREIGN] = "vlan-foreign",
		[VSWITCH_DROP_VLAN_NESTED] = "vlan-nested",
		[VSWITCH_DROP_MALFORMED] = "malformed",
		[VSWITCH_DROP_SPOOF_MAC] = "spoof-mac",
		[VSWITCH_DROP_SPOOF_IP] = "spoof-ip",
		[VSWITCH_DROP_SPOOF_ARP] = "spoof-arp",
		[VSWITCH_DROP_RATE] = "rate",
		[VSWITCH_DROP_FRAME_RATE] = "frame-rate",
		[VSWITCH_DROP_STORM] = "storm",
		[VSWITCH_DROP_FILTER] = "filter",
		[VSWITCH_DROP_FILTER_UNSEEN] = "filter-unseen",
		[VSWITCH_DROP_NOT_ALLOWED] = "not-allowed",
		[VSWITCH_DROP_NO_DESTINATION] = "no-destination",
		[VSWITCH_DROP_PORT_DOWN] = "port-down",
		[VSWITCH_DROP_NO_ROOM] = "no-room",
		[VSWITCH_DROP_DEVICE] = "device",
	};

	return reason < VSWITCH_DROP_COUNT ? names[reason] : "unknown";
}
