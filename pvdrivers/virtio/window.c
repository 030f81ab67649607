/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows: addresses of a peer become places that we see, or errors. It must not touch what is there but by the accesses given at link.
 */

#include "window.h"

enum vq_err window_resolve(const struct window *window, uint64_t address, uint64_t size, uint8_t **at)
{
	uint64_t offset = address - window->base;	/* a huge number for an address below */

	if (size == 0 || size > window->size || offset > window->size - size)
		return VQ_ERR_GUEST;
	*at = window->here + offset;
	return VQ_OK;
}

enum vq_err window_copy_in(const struct window *window, void *to, uint64_t address, size_t size)
{
	uint8_t *at;

	VQ_TRY(window_resolve(window, address, size, &at));
	return window_copy(to, at, size);
}

enum vq_err window_copy_out(const struct window *window, uint64_t address, const void *from, size_t size)
{
	uint8_t *at;

	VQ_TRY(window_resolve(window, address, size, &at));
	return window_copy(at, from, size);
}

enum vq_err window_clear(const struct window *window, uint64_t address, size_t size)
{
	uint8_t *at;

	VQ_TRY(window_resolve(window, address, size, &at));
	return window_zero(at, size);
}
