/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_WINDOW_H
#define VIRTIO_WINDOW_H

/*
 * Windows: a range of a peer's memory that we can reach. An address from the peer is used only after window_resolve(), and what
 * it leads to is touched only by the accesses below, because it may stop answering at any instant. It must not know rings.
 */

#include <stddef.h>
#include <stdint.h>

#include "vq_err.h"

struct window {
	uint64_t base;	/* the range's first address, as the peer counts */
	uint64_t size;	/* bytes */
	uint8_t *here;	/* where we see it; equal to base modulo 4096 */
};

/** Where [address, address + size) is seen; VQ_ERR_GUEST if a byte of it is outside. A size of 0 is outside. */
MUST_CHECK static inline enum vq_err window_resolve(const struct window *window, uint64_t address, uint64_t size, uint8_t **at)
{
	uint64_t offset = address - window->base;	/* a huge number for an address below */

	if (size == 0 || size > window->size || offset > window->size - size)
		return VQ_ERR_GUEST;
	*at = window->here + offset;
	return VQ_OK;
}

/** Copies from, to, or clears the peer's memory at `address`, by the peer's count. */
MUST_CHECK enum vq_err window_copy_in(const struct window *window, void *to, uint64_t address, size_t size);
MUST_CHECK enum vq_err window_copy_out(const struct window *window, uint64_t address, const void *from, size_t size);
MUST_CHECK enum vq_err window_clear(const struct window *window, uint64_t address, size_t size);

/*
 * The accesses themselves, given at link: by the runtime, and by each host test. An abort in one of them becomes VQ_ERR_FAULT.
 *
 * One way to do that on arm64: leaf functions without a stack frame, in a section of their own. An abort whose PC lies in it returns
 * to the link register with VQ_ERR_FAULT in x0, so no table of places is needed.
 *
 * Loads are acquire, stores are release, each a single access of its width at an aligned address; copies have no order, may be made
 * in any pieces, and read each byte once.
 */

/** Copies `size` bytes, which do not overlap; either side, or both, may be a peer's. After a fault, any part may be copied. */
MUST_CHECK enum vq_err window_copy(void *to, const void *from, size_t size);
MUST_CHECK enum vq_err window_zero(void *to, size_t size);

MUST_CHECK enum vq_err window_load16(const uint16_t *at, uint16_t *value);
MUST_CHECK enum vq_err window_load32(const uint32_t *at, uint32_t *value);
MUST_CHECK enum vq_err window_load64(const uint64_t *at, uint64_t *value);
MUST_CHECK enum vq_err window_store16(uint16_t *at, uint16_t value);
MUST_CHECK enum vq_err window_store32(uint32_t *at, uint32_t value);
MUST_CHECK enum vq_err window_store64(uint64_t *at, uint64_t value);

#endif
