/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_VSWITCH_PARTS_H
#define BACK_VSWITCH_PARTS_H

/* What the files of the vswitch know of each other; nobody else includes it. */

#include <string.h>

#include "packet.h"
#include "vswitch.h"

#define SECOND_NS	1000000000ull

/* A MAC address as a number: the wire's first byte is the highest. */
static inline uint64_t mac_of(const uint8_t *bytes)
{
	uint32_t high;
	uint16_t low;

	memcpy(&high, bytes, sizeof(high));
	memcpy(&low, bytes + sizeof(high), sizeof(low));
	return (uint64_t)__builtin_bswap32(high) << 16 | __builtin_bswap16(low);
}

static inline bool mac_is_group(uint64_t mac)
{
	return (mac >> 40 & 1) != 0;
}

static inline const struct vswitch_port_config *port_config(const struct vswitch *sw, uint32_t port)
{
	return &sw->config->ports[port];
}

/* ---- vswitch_check.c: whether a configuration is one that the planner makes ---- */
bool vswitch_config_is_sound(const struct vswitch_config *config);

/* ---- vswitch_filter.c ---- */
bool vswitch_prefix_holds(const struct vswitch_prefix *prefix, uint8_t family, const uint8_t *address);
enum vswitch_drop vswitch_filter(struct vswitch *sw, uint32_t port, enum vswitch_direction direction, const struct packet *p);

/* ---- vswitch_spoof.c ---- */
enum vswitch_drop vswitch_check_sender(const struct vswitch *sw, uint32_t port, uint16_t vlan, const struct packet *p);

/* ---- vswitch_rate.c ---- */
void vswitch_rate_start(struct vswitch *sw, uint32_t port, uint64_t now_ns);
enum vswitch_drop vswitch_rate(struct vswitch *sw, const struct vswitch_frame *frame, bool is_group);

/* ---- vswitch_learn.c ---- */
void vswitch_learn(struct vswitch *sw, uint32_t port, uint16_t vlan, uint64_t mac, uint64_t now_ns);
void vswitch_forget_port(struct vswitch *sw, uint32_t port);
/* The port that `mac` is behind, or VSWITCH_NO_PORT. */
uint32_t vswitch_find(const struct vswitch *sw, uint16_t vlan, uint64_t mac, uint64_t now_ns);
/* The same among the addresses that the configuration gives. */
uint32_t vswitch_find_fixed(const struct vswitch *sw, uint16_t vlan, uint64_t mac);

/* ---- vswitch_vlan.c ---- */
void vswitch_vlan_start(struct vswitch *sw);
/* Finds VLAN and TCI of a frame, or the reason to drop it. */
enum vswitch_drop vswitch_classify(const struct vswitch *sw, const struct vswitch_frame *frame, const struct packet *p,
				   struct vswitch_verdict *verdict);
enum vswitch_edit vswitch_edit_for(const struct vswitch *sw, uint32_t port, const struct packet *p, uint16_t vlan);

#endif
