/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_BLK_H
#define VIRTIO_BLK_H

/*
 * The block device's layouts (virtio 1.2, 5.2). It must not know rings.
 */

#include <stddef.h>
#include <stdint.h>

#include "virtio.h"

#define VIRTIO_BLK_QUEUE_REQUEST	0u	/* 5.2.2, without MQ */
#define VIRTIO_BLK_SECTOR_BYTES		512u	/* the unit of every sector number, whatever blk_size says */

/* Features (5.2.3). */
#define VIRTIO_BLK_F_SIZE_MAX		(1ull << 1)
#define VIRTIO_BLK_F_SEG_MAX		(1ull << 2)
#define VIRTIO_BLK_F_GEOMETRY		(1ull << 4)
#define VIRTIO_BLK_F_RO			(1ull << 5)
#define VIRTIO_BLK_F_BLK_SIZE		(1ull << 6)
#define VIRTIO_BLK_F_FLUSH		(1ull << 9)
#define VIRTIO_BLK_F_TOPOLOGY		(1ull << 10)
#define VIRTIO_BLK_F_CONFIG_WCE		(1ull << 11)
#define VIRTIO_BLK_F_MQ			(1ull << 12)
#define VIRTIO_BLK_F_DISCARD		(1ull << 13)
#define VIRTIO_BLK_F_WRITE_ZEROES	(1ull << 14)
#define VIRTIO_BLK_F_LIFETIME		(1ull << 15)
#define VIRTIO_BLK_F_SECURE_ERASE	(1ull << 16)

/* Configuration (5.2.4). */
struct virtio_blk_config {
	uint64_t capacity;		/* sectors */
	uint32_t size_max;		/* bytes of a segment */
	uint32_t seg_max;		/* data segments of a request */
	uint16_t cylinders;
	uint8_t heads;
	uint8_t sectors;
	uint32_t blk_size;		/* logical block, bytes */
	uint8_t physical_block_exp;	/* logical blocks in a physical one, as a power of two */
	uint8_t alignment_offset;	/* first aligned logical block */
	uint16_t min_io_size;		/* logical blocks */
	uint32_t opt_io_size;		/* logical blocks */
	uint8_t writeback;
	uint8_t unused0;
	uint16_t num_queues;
	uint32_t max_discard_sectors;
	uint32_t max_discard_seg;
	uint32_t discard_sector_alignment;
	uint32_t max_write_zeroes_sectors;
	uint32_t max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap;
	uint8_t unused1[3];
	uint32_t max_secure_erase_sectors;
	uint32_t max_secure_erase_seg;
	uint32_t secure_erase_sector_alignment;
};

_Static_assert(offsetof(struct virtio_blk_config, blk_size) == 20, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, max_discard_sectors) == 36, "5.2.4");
_Static_assert(offsetof(struct virtio_blk_config, secure_erase_sector_alignment) == 68, "5.2.4");

/* What a request starts with (5.2.6); then data, then one byte of status to be written. */
struct virtio_blk_req_hdr {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

_Static_assert(sizeof(struct virtio_blk_req_hdr) == 16, "5.2.6");

#define VIRTIO_BLK_T_IN			0u
#define VIRTIO_BLK_T_OUT		1u
#define VIRTIO_BLK_T_FLUSH		4u
#define VIRTIO_BLK_T_GET_ID		8u
#define VIRTIO_BLK_T_GET_LIFETIME	10u
#define VIRTIO_BLK_T_DISCARD		11u
#define VIRTIO_BLK_T_WRITE_ZEROES	13u
#define VIRTIO_BLK_T_SECURE_ERASE	14u

#define VIRTIO_BLK_S_OK			0u
#define VIRTIO_BLK_S_IOERR		1u
#define VIRTIO_BLK_S_UNSUPP		2u

#define VIRTIO_BLK_ID_BYTES		20u	/* GET_ID: NUL-padded, not always NUL-ended */

/* Data of DISCARD and WRITE_ZEROES: one or more of these. */
struct virtio_blk_range {
	uint64_t sector;
	uint32_t num_sectors;
	uint32_t flags;
};

_Static_assert(sizeof(struct virtio_blk_range) == 16, "5.2.6");

#define VIRTIO_BLK_RANGE_UNMAP		1u	/* WRITE_ZEROES may discard; all other bits are 0 */

#endif
