/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-blk (Virtual I/O Device (VIRTIO) 1.2, 5.2): from chains to requests of a disk, and back. Each word of a request is read once, into
 * a task; the data is touched once, by the disk or by a copy. It must not know rings, registers or controllers.
 */

#include <string.h>

#include <virtio/chain.h>
#include <virtio/virtio_blk.h>

#include "blk.h"
#include "host.h"

#define SECTOR		BLK_SECTOR_BYTES
#define BUSY_WAIT_NS	100000ull	/* until a full disk is asked again */
#define SECTORS_MAX	(1u << 21)	/* of one range of discard or write-zeroes: 1 GiB */

/* ---- tasks and parts ---- */

static struct vblk_task *task_alloc(struct vblk *b)
{
	for (unsigned n = 0; n < VBLK_TASK_COUNT; n++) {
		if (!b->tasks[n].is_used)
			return &b->tasks[n];
	}
	return NULL;
}

static struct vblk_part *part_alloc(struct vblk *b)
{
	for (unsigned n = 0; n < VBLK_PART_COUNT; n++) {
		if (!b->parts[n].task)
			return &b->parts[n];
	}
	return NULL;
}

static uint8_t *bounce_at(const struct vblk *b, uint32_t number)
{
	return b->disk.bounce + (size_t)(number - 1) * VBLK_BOUNCE_BYTES;
}

static uint32_t bounce_alloc(struct vblk *b)
{
	for (uint32_t n = 0; n < VBLK_BOUNCE_COUNT && b->disk.bounce; n++) {
		if (!(b->bounce_used & 1u << n)) {
			b->bounce_used |= 1u << n;
			return n + 1;
		}
	}
	return 0;
}

static void part_free(struct vblk *b, struct vblk_part *part)
{
	if (part->bounce)
		b->bounce_used &= ~(1u << (part->bounce - 1));
	part->bounce = 0;
	part->task = NULL;
}

static bool can(const struct vblk *b, uint32_t what)
{
	return (b->disk.device->info.can & what) == what;
}

static void fail(struct vblk_task *task, uint8_t status)
{
	if (task->status == VIRTIO_BLK_S_OK)
		task->status = status;
}

/* All is issued or given up, and nothing is under way: the driver gets its status. */
static void task_end(struct vblk *b, struct vblk_task *task)
{
	struct device_queue *q = device_queue(b->device, VIRTIO_BLK_QUEUE_REQUEST);

	if (!task->is_orphan && b->device->is_running) {
		if (task->status != VIRTIO_BLK_S_OK)
			b->counters.errors++;
		if (device_check(b->device, window_copy(task->status_at, &task->status, 1), "a status"))
			queue_give(q, task->ticket, task->written + 1);
	}
	task->is_used = false;
	b->under_way--;
}

/* ---- who is next ---- */

/* Others on this disk that it had no room for, and that it took nothing of for longer, come first: or those who have much under way would
 * take each place that gets free. */
static bool is_behind(const struct vblk *b)
{
	for (const struct vblk *other = b->disk.device->arg; other; other = other->next) {
		if (other->is_waiting && other->device->is_running && other->turn < b->turn)
			return true;
	}
	return false;
}

static enum blk_status pass(struct vblk *b, const struct blk_request *request)
{
	static uint64_t turns;
	enum blk_status status = blk_submit(b->disk.device, request);

	if (status == BLK_OK)
		b->turn = ++turns;
	b->is_waiting = status == BLK_ERR_BUSY;
	return status;
}

/* Served again at that time, whatever its queue waits for. */
static void serve_at(struct vblk *b, uint64_t ns)
{
	struct device_queue *q = device_queue(b->device, VIRTIO_BLK_QUEUE_REQUEST);

	q->is_asleep = q->is_starved = false;
	queue_wait_until(q, ns);
}

static void mark_stalled(struct vblk *b, struct vblk_task *task, bool is_stalled)
{
	b->stalled = b->stalled - task->is_stalled + is_stalled;
	task->is_stalled = is_stalled;
	b->is_waiting = b->is_waiting && b->stalled;
}

static bool is_all_issued(const struct vblk_task *task)
{
	return task->status != VIRTIO_BLK_S_OK || (!task->sectors_left && task->range == task->range_count && !task->flush_left);
}

