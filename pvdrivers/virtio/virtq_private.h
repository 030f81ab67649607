/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_VIRTQ_PRIVATE_H
#define VIRTIO_VIRTQ_PRIVATE_H

/*
 * What the device side's files share: the two kinds of ring behind virtq.h, and taking descriptors into a chain.
 */

#include "ring.h"
#include "virtq.h"

enum vq_err split_attach(struct virtq *q, const struct vq_setup *setup);
enum vq_err split_pop(struct virtq *q, struct vq_chain *chain);
enum vq_err split_retake(const struct virtq *q, struct vq_token token, struct vq_chain *chain);
enum vq_err split_pending(struct virtq *q, bool *pending);
enum vq_err split_push(struct virtq *q, struct vq_token token, uint32_t written);
enum vq_err split_publish(struct virtq *q);
enum vq_err split_wants_notification(struct virtq *q, bool *notify);
enum vq_err split_set_signal(struct virtq *q, bool wanted);
enum vq_err split_restore_published(struct virtq *q, unsigned count, unsigned *published);

enum vq_err packed_attach(struct virtq *q, const struct vq_setup *setup);
enum vq_err packed_pop(struct virtq *q, struct vq_chain *chain);
enum vq_err packed_retake(const struct virtq *q, struct vq_token token, struct vq_chain *chain);
enum vq_err packed_pending(struct virtq *q, bool *pending);
enum vq_err packed_push(struct virtq *q, struct vq_token token, uint32_t written);
enum vq_err packed_publish(struct virtq *q);
enum vq_err packed_wants_notification(struct virtq *q, bool *notify);
enum vq_err packed_set_signal(struct virtq *q, bool wanted);
enum vq_err packed_restore_published(struct virtq *q, const struct vq_token *tokens, unsigned count, unsigned *published);

/** Resolves one area of a ring; VQ_ERR_SETUP if it is not aligned. */
MUST_CHECK enum vq_err area_resolve(const struct virtq *q, uint64_t address, uint64_t size, uint64_t alignment, uint8_t **at);

/** Copies an indirect table of `size` bytes, whole and once, to `table`; says how many descriptors it has. */
MUST_CHECK enum vq_err table_read(const struct virtq *q, uint64_t address, uint32_t size, uint64_t (*table)[2], uint16_t *count);

static inline void chain_clear(struct vq_chain *chain, uint16_t at)
{
	chain->token = (struct vq_token){ .slots = 1, .taken_at = at };
	chain->readable_count = 0;
	chain->writable_count = 0;
	chain->readable_size = 0;
	chain->writable_size = 0;
}

/* One more segment, checked: inside of the window, not too many, readable before writable (2.7.4.2, 2.8.18), less than 4 GiB of each. */
static inline enum vq_err chain_add(struct vq_chain *chain, const struct window *window, uint64_t address, uint32_t size, bool is_writable)
{
	uint16_t count = (uint16_t)(chain->readable_count + chain->writable_count);
	uint32_t *total = is_writable ? &chain->writable_size : &chain->readable_size;

	if (count == VQ_CHAIN_MAX || (!is_writable && chain->writable_count) || __builtin_add_overflow(*total, size, total))
		return VQ_ERR_GUEST;
	VQ_TRY(window_resolve(window, address, size, &chain->segment[count].at));
	chain->segment[count].size = size;
	if (is_writable)
		chain->writable_count++;
	else
		chain->readable_count++;
	return VQ_OK;
}

#endif
