/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames that their sender left unfinished, finished in private memory for a receiver that does not take them so: slow, but only for
 * those that chose it. It must not know where a frame lies, nor what a port is.
 */

#include <string.h>

#include "net.h"

/* The whole frame's checksum is missing. */
static enum vswitch_drop emit_summed(const struct vnet_copy *copy, uint8_t *flat, uint32_t bytes, vnet_emit_t emit, void *arg)
{
	const struct gso_plan *plan = &copy->frame->plan;

	if (!checksum_complete(flat, bytes, (uint16_t)(plan->csum_start + copy->delta), plan->csum_offset))
		return VSWITCH_DROP_DEVICE;
	return emit(arg, flat, bytes);
}

/* One segment; its headers are made from the frame's own, which stand at the start of `flat`. */
static enum vswitch_drop emit_segment(const struct gso_plan *plan, const uint8_t *flat, uint32_t index, vnet_emit_t emit, void *arg)
{
	static uint8_t frame[GSO_HEADER_MAX + 65536u];
	struct gso_segment made;
	uint32_t bytes;

	gso_segment_make(plan, flat, index, frame, &made);
	bytes = made.header_bytes + made.payload_bytes;
	memcpy(frame + made.header_bytes, flat + made.payload_at, made.payload_bytes);
	if (!checksum_complete(frame, bytes, plan->csum_start, plan->csum_offset))
		return VSWITCH_DROP_DEVICE;
	return emit(arg, frame, bytes);
}

/* The plan as it is behind an edited tag. */
static bool plan_of_copy(const struct vnet_copy *copy, const uint8_t *flat, uint32_t bytes, struct gso_plan *plan)
{
	const struct gso_plan *old = &copy->frame->plan;
	struct gso_meta meta = {
		.flags = GSO_FLAG_NEEDS_CSUM,
		.type = old->type,
		.size = (uint16_t)old->segment_bytes,
		.csum_start = (uint16_t)(old->csum_start + copy->delta),
		.csum_offset = old->csum_offset,
	};

	return gso_plan_make(&meta, flat, bytes < GSO_HEADER_MAX ? bytes : GSO_HEADER_MAX, bytes, plan) == GSO_OK;
}

static enum vswitch_drop emit_segments(const struct vnet_copy *copy, const uint8_t *flat, uint32_t bytes, vnet_emit_t emit, void *arg)
{
	struct gso_plan plan;

	if (!plan_of_copy(copy, flat, bytes, &plan))
		return VSWITCH_DROP_DEVICE;
	for (uint32_t n = 0; n < plan.segment_count; n++) {
		enum vswitch_drop result = emit_segment(&plan, flat, n, emit, arg);

		if (result != VSWITCH_FORWARDED)
			return n ? VSWITCH_FORWARDED : result;	/* the rest of it is lost, as frames are */
	}
	return VSWITCH_FORWARDED;
}

enum vswitch_drop vnet_finish(const struct vnet_copy *copy, uint8_t *scratch, vnet_emit_t emit, void *arg)
{
	uint32_t bytes = copy->header_bytes + copy->frame->rest.left;

	if (!vnet_flatten(copy, scratch))
		return VSWITCH_DROP_DEVICE;
	if (copy->frame->plan.segment_count > 1)
		return emit_segments(copy, scratch, bytes, emit, arg);
	return emit_summed(copy, scratch, bytes, emit, arg);
}