/* ---- issuing ---- */

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t part_bytes_max(const struct vblk *b)
{
	uint32_t limit = b->disk.device->info.bytes_max;

	limit -= limit % b->disk.block_bytes;
	return limit ? limit : b->disk.block_bytes;
}

/* Gathers pieces of the data for one request to the disk, whole blocks; returns its bytes, 0 if the pieces are too small for one. */
static uint32_t gather(const struct vblk *b, const struct vblk_task *task, struct dma_segment *segments, unsigned *count)
{
	uint32_t limit = part_bytes_max(b), segment_max = lower(b->disk.device->info.segment_count_max, BLK_SEGMENT_COUNT), bytes = 0;
	struct vq_cursor at = task->data;
	uint32_t block = b->disk.block_bytes, whole = 0;
	unsigned whole_count = 0;

	for (*count = 0; *count < segment_max && bytes < limit; ++*count) {
		uint8_t *piece;
		uint32_t size;

		if (vq_next_piece(&at, &piece, &size))
			break;
		size = lower(size, limit - bytes);
		segments[*count] = (struct dma_segment){ (uintptr_t)piece, size };
		bytes += size;
		if (bytes % block == 0) {
			whole = bytes;
			whole_count = *count + 1;
		} else if (bytes > block && size > bytes % block) {	/* ends within this piece */
			whole = bytes - bytes % block;
			whole_count = *count + 1;
		}
	}
	*count = whole_count;
	for (uint32_t left = whole, n = 0; n < whole_count; n++) {	/* the last one may be too long */
		segments[n].bytes = lower(segments[n].bytes, left);
		left -= segments[n].bytes;
	}
	return whole;
}

static enum blk_status submit(struct vblk *b, const struct vblk_task *task, const struct vblk_part *part, uint64_t count,
			      const struct dma_segment *segments, unsigned segment_count)
{
	struct blk_request request = {
		.op = (enum blk_op)task->op,
		.fua = task->is_write && b->is_writethrough && can(b, BLK_CAN_FUA),
		.sector = b->disk.first_sector + task->sector,
		.sector_count = count,
		.segments = segments,
		.segment_count = segment_count,
		.cookie = (uintptr_t)part,
	};

	return pass(b, &request);
}

/* Through memory that the disk reaches, one buffer at a time. */
static enum blk_status submit_bounced(struct vblk *b, struct vblk_task *task, struct vblk_part *part)
{
	uint32_t limit = VBLK_BOUNCE_BYTES - VBLK_BOUNCE_BYTES % b->disk.block_bytes;
	struct vq_cursor at = task->data;
	struct dma_segment segment;

	part->bounce = bounce_alloc(b);
	if (!part->bounce)
		return b->disk.bounce ? BLK_ERR_BUSY : BLK_ERR_ARGUMENT;
	part->bytes = lower(lower(task->data.left, limit), part_bytes_max(b));
	segment = (struct dma_segment){ (uintptr_t)bounce_at(b, part->bounce), part->bytes };
	if (task->is_write && !device_check(b->device, vq_read(&at, bounce_at(b, part->bounce), part->bytes), "data of a write"))
		return BLK_ERR_MEDIUM;
	b->counters.bounced++;
	return submit(b, task, part, part->bytes / SECTOR, &segment, 1);
}

static enum blk_status issue_data(struct vblk *b, struct vblk_task *task, struct vblk_part *part)
{
	struct dma_segment segments[BLK_SEGMENT_COUNT];
	enum blk_status status = BLK_ERR_ARGUMENT;
	unsigned count;

	part->at = task->data;
	part->bytes = gather(b, task, segments, &count);
	if (part->bytes)
		status = submit(b, task, part, part->bytes / SECTOR, segments, count);
	if (status == BLK_ERR_ARGUMENT)		/* memory that it cannot reach, or pieces that it cannot align */
		status = submit_bounced(b, task, part);
	if (status != BLK_OK)
		return status;
	if (vq_skip(&task->data, part->bytes))
		return BLK_ERR_MEDIUM;
	task->sector += part->bytes / SECTOR;
	task->sectors_left -= part->bytes / SECTOR;
	return BLK_OK;
}

