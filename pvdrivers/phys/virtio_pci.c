/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCI transport of virtio, driver side (virtio 1.2, 4.1.4 and 3.1). Where the device's parts are is its own word, and
 * is checked against its BARs.
 */

#include <stdlib.h>
#include <string.h>

#include <rt/dma.h>
#include <rt/mmio.h>
#include <rt/sysreg.h>
#include <rt/timer.h>

#include "virtio_pci.h"

#define VENDOR_VIRTIO		0x1af4u
#define DEVICE_MODERN		0x1040u		/* and the type */
#define DEVICE_OLD		0x1000u		/* transitional: the type is the subsystem */
#define DEVICE_OLD_LAST		0x103fu

/* Capability, 4.1.4. */
#define CAP_TYPE		3u
#define CAP_BAR			4u
#define CAP_OFFSET		8u
#define CAP_LENGTH		12u
#define CAP_NOTIFY_STEP		16u
#define TYPE_COMMON		1u
#define TYPE_NOTIFY		2u
#define TYPE_ISR		3u
#define TYPE_DEVICE		4u

/* Common configuration, 4.1.4.3. */
#define COMMON_DEVICE_SELECT	0u
#define COMMON_DEVICE_FEATURE	4u
#define COMMON_DRIVER_SELECT	8u
#define COMMON_DRIVER_FEATURE	12u
#define COMMON_CONFIG_VECTOR	16u
#define COMMON_STATUS		20u
#define COMMON_GENERATION	21u
#define COMMON_QUEUE		22u
#define COMMON_QUEUE_SIZE	24u
#define COMMON_QUEUE_VECTOR	26u
#define COMMON_QUEUE_ENABLE	28u
#define COMMON_QUEUE_NOTIFY	30u
#define COMMON_QUEUE_RINGS	32u		/* three addresses */
#define COMMON_BYTES		56u

#define NO_VECTOR		0xffffu
#define RESET_NS		1000000000ull
#define GENERATION_TRIES	16u

/* ---- finding ---- */

static bool is_type(const struct pci_device *pci, uint16_t type)
{
	if (pci->vendor != VENDOR_VIRTIO)
		return false;
	if (pci->device >= DEVICE_OLD && pci->device <= DEVICE_OLD_LAST)
		return pci_read16(pci, PCI_SUBSYSTEM) == type;
	return pci->device == DEVICE_MODERN + type;
}

/* The first capability of each type that lies in a BAR counts, 4.1.4.1. */
static uint64_t find_part(const struct pci_device *pci, uint8_t type, uint64_t least, uint64_t *bytes, unsigned *at)
{
	*at = 0;
	for (unsigned tries = 0; tries < 48; tries++) {
		uint64_t found;

		*at = pci_capability(pci, PCI_CAP_VENDOR, *at);
		if (!*at)
			return 0;
		if (pci_read8(pci, *at + CAP_TYPE) != type)
			continue;
		*bytes = pci_read32(pci, *at + CAP_LENGTH);
		found = pci_bar_at(pci, pci_read8(pci, *at + CAP_BAR), pci_read32(pci, *at + CAP_OFFSET), *bytes);
		if (found && *bytes >= least)
			return found;
	}
	return 0;
}

bool virtio_pci_find(struct virtio_pci *virtio, struct pci_device *pci, uint16_t type)
{
	uint64_t bytes;
	unsigned at;

	if (!is_type(pci, type))
		return false;
	virtio->pci = pci;
	virtio->common = find_part(pci, TYPE_COMMON, COMMON_BYTES, &bytes, &at);
	virtio->isr = find_part(pci, TYPE_ISR, 1, &bytes, &at);
	virtio->config = find_part(pci, TYPE_DEVICE, 4, &virtio->config_bytes, &at);
	virtio->notify = find_part(pci, TYPE_NOTIFY, 2, &virtio->notify_bytes, &at);
	if (!virtio->common || !virtio->isr || !virtio->notify || (virtio->common | virtio->notify | virtio->config) & 3)
		return false;
	virtio->notify_step = pci_read32(pci, at + CAP_NOTIFY_STEP);
	return true;
}

