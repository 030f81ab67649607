/* SPDX-License-Identifier: Apache-2.0 */
/* The accesses of window.h on the host. */

#include <string.h>

#include <virtio/window.h>

#include "host_window.h"

bool host_window_gone;
size_t host_window_left;

static bool gone(void)
{
	if (host_window_left && --host_window_left == 0)
		host_window_gone = true;
	return host_window_gone;
}

enum vq_err window_copy(void *to, const void *from, size_t size)
{
	if (gone())
		return VQ_ERR_FAULT;
	memcpy(to, from, size);
	return VQ_OK;
}

enum vq_err window_zero(void *to, size_t size)
{
	if (gone())
		return VQ_ERR_FAULT;
	memset(to, 0, size);
	return VQ_OK;
}

enum vq_err window_load16(const uint16_t *at, uint16_t *value)
{
	if (gone())
		return VQ_ERR_FAULT;
	*value = __atomic_load_n(at, __ATOMIC_ACQUIRE);
	return VQ_OK;
}

enum vq_err window_load32(const uint32_t *at, uint32_t *value)
{
	if (gone())
		return VQ_ERR_FAULT;
	*value = __atomic_load_n(at, __ATOMIC_ACQUIRE);
	return VQ_OK;
}

enum vq_err window_load64(const uint64_t *at, uint64_t *value)
{
	if (gone())
		return VQ_ERR_FAULT;
	*value = __atomic_load_n(at, __ATOMIC_ACQUIRE);
	return VQ_OK;
}

enum vq_err window_store16(uint16_t *at, uint16_t value)
{
	if (gone())
		return VQ_ERR_FAULT;
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
	return VQ_OK;
}

enum vq_err window_store32(uint32_t *at, uint32_t value)
{
	if (gone())
		return VQ_ERR_FAULT;
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
	return VQ_OK;
}

enum vq_err window_store64(uint64_t *at, uint64_t value)
{
	if (gone())
		return VQ_ERR_FAULT;
	__atomic_store_n(at, value, __ATOMIC_RELEASE);
	return VQ_OK;
}