static enum blk_status issue_range(struct vblk *b, struct vblk_task *task, struct vblk_part *part)
{
	const struct blk_info *info = &b->disk.device->info;
	uint64_t limit = task->op == BLK_DISCARD ? info->discard_sectors_max : info->zeroes_sectors_max;
	uint64_t count = task->sectors_left < limit ? task->sectors_left : limit;
	enum blk_status status = count ? submit(b, task, part, count, NULL, 0) : BLK_ERR_UNSUPPORTED;

	if (status == BLK_OK) {
		task->sector += count;
		task->sectors_left -= count;
	}
	return status;
}

static enum blk_status issue_flush(struct vblk *b, struct vblk_task *task, struct vblk_part *part)
{
	struct blk_request request = { .op = BLK_FLUSH, .cookie = (uintptr_t)part };
	enum blk_status status = pass(b, &request);

	if (status == BLK_OK)
		task->flush_left = false;
	return status;
}

static void next_range(struct vblk_task *task)
{
	task->sector = task->ranges[task->range][0];
	task->sectors_left = task->ranges[task->range][1];
	task->range++;
}

/* The next request of a task to the disk. */
static enum blk_status issue_part(struct vblk *b, struct vblk_task *task, struct vblk_part *part)
{
	if (!task->sectors_left && task->range < task->range_count)
		next_range(task);
	if (task->sectors_left)
		return task->op == BLK_READ || task->op == BLK_WRITE ? issue_data(b, task, part) : issue_range(b, task, part);
	return issue_flush(b, task, part);
}

static uint8_t status_for_driver(enum blk_status status)
{
	return status == BLK_ERR_UNSUPPORTED ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR;
}

/* A flush behind a write waits until all of that is on the disk. */
static bool must_wait(const struct vblk_task *task)
{
	return task->flush_left && !task->sectors_left && task->range == task->range_count && task->parts;
}

/* Issues what is left of a task; `in_turn`: as others on this disk are not behind. False: the disk has no room now. */
static bool issue(struct vblk *b, struct vblk_task *task, bool in_turn)
{
	while (!is_all_issued(task) && !must_wait(task)) {
		struct vblk_part *part = part_alloc(b);
		enum blk_status status;

		if (!part)
			return false;
		if (in_turn && is_behind(b)) {
			b->is_waiting = true;
			return false;
		}
		part->task = task;
		part->bytes = 0;
		status = issue_part(b, task, part);
		if (status == BLK_OK) {
			task->parts++;
			continue;
		}
		part_free(b, part);
		if (status == BLK_ERR_BUSY)
			return false;
		if (status != BLK_OK)
			fail(task, status_for_driver(status));
	}
	if (!task->parts)
		task_end(b, task);
	return true;
}

/* Issues, and remembers who could not be issued: no other request is taken before. */
static bool issue_or_stall(struct vblk *b, struct vblk_task *task)
{
	bool is_issued;

	mark_stalled(b, task, false);
	is_issued = issue(b, task, true);
	mark_stalled(b, task, !is_issued);
	if (!is_issued)
		serve_at(b, host_now_ns() + BUSY_WAIT_NS);
	return is_issued;
}

static bool issue_stalled(struct vblk *b)
{
	for (unsigned n = 0; n < VBLK_TASK_COUNT && b->stalled; n++) {
		if (b->tasks[n].is_stalled && !issue_or_stall(b, &b->tasks[n]))
			return false;
	}
	return true;
}

/* ---- requests ---- */

static bool is_inside(const struct vblk *b, uint64_t sector, uint64_t count)
{
	return count <= b->disk.sector_count && sector <= b->disk.sector_count - count;
}

static bool is_aligned(const struct vblk *b, uint64_t sector, uint64_t count)
{
	uint32_t sectors = b->disk.block_bytes / SECTOR;

	return sector % sectors == 0 && count % sectors == 0;
}

