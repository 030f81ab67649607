/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_BACK_DISK_H
#define UNIT_BACK_DISK_H

/*
 * A front-end with a virtio-blk device on a slow disk: requests wait, complete in any order, fail, or are lost when the back-end dies. It
 * must not know what is tested.
 */

#include <back/blk.h>

#include "front.h"

#define DISK_SECTORS	4096u
#define DISK_BYTES	(DISK_SECTORS * 512u)
#define DISK_REQUESTS	64u		/* of the driver at once */
#define DISK_HEADERS_AT	0x38000u	/* 32 bytes each: header, status */

struct slow_request {
	struct blk_request request;
	struct dma_segment segments[BLK_SEGMENT_COUNT];
};

struct slow_disk {
	struct blk_device device;
	uint8_t *memory;
	uint64_t seed;
	uint64_t fail_sector;		/* this one cannot be read or written */
	const uint8_t *reach;		/* the only memory that it reaches; NULL: all */
	size_t reach_bytes;
	bool frozen;
	unsigned depth, pending;
	unsigned submitted, flushed, unflushed;
	struct slow_request queue[128];
};

struct disk_machine {
	struct front front;
	struct vblk blk;
	struct slow_disk slow;
	uint8_t memory[DISK_BYTES];
	uint32_t written;		/* of the last request collected */
	uint8_t status[DISK_REQUESTS];
	bool busy[DISK_REQUESTS];
	unsigned twice;			/* requests that came back though they were not under way */
};

/* Opens all and brings the driver to DRIVER_OK. */
void disk_open(struct disk_machine *m, uint64_t features);
void disk_close(struct disk_machine *m);

/* The back-end died: the disk does or does not carry out what it has, tells nobody, and a new back-end begins. */
void disk_die(struct disk_machine *m);

/* Puts request `n` into the ring: data at `offset` of the data area, in pieces. False: no room. */
bool disk_add(struct disk_machine *m, uint32_t n, uint32_t type, uint64_t sector, uint32_t offset, uint32_t bytes, uint32_t piece);

/* Takes back what is used: statuses. Returns how many. */
unsigned disk_collect(struct disk_machine *m);

/* One round of everything; time passes if nothing happens. */
void disk_round(struct disk_machine *m);

/* One request from begin to end; its status, or 0xee. */
uint8_t disk_request(struct disk_machine *m, uint32_t type, uint64_t sector, uint32_t offset, uint32_t bytes);
uint8_t disk_request_in(struct disk_machine *m, uint32_t type, uint64_t sector, uint32_t offset, uint32_t bytes, uint32_t piece);

#endif
