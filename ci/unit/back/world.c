/* SPDX-License-Identifier: Apache-2.0 */
/* A switch of four ports for the tests of the vswitch. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

struct world *world_make(void)
{
	static struct world world;
	static const char *const names[] = { "plc", "gateway", "web", "uplink" };

	memset(&world, 0, sizeof(world));
	world.config = (struct vswitch_config){ .port_count = WORLD_PORTS, .ports = world.port, .rules = world.rule, .age_s = 60 };
	for (uint32_t i = 0; i < WORLD_PORTS; i++) {
		world.port[i] = (struct vswitch_port_config){
			.name = names[i], .vlan = 1, .mtu = 1500, .allow = 15u & ~(1u << i), .is_uplink = i == UPLINK,
			.mirror_ingress_to = VSWITCH_NO_PORT, .mirror_egress_to = VSWITCH_NO_PORT,
			.default_ingress = VSWITCH_ALLOW, .default_egress = VSWITCH_ALLOW,
		};
		if (i != UPLINK)
			mac_make(world.port[i].mac, (uint8_t)(i + 1));
	}
	world.port[UPLINK].learn_limit = 8;
	world.now = 1000 * SECOND;
	return &world;
}

void world_start(struct world *w)
{
	if (!vswitch_init(&w->sw, &w->config, 0x1234567890abcdefull, w->now)) {
		puts("Bail out! the configuration is not sound");
		exit(1);
	}
}

void world_rules(struct world *w, uint32_t port, enum vswitch_direction direction, const struct vswitch_rule *rules, uint32_t count)
{
	struct vswitch_port_config *config = &w->port[port];

	config->rule_first = w->config.rule_count;
	config->rule_count = count;
	for (uint32_t i = 0; i < count; i++) {
		w->rule[config->rule_first + i] = rules[i];
		w->rule[config->rule_first + i].direction = direction;
	}
	w->config.rule_count += count;
	if (direction == VSWITCH_INGRESS)
		config->default_ingress = VSWITCH_DENY;
	else
		config->default_egress = VSWITCH_DENY;
}

uint32_t world_send_as(struct world *w, uint32_t port, const struct frame *f, uint32_t shown, uint32_t segments, uint32_t wire)
{
	uint8_t *header = malloc(shown ? shown : 1);
	struct vswitch_frame frame = { .port = port, .header = header, .header_bytes = shown, .total_bytes = f->size, .wire_bytes = wire,
				       .segment_count = segments, .now_ns = w->now };

	if (!header)
		abort();
	memcpy(header, f->bytes, shown);
	vswitch_forward(&w->sw, &frame, &w->verdict);
	free(header);
	return w->verdict.egress;
}

uint32_t world_send(struct world *w, uint32_t port, const struct frame *f)
{
	return world_send_as(w, port, f, f->size < VSWITCH_HEADER_BYTES ? f->size : VSWITCH_HEADER_BYTES, 1, f->size);
}

bool dropped(struct world *w, uint32_t port, enum vswitch_drop reason)
{
	uint64_t all = 0, here = w->sw.port[port].counters.drops[reason];

	for (uint32_t i = 0; i < WORLD_PORTS; i++)
		for (uint32_t r = 0; r < VSWITCH_DROP_COUNT; r++)
			all += w->sw.port[i].counters.drops[r];
	for (uint32_t i = 0; i < WORLD_PORTS; i++)
		memset(w->sw.port[i].counters.drops, 0, sizeof(w->sw.port[i].counters.drops));
	if (w->verdict.egress != 0 || w->verdict.drop != reason || all != 1 || here != 1)
		printf("# egress %#x, %s, counted %llu and here %llu\n", w->verdict.egress, vswitch_drop_name(w->verdict.drop),
		       (unsigned long long)all, (unsigned long long)here);
	return w->verdict.egress == 0 && w->verdict.drop == reason && all == 1 && here == 1;
}