static void prepare_data(struct vblk *b, struct vblk_task *task, const struct virtio_blk_req_hdr *header)
{
	uint64_t count = task->data.left / SECTOR;

	task->sector = header->sector;
	if (task->data.left % SECTOR || !is_inside(b, header->sector, count) || !is_aligned(b, header->sector, count) ||
	    (task->is_write && b->disk.is_read_only)) {
		fail(task, VIRTIO_BLK_S_IOERR);
		return;
	}
	task->sectors_left = count;
	task->flush_left = task->is_write && b->is_writethrough && can(b, BLK_CAN_FLUSH) && !can(b, BLK_CAN_FUA);
	if (task->is_write)
		b->counters.written_bytes += task->data.left;
	else
		b->counters.read_bytes += task->data.left;
}

static void prepare_read(struct vblk *b, struct vblk_task *task, const struct virtio_blk_req_hdr *header)
{
	b->counters.reads++;
	task->op = BLK_READ;
	task->data = vq_writable(&task->chain);
	task->data.left--;	/* the status */
	prepare_data(b, task, header);
	if (task->status == VIRTIO_BLK_S_OK)
		task->written = task->data.left;
}

static void prepare_write(struct vblk *b, struct vblk_task *task, const struct virtio_blk_req_hdr *header)
{
	b->counters.writes++;
	task->op = BLK_WRITE;
	task->is_write = true;
	prepare_data(b, task, header);
}

static void prepare_id(struct vblk *b, struct vblk_task *task)
{
	struct vq_cursor at = vq_writable(&task->chain);

	b->counters.others++;
	if (at.left < VIRTIO_BLK_ID_BYTES + 1)
		fail(task, VIRTIO_BLK_S_IOERR);
	else if (device_check(b->device, vq_write(&at, b->disk.serial, VIRTIO_BLK_ID_BYTES), "the serial number"))
		task->written = VIRTIO_BLK_ID_BYTES;
}

/* One range of a discard or write-zeroes request (5.2.6.2: what the flags may be, and what must be refused). */
static void add_range(struct vblk *b, struct vblk_task *task, const struct virtio_blk_range *range)
{
	uint32_t allowed = task->op == BLK_WRITE_ZEROES ? VIRTIO_BLK_RANGE_UNMAP : 0;

	if (range->flags & ~allowed)
		fail(task, VIRTIO_BLK_S_UNSUPP);
	else if (!range->num_sectors || range->num_sectors > SECTORS_MAX || !is_inside(b, range->sector, range->num_sectors) ||
		 !is_aligned(b, range->sector, range->num_sectors) || b->disk.is_read_only)
		fail(task, VIRTIO_BLK_S_IOERR);
	task->ranges[task->range_count][0] = range->sector;
	task->ranges[task->range_count++][1] = range->num_sectors;
}

static void prepare_ranges(struct vblk *b, struct vblk_task *task, enum blk_op op, uint32_t needs)
{
	uint32_t count = task->data.left / (uint32_t)sizeof(struct virtio_blk_range);

	b->counters.discards++;
	task->op = op;
	if (!can(b, needs)) {
		fail(task, VIRTIO_BLK_S_UNSUPP);
		return;
	}
	if (task->data.left % sizeof(struct virtio_blk_range) || count == 0 || count > VBLK_RANGE_MAX) {
		fail(task, VIRTIO_BLK_S_IOERR);
		return;
	}
	for (uint32_t n = 0; n < count; n++) {
		struct virtio_blk_range range;

		if (!device_check(b->device, vq_read(&task->data, &range, sizeof(range)), "ranges"))
			return;
		add_range(b, task, &range);
	}
	task->flush_left = b->is_writethrough && can(b, BLK_CAN_FLUSH);
}

static void prepare(struct vblk *b, struct vblk_task *task, const struct virtio_blk_req_hdr *header)
{
	switch (header->type) {
	case VIRTIO_BLK_T_IN:
		prepare_read(b, task, header);
		return;
	case VIRTIO_BLK_T_OUT:
		prepare_write(b, task, header);
		return;
	case VIRTIO_BLK_T_FLUSH:
		b->counters.flushes++;
		task->op = BLK_FLUSH;
		task->flush_left = can(b, BLK_CAN_FLUSH);
		return;
	case VIRTIO_BLK_T_GET_ID:
		prepare_id(b, task);
		return;
	case VIRTIO_BLK_T_DISCARD:
		prepare_ranges(b, task, BLK_DISCARD, BLK_CAN_DISCARD);
		return;
	case VIRTIO_BLK_T_WRITE_ZEROES:
		prepare_ranges(b, task, BLK_WRITE_ZEROES, BLK_CAN_WRITE_ZEROES);
		return;
	default:
		b->counters.others++;
		fail(task, VIRTIO_BLK_S_UNSUPP);
	}
}

