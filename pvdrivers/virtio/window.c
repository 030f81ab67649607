/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows: copies by a peer's addresses. It must not touch what is there but by the accesses given at link.
 */

#include "window.h"

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