bool virtio_pci_alloc(struct virtio_pci *virtio, unsigned n, uint16_t size, uint16_t segments)
{
	struct virtio_pci_queue *queue = &virtio->queue[n];
	size_t packed = vqd_ring_bytes(size, VIRTIO_F_RING_PACKED), split = vqd_ring_bytes(size, 0);
	struct vqd_memory *memory = &queue->memory;

	queue->size_max = size;
	memory->table_entries = segments;
	memory->slots = calloc(size, sizeof(*memory->slots));
	memory->ring = dma_alloc(packed > split ? packed : split, 4096, &memory->ring_address);
	memory->tables = dma_alloc((size_t)16 * segments * size, 4096, &memory->tables_address);
	return memory->slots && memory->ring && memory->tables;
}

/* ---- stop and start ---- */

static uint8_t read_status(const struct virtio_pci *virtio)
{
	return mmio_read8(virtio->common + COMMON_STATUS);
}

static void add_status(const struct virtio_pci *virtio, uint8_t bits)
{
	mmio_write8(virtio->common + COMMON_STATUS, read_status(virtio) | bits);
}

bool virtio_pci_stop(struct virtio_pci *virtio)
{
	uint64_t end = time_ns() + RESET_NS;
	bool stopped;

	pci_irq_detach(virtio->pci);
	pci_enable_memory(virtio->pci);
	mmio_write8(virtio->common + COMMON_STATUS, 0);
	do {	/* 4.1.4.3.2: the reset is over when it reads 0 */
		stopped = read_status(virtio) == 0;
		cpu_relax();
	} while (!stopped && time_ns() < end);
	pci_enable_master(virtio->pci, false);
	return stopped || pci_reset(virtio->pci) == PCI_OK;
}

static uint64_t read_features(const struct virtio_pci *virtio)
{
	uint64_t features = 0;

	for (uint32_t word = 0; word < 2; word++) {
		mmio_write32(virtio->common + COMMON_DEVICE_SELECT, word);
		features |= (uint64_t)mmio_read32(virtio->common + COMMON_DEVICE_FEATURE) << 32 * word;
	}
	return features;
}

static void write_features(const struct virtio_pci *virtio, uint64_t features)
{
	for (uint32_t word = 0; word < 2; word++) {
		mmio_write32(virtio->common + COMMON_DRIVER_SELECT, word);
		mmio_write32(virtio->common + COMMON_DRIVER_FEATURE, (uint32_t)(features >> 32 * word));
	}
}

bool virtio_pci_negotiate(struct virtio_pci *virtio, uint64_t wanted)
{
	pci_enable_master(virtio->pci, true);
	add_status(virtio, VIRTIO_STATUS_ACKNOWLEDGE);
	add_status(virtio, VIRTIO_STATUS_DRIVER);
	virtio->features = read_features(virtio) & (wanted | VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_F_ORDER_PLATFORM);
	if (!(virtio->features & VIRTIO_F_VERSION_1))
		return false;
	write_features(virtio, virtio->features);
	add_status(virtio, VIRTIO_STATUS_FEATURES_OK);
	return read_status(virtio) & VIRTIO_STATUS_FEATURES_OK;
}

bool virtio_pci_attach(struct virtio_pci *virtio, pci_irq_t queues, pci_irq_t config, void *arg)
{
	const pci_irq_t handlers[] = { queues, config };
	uint16_t vector;

	virtio->by_pin = true;	/* until it is known: an early interrupt asks for its cause */
	if (pci_irq_attach(virtio->pci, handlers, 2, arg) < 0)
		return false;
	virtio->by_pin = virtio->pci->vector_count == 0;
	vector = virtio->by_pin ? NO_VECTOR : (uint16_t)(virtio->pci->vector_count - 1);
	mmio_write16(virtio->common + COMMON_CONFIG_VECTOR, vector);
	return mmio_read16(virtio->common + COMMON_CONFIG_VECTOR) == vector;
}

