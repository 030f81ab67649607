/* SPDX-License-Identifier: Apache-2.0 */
/* A slow disk, and a front-end that uses it. */

#include <stdlib.h>
#include <string.h>

#include <virtio/virtio_blk.h>

#include "disk.h"

static struct slow_disk *slow_of(struct blk_device *device)
{
	return (struct slow_disk *)(void *)((char *)device - offsetof(struct slow_disk, device));
}

static unsigned below(struct slow_disk *slow, unsigned limit)
{
	slow->seed = slow->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(slow->seed >> 33) % limit;
}

static bool reaches(const struct slow_disk *slow, const struct dma_segment *segment)
{
	const uint8_t *at = (const uint8_t *)segment->at;

	return !slow->reach || (at >= slow->reach && at + segment->bytes <= slow->reach + slow->reach_bytes);
}

static enum blk_status submit(struct blk_device *device, const struct blk_request *request)
{
	struct slow_disk *slow = slow_of(device);
	struct slow_request *entry;

	if (slow->pending >= slow->depth)
		return BLK_ERR_BUSY;
	for (unsigned n = 0; n < request->segment_count; n++) {
		if (!reaches(slow, &request->segments[n]))
			return BLK_ERR_ARGUMENT;
	}
	entry = &slow->queue[slow->pending++];
	entry->request = *request;
	for (unsigned n = 0; n < request->segment_count; n++)
		entry->segments[n] = request->segments[n];
	slow->submitted++;
	return BLK_OK;
}

static void transfer(struct slow_disk *slow, const struct slow_request *entry)
{
	uint8_t *at = slow->memory + entry->request.sector * 512;

	for (unsigned n = 0; n < entry->request.segment_count; n++) {
		uint8_t *other = (uint8_t *)entry->segments[n].at;
		uint32_t bytes = entry->segments[n].bytes;

		memcpy(entry->request.op == BLK_READ ? other : at, entry->request.op == BLK_READ ? at : other, bytes);
		at += bytes;
	}
}

static enum blk_status carry_out(struct slow_disk *slow, const struct slow_request *entry)
{
	const struct blk_request *request = &entry->request;

	if (request->op == BLK_FLUSH) {
		slow->flushed++;
		slow->unflushed = 0;
		return BLK_OK;
	}
	if (slow->fail_sector >= request->sector && slow->fail_sector < request->sector + request->sector_count)
		return BLK_ERR_MEDIUM;
	slow->unflushed += request->op != BLK_READ && !request->fua;
	if (request->op == BLK_READ || request->op == BLK_WRITE)
		transfer(slow, entry);
	else
		memset(slow->memory + request->sector * 512, 0, request->sector_count * 512);
	return BLK_OK;
}

static void kick(struct blk_device *device)
{
	(void)device;
}

static struct slow_request take_any(struct slow_disk *slow)
{
	unsigned at = below(slow, slow->pending);
	struct slow_request entry = slow->queue[at];

	slow->queue[at] = slow->queue[--slow->pending];
	return entry;
}

static unsigned poll(struct blk_device *device, unsigned budget)
{
	struct slow_disk *slow = slow_of(device);
	unsigned done = 0;

	for (; !slow->frozen && slow->pending && done < budget; done++) {
		struct slow_request entry = take_any(slow);

		device->done(device->arg, entry.request.cookie, carry_out(slow, &entry));
	}
	return done;
}

static bool arm(struct blk_device *device)
{
	return slow_of(device)->pending;
}

static void quiesce(struct blk_device *device)
{
	(void)device;
}

static enum blk_status reset(struct blk_device *device)
{
	(void)device;
	return BLK_OK;
}

static const struct blk_ops ops = { submit, kick, poll, arm, quiesce, reset };

/* ---- the front-end ---- */

static void progress(void *arg)
{
	struct disk_machine *m = arg;

	blk_poll(&m->slow.device, 2);
}

static void make_disk(struct slow_disk *slow, uint8_t *memory)
{
	*slow = (struct slow_disk){ .memory = memory, .seed = 1, .fail_sector = UINT64_MAX, .depth = 128 };
	slow->device.ops = &ops;
	slow->device.done = vblk_done;
	slow->device.info = (struct blk_info){
		.driver = "slow", .sector_count = DISK_SECTORS, .block_bytes = 512, .physical_bytes = 4096,
		.can = BLK_CAN_FLUSH | BLK_CAN_DISCARD | BLK_CAN_WRITE_ZEROES, .queue_depth = 128, .bytes_max = 1 << 20,
		.segment_count_max = 64, .segment_align = 1, .discard_sectors_max = 5, .zeroes_sectors_max = 3,
	};
}

