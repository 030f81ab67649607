/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk behind a virtio-pci function (virtio 1.2, 5.2): one queue, a header and a status byte around each request. It
 * must not know rings or registers.
 */

#include <stdlib.h>
#include <string.h>

#include <rt/sysreg.h>
#include <rt/timer.h>
#include <virtio/virtio_blk.h>

#include "blk.h"
#include "probe.h"
#include "virtio_pci.h"

#define DEPTH		128u
#define REQUEST_BYTES	(1u << 20)
#define MS		1000000ull
#define COMMAND_NS	(10000 * MS)
#define CHECK_NS	(100 * MS)
#define NO_STATUS	0xffu
#define WANTED		(VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_FLUSH | \
			 VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES | VIRTIO_RING_FEATURES)

/* What the device reads and writes beside data. */
struct frame {
	struct virtio_blk_req_hdr header;
	struct virtio_blk_range range;
	uint8_t id[VIRTIO_BLK_ID_BYTES];
	uint8_t status;
	uint8_t unused[11];
};

_Static_assert(sizeof(struct frame) == 64, "a line of its own for each");

struct slot {
	bool used;
	uint64_t cookie;
	uint64_t deadline;
	struct frame *frame;
	uint64_t frame_bus;
};

struct disk {
	struct blk_device blk;	/* first: what consumers see */
	struct virtio_pci virtio;
	struct slot slots[DEPTH];
	unsigned free;		/* where the search for a free slot begins */
	uint64_t next_check;
	volatile bool armed;	/* (handler clears) */
};

static struct disk *disk_of(struct blk_device *blk)
{
	return (struct disk *)(void *)blk;
}

static struct virtq_driver *ring_of(struct disk *disk)
{
	return &disk->virtio.queue[VIRTIO_BLK_QUEUE_REQUEST].ring;
}

/* ---- requests ---- */

static const uint32_t types[] = {
	[BLK_READ] = VIRTIO_BLK_T_IN,
	[BLK_WRITE] = VIRTIO_BLK_T_OUT,
	[BLK_FLUSH] = VIRTIO_BLK_T_FLUSH,
	[BLK_DISCARD] = VIRTIO_BLK_T_DISCARD,
	[BLK_WRITE_ZEROES] = VIRTIO_BLK_T_WRITE_ZEROES,
};

static struct slot *take_slot(struct disk *disk)
{
	for (unsigned i = 0; i < DEPTH; i++) {
		struct slot *slot = &disk->slots[(disk->free + i) % DEPTH];

		if (slot->used)
			continue;
		disk->free = (disk->free + i + 1) % DEPTH;
		return slot;
	}
	return NULL;
}

static struct vqd_segment part_of(const struct slot *slot, size_t at, uint32_t bytes)
{
	return (struct vqd_segment){ slot->frame_bus + at, bytes };
}

/* The header, data or range, the status: how many the device reads, and how many it writes. */
static enum blk_status put(struct disk *disk, struct slot *slot, struct vqd_segment *segments, unsigned count, unsigned readable)
{
	segments[0] = part_of(slot, offsetof(struct frame, header), sizeof(slot->frame->header));
	segments[count] = part_of(slot, offsetof(struct frame, status), 1);
	slot->frame->status = NO_STATUS;
	switch (vqd_add(ring_of(disk), segments, readable, count + 1 - readable, slot)) {
	case VQ_OK:
		slot->used = true;
		slot->deadline = time_ns() + COMMAND_NS;
		return BLK_OK;
	case VQ_ERR_FULL:
		return BLK_ERR_BUSY;
	default:
		return BLK_ERR_ARGUMENT;
	}
}

static enum blk_status submit(struct blk_device *blk, const struct blk_request *request)
{
	struct disk *disk = disk_of(blk);
	struct slot *slot = take_slot(disk);
	struct vqd_segment segments[BLK_SEGMENT_COUNT + 2];
	unsigned count = 1;

	if (!slot)
		return BLK_ERR_BUSY;
	slot->cookie = request->cookie;
	slot->frame->header = (struct virtio_blk_req_hdr){ types[request->op], 0, request->sector };
	for (unsigned i = 0; i < request->segment_count && (request->op == BLK_READ || request->op == BLK_WRITE); i++, count++) {
		segments[count].size = request->segments[i].bytes;
		if (!dma_map((const void *)request->segments[i].at, request->segments[i].bytes, &segments[count].address))
			return BLK_ERR_ARGUMENT;
	}
	if (request->op == BLK_DISCARD || request->op == BLK_WRITE_ZEROES) {
		slot->frame->header.sector = 0;
		slot->frame->range = (struct virtio_blk_range){ request->sector, (uint32_t)request->sector_count, 0 };
		segments[count++] = part_of(slot, offsetof(struct frame, range), sizeof(slot->frame->range));
	}
	return put(disk, slot, segments, count, request->op == BLK_READ ? 1 : count);
}

static void kick(struct blk_device *blk)
{
	if (!blk->dead)
		virtio_pci_kick(&disk_of(blk)->virtio, VIRTIO_BLK_QUEUE_REQUEST);
}

