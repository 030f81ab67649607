/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FW_BLOCKDEV_H
#define FW_BLOCKDEV_H

/*
 * The disk as this library sees it: bytes at offsets. The boot stage puts EFI_BLOCK_IO behind it, a host tool a file, a
 * test an array. It must not know GPT, slots or records.
 */

#include "fw_err.h"

struct blockdev {
	/* Reads `size` bytes at `offset`; both are multiples of block_bytes, and inside of size_bytes. `to` is aligned to blocks:
	 * firmware asks for that. */
	enum fw_err (*read)(const struct blockdev *dev, uint64_t offset, void *to, size_t size);
	uint64_t size_bytes;
	uint32_t block_bytes;	/* a power of two, 512 to 4096 */
	void *context;
};

/* A part of a device, in bytes. */
struct extent {
	uint64_t offset;
	uint64_t size;
};

#define BLOCKDEV_BLOCK_MAX 4096u

/* Reads any bytes of `extent`: checks the range, rounds to blocks through a bounce block at the end. `offset` and `to` are block-aligned. */
FW_MUST_CHECK enum fw_err blockdev_read(const struct blockdev *dev, const struct extent *extent, uint64_t offset, void *to,
					size_t size);

#endif