/* The last byte that may be written is the status (5.2.6). */
static bool find_status(struct vblk_task *task)
{
	struct vq_cursor at = vq_writable(&task->chain);
	uint32_t size;

	return at.left >= 1 && vq_skip(&at, at.left - 1) == VQ_OK && vq_next_piece(&at, &task->status_at, &size) == VQ_OK;
}

/* A chain that was taken becomes a task, which lies in task->chain already. False: the protocol is broken. */
static bool begin(struct vblk *b, struct vblk_task *task, ticket_t ticket)
{
	struct virtio_blk_req_hdr header;

	task->data = vq_readable(&task->chain);
	if (task->data.left < sizeof(header) || !find_status(task)) {
		device_break(b->device, "a request without header or status");
		return false;
	}
	if (!device_check(b->device, vq_read(&task->data, &header, sizeof(header)), "a request's header"))
		return false;
	task->is_used = true;
	task->is_orphan = task->is_write = task->flush_left = task->is_stalled = false;
	task->ticket = ticket;
	task->status = VIRTIO_BLK_S_OK;
	task->parts = task->range = task->range_count = task->written = 0;
	task->sectors_left = 0;
	b->under_way++;
	prepare(b, task, &header);
	return true;
}

static void charge(struct vblk *b, const struct vblk_task *task, uint64_t now_ns)
{
	limit_grant(&b->disk.requests, 1, now_ns);
	limit_grant(&b->disk.bytes, task->sectors_left * SECTOR, now_ns);
}

/* Whether the rate limits let the next request pass; else the queue waits. */
static bool is_in_limits(struct vblk *b, uint64_t now_ns)
{
	uint64_t bytes = limit_ready_ns(&b->disk.bytes), requests = limit_ready_ns(&b->disk.requests);
	uint64_t ready = bytes > requests ? bytes : requests;

	if (ready <= now_ns)
		return true;
	queue_wait_until(device_queue(b->device, VIRTIO_BLK_QUEUE_REQUEST), ready);
	return false;
}

static bool take_one(struct vblk *b, struct device_queue *q)
{
	struct vblk_task *task = task_alloc(b);
	uint64_t now_ns = host_now_ns();
	ticket_t ticket;

	if (!task) {
		queue_starve(q);
		return false;
	}
	if (!is_in_limits(b, now_ns) || !queue_take(q, &task->chain, &ticket) || !begin(b, task, ticket))
		return false;
	charge(b, task, now_ns);
	issue_or_stall(b, task);
	return true;
}

static unsigned serve(void *self, uint32_t queue, unsigned budget)
{
	struct vblk *b = self;
	struct device_queue *q = device_queue(b->device, queue);
	unsigned done = 0;

	if (!issue_stalled(b))
		return 0;
	while (done < budget && !b->stalled && take_one(b, q))
		done++;
	if (done)
		blk_kick(b->disk.device);
	return done;
}

/* ---- completions ---- */

static void finish_part(struct vblk *b, struct vblk_part *part, enum blk_status status)
{
	struct vblk_task *task = part->task;

	if (status != BLK_OK)
		fail(task, status_for_driver(status));
	else if (part->bounce && task->op == BLK_READ && !task->is_orphan && b->device->is_running)
		device_check(b->device, vq_write(&part->at, bounce_at(b, part->bounce), part->bytes), "data of a read");
	part_free(b, part);
	task->parts--;
}

void vblk_done(void *arg, uint64_t cookie, enum blk_status status)
{
	struct vblk_part *part = (struct vblk_part *)(uintptr_t)cookie;
	struct vblk *b = part->owner;
	struct vblk_task *task = part->task;

	(void)arg;
	if (!task)
		return;
	finish_part(b, part, status);
	for (struct vblk *other = b->disk.device->arg; other; other = other->next) {
		if (other->stalled)	/* there is room again */
			serve_at(other, 0);
	}
	if (task->parts || task->is_stalled)
		return;
	if (task->is_orphan || is_all_issued(task))
		task_end(b, task);
	else
		issue_or_stall(b, task);	/* its flush */
}