static enum blk_status translate(uint8_t status)
{
	switch (status) {
	case VIRTIO_BLK_S_OK: return BLK_OK;
	case VIRTIO_BLK_S_UNSUPP: return BLK_ERR_UNSUPPORTED;
	default: return BLK_ERR_MEDIUM;
	}
}

static void finish(struct disk *disk, struct slot *slot, enum blk_status status)
{
	slot->used = false;
	disk->blk.done(disk->blk.arg, slot->cookie, status);
}

static bool is_lost(struct disk *disk)
{
	uint64_t now = time_ns();

	if (now < disk->next_check)
		return false;
	disk->next_check = now + CHECK_NS;
	for (unsigned i = 0; i < DEPTH; i++) {
		if (disk->slots[i].used && disk->slots[i].deadline < now)
			return true;
	}
	return virtio_pci_is_lost(&disk->virtio);
}

static void quiesce(struct blk_device *blk);

static unsigned poll(struct blk_device *blk, unsigned budget)
{
	struct disk *disk = disk_of(blk);
	enum vq_err error = VQ_OK;
	unsigned done = 0;

	if (blk->dead)
		return 0;
	while (done < budget && !blk->dead) {	/* what is called may stop it */
		uint32_t written;
		void *cookie;
		struct slot *slot;

		error = virtio_pci_get(&disk->virtio, VIRTIO_BLK_QUEUE_REQUEST, &cookie, &written);
		if (error)
			break;
		slot = cookie;
		finish(disk, slot, translate(*(volatile uint8_t *)&slot->frame->status));
		done++;
	}
	if (!blk->dead && ((error && error != VQ_ERR_EMPTY) || is_lost(disk)))
		quiesce(blk);
	return done;
}

/* ---- interrupts ---- */

static bool take_irq(void *arg)
{
	struct disk *disk = arg;

	if (disk->virtio.by_pin && !virtio_pci_cause(&disk->virtio))
		return false;
	vqd_cancel_signal(ring_of(disk));
	if (disk->armed && disk->blk.wake) {
		disk->armed = false;
		disk->blk.wake(disk->blk.arg);
	}
	return true;
}

/* Its configuration is read once, at the reset. */
static bool take_config_irq(void *arg)
{
	struct disk *disk = arg;

	return !disk->virtio.by_pin;
}

static bool is_busy(const struct disk *disk)
{
	for (unsigned i = 0; i < DEPTH; i++) {
		if (disk->slots[i].used)
			return true;
	}
	return false;
}

static bool arm(struct blk_device *blk)
{
	struct disk *disk = disk_of(blk);

	if (blk->dead)
		return false;
	disk->armed = true;
	return vqd_ask_signal(ring_of(disk)) || (pci_irq_is_lost(disk->virtio.pci) && is_busy(disk));
}

/* ---- stop and start ---- */

static void quiesce(struct blk_device *blk)
{
	struct disk *disk = disk_of(blk);

	blk->dead = true;
	disk->armed = false;
	virtio_pci_stop(&disk->virtio);
	for (unsigned i = 0; i < DEPTH; i++) {
		if (disk->slots[i].used)
			finish(disk, &disk->slots[i], BLK_ERR_RESET);
	}
}

#define FIELD(virtio, name)	VIRTIO_PCI_FIELD(virtio, struct virtio_blk_config, name)

static void learn_limits(struct blk_info *info, const struct virtio_pci *virtio, unsigned most)
{
	uint64_t features = virtio->features;

	info->segment_count_max = features & VIRTIO_BLK_F_SEG_MAX ? (uint32_t)FIELD(virtio, seg_max) : 1;
	if (!info->segment_count_max || info->segment_count_max > most)
		info->segment_count_max = most;
	info->bytes_max = features & VIRTIO_BLK_F_SIZE_MAX ? (uint32_t)FIELD(virtio, size_max) : REQUEST_BYTES;
	if (info->bytes_max > REQUEST_BYTES)
		info->bytes_max = REQUEST_BYTES;
	if (features & VIRTIO_BLK_F_DISCARD && FIELD(virtio, max_discard_seg)) {
		info->can |= BLK_CAN_DISCARD;
		info->discard_sectors_max = FIELD(virtio, max_discard_sectors);
	}
	if (features & VIRTIO_BLK_F_WRITE_ZEROES && FIELD(virtio, max_write_zeroes_seg)) {
		info->can |= BLK_CAN_WRITE_ZEROES;
		info->zeroes_sectors_max = FIELD(virtio, max_write_zeroes_sectors);
	}
}

static bool learn_blocks(struct blk_info *info, const struct virtio_pci *virtio)
{
	uint64_t exponent = virtio->features & VIRTIO_BLK_F_TOPOLOGY ? FIELD(virtio, physical_block_exp) : 0;

	info->block_bytes = virtio->features & VIRTIO_BLK_F_BLK_SIZE ? (uint32_t)FIELD(virtio, blk_size) : BLK_SECTOR_BYTES;
	if (info->block_bytes < BLK_SECTOR_BYTES || info->block_bytes > 4096 || info->block_bytes & (info->block_bytes - 1))
		return false;
	info->physical_bytes = info->block_bytes << (exponent < 12 ? exponent : 0);
	return true;
}

