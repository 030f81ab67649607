/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio disk from the driver's side: limits, requests and what becomes of them. It must not know registers or rings. */

#include <string.h>

#include <rt/irq.h>
#include <rt/sysreg.h>
#include <virtio/virtio.h>

#include "blk_pool.h"

#define WANTED	(VIRTIO_F_VERSION_1 | VIRTIO_RING_FEATURES | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | \
		 VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES)
#define BYTES_MAX	(1u << 20)	/* of one read or write, also where the disk takes more */
#define NO_STATUS	0xffu

static const uint32_t types[] = {
	[FRONT_BLK_READ] = VIRTIO_BLK_T_IN,
	[FRONT_BLK_WRITE] = VIRTIO_BLK_T_OUT,
	[FRONT_BLK_FLUSH] = VIRTIO_BLK_T_FLUSH,
	[FRONT_BLK_DISCARD] = VIRTIO_BLK_T_DISCARD,
	[FRONT_BLK_WRITE_ZEROES] = VIRTIO_BLK_T_WRITE_ZEROES,
	[FRONT_BLK_GET_ID] = VIRTIO_BLK_T_GET_ID,
};

const char *front_blk_status_name(enum front_blk_status status)
{
	switch (status) {
	case FRONT_BLK_OK: return "done";
	case FRONT_BLK_WAITS: return "under way";
	case FRONT_BLK_ERR_MEDIUM: return "the disk could not";
	case FRONT_BLK_ERR_UNSUPPORTED: return "the disk has no such operation";
	case FRONT_BLK_ERR_ARGUMENT: return "outside of the disk or of its limits";
	case FRONT_BLK_ERR_BUSY: return "no room now";
	case FRONT_BLK_ERR_LOST: return "the disk is lost";
	default: return "unknown";
	}
}

/* ---- opening ---- */

static bool has(const struct front_blk *blk, uint64_t feature)
{
	return (blk->device.features & feature) != 0;
}

