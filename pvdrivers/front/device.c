/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-mmio, version 2, from the driver's side. It must not know what a device is for. */

#include <libfdt.h>

#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/sysreg.h>
#include <rt/tree.h>
#include <virtio/virtio.h>
#include <virtio/virtio_mmio.h>

#include "device.h"

#define REGISTER_BYTES	0x200u
#define TRIES		8u	/* to read what changes meanwhile */

static uint32_t get(const struct front_device *device, uint32_t offset)
{
	return mmio_read32(device->base + offset);
}

static void set(const struct front_device *device, uint32_t offset, uint32_t value)
{
	mmio_write32(device->base + offset, value);
}

static void set_address(const struct front_device *device, uint32_t offset, uint64_t address)
{
	set(device, offset, (uint32_t)address);
	set(device, offset + 4, (uint32_t)(address >> 32));
}

static bool is_type(const struct front_device *device, uint32_t type)
{
	return get(device, VIRTIO_MMIO_MAGIC_VALUE) == VIRTIO_MMIO_MAGIC && get(device, VIRTIO_MMIO_VERSION) == VIRTIO_MMIO_VERSION_2 &&
	       get(device, VIRTIO_MMIO_DEVICE_ID) == type;
}

/* The lowest device of the type above `least`. */
static bool find_above(struct front_device *found, uint32_t type, uintptr_t least)
{
	const void *tree = tree_blob();
	int node = fdt_node_offset_by_compatible(tree, -1, "virtio,mmio");

	found->base = 0;
	for (; node >= 0; node = fdt_node_offset_by_compatible(tree, node, "virtio,mmio")) {
		struct front_device device = { .irq = tree_irq(node, 0) };
		struct tree_range range;

		if (!tree_reg(node, 0, &range) || range.size < REGISTER_BYTES || device.irq < 0)
			continue;
		device.base = (uintptr_t)range.base;
		if (device.base > least && (!found->base || device.base < found->base) && is_type(&device, type))
			*found = device;
	}
	return found->base != 0;
}

bool front_device_find(struct front_device *device, uint32_t type, unsigned n)
{
	uintptr_t least = 0;

	for (unsigned i = 0; i <= n; i++) {
		if (!find_above(device, type, least))
			return false;
		least = device->base;
	}
	return front_pool_share(device->base, type, &device->share);
}

static uint64_t offered(const struct front_device *device)
{
	uint64_t low;

	set(device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
	low = get(device, VIRTIO_MMIO_DEVICE_FEATURES);
	set(device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
	return low | (uint64_t)get(device, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
}

static void add_status(const struct front_device *device, uint32_t bits)
{
	set(device, VIRTIO_MMIO_STATUS, get(device, VIRTIO_MMIO_STATUS) | bits);
}

bool front_device_begin(struct front_device *device, uint64_t wanted)
{
	set(device, VIRTIO_MMIO_STATUS, 0);
	if (get(device, VIRTIO_MMIO_STATUS) != 0)
		return false;
	add_status(device, VIRTIO_STATUS_ACKNOWLEDGE);
	add_status(device, VIRTIO_STATUS_DRIVER);
	device->features = offered(device) & wanted;
	if (!(device->features & VIRTIO_F_VERSION_1))
		return false;
	set(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)device->features);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	set(device, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(device->features >> 32));
	add_status(device, VIRTIO_STATUS_FEATURES_OK);
	return (get(device, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) != 0;
}

bool front_device_queue(struct front_device *device, uint32_t index, struct virtq_driver *queue, const struct vqd_memory *memory,
			size_t ring_bytes, uint16_t size)
{
	struct vq_setup setup;

	if (vqd_ring_bytes(size, device->features) > ring_bytes)
		return false;
	set(device, VIRTIO_MMIO_QUEUE_SEL, index);
	if (get(device, VIRTIO_MMIO_QUEUE_READY) != 0 || get(device, VIRTIO_MMIO_QUEUE_NUM_MAX) < size)
		return false;
	if (vqd_init(queue, memory, size, device->features, &setup) != VQ_OK)
		return false;
	set(device, VIRTIO_MMIO_QUEUE_NUM, size);
	set_address(device, VIRTIO_MMIO_QUEUE_DESC_LOW, setup.descriptors);
	set_address(device, VIRTIO_MMIO_QUEUE_DRIVER_LOW, setup.driver);
	set_address(device, VIRTIO_MMIO_QUEUE_DEVICE_LOW, setup.device);
	set(device, VIRTIO_MMIO_QUEUE_READY, 1);
	return true;
}

/* It wakes who sleeps, no more: the loop looks by itself. */
static void interrupted(unsigned irq, void *arg)
{
	const struct front_device *device = arg;

	(void)irq;
	set(device, VIRTIO_MMIO_INTERRUPT_ACK, get(device, VIRTIO_MMIO_INTERRUPT_STATUS));
}

void front_device_run(struct front_device *device)
{
	irq_set_handler((unsigned)device->irq, interrupted, device);
	irq_enable((unsigned)device->irq);
	add_status(device, VIRTIO_STATUS_DRIVER_OK);
}

void front_device_publish(const struct front_device *device, uint32_t index, struct virtq_driver *queue)
{
	vqd_publish(queue);
	if (vqd_kick_needed(queue))
		front_device_notify(device, index);
}

void front_device_notify(const struct front_device *device, uint32_t index)
{
	/* What was published must be seen first: the ring is normal memory, the register is a device. */
	cpu_dsb_stores();
	set(device, VIRTIO_MMIO_QUEUE_NOTIFY, index);
}

bool front_device_is_sound(const struct front_device *device)
{
	return !(get(device, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET);
}

uint8_t front_device_config8(const struct front_device *device, uint32_t offset)
{
	return mmio_read8(device->base + VIRTIO_MMIO_CONFIG + offset);
}

uint16_t front_device_config16(const struct front_device *device, uint32_t offset)
{
	return mmio_read16(device->base + VIRTIO_MMIO_CONFIG + offset);
}

uint32_t front_device_config32(const struct front_device *device, uint32_t offset)
{
	return get(device, VIRTIO_MMIO_CONFIG + offset);
}

/* Two reads are one piece if the generation stayed (2.5.1). A device that changes it all the time gets no more than some tries. */
uint64_t front_device_config64(const struct front_device *device, uint32_t offset)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t generation = get(device, VIRTIO_MMIO_CONFIG_GENERATION);

		value = front_device_config32(device, offset) | (uint64_t)front_device_config32(device, offset + 4) << 32;
		if (get(device, VIRTIO_MMIO_CONFIG_GENERATION) == generation)
			break;
	}
	return value;
}

void front_device_stop(struct front_device *device)
{
	irq_disable((unsigned)device->irq);
	irq_set_handler((unsigned)device->irq, NULL, NULL);
	set(device, VIRTIO_MMIO_STATUS, 0);
}
