/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds our disk among the firmware's handles. Handles exist for disks and for partitions: only whole disks count, and only
 * the GPT says how long things are (firmware reports sizes wrongly). It must not know what slots hold.
 */

#include "disk.h"

#include "../update/gpt.h"
#include "efi.h"

enum { HANDLE_COUNT = 64 };

static const struct efi_guid block_io_guid = { 0x964e5b21, 0x6459, 0x11d2, { 0x8e, 0x39, 0, 0xa0, 0xc9, 0x69, 0x72, 0x3b } };

static enum fw_err read_blocks(const struct blockdev *dev, uint64_t offset, void *to, size_t size)
{
	struct efi_block_io *io = dev->context;

	if (io->read(io, io->media->id, offset / dev->block_bytes, size, to) != EFI_SUCCESS)
		return FW_ERR_IO;
	return FW_OK;
}

static bool is_usable(const struct efi_block_media *media)
{
	if (!media->present || media->logical_partition || media->block_bytes < 512 || media->block_bytes > BLOCKDEV_BLOCK_MAX)
		return false;
	return (media->block_bytes & (media->block_bytes - 1)) == 0 && media->last_block < UINT64_MAX / media->block_bytes - 1;
}

static enum fw_err examine(struct efi_block_io *io, struct disk *out)
{
	const struct efi_block_media *media = io->media;

	if (!is_usable(media))
		return FW_ERR_NOT_FOUND;
	out->dev = (struct blockdev){
		.read = read_blocks,
		.size_bytes = (media->last_block + 1) * media->block_bytes,
		.block_bytes = media->block_bytes,
		.context = io,
	};
	FW_TRY(gpt_find(&out->dev, "slot-a", &out->slot[0]));
	FW_TRY(gpt_find(&out->dev, "slot-b", &out->slot[1]));
	out->record[0] = out->record[1] = (struct extent){ 0, 0 };
	if (gpt_find(&out->dev, "record-a", &out->record[0]) != FW_OK)
		out->record[0].size = 0;
	if (gpt_find(&out->dev, "record-b", &out->record[1]) != FW_OK)
		out->record[1].size = 0;
	return FW_OK;
}

enum fw_err disk_find(struct disk *out)
{
	static efi_handle_t handles[HANDLE_COUNT];
	uint64_t size = sizeof(handles);
	void *io;

	if (efi_system->boot->locate_handle(EFI_BY_PROTOCOL, &block_io_guid, NULL, &size, handles) != EFI_SUCCESS)
		return FW_ERR_NOT_FOUND;
	for (size_t i = 0; i < size / sizeof(handles[0]); i++) {
		if (efi_system->boot->handle_protocol(handles[i], &block_io_guid, &io) == EFI_SUCCESS &&
		    examine(io, out) == FW_OK)
			return FW_OK;
	}
	return FW_ERR_NOT_FOUND;
}
