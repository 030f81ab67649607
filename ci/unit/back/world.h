/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_BACK_WORLD_H
#define UNIT_BACK_WORLD_H

/*
 * A switch of four ports for the tests: port n has MAC address 02:00:00:00:00:n+1, VLAN 1, everything allowed; port 3 is an uplink without
 * an address, and learns. Tests change the configuration, then start.
 */

#include "../../../pvdrivers/back/vswitch.h"
#include "frames.h"

#define WORLD_PORTS	4u
#define UPLINK		3u
#define SECOND		1000000000ull

struct world {
	struct vswitch_config config;
	struct vswitch_port_config port[VSWITCH_PORT_MAX];
	struct vswitch_rule rule[VSWITCH_RULE_MAX];
	struct vswitch sw;
	struct vswitch_verdict verdict;
	uint64_t now;
};

/* The usual configuration, not yet started. */
struct world *world_make(void);

/* Starts; an unsound configuration ends the test program. */
void world_start(struct world *w);

/* Gives `port` these rules, and denies what they do not allow in that direction. */
void world_rules(struct world *w, uint32_t port, enum vswitch_direction direction, const struct vswitch_rule *rules, uint32_t count);

/* Sends a frame from a port, at most VSWITCH_HEADER_BYTES of it shown, from a heap block of exactly that size. Returns the egress mask. */
uint32_t world_send(struct world *w, uint32_t port, const struct frame *f);
/* The same with only `shown` bytes shown, and as `segments` segments of which the longest has `wire` bytes. */
uint32_t world_send_as(struct world *w, uint32_t port, const struct frame *f, uint32_t shown, uint32_t segments, uint32_t wire);

/* True if the last frame was dropped for that reason and it was counted, once, at that port. Counters start anew. */
bool dropped(struct world *w, uint32_t port, enum vswitch_drop reason);

#endif