static bool set_vector(const struct virtio_pci *virtio, bool signal)
{
	uint16_t vector = signal && virtio->pci->vector_count ? 0 : NO_VECTOR;

	mmio_write16(virtio->common + COMMON_QUEUE_VECTOR, vector);
	return mmio_read16(virtio->common + COMMON_QUEUE_VECTOR) == vector;
}

static void write_address(uint64_t at, uint64_t value)
{
	mmio_write32(at, (uint32_t)value);
	mmio_write32(at + 4, (uint32_t)(value >> 32));
}

bool virtio_pci_start_queue(struct virtio_pci *virtio, unsigned n, bool signal)
{
	struct virtio_pci_queue *queue = &virtio->queue[n];
	struct vq_setup setup;
	uint64_t offset;
	uint16_t size;

	mmio_write16(virtio->common + COMMON_QUEUE, (uint16_t)n);
	size = mmio_read16(virtio->common + COMMON_QUEUE_SIZE);
	offset = (uint64_t)mmio_read16(virtio->common + COMMON_QUEUE_NOTIFY) * virtio->notify_step;
	if (size > queue->size_max)
		size = queue->size_max;
	if (!size || offset % 2 || offset + 2 > virtio->notify_bytes)
		return false;
	if (vqd_init(&queue->ring, &queue->memory, size, virtio->features, &setup) || !set_vector(virtio, signal))
		return false;
	if (!signal)
		vqd_cancel_signal(&queue->ring);
	queue->bell = virtio->notify + offset;
	mmio_write16(virtio->common + COMMON_QUEUE_SIZE, size);
	write_address(virtio->common + COMMON_QUEUE_RINGS, setup.descriptors);
	write_address(virtio->common + COMMON_QUEUE_RINGS + 8, setup.driver);
	write_address(virtio->common + COMMON_QUEUE_RINGS + 16, setup.device);
	dma_full_barrier();	/* the ring is empty before the device may look */
	mmio_write16(virtio->common + COMMON_QUEUE_ENABLE, 1);
	return true;
}

void virtio_pci_go(struct virtio_pci *virtio)
{
	add_status(virtio, VIRTIO_STATUS_DRIVER_OK);
}

/* ---- work ---- */

void virtio_pci_kick(struct virtio_pci *virtio, unsigned n)
{
	struct virtio_pci_queue *queue = &virtio->queue[n];

	dma_write_barrier();	/* what it points at before the index: the ring's own order is that of CPUs (6, ORDER_PLATFORM) */
	vqd_publish(&queue->ring);
	if (!vqd_kick_needed(&queue->ring))
		return;
	dma_full_barrier();	/* the index before the doorbell, after which the device reads it */
	mmio_write16(queue->bell, (uint16_t)n);
}

enum vq_err virtio_pci_get(struct virtio_pci *virtio, unsigned n, void **cookie, uint32_t *written)
{
	enum vq_err error = vqd_get(&virtio->queue[n].ring, cookie, written);

	dma_read_barrier();	/* the used entry before what the device wrote first */
	return error;
}

uint8_t virtio_pci_cause(const struct virtio_pci *virtio)
{
	return mmio_read8(virtio->isr);
}

bool virtio_pci_is_lost(const struct virtio_pci *virtio)
{
	return read_status(virtio) & VIRTIO_STATUS_NEEDS_RESET;
}

static uint64_t read_once(uint64_t at, unsigned bytes)
{
	switch (bytes) {
	case 1: return mmio_read8(at);
	case 2: return mmio_read16(at);
	case 4: return mmio_read32(at);
	default: return mmio_read32(at) | (uint64_t)mmio_read32(at + 4) << 32;
	}
}

uint64_t virtio_pci_read_config(const struct virtio_pci *virtio, unsigned at, unsigned bytes)
{
	uint64_t value = 0;

	if (at + bytes > virtio->config_bytes)
		return 0;
	for (unsigned tries = 0; tries < GENERATION_TRIES; tries++) {
		uint8_t before = mmio_read8(virtio->common + COMMON_GENERATION);

		value = read_once(virtio->config + at, bytes);
		if (mmio_read8(virtio->common + COMMON_GENERATION) == before)
			break;
	}
	return value;
}
