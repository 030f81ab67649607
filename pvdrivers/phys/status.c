/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the same for every disk and every card: a request checked against what the device said at its start, and
 * errors in words. It must not know any hardware.
 */

#include <phys/blk.h>
#include <phys/nic.h>

static bool has_data(enum blk_op op)
{
	return op == BLK_READ || op == BLK_WRITE;
}

static enum blk_status check_segments(const struct blk_info *info, const struct blk_request *request)
{
	uint64_t bytes = 0;

	if (!request->segment_count || request->segment_count > info->segment_count_max)
		return BLK_ERR_ARGUMENT;
	for (unsigned i = 0; i < request->segment_count; i++) {
		const struct dma_segment *segment = &request->segments[i];

		if (!segment->bytes || segment->bytes % info->segment_align || segment->at % info->segment_align)
			return BLK_ERR_ARGUMENT;
		bytes += segment->bytes;
	}
	if (bytes > info->bytes_max || bytes != request->sector_count * BLK_SECTOR_BYTES)
		return BLK_ERR_ARGUMENT;
	return BLK_OK;
}

static enum blk_status check_range(const struct blk_info *info, const struct blk_request *request)
{
	uint64_t block_sectors = info->block_bytes / BLK_SECTOR_BYTES;

	if (!request->sector_count || request->sector % block_sectors || request->sector_count % block_sectors)
		return BLK_ERR_ARGUMENT;
	if (request->sector > info->sector_count || request->sector_count > info->sector_count - request->sector)
		return BLK_ERR_ARGUMENT;
	if (request->op == BLK_DISCARD && request->sector_count > info->discard_sectors_max)
		return BLK_ERR_ARGUMENT;
	if (request->op == BLK_WRITE_ZEROES && request->sector_count > info->zeroes_sectors_max)
		return BLK_ERR_ARGUMENT;
	return has_data(request->op) ? check_segments(info, request) : BLK_OK;
}

static uint32_t needed(const struct blk_request *request)
{
	switch (request->op) {
	case BLK_DISCARD: return BLK_CAN_DISCARD;
	case BLK_WRITE_ZEROES: return BLK_CAN_WRITE_ZEROES;
	case BLK_WRITE: return request->fua ? BLK_CAN_FUA : 0;
	case BLK_FLUSH: return BLK_CAN_FLUSH;
	default: return 0;
	}
}

enum blk_status blk_submit(struct blk_device *device, const struct blk_request *request)
{
	const struct blk_info *info = &device->info;

	if (device->dead)
		return BLK_ERR_RESET;
	if ((needed(request) & ~info->can) || (unsigned)request->op > BLK_WRITE_ZEROES)
		return BLK_ERR_UNSUPPORTED;
	if (info->can & BLK_IS_READ_ONLY && request->op != BLK_READ && request->op != BLK_FLUSH)
		return BLK_ERR_READ_ONLY;
	if (request->op != BLK_FLUSH) {
		enum blk_status status = check_range(info, request);

		if (status)
			return status;
	}
	return device->ops->submit(device, request);
}

const char *blk_status_name(enum blk_status status)
{
	switch (status) {
	case BLK_OK: return "done";
	case BLK_ERR_MEDIUM: return "medium error";
	case BLK_ERR_RESET: return "the controller needs a reset";
	case BLK_ERR_ARGUMENT: return "bad argument";
	case BLK_ERR_UNSUPPORTED: return "no such operation";
	case BLK_ERR_READ_ONLY: return "read-only";
	case BLK_ERR_BUSY: return "busy";
	}
	return "unknown status";
}

static uint32_t needed_offload(const struct nic_offload *offload)
{
	static const uint32_t cuts[] = { 0, NIC_CAN_TSO4, NIC_CAN_TSO6 };

	if ((unsigned)offload->gso > NIC_GSO_TCP6)
		return UINT32_MAX;
	return cuts[offload->gso] | (offload->needs_csum ? NIC_CAN_CSUM : 0);
}

enum nic_status nic_check(const struct nic_device *device, const struct dma_segment *segments, unsigned count,
			  const struct nic_offload *offload, uint32_t *bytes)
{
	bool cut = offload && offload->gso != NIC_GSO_NONE;
	uint32_t most = cut ? NIC_GSO_BYTES : NIC_FRAME_BYTES(device->info.mtu_max);

	*bytes = 0;
	if (!count || count > NIC_SEGMENT_COUNT)
		return NIC_ERR_ARGUMENT;
	for (unsigned i = 0; i < count; i++) {
		if (!segments[i].bytes || segments[i].bytes > most - *bytes)
			return NIC_ERR_ARGUMENT;
		*bytes += segments[i].bytes;
	}
	if (*bytes < NIC_HEADER_BYTES)
		return NIC_ERR_ARGUMENT;
	if (!offload)
		return NIC_OK;
	if (needed_offload(offload) & ~device->info.can)
		return NIC_ERR_UNSUPPORTED;
	if (offload->needs_csum && (uint32_t)offload->csum_start + offload->csum_offset + 2 > *bytes)
		return NIC_ERR_ARGUMENT;
	if (cut && (!offload->needs_csum || !offload->gso_bytes || offload->header_bytes >= *bytes))
		return NIC_ERR_ARGUMENT;
	return NIC_OK;
}

const char *nic_status_name(enum nic_status status)
{
	switch (status) {
	case NIC_OK: return "done";
	case NIC_ERR_RESET: return "the card needs a reset";
	case NIC_ERR_ARGUMENT: return "bad argument";
	case NIC_ERR_UNSUPPORTED: return "no such offload";
	case NIC_ERR_BUSY: return "busy";
	}
	return "unknown status";
}