static const char serial[] = "serial-0123456789abc";

static void make_blk(struct disk_machine *m, uint64_t *features, struct virtio_blk_config *config)
{
	struct vblk_disk disk = { .device = &m->slow.device, .sector_count = DISK_SECTORS, .block_bytes = 512, .physical_bytes = 4096 };

	memcpy(disk.serial, serial, 20);
	m->slow.device.arg = NULL;
	vblk_init(&m->blk, &m->front.device, &disk, features, config);
}

void disk_open(struct disk_machine *m, uint64_t features)
{
	struct virtio_blk_config config;
	uint64_t offered;

	memset(m, 0, sizeof(*m));
	make_disk(&m->slow, m->memory);
	make_blk(m, &offered, &config);
	front_open(&m->front, 0, &vblk_kind, &m->blk, offered, &config, sizeof(config));
	m->front.meanwhile = progress;
	m->front.arg = m;
	front_start(&m->front, features, 1);
}

void disk_close(struct disk_machine *m)
{
	front_close(&m->front);
}

void disk_die(struct disk_machine *m)
{
	struct virtio_blk_config config;
	uint64_t offered;

	while (m->slow.pending) {
		struct slow_request entry = take_any(&m->slow);

		if (below(&m->slow, 2))
			(void)carry_out(&m->slow, &entry);
	}
	make_blk(m, &offered, &config);
	front_attach(&m->front);
}

static uint8_t *header_of(struct disk_machine *m, uint32_t n)
{
	return m->front.memory + DISK_HEADERS_AT + 32 * n;
}

/* Header, data in pieces, status: as many segments as it takes. */
static bool add_segments(struct disk_machine *m, uint32_t n, bool is_read, uint32_t offset, uint32_t bytes, uint32_t piece)
{
	struct vqd_segment segments[DISK_REQUESTS + 2];
	uint64_t header = FRONT_BASE + DISK_HEADERS_AT + 32 * n;
	unsigned count = 0, readable;

	segments[count++] = (struct vqd_segment){ header, 16 };
	for (uint32_t at = 0; at < bytes; at += piece)
		segments[count++] = (struct vqd_segment){ FRONT_BASE + FRONT_DATA_AT + offset + at, bytes - at < piece ? bytes - at : piece };
	readable = is_read ? 1 : count;
	segments[count++] = (struct vqd_segment){ header + 16, 1 };
	return vqd_add(&m->front.queue[0], segments, readable, count - readable, header_of(m, n)) == VQ_OK;
}

bool disk_add(struct disk_machine *m, uint32_t n, uint32_t type, uint64_t sector, uint32_t offset, uint32_t bytes, uint32_t piece)
{
	struct virtio_blk_req_hdr header = { type, 0, sector };
	bool is_read = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID || type == 0x77;

	memcpy(header_of(m, n), &header, sizeof(header));
	header_of(m, n)[16] = 0xee;
	m->busy[n] = add_segments(m, n, is_read, offset, bytes, piece);
	return m->busy[n];
}

unsigned disk_collect(struct disk_machine *m)
{
	unsigned count = 0;
	void *cookie;

	while (vqd_get(&m->front.queue[0], &cookie, &m->written) == VQ_OK) {
		uint32_t n = (uint32_t)((uint8_t *)cookie - header_of(m, 0)) / 32;

		m->twice += !m->busy[n];
		m->busy[n] = false;
		m->status[n] = header_of(m, n)[16];
		count++;
	}
	return count;
}

void disk_round(struct disk_machine *m)
{
	unsigned done = device_poll(&m->front.device);

	done += device_serve(&m->front.device, host_time_ns, 16);
	done += blk_poll(&m->slow.device, 3);
	device_flush(&m->front.device);
	if (!done && device_wake_ns(&m->front.device) != DEVICE_NEVER && host_time_ns < device_wake_ns(&m->front.device))
		host_time_ns = device_wake_ns(&m->front.device);
}

uint8_t disk_request_in(struct disk_machine *m, uint32_t type, uint64_t sector, uint32_t offset, uint32_t bytes, uint32_t piece)
{
	if (!disk_add(m, 0, type, sector, offset, bytes, piece))
		return 0xee;
	front_kick(&m->front, 0);
	for (int n = 0; n < 2000; n++) {
		disk_round(m);
		if (disk_collect(m))
			return m->status[0];
	}
	return 0xee;
}

uint8_t disk_request(struct disk_machine *m, uint32_t type, uint64_t sector, uint32_t offset, uint32_t bytes)
{
	return disk_request_in(m, type, sector, offset, bytes, bytes / 3 + 100);
}