static uint32_t field(const struct front_blk *blk, uint64_t feature, uint32_t offset, uint32_t otherwise)
{
	return has(blk, feature) ? front_device_config32(&blk->device, offset) : otherwise;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* A limit in sectors, as whole blocks. */
static uint32_t whole_blocks(const struct front_blk *blk, uint32_t sectors)
{
	return sectors - sectors % (blk->block_bytes / VIRTIO_BLK_SECTOR_BYTES);
}

/* Whole blocks that fit the segments which the disk takes, and those that we make. Overflows are sizes that no disk has. */
static uint32_t request_bytes(const struct front_blk *blk)
{
	uint32_t segments = smaller(field(blk, VIRTIO_BLK_F_SEG_MAX, offsetof(struct virtio_blk_config, seg_max), 1), FRONT_BLK_SEGMENTS);
	uint64_t bytes = (uint64_t)(segments ? segments : 1) * blk->segment_bytes;

	bytes = bytes < BYTES_MAX ? bytes : BYTES_MAX;
	return (uint32_t)(bytes - bytes % blk->block_bytes);
}

static bool read_config(struct front_blk *blk)
{
	blk->sector_count = front_device_config64(&blk->device, offsetof(struct virtio_blk_config, capacity));
	blk->block_bytes = field(blk, VIRTIO_BLK_F_BLK_SIZE, offsetof(struct virtio_blk_config, blk_size), VIRTIO_BLK_SECTOR_BYTES);
	blk->segment_bytes = smaller(field(blk, VIRTIO_BLK_F_SIZE_MAX, offsetof(struct virtio_blk_config, size_max), BYTES_MAX), BYTES_MAX);
	blk->discard_sectors_max = field(blk, VIRTIO_BLK_F_DISCARD, offsetof(struct virtio_blk_config, max_discard_sectors), 0);
	blk->zeroes_sectors_max = field(blk, VIRTIO_BLK_F_WRITE_ZEROES, offsetof(struct virtio_blk_config, max_write_zeroes_sectors), 0);
	blk->is_read_only = has(blk, VIRTIO_BLK_F_RO);
	blk->can_flush = has(blk, VIRTIO_BLK_F_FLUSH);
	if (blk->block_bytes < VIRTIO_BLK_SECTOR_BYTES || blk->block_bytes & (blk->block_bytes - 1) || !blk->segment_bytes)
		return false;
	blk->discard_sectors_max = whole_blocks(blk, blk->discard_sectors_max);
	blk->zeroes_sectors_max = whole_blocks(blk, blk->zeroes_sectors_max);
	blk->bytes_max = front_blk_pool_limit(blk, request_bytes(blk));
	return blk->bytes_max > 0;
}

static bool open_queue(struct front_blk *blk)
{
	struct front_blk_shared *shared = blk->pool ? &blk->pool->shared : &blk->own;
	const struct vqd_memory memory = { shared->ring, (uintptr_t)shared->ring, blk->slots, shared->tables, (uintptr_t)shared->tables,
					   FRONT_BLK_TABLE_ENTRIES };

	return front_device_queue(&blk->device, VIRTIO_BLK_QUEUE_REQUEST, &blk->queue, &memory, sizeof(shared->ring), FRONT_BLK_ENTRIES);
}

bool front_blk_open(struct front_blk *blk, unsigned n)
{
	memset(blk, 0, sizeof(*blk));
	if (!front_device_find(&blk->device, VIRTIO_ID_BLK, n))
		return false;
	front_blk_pool_open(blk);
	if (!front_device_begin(&blk->device, WANTED) || !read_config(blk) || !open_queue(blk))
		return false;
	front_device_run(&blk->device);
	return true;
}

/* ---- requests ---- */

static bool is_inside(const struct front_blk *blk, const struct front_blk_request *r)
{
	uint32_t block = blk->block_bytes / VIRTIO_BLK_SECTOR_BYTES;

	return r->sector_count > 0 && r->sector_count <= blk->sector_count && r->sector <= blk->sector_count - r->sector_count &&
	       r->sector % block == 0 && r->sector_count % block == 0;
}

/* What can be said before the disk is asked. FRONT_BLK_OK: nothing. */
static enum front_blk_status judge(const struct front_blk *blk, const struct front_blk_request *r)
{
	uint64_t limit = blk->bytes_max / VIRTIO_BLK_SECTOR_BYTES;

	if (r->op == FRONT_BLK_GET_ID)
		return r->data ? FRONT_BLK_OK : FRONT_BLK_ERR_ARGUMENT;
	if (r->op == FRONT_BLK_FLUSH)
		return blk->can_flush ? FRONT_BLK_OK : FRONT_BLK_ERR_UNSUPPORTED;
	if (r->op == FRONT_BLK_DISCARD || r->op == FRONT_BLK_WRITE_ZEROES) {
		limit = r->op == FRONT_BLK_DISCARD ? blk->discard_sectors_max : blk->zeroes_sectors_max;
		if (!limit)
			return FRONT_BLK_ERR_UNSUPPORTED;
	} else if (!r->data) {
		return FRONT_BLK_ERR_ARGUMENT;
	}
	if (blk->is_read_only && r->op != FRONT_BLK_READ)
		return FRONT_BLK_ERR_UNSUPPORTED;
	return is_inside(blk, r) && r->sector_count <= limit ? FRONT_BLK_OK : FRONT_BLK_ERR_ARGUMENT;
}

static struct vqd_segment piece(const void *at, uint32_t bytes)
{
	return (struct vqd_segment){ (uintptr_t)at, bytes };
}

/* Data in segments that the disk takes. */
static unsigned put_data(const struct front_blk *blk, struct vqd_segment *segments, uint8_t *data, uint32_t bytes)
{
	unsigned count = 0;

	for (; bytes > 0; count++) {
		uint32_t size = smaller(bytes, blk->segment_bytes);

		segments[count] = piece(data, size);
		data += size;
		bytes -= size;
	}
	return count;
}

/* Header, data or range, status. Returns how many come before what the device writes. */
static unsigned put_all(const struct front_blk *blk, struct front_blk_request *r, struct vqd_segment *segments, unsigned *count)
{
	bool is_data = r->op == FRONT_BLK_READ || r->op == FRONT_BLK_WRITE;

	segments[0] = piece(&r->cell->header, sizeof(r->cell->header));
	*count = 1;
	if (is_data)
		*count += put_data(blk, segments + 1, r->shown, (uint32_t)r->sector_count * VIRTIO_BLK_SECTOR_BYTES);
	else if (r->op == FRONT_BLK_GET_ID)
		segments[(*count)++] = piece(r->shown, VIRTIO_BLK_ID_BYTES);
	else if (r->op != FRONT_BLK_FLUSH)
		segments[(*count)++] = piece(&r->cell->range, sizeof(r->cell->range));
	segments[(*count)++] = piece(&r->cell->device_status, 1);
	return r->op == FRONT_BLK_READ || r->op == FRONT_BLK_GET_ID ? 1 : *count - 1;
}

enum front_blk_status front_blk_submit(struct front_blk *blk, struct front_blk_request *request)
{
	struct vqd_segment segments[FRONT_BLK_TABLE_ENTRIES];
	enum front_blk_status status = blk->is_lost ? FRONT_BLK_ERR_LOST : judge(blk, request);
	bool has_sector = request->op == FRONT_BLK_READ || request->op == FRONT_BLK_WRITE;
	unsigned count, readable;

	if (status != FRONT_BLK_OK)
		return status;
	if (!front_blk_show(blk, request))
		return FRONT_BLK_ERR_BUSY;
	request->cell->header = (struct virtio_blk_req_hdr){ types[request->op], 0, has_sector ? request->sector : 0 };
	request->cell->range = (struct virtio_blk_range){ request->sector, (uint32_t)request->sector_count, 0 };
	request->cell->device_status = NO_STATUS;
	readable = put_all(blk, request, segments, &count);
	if (vqd_add(&blk->queue, segments, readable, count - readable, request) != VQ_OK) {
		front_blk_hide(blk, request, false);
		return FRONT_BLK_ERR_BUSY;
	}
	request->status = FRONT_BLK_WAITS;
	return FRONT_BLK_WAITS;
}

void front_blk_kick(struct front_blk *blk)
{
	if (!blk->is_lost)
		front_device_publish(&blk->device, VIRTIO_BLK_QUEUE_REQUEST, &blk->queue);
}

static enum front_blk_status translate(uint8_t status)
{
	switch (status) {
	case VIRTIO_BLK_S_OK: return FRONT_BLK_OK;
	case VIRTIO_BLK_S_UNSUPP: return FRONT_BLK_ERR_UNSUPPORTED;
	default: return FRONT_BLK_ERR_MEDIUM;
	}
}

/* Its memory is ours again only once the device was stopped. */
static void give_up(struct front_blk *blk)
{
	blk->is_lost = true;
	front_device_stop(&blk->device);
}

static struct front_blk_request *next_lost(struct front_blk *blk)
{
	struct front_blk_request *request = vqd_reclaim(&blk->queue);

	if (request) {
		request->status = FRONT_BLK_ERR_LOST;
		front_blk_hide(blk, request, false);
	}
	return request;
}

struct front_blk_request *front_blk_poll(struct front_blk *blk)
{
	struct front_blk_request *request;
	uint32_t written;
	void *cookie;
	enum vq_err err;

	if (blk->is_lost)
		return next_lost(blk);
	err = vqd_get(&blk->queue, &cookie, &written);
	if (err == VQ_ERR_EMPTY)
		return NULL;
	if (err != VQ_OK) {
		give_up(blk);
		return next_lost(blk);
	}
	request = cookie;
	/* The device wrote it before the used entry; vqd_get() read that with acquire. Read once: it may be writing still. */
	request->status = translate(*(const volatile uint8_t *)&request->cell->device_status);
	front_blk_hide(blk, request, request->status == FRONT_BLK_OK);
	return request;
}

bool front_blk_arm(struct front_blk *blk)
{
	if (!blk->is_lost && !front_device_is_sound(&blk->device))
		give_up(blk);
	return blk->is_lost || vqd_ask_signal(&blk->queue);
}

/* ---- one at a time ---- */

static enum front_blk_status wait(struct front_blk *blk, struct front_blk_request *request)
{
	front_blk_kick(blk);
	while (front_blk_poll(blk) != request) {
		irq_mask();	/* what comes between the look and the WFI still wakes it */
		if (!front_blk_arm(blk))
			cpu_wfi();
		irq_unmask();
	}
	return request->status;
}

static uint64_t step_of(const struct front_blk *blk, enum front_blk_op op)
{
	switch (op) {
	case FRONT_BLK_READ:
	case FRONT_BLK_WRITE: return blk->bytes_max / VIRTIO_BLK_SECTOR_BYTES;
	case FRONT_BLK_DISCARD: return blk->discard_sectors_max;
	case FRONT_BLK_WRITE_ZEROES: return blk->zeroes_sectors_max;
	default: return UINT64_MAX;
	}
}

enum front_blk_status front_blk_do(struct front_blk *blk, enum front_blk_op op, uint64_t sector, uint64_t sector_count, void *data)
{
	uint64_t step = step_of(blk, op);

	do {
		struct front_blk_request request = { .op = op, .sector = sector, .data = data };
		enum front_blk_status status;

		request.sector_count = step && sector_count > step ? step : sector_count;
		status = front_blk_submit(blk, &request);
		if (status == FRONT_BLK_WAITS)
			status = wait(blk, &request);
		if (status != FRONT_BLK_OK)
			return status;
		sector += request.sector_count;
		sector_count -= request.sector_count;
		if (data)
			data = (uint8_t *)data + request.sector_count * VIRTIO_BLK_SECTOR_BYTES;
	} while (sector_count > 0);
	return FRONT_BLK_OK;
}
