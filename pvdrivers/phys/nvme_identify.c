/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an NVMe controller and its namespace say of themselves (base specification 1.4, 5.15.2): limits only ever become smaller by it. It
 * must not know how it is asked.
 */

#include <string.h>

#include "nvme.h"

/* Where the answers of Identify stand; 5.15.2. */
#define CONTROLLER_SERIAL	4u
#define CONTROLLER_MDTS		77u
#define CONTROLLER_ONCS		520u
#define CONTROLLER_VWC		525u
#define ONCS_DATASET		(1u << 2)
#define ONCS_WRITE_ZEROES	(1u << 3)
#define NAMESPACE_SIZE		0u
#define NAMESPACE_FORMAT_COUNT	25u	/* less one */
#define NAMESPACE_FLBAS		26u
#define NAMESPACE_ATTRIBUTES	99u
#define NAMESPACE_FORMATS	128u
#define BLOCK_SHIFT_MAX		12u

/* Texts are padded with spaces. */
static void copy_serial(struct blk_info *info, const uint8_t *controller)
{
	size_t length = sizeof(info->serial) - 1;

	memcpy(info->serial, controller + CONTROLLER_SERIAL, length);
	while (length && (info->serial[length - 1] == ' ' || !info->serial[length - 1]))
		length--;
	info->serial[length] = 0;
}

void nvme_learn_controller(struct nvme *nvme, const uint8_t *data)
{
	struct blk_info *info = &nvme->blk.info;
	unsigned mdts = data[CONTROLLER_MDTS];
	uint16_t oncs = (uint16_t)(data[CONTROLLER_ONCS] | data[CONTROLLER_ONCS + 1] << 8);

	copy_serial(info, data);
	nvme->command_bytes = NVME_COMMAND_BYTES;
	if (mdts && mdts < 20 && (uint64_t)NVME_PAGE << mdts < NVME_COMMAND_BYTES)
		nvme->command_bytes = NVME_PAGE << mdts;
	info->can = BLK_CAN_FUA | (data[CONTROLLER_VWC] & 1 ? BLK_CAN_FLUSH : 0);
	info->can |= oncs & ONCS_DATASET ? BLK_CAN_DISCARD : 0;
	info->can |= oncs & ONCS_WRITE_ZEROES ? BLK_CAN_WRITE_ZEROES : 0;
}

/* Four bits, and two more above them where there are more than sixteen (base specification 2.0). */
static const uint8_t *format_of(const uint8_t *data)
{
	unsigned chosen = data[NAMESPACE_FLBAS], high = data[NAMESPACE_FORMAT_COUNT] > 15 ? chosen >> 1 & 0x30 : 0;

	return data + NAMESPACE_FORMATS + 4 * (high | (chosen & 15));
}

bool nvme_learn_namespace(struct nvme *nvme, const uint8_t *data)
{
	struct blk_info *info = &nvme->blk.info;
	const uint8_t *format = format_of(data);
	uint64_t blocks;

	memcpy(&blocks, data + NAMESPACE_SIZE, sizeof(blocks));
	nvme->block_shift = format[2];
	if (nvme->block_shift < 9 || nvme->block_shift > BLOCK_SHIFT_MAX || format[0] || format[1] || blocks > UINT64_MAX >> BLOCK_SHIFT_MAX)
		return false;	/* no metadata, and blocks that a page holds */
	info->block_bytes = info->physical_bytes = 1u << nvme->block_shift;
	info->sector_count = blocks << (nvme->block_shift - 9);
	info->discard_sectors_max = (uint64_t)UINT32_MAX << (nvme->block_shift - 9) & ~7ull;
	info->zeroes_sectors_max = (uint64_t)0x10000 << (nvme->block_shift - 9);	/* a 16-bit count, less one */
	if (data[NAMESPACE_ATTRIBUTES] & 1)
		info->can |= BLK_IS_READ_ONLY;
	return true;
}
