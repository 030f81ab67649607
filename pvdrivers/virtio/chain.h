/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_CHAIN_H
#define VIRTIO_CHAIN_H

/*
 * Walking through the bytes of a chain whatever its segments: message framing is the driver's choice (virtio 1.2, 2.7.4). It must not
 * know rings.
 */

#include "virtq.h"

/* A place in the bytes of one kind of segments. Copy it to remember a place. */
struct vq_cursor {
	const struct vq_segment *segment;
	uint32_t offset;	/* in that segment */
	uint32_t left;		/* bytes from here to the end */
};

/** At the first byte that the device reads, or writes. */
struct vq_cursor vq_readable(const struct vq_chain *chain);
struct vq_cursor vq_writable(const struct vq_chain *chain);

/** Each goes on by `size` bytes; VQ_ERR_GUEST, with nothing done, if fewer are left. Both sides of vq_copy() are a peer's. */
MUST_CHECK enum vq_err vq_skip(struct vq_cursor *at, uint32_t size);
MUST_CHECK enum vq_err vq_read(struct vq_cursor *at, void *to, uint32_t size);
MUST_CHECK enum vq_err vq_write(struct vq_cursor *at, const void *from, uint32_t size);
MUST_CHECK enum vq_err vq_zero(struct vq_cursor *at, uint32_t size);
MUST_CHECK enum vq_err vq_copy(struct vq_cursor *to, struct vq_cursor *from, uint32_t size);

/** The bytes at the cursor that lie in one piece, for drivers that give them to a controller: `*size` of them at `*at`; goes on behind
 *  them. VQ_ERR_EMPTY at the end. */
MUST_CHECK enum vq_err vq_next_piece(struct vq_cursor *cursor, uint8_t **at, uint32_t *size);

#endif
