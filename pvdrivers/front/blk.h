/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_BLK_H
#define FRONT_BLK_H

/*
 * A virtio disk as a program of ours sees it (virtio 1.2, 5.2): requests go in, and are done when front_blk_poll() says so; or one call a
 * request, which sleeps. Its interrupt does nothing but wake who sleeps: one caller, from the program's loop. A disk whose back-end is away
 * keeps its requests until that is back. Data is not copied, but where the device sees no more than a pool: then on its way in and out of that.
 * It must not know who is behind the device.
 */

#include <virtio/virtio_blk.h>

#include "device.h"

#define FRONT_BLK_ENTRIES	64u	/* requests under way */
#define FRONT_BLK_SEGMENTS	16u	/* of one request's data, where the device limits their size */
#define FRONT_BLK_RING_BYTES	4096u
#define FRONT_BLK_TABLE_ENTRIES	(FRONT_BLK_SEGMENTS + 2u)
#define FRONT_BLK_PAGE_BYTES	4096u	/* in a pool, data of a request takes so many at a time */
#define FRONT_BLK_LEAST_PAGES	16u
#define FRONT_BLK_PAGES_MAX	1024u

enum front_blk_op {
	FRONT_BLK_READ,
	FRONT_BLK_WRITE,
	FRONT_BLK_FLUSH,		/* all writes that were done before it are durable when it is */
	FRONT_BLK_DISCARD,
	FRONT_BLK_WRITE_ZEROES,
	FRONT_BLK_GET_ID,		/* data: VIRTIO_BLK_ID_BYTES */
};

enum front_blk_status {
	FRONT_BLK_OK = 0,
	FRONT_BLK_WAITS = 1,		/* under way */
	FRONT_BLK_ERR_MEDIUM = -1,	/* the disk says that it could not */
	FRONT_BLK_ERR_UNSUPPORTED = -2,	/* it has no such operation */
	FRONT_BLK_ERR_ARGUMENT = -3,	/* outside of the disk, or against its limits */
	FRONT_BLK_ERR_BUSY = -4,	/* no room in the ring, or in the pool, now; again after one is done */
	FRONT_BLK_ERR_LOST = -5,	/* the device broke the rules or asks for a reset: open it again */
};

/* What the device sees of a request beside data. */
struct front_blk_cell {
	struct virtio_blk_req_hdr header;
	struct virtio_blk_range range;
	uint8_t device_status;
};

/* The caller's, and the disk's while it waits. */
struct front_blk_request {
	struct front_blk_cell own;	/* private, as the next two: the cell where there is no pool */
	struct front_blk_cell *cell;
	uint8_t *shown;			/* data as the device sees it: in the pool, or `data` */
	enum front_blk_op op;
	enum front_blk_status status;
	uint64_t sector;		/* of 512 bytes, whatever block_bytes is */
	uint64_t sector_count;
	void *data;			/* read, write, get id: in one piece, not in use by anybody else */
	void *arg;			/* the caller's */
};

/* What the device sees of the queue. */
struct front_blk_shared {
	uint8_t ring[FRONT_BLK_RING_BYTES] __attribute__((aligned(16)));
	uint8_t tables[16u * FRONT_BLK_TABLE_ENTRIES * FRONT_BLK_ENTRIES] __attribute__((aligned(16)));
};

/* A disk's share of a pool: its queue, a cell for each request under way, and pages through which data goes. */
struct front_blk_pool {
	struct front_blk_shared shared;
	struct front_blk_cell cells[FRONT_BLK_ENTRIES];
	uint8_t data[] __attribute__((aligned(4096)));
};

_Static_assert(sizeof(struct front_blk_pool) + FRONT_BLK_LEAST_PAGES * FRONT_BLK_PAGE_BYTES <= FRONT_POOL_BLK_BYTES, "a disk's share of a pool");
_Static_assert(sizeof(struct front_blk_pool) + FRONT_BLK_PAGES_MAX * FRONT_BLK_PAGE_BYTES >= FRONT_POOL_BLK_BYTES_MAX, "no more is of use");

struct front_blk {
	struct front_device device;
	uint64_t sector_count;
	uint32_t block_bytes;		/* requests begin and end on its borders */
	uint32_t bytes_max;		/* of one read or write */
	uint32_t segment_bytes;		/* of one segment of data */
	uint32_t discard_sectors_max;	/* of one request; 0: the disk cannot */
	uint32_t zeroes_sectors_max;
	bool is_read_only;
	bool can_flush;			/* it has a write cache; without, what is done is durable */
	bool is_lost;
	struct virtq_driver queue;
	struct vqd_slot slots[FRONT_BLK_ENTRIES];
	struct front_blk_shared own;	/* where there is no pool */
	struct front_blk_pool *pool;	/* NULL: none */
	uint32_t page_count;		/* of the pool's data */
	uint64_t cells_taken;		/* a bit each */
	uint8_t pages_taken[FRONT_BLK_PAGES_MAX];
};

/** Brings up the `n`-th disk. False: there is none, or it cannot be used. `blk` is static memory, and stays. */
bool front_blk_open(struct front_blk *blk, unsigned n);

/** Takes a request; those that were waiting when the disk was opened again are forgotten. FRONT_BLK_WAITS: taken, and its status says when
 *  it is done. Anything else: not taken. */
enum front_blk_status front_blk_submit(struct front_blk *blk, struct front_blk_request *request);

/** Tells the device of all requests that were taken. */
void front_blk_kick(struct front_blk *blk);

/** The next request that is done; NULL: none. A disk that is lost gives all that it had, with FRONT_BLK_ERR_LOST. */
struct front_blk_request *front_blk_poll(struct front_blk *blk);

/** Asks for an interrupt at the next one that is done. True: do not sleep. */
bool front_blk_arm(struct front_blk *blk);

/** One request, from start to end: sleeps meanwhile, and other requests must not be under way. In pieces, where it is longer than
 *  the disk takes at once. */
enum front_blk_status front_blk_do(struct front_blk *blk, enum front_blk_op op, uint64_t sector, uint64_t sector_count, void *data);

/** A status in words. */
const char *front_blk_status_name(enum front_blk_status status);

#endif
