/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio network card as the link that pvdrivers/ip asks for. It must not know protocols. */

#include <string.h>

#include <front/net.h>

#include "ip_card.h"

#define FRAMES_A_POLL	16u

static struct front_net the_card;

static bool send(void *device, const struct ip_piece *pieces, uint32_t count)
{
	struct front_net *net = device;
	uint8_t *to = front_net_reserve(net);
	uint32_t bytes = 0;

	if (!to)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		if (pieces[i].count > FRONT_NET_FRAME_MAX - bytes)
			return false;
		memcpy(to + bytes, pieces[i].bytes, pieces[i].count);
		bytes += pieces[i].count;
	}
	front_net_send(net, bytes);
	return true;
}

static bool poll(void *device, void (*received)(const void *frame, uint32_t bytes))
{
	return front_net_poll(device, FRAMES_A_POLL, received);
}

static bool arm(void *device)
{
	return front_net_arm(device);
}

const struct ip_link *ip_card_open(void)
{
	static struct ip_link link = { .device = &the_card, .send = send, .poll = poll, .arm = arm };

	if (!front_net_open(&the_card, 0))
		return NULL;
	memcpy(link.mac, the_card.mac, sizeof(link.mac));
	link.mtu = the_card.mtu;
	return &link;
}