static bool learn(struct disk *disk)
{
	struct blk_info *info = &disk->blk.info;
	uint64_t features = disk->virtio.features, capacity = FIELD(&disk->virtio, capacity);
	unsigned room = ring_of(disk)->has_indirect ? BLK_SEGMENT_COUNT + 2u : ring_of(disk)->size;
	unsigned most = room <= 2 ? 0 : room - 2 < BLK_SEGMENT_COUNT ? room - 2 : BLK_SEGMENT_COUNT;

	if (!learn_blocks(info, &disk->virtio))
		return false;
	info->sector_count = capacity & ~(uint64_t)(info->block_bytes / BLK_SECTOR_BYTES - 1);
	info->can = (features & VIRTIO_BLK_F_FLUSH ? BLK_CAN_FLUSH : 0) | (features & VIRTIO_BLK_F_RO ? BLK_IS_READ_ONLY : 0);
	info->queue_depth = ring_of(disk)->has_indirect ? ring_of(disk)->size : ring_of(disk)->size / 3u;
	info->segment_align = 1;
	learn_limits(info, &disk->virtio, most);
	return most && capacity <= UINT64_MAX / BLK_SECTOR_BYTES;
}

/* The first request, waited for: the serial number. A disk may have none. */
static bool ask_serial(struct disk *disk)
{
	struct slot *slot = &disk->slots[0];
	struct vqd_segment segments[3];
	uint64_t end = time_ns() + COMMAND_NS;
	uint32_t written;
	void *cookie;
	enum vq_err error;

	memset(slot->frame, 0, sizeof(*slot->frame));
	slot->frame->header.type = VIRTIO_BLK_T_GET_ID;
	segments[1] = part_of(slot, offsetof(struct frame, id), VIRTIO_BLK_ID_BYTES);
	if (put(disk, slot, segments, 2, 1))
		return false;
	virtio_pci_kick(&disk->virtio, VIRTIO_BLK_QUEUE_REQUEST);
	do {
		error = virtio_pci_get(&disk->virtio, VIRTIO_BLK_QUEUE_REQUEST, &cookie, &written);
		cpu_relax();
	} while (error == VQ_ERR_EMPTY && time_ns() < end);
	slot->used = false;
	memset(disk->blk.info.serial, 0, sizeof(disk->blk.info.serial));
	if (!error && *(volatile uint8_t *)&slot->frame->status == VIRTIO_BLK_S_OK)
		memcpy(disk->blk.info.serial, slot->frame->id, VIRTIO_BLK_ID_BYTES);
	return error == VQ_OK;
}

static bool start(struct disk *disk)
{
	struct virtio_pci *virtio = &disk->virtio;

	if (!virtio_pci_negotiate(virtio, WANTED))
		return false;
	if (disk->blk.wake && !virtio_pci_attach(virtio, take_irq, take_config_irq, disk))
		return false;
	if (!virtio_pci_start_queue(virtio, VIRTIO_BLK_QUEUE_REQUEST, disk->blk.wake) || !learn(disk))
		return false;
	virtio_pci_go(virtio);
	return ask_serial(disk);
}

static enum blk_status reset(struct blk_device *blk)
{
	struct disk *disk = disk_of(blk);

	quiesce(blk);
	if (!start(disk)) {
		virtio_pci_stop(&disk->virtio);
		return BLK_ERR_RESET;
	}
	disk->next_check = time_ns() + CHECK_NS;
	blk->dead = false;
	return BLK_OK;
}

static const struct blk_ops ops = {
	.submit = submit,
	.kick = kick,
	.poll = poll,
	.arm = arm,
	.quiesce = quiesce,
	.reset = reset,
};

static bool alloc_memory(struct disk *disk)
{
	uint64_t bus;
	struct frame *frames = dma_alloc(DEPTH * sizeof(*frames), 4096, &bus);

	for (unsigned i = 0; frames && i < DEPTH; i++) {
		disk->slots[i].frame = &frames[i];
		disk->slots[i].frame_bus = bus + i * sizeof(*frames);
	}
	return frames && virtio_pci_alloc(&disk->virtio, VIRTIO_BLK_QUEUE_REQUEST, DEPTH, BLK_SEGMENT_COUNT + 2);
}

struct blk_device *virtio_blk_probe(struct pci_device *pci)
{
	struct virtio_pci found = { 0 };
	struct disk *disk;

	if (!virtio_pci_find(&found, pci, VIRTIO_ID_BLK) || !found.config)
		return NULL;
	disk = calloc(1, sizeof(*disk));
	if (!disk)
		return NULL;
	disk->virtio = found;
	disk->blk.ops = &ops;
	disk->blk.info.driver = "virtio-blk";
	if (!alloc_memory(disk))
		return NULL;
	quiesce(&disk->blk);
	return &disk->blk;
}
