/* SPDX-License-Identifier: Apache-2.0 */
/* The device: registers (virtio 1.2, 4.2.2), its two queues, and the tree that names it. */

#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include <rt/mmio.h>
#include <rt/tree.h>
#include <virtio/virtio.h>
#include <virtio/virtio_mmio.h>
#include <virtio/virtq.h>

#include "liar.h"

#define BASE		0x0a000000u
#define QUEUE_COUNT	2u
#define QUEUE_SIZE	64u
#define TREE_BYTES	1024u

static struct liar liar;
static uint64_t random_state;
static uint8_t tree[TREE_BYTES];
static struct window window;
static uint32_t status, selected, select_features, ready[QUEUE_COUNT];
static uint32_t driver_features[2];
static uint32_t addresses[QUEUE_COUNT][12], sizes[QUEUE_COUNT];
static struct virtq queue[QUEUE_COUNT];
static uint8_t fifo[LIAR_FIFO_BYTES];
static uint32_t fifo_bytes;

uint32_t liar_random(uint32_t below)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(random_state >> 33) % below;
}

static bool lying(void)
{
	return liar_random(1000) < liar.lies;
}

void liar_break(void)
{
	status |= VIRTIO_STATUS_NEEDS_RESET;
}

/* ---- registers ---- */

static uint32_t read_register(uint32_t at)
{
	switch (at) {
	case VIRTIO_MMIO_MAGIC_VALUE: return VIRTIO_MMIO_MAGIC;
	case VIRTIO_MMIO_VERSION: return VIRTIO_MMIO_VERSION_2;
	case VIRTIO_MMIO_DEVICE_ID: return liar.type;
	case VIRTIO_MMIO_DEVICE_FEATURES: return (uint32_t)(liar.features >> (select_features ? 32 : 0));
	case VIRTIO_MMIO_QUEUE_NUM_MAX: return selected < QUEUE_COUNT ? QUEUE_SIZE : 0;
	case VIRTIO_MMIO_QUEUE_READY: return selected < QUEUE_COUNT ? ready[selected] : 0;
	case VIRTIO_MMIO_STATUS: return status;
	default: return 0;
	}
}

static uint64_t address(unsigned n, unsigned at)
{
	return addresses[n][at / 4] | (uint64_t)addresses[n][at / 4 + 1] << 32;
}

static void start_queue(unsigned n)
{
	const struct vq_setup setup = { address(n, 0), address(n, 16), address(n, 32), driver_features[0] | (uint64_t)driver_features[1] << 32,
					(uint16_t)sizes[n] };

	ready[n] = virtq_init(&queue[n], &window, &setup) == VQ_OK;
}

static void reset(void)
{
	memset(ready, 0, sizeof(ready));
	fifo_bytes = 0;
}

static void write_register(uint32_t at, uint32_t value)
{
	bool has_queue = selected < QUEUE_COUNT;

	if (at == VIRTIO_MMIO_STATUS) {
		status = value;
		if (!value)
			reset();
	} else if (at == VIRTIO_MMIO_DEVICE_FEATURES_SEL) {
		select_features = value;
	} else if (at == VIRTIO_MMIO_DRIVER_FEATURES_SEL) {
		select_features = value;
	} else if (at == VIRTIO_MMIO_DRIVER_FEATURES) {
		driver_features[select_features & 1] = value;
	} else if (at == VIRTIO_MMIO_QUEUE_SEL) {
		selected = value;
	} else if (at == VIRTIO_MMIO_QUEUE_NUM && has_queue) {
		sizes[selected] = value;
	} else if (at == VIRTIO_MMIO_QUEUE_READY && has_queue && value) {
		start_queue(selected);
	} else if (at >= VIRTIO_MMIO_QUEUE_DESC_LOW && at <= VIRTIO_MMIO_QUEUE_DEVICE_HIGH && has_queue) {
		addresses[selected][(at - VIRTIO_MMIO_QUEUE_DESC_LOW) / 4] = value;
	}
}

