/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_DISK_H
#define BOOT_DISK_H

/* The disk with our partitions, through EFI_BLOCK_IO. It must not know what is in them. */

#include "../update/slot.h"

struct disk {
	struct blockdev dev;
	struct extent record[RECORD_COPY_COUNT];
	struct extent slot[SLOT_COUNT];
};

/* The first disk whose GPT names both slots. A partition of the records that is missing has no bytes. */
FW_MUST_CHECK enum fw_err disk_find(struct disk *out);

#endif
