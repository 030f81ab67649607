/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_BLK_H
#define BACK_BLK_H

/*
 * virtio-blk on a virtual disk: a range of a physical disk (phys/blk.h), or RAM that behaves like one. Requests complete in any order.
 * Data goes between the front-end's window and the disk directly; where the disk cannot reach or align, through a bounce buffer. It must not
 * know rings' layouts, registers or controllers.
 */

#include <stdbool.h>
#include <stdint.h>

#include <phys/blk.h>
#include <virtio/chain.h>

#include "device.h"
#include "limit.h"

#define VBLK_TASK_COUNT		64u	/* requests of one device under way */
#define VBLK_PART_COUNT		128u	/* requests to the disk under way, of one device */
#define VBLK_BOUNCE_BYTES	65536u	/* of one part that cannot go directly */
#define VBLK_BOUNCE_COUNT	8u
#define VBLK_RANGE_MAX		16u	/* of one discard or write-zeroes request */
#define VBLK_QUEUE_SIZE		256u

/* What a virtual disk is; constant. Sectors have 512 bytes. */
struct vblk_disk {
	struct blk_device *device;
	uint64_t first_sector;
	uint64_t sector_count;
	bool is_read_only;
	char serial[21];
	uint32_t block_bytes;		/* logical block: a multiple of 512 */
	uint32_t physical_bytes;
	uint32_t optimal_bytes;
	struct limit bytes, requests;
	uint8_t *bounce;		/* VBLK_BOUNCE_COUNT * VBLK_BOUNCE_BYTES that the disk reaches; NULL: none */
};

struct vblk;
struct vblk_task;

/* One request to the disk. */
struct vblk_part {
	struct vblk *owner;
	struct vblk_task *task;		/* NULL: free */
	struct vq_cursor at;		/* its data in the chain */
	uint32_t bytes;
	uint32_t bounce;		/* 1 + number; 0: none */
};

/* One request of the driver. */
struct vblk_task {
	bool is_used;
	bool is_orphan;			/* its queue ended: completes without a word */
	bool is_write;
	bool is_stalled;		/* not all of it could be issued, and it waits for room */
	ticket_t ticket;
	uint8_t status;			/* VIRTIO_BLK_S_*; the first error stays */
	uint32_t op;			/* enum blk_op */
	uint32_t parts;			/* under way */
	uint32_t range, range_count;
	uint64_t sector;		/* of what was not issued yet */
	uint64_t sectors_left;
	bool flush_left;		/* a flush goes behind it */
	uint32_t written;		/* bytes, without the status */
	struct vq_cursor data;		/* of what was not issued yet */
	uint8_t *status_at;
	uint64_t ranges[VBLK_RANGE_MAX][2];	/* sector, count */
	struct vq_chain chain;
};

struct vblk_counters {
	uint64_t reads, writes, flushes, discards, others, errors;
	uint64_t read_bytes, written_bytes, bounced;
};

struct vblk {
	struct device *device;
	struct vblk_disk disk;
	bool is_writethrough;		/* the driver did not choose FLUSH: what is complete is durable */
	struct vblk *next;		/* on the same disk below, whose `arg` is the first */
	uint32_t stalled;		/* tasks */
	bool is_waiting;		/* the disk had no room for it, or others come first */
	uint64_t turn;			/* when the disk took something of it last, counted over all */
	uint32_t under_way;
	uint32_t bounce_used;		/* bits */
	struct vblk_part parts[VBLK_PART_COUNT];
	struct vblk_task tasks[VBLK_TASK_COUNT];
	struct vblk_counters counters;
};

extern const struct device_kind vblk_kind;

struct virtio_blk_config;

/** Prepares a device on a disk; gives the features and the configuration that it offers. `device` is attached afterwards. */
void vblk_init(struct vblk *b, struct device *device, const struct vblk_disk *disk, uint64_t *features, struct virtio_blk_config *config);

/** The `done` of the disk's blk_device: completes what the cookie names, whichever device it belongs to. */
void vblk_done(void *arg, uint64_t cookie, enum blk_status status);

#endif