/* ---- the kind ---- */

static bool accepts(void *self, uint64_t features)
{
	(void)self;
	(void)features;
	return true;
}

static void start(void *self, uint64_t features)
{
	struct vblk *b = self;

	b->is_writethrough = !(features & VIRTIO_BLK_F_FLUSH);
}

static void stop(void *self, uint32_t queue)
{
	struct vblk *b = self;

	(void)queue;
	for (unsigned n = 0; n < VBLK_TASK_COUNT; n++) {
		struct vblk_task *task = &b->tasks[n];

		if (!task->is_used)
			continue;
		task->is_orphan = true;
		fail(task, VIRTIO_BLK_S_IOERR);
		if (task->is_stalled && !task->parts)
			task_end(b, task);
		mark_stalled(b, task, false);
	}
}

static bool is_idle(void *self, uint32_t queue)
{
	const struct vblk *b = self;

	(void)queue;
	return b->under_way == 0;
}

static bool resume(void *self, uint32_t queue, ticket_t ticket, const struct vq_chain *chain)
{
	struct vblk *b = self;
	struct vblk_task *task = task_alloc(b);

	(void)queue;
	if (!task)
		return false;
	task->chain = *chain;
	if (!begin(b, task, ticket))
		return true;
	/* All of it, in the order in which it was taken: the disk is empty, and waiting for it harms nobody. */
	while (!issue(b, task, false)) {
		blk_kick(b->disk.device);
		blk_poll(b->disk.device, VBLK_PART_COUNT);
	}
	blk_kick(b->disk.device);
	return true;
}

const struct device_kind vblk_kind = {
	.name = "virtio-blk",
	.queue_count = 1,
	.queue_size = VBLK_QUEUE_SIZE,
	.served = 1u << VIRTIO_BLK_QUEUE_REQUEST,
	.accepts = accepts,
	.start = start,
	.serve = serve,
	.stop = stop,
	.is_idle = is_idle,
	.resume = resume,
};

static uint32_t log2_of(uint32_t value)
{
	return 31u - (uint32_t)__builtin_clz(value | 1);
}

static void describe(const struct vblk_disk *disk, struct virtio_blk_config *config)
{
	uint32_t align = disk->block_bytes / SECTOR;

	*config = (struct virtio_blk_config){
		.capacity = disk->sector_count,
		.seg_max = VQ_CHAIN_MAX - 2,
		.blk_size = disk->block_bytes,
		.physical_block_exp = (uint8_t)log2_of(disk->physical_bytes / disk->block_bytes),
		.min_io_size = (uint16_t)(disk->physical_bytes / disk->block_bytes),
		.opt_io_size = disk->optimal_bytes / disk->block_bytes,
		.num_queues = 1,
		.max_discard_sectors = SECTORS_MAX,
		.max_discard_seg = VBLK_RANGE_MAX,
		.discard_sector_alignment = align,
		.max_write_zeroes_sectors = SECTORS_MAX,
		.max_write_zeroes_seg = VBLK_RANGE_MAX,
		.write_zeroes_may_unmap = 1,
	};
}

void vblk_init(struct vblk *b, struct device *device, const struct vblk_disk *disk, uint64_t *features, struct virtio_blk_config *config)
{
	memset(b, 0, sizeof(*b));
	b->device = device;
	b->disk = *disk;
	b->next = disk->device->arg;
	disk->device->arg = b;
	for (unsigned n = 0; n < VBLK_PART_COUNT; n++)
		b->parts[n].owner = b;
	*features = VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_FLUSH;
	if (disk->is_read_only)
		*features |= VIRTIO_BLK_F_RO;
	if (!disk->is_read_only && can(b, BLK_CAN_DISCARD))
		*features |= VIRTIO_BLK_F_DISCARD;
	if (!disk->is_read_only && can(b, BLK_CAN_WRITE_ZEROES))
		*features |= VIRTIO_BLK_F_WRITE_ZEROES;
	describe(disk, config);
}
