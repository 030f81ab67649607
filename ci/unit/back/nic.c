/* SPDX-License-Identifier: Apache-2.0 */
/* A network card for tests, and memory that it reaches. */

#include <stdlib.h>
#include <string.h>

#include "front.h"
#include "nic.h"

void *dma_alloc(size_t bytes, size_t align, uint64_t *bus)
{
	void *at = aligned_alloc(align, (bytes + align - 1) / align * align);

	*bus = (uintptr_t)at;
	return at;
}

static struct test_nic *nic_of(struct nic_device *device)
{
	return (struct test_nic *)(void *)((char *)device - offsetof(struct test_nic, device));
}

static enum nic_status send(struct nic_device *device, const struct dma_segment *segments, unsigned count, const struct nic_offload *offload,
			    uint64_t cookie)
{
	struct test_nic *nic = nic_of(device);

	if (nic->under_way_count == TEST_NIC_DEPTH)
		return NIC_ERR_BUSY;
	nic->bytes = 0;
	for (unsigned n = 0; n < count; n++) {
		memcpy(nic->frame + nic->bytes, (const void *)segments[n].at, segments[n].bytes);
		nic->bytes += segments[n].bytes;
	}
	nic->offload = *offload;
	nic->under_way[nic->under_way_count++] = cookie;
	nic->sent_count++;
	return NIC_OK;
}

static enum nic_status post(struct nic_device *device, struct dma_segment buffer, uint64_t cookie)
{
	struct test_nic *nic = nic_of(device);

	nic->posted[nic->posted_count].buffer = buffer;
	nic->posted[nic->posted_count++].cookie = cookie;
	return NIC_OK;
}

static void kick(struct nic_device *device)
{
	(void)device;
}

static unsigned poll(struct nic_device *device, unsigned budget)
{
	struct test_nic *nic = nic_of(device);
	unsigned done = 0;

	for (; !nic->frozen && nic->under_way_count && done < budget; done++)
		device->sent(device->arg, nic->under_way[--nic->under_way_count]);
	return done;
}

static bool arm(struct nic_device *device)
{
	return nic_of(device)->under_way_count;
}

static enum nic_status set_filter(struct nic_device *device, const struct nic_filter *filter)
{
	nic_of(device)->is_promiscuous = filter->promiscuous;
	return nic_of(device)->broken ? NIC_ERR_RESET : NIC_OK;
}

static void quiesce(struct nic_device *device)
{
	nic_of(device)->posted_count = nic_of(device)->under_way_count = 0;
}

static enum nic_status reset(struct nic_device *device)
{
	quiesce(device);
	nic_of(device)->resets++;
	host_time_ns += nic_of(device)->reset_ns;
	device->info.receive_bytes = TEST_NIC_BYTES;	/* not before */
	device->dead = nic_of(device)->broken;
	if (device->link)
		device->link(device->arg, device->link_up);
	return NIC_OK;
}

static const struct nic_ops ops = { send, post, kick, poll, arm, set_filter, quiesce, reset };

void test_nic_init(struct test_nic *nic, uint32_t can)
{
	memset(nic, 0, sizeof(*nic));
	nic->device.ops = &ops;
	nic->device.link_up = true;
	nic->device.info = (struct nic_info){
		.driver = "test", .mtu_max = 1500, .can = can, .send_depth = TEST_NIC_DEPTH, .receive_depth = 64,
	};
}

bool test_nic_arrive(struct test_nic *nic, const uint8_t *frame, uint32_t bytes, const struct nic_offload *offload)
{
	struct nic_device *device = &nic->device;

	for (uint32_t at = 0; at < bytes; at += TEST_NIC_BYTES) {
		uint32_t count = bytes - at < TEST_NIC_BYTES ? bytes - at : TEST_NIC_BYTES;

		if (!nic->posted_count)
			return false;
		nic->posted_count--;
		memcpy((void *)nic->posted[nic->posted_count].buffer.at, frame + at, count);
		device->received(device->arg, nic->posted[nic->posted_count].cookie, count, at + count == bytes, offload);
	}
	return true;
}