uint64_t fake_read(uint64_t at, unsigned bytes)
{
	uint32_t value = bytes == 4 && at >= BASE ? read_register((uint32_t)(at - BASE)) : 0;

	return lying() ? value ^ 1u << liar_random(32) : value;
}

void fake_write(uint64_t at, uint64_t value, unsigned bytes)
{
	if (bytes == 4 && at >= BASE)
		write_register((uint32_t)(at - BASE), (uint32_t)value);
}

/* ---- queues ---- */

/* Gives a chain back, or another one, or twice, with any number of bytes. */
static void give_back(struct virtq *q, struct vq_token token, uint32_t bytes)
{
	unsigned times = lying() ? liar_random(3) : 1;

	if (lying())
		token.id = (uint16_t)liar_random(lying() ? 65536 : QUEUE_SIZE);
	if (lying())
		bytes = liar_random(2) ? liar_random(1000) : UINT32_MAX - liar_random(10);
	while (times--)
		(void)!virtq_push(q, token, bytes);
	(void)!virtq_publish(q);
}

static void take_sent(void)
{
	struct vq_chain chain;

	while (fifo_bytes <= LIAR_FIFO_BYTES / 2 && virtq_pop(&queue[1], &chain) == VQ_OK) {
		for (unsigned n = 0; n < chain.readable_count && fifo_bytes + chain.segment[n].size <= LIAR_FIFO_BYTES; n++) {
			memcpy(fifo + fifo_bytes, chain.segment[n].at, chain.segment[n].size);
			fifo_bytes += chain.segment[n].size;
		}
		give_back(&queue[1], chain.token, 0);
	}
}

static void put_received(void)
{
	struct vq_chain chain;

	while (fifo_bytes && virtq_pop(&queue[0], &chain) == VQ_OK) {
		uint32_t bytes = chain.writable_count && chain.segment[0].size < fifo_bytes ? chain.segment[0].size : fifo_bytes;

		if (!chain.writable_count || chain.readable_count)
			return;
		memcpy(chain.segment[0].at, fifo, bytes);
		memmove(fifo, fifo + bytes, fifo_bytes - bytes);
		fifo_bytes -= bytes;
		give_back(&queue[0], chain.token, bytes);
	}
}

/* Bytes over a ring: where the driver wrote, and where the device did. */
static void scribble(void)
{
	unsigned n = liar_random(QUEUE_COUNT);
	uint64_t at = address(n, 16 * liar_random(3)) + liar_random(128);
	uint8_t *here;

	if (ready[n] && window_resolve(&window, at, 1, &here) == VQ_OK)
		*here = (uint8_t)liar_random(256);
}

void liar_round(void)
{
	if (ready[0] && ready[1] && status & VIRTIO_STATUS_DRIVER_OK) {
		take_sent();
		put_received();
	}
	if (lying())
		scribble();
}

/* ---- the tree ---- */

static void put_cells(const char *name, uint32_t a, uint32_t b, uint32_t c, uint32_t d, int count)
{
	const fdt32_t cells[] = { cpu_to_fdt32(a), cpu_to_fdt32(b), cpu_to_fdt32(c), cpu_to_fdt32(d) };

	fdt_property(tree, name, cells, 4 * count);
}

static void make_tree(void)
{
	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	put_cells("#address-cells", 2, 0, 0, 0, 1);
	put_cells("#size-cells", 2, 0, 0, 0, 1);
	fdt_begin_node(tree, "virtio_mmio@a000000");
	fdt_property_string(tree, "compatible", "virtio,mmio");
	put_cells("reg", 0, BASE, 0, 0x200, 4);
	put_cells("interrupts", 0, 16, 1, 0, 3);
	fdt_end_node(tree);
	fdt_end_node(tree);
	fdt_finish(tree);
	tree_init(tree);
}

void liar_open(const struct liar *wanted, uint64_t seed)
{
	liar = *wanted;
	random_state = seed * 0x9e3779b97f4a7c15ull + 1;
	window = (struct window){ (uintptr_t)liar.memory, liar.bytes, liar.memory };
	status = selected = 0;
	reset();
	make_tree();
}
