/* SPDX-License-Identifier: Apache-2.0 */
/* The test's network card. It must not know what is in a frame. */

#include <string.h>

#include <virtio/virtio.h>

#include "card.h"

#define WANTED	(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_NET_F_MAC)

static bool open_queue(struct card *card, uint32_t index, struct card_queue *q)
{
	struct vqd_memory memory = { .ring = q->ring, .ring_address = (uintptr_t)q->ring, .slots = q->slots };

	memset(q->ring, 0, sizeof(q->ring));
	return front_device_queue(&card->device, index, &q->queue, &memory, sizeof(q->ring), CARD_ENTRIES);
}

static bool add(struct virtq_driver *queue, struct card_buffer *buffer, uint32_t bytes, bool is_written)
{
	struct vqd_segment segment = { (uintptr_t)buffer, (uint32_t)sizeof(buffer->header) + bytes };

	return vqd_add(queue, &segment, !is_written, is_written, buffer) == VQ_OK;
}

static unsigned under_way(const struct card_queue *q)
{
	return CARD_ENTRIES - q->queue.free_count;
}

bool card_open(struct card *card, unsigned n, uint64_t offloads)
{
	if (!front_device_find(&card->device, VIRTIO_ID_NET, n) || !front_device_begin(&card->device, WANTED | offloads) ||
	    !open_queue(card, VIRTIO_NET_QUEUE_RECEIVE, &card->receive) || !open_queue(card, VIRTIO_NET_QUEUE_TRANSMIT, &card->transmit))
		return false;
	for (uint32_t i = 0; i < sizeof(card->mac); i++)
		card->mac[i] = front_device_config8(&card->device, offsetof(struct virtio_net_config, mac) + i);
	for (unsigned i = 0; i < CARD_ENTRIES; i++)
		(void)add(&card->receive.queue, &card->in[i], CARD_FRAME_MAX, true);
	vqd_cancel_signal(&card->receive.queue);
	vqd_cancel_signal(&card->transmit.queue);
	front_device_run(&card->device);
	front_device_publish(&card->device, VIRTIO_NET_QUEUE_RECEIVE, &card->receive.queue);
	return true;
}

void card_send(struct card *card, uint32_t bytes, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		(void)add(&card->transmit.queue, &card->out, bytes, false);
	front_device_publish(&card->device, VIRTIO_NET_QUEUE_TRANSMIT, &card->transmit.queue);
}

bool card_is_sent(struct card *card)
{
	uint32_t written;
	void *cookie;

	while (vqd_get(&card->transmit.queue, &cookie, &written) == VQ_OK)
		;
	return under_way(&card->transmit) == 0;
}

static struct card_buffer *next(struct card *card, uint32_t *bytes)
{
	uint32_t written;
	void *cookie;

	if (vqd_get(&card->receive.queue, &cookie, &written) != VQ_OK)
		return NULL;
	*bytes = written < sizeof(struct virtio_net_hdr) ? 0 : written - (uint32_t)sizeof(struct virtio_net_hdr);
	return cookie;
}

static void keep(struct card *card, struct card_buffer *buffer)
{
	buffer->next = card->kept;
	card->kept = buffer;
}

void card_poll(struct card *card, card_received_t received)
{
	struct card_buffer *buffer;
	uint32_t bytes;

	while ((buffer = next(card, &bytes)) != NULL) {
		received(card, buffer, bytes);
		keep(card, buffer);
	}
	if (!card->is_silent)
		card_offer(card, CARD_ENTRIES);
}

void card_offer(struct card *card, unsigned count)
{
	bool has_any = false;

	while (card->kept && under_way(&card->receive) < count && add(&card->receive.queue, card->kept, CARD_FRAME_MAX, true)) {
		card->kept = card->kept->next;
		has_any = true;
	}
	if (has_any)
		front_device_publish(&card->device, VIRTIO_NET_QUEUE_RECEIVE, &card->receive.queue);
}
