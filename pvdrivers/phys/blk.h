/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHYS_BLK_H
#define PHYS_BLK_H

/*
 * A physical disk, whatever it is: requests go in, completions come out of poll(). Nothing here blocks but reset, and
 * that for a bounded time. It must not know any controller, nor who asks.
 *
 * Everything is called on one CPU, never from an interrupt handler. The device's interrupt only calls `wake`, once, with
 * interrupts masked; the loop of a consumer is: poll until it gives nothing; arm; sleep if arm says that nothing came in
 * between.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rt/dma.h>

#define BLK_SECTOR_BYTES	512u
#define BLK_SEGMENT_COUNT	64u	/* of one request */

enum blk_op {
	BLK_READ,
	BLK_WRITE,
	BLK_FLUSH,
	BLK_DISCARD,
	BLK_WRITE_ZEROES,
};

enum blk_status {
	BLK_OK = 0,
	BLK_ERR_MEDIUM = -1,		/* the disk says that it could not; others of its sectors may do */
	BLK_ERR_RESET = -2,		/* the controller is lost until reset(); what was under way may or may not be on disk */
	BLK_ERR_ARGUMENT = -3,		/* outside the disk, against its limits, or memory that it cannot reach */
	BLK_ERR_UNSUPPORTED = -4,	/* this disk has no such operation */
	BLK_ERR_READ_ONLY = -5,
	BLK_ERR_BUSY = -6,		/* no room now; again after a completion */
};

/* What a disk can. */
#define BLK_CAN_FLUSH		(1u << 0)	/* it has a write cache; without, what is complete is durable */
#define BLK_CAN_FUA		(1u << 1)
#define BLK_CAN_DISCARD		(1u << 2)
#define BLK_CAN_WRITE_ZEROES	(1u << 3)
#define BLK_IS_READ_ONLY	(1u << 4)

struct blk_info {
	const char *driver;		/* "nvme", ... */
	char serial[21];		/* ends with 0 */
	uint64_t sector_count;		/* of 512 bytes, whatever block_bytes is */
	uint32_t block_bytes;		/* logical block: requests begin and end on its borders */
	uint32_t physical_bytes;	/* physical block, for alignment */
	uint32_t can;
	uint32_t queue_depth;		/* requests under way */
	uint32_t bytes_max;		/* of one read or write */
	uint32_t segment_count_max;
	uint32_t segment_align;		/* address and length of each segment are multiples of it */
	uint64_t discard_sectors_max;	/* of one request */
	uint64_t zeroes_sectors_max;
};

struct blk_request {
	enum blk_op op;
	bool fua;			/* write: complete when durable; only with BLK_CAN_FUA */
	uint64_t sector;
	uint64_t sector_count;
	const struct dma_segment *segments;	/* read and write: exactly the bytes of sector_count; not kept after submit() */
	unsigned segment_count;
	uint64_t cookie;		/* comes back with the completion */
};

struct blk_device;

struct blk_ops {
	/** Takes a request whose fields blk_submit() has checked. Any result but BLK_OK: not taken, no completion comes. */
	enum blk_status (*submit)(struct blk_device *device, const struct blk_request *request);
	/** Tells the device of all requests submitted so far. */
	void (*kick)(struct blk_device *device);
	/** Completes up to `budget` requests by `done`; returns how many. Requests that are overdue complete with
	 *  BLK_ERR_RESET, after the controller was stopped. */
	unsigned (*poll)(struct blk_device *device, unsigned budget);
	/** Asks for an interrupt at the next completion. True: one waits already, or none can come; do not sleep. */
	bool (*arm)(struct blk_device *device);
	/** Stops DMA and interrupts and puts the controller in its initial state. Requests under way complete with
	 *  BLK_ERR_RESET. Works at any time, also before the first reset() and on a controller that somebody else left running. */
	void (*quiesce)(struct blk_device *device);
	/** quiesce(), then makes it work. BLK_ERR_RESET: it does not come up. */
	enum blk_status (*reset)(struct blk_device *device);
};

struct blk_device {
	const struct blk_ops *ops;
	struct blk_info info;
	bool dead;			/* (driver) every submit answers BLK_ERR_RESET until reset() */
	/** Called in poll(), quiesce() and reset(), once for each request taken; may submit. */
	void (*done)(void *arg, uint64_t cookie, enum blk_status status);
	void (*wake)(void *arg);	/* called in interrupt context after arm(); NULL: none wanted */
	void *arg;
};

/** Checks a request against the disk's limits and hands it on. */
enum blk_status blk_submit(struct blk_device *device, const struct blk_request *request);

static inline void blk_kick(struct blk_device *device) { device->ops->kick(device); }
static inline unsigned blk_poll(struct blk_device *device, unsigned budget) { return device->ops->poll(device, budget); }
static inline bool blk_arm(struct blk_device *device) { return device->ops->arm(device); }
static inline void blk_quiesce(struct blk_device *device) { device->ops->quiesce(device); }
static inline enum blk_status blk_reset(struct blk_device *device) { return device->ops->reset(device); }

/** An error in words. */
const char *blk_status_name(enum blk_status status);

#endif
