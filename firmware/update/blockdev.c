/* SPDX-License-Identifier: Apache-2.0 */
/* Checked reads from a part of a block device. It must not know what the bytes mean. */

#include "blockdev.h"
#include "bytes.h"

#include <string.h>

static enum fw_err read_tail(const struct blockdev *dev, uint64_t at, uint8_t *to, size_t size)
{
	static _Alignas(BLOCKDEV_BLOCK_MAX) uint8_t block[BLOCKDEV_BLOCK_MAX];

	if (size == 0)
		return FW_OK;
	FW_TRY(dev->read(dev, at, block, dev->block_bytes));
	memcpy(to, block, size);
	return FW_OK;
}

enum fw_err blockdev_read(const struct blockdev *dev, const struct extent *extent, uint64_t offset, void *to, size_t size)
{
	size_t tail = size & (dev->block_bytes - 1);
	size_t whole = size - tail;
	uint8_t *bytes = to;

	if (!range_fits(extent->offset, extent->size, dev->size_bytes) || !range_fits(offset, size, extent->size))
		return FW_ERR_RANGE;
	if (((extent->offset + offset) & (dev->block_bytes - 1)) != 0)
		return FW_ERR_RANGE;
	if (tail != 0 && !range_fits(extent->offset + offset + whole, dev->block_bytes, dev->size_bytes))
		return FW_ERR_RANGE;
	if (whole != 0)
		FW_TRY(dev->read(dev, extent->offset + offset, bytes, whole));
	return read_tail(dev, extent->offset + offset + whole, bytes + whole, tail);
}
