/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vswitch's token buckets. A bucket counts in 1 / 10^9 of a byte or frame, so a refill is elapsed nanoseconds times the rate, exactly: in
 * any time T no more than burst + rate * T passes. It must not know what the frames carry.
 */

#include "vswitch_parts.h"

static uint64_t credit_of(uint64_t amount)
{
	return amount * SECOND_NS;
}

/* The division keeps the product below 2^64: credits are below 2^61, see VSWITCH_BURST_MAX. */
static void refill(struct vswitch_bucket *bucket, const struct vswitch_limit *limit, uint64_t now_ns)
{
	uint64_t full = credit_of(limit->burst), elapsed;

	if (limit->per_second == 0 || now_ns <= bucket->filled_ns)
		return;
	elapsed = now_ns - bucket->filled_ns;
	bucket->filled_ns = now_ns;
	if (elapsed > (full - bucket->credit) / limit->per_second)
		bucket->credit = full;
	else
		bucket->credit += elapsed * limit->per_second;
}

static bool has(const struct vswitch_bucket *bucket, const struct vswitch_limit *limit, uint32_t amount)
{
	return limit->per_second == 0 || bucket->credit >= credit_of(amount);
}

static void take(struct vswitch_bucket *bucket, const struct vswitch_limit *limit, uint32_t amount)
{
	if (limit->per_second != 0)
		bucket->credit -= credit_of(amount);
}

void vswitch_rate_start(struct vswitch *sw, uint32_t port, uint64_t now_ns)
{
	const struct vswitch_port_config *config = port_config(sw, port);
	struct vswitch_port *state = &sw->port[port];

	state->bytes = (struct vswitch_bucket){ credit_of(config->bytes.burst), now_ns };
	state->frames = (struct vswitch_bucket){ credit_of(config->frames.burst), now_ns };
	state->storm = (struct vswitch_bucket){ credit_of(config->storm.burst), now_ns };
}

/* All buckets are asked before one is taken from: a frame that does not pass costs nothing. */
enum vswitch_drop vswitch_rate(struct vswitch *sw, const struct vswitch_frame *frame, bool is_group)
{
	const struct vswitch_port_config *config = port_config(sw, frame->port);
	struct vswitch_port *state = &sw->port[frame->port];

	refill(&state->bytes, &config->bytes, frame->now_ns);
	refill(&state->frames, &config->frames, frame->now_ns);
	refill(&state->storm, &config->storm, frame->now_ns);
	if (!has(&state->bytes, &config->bytes, frame->total_bytes))
		return VSWITCH_DROP_RATE;
	if (!has(&state->frames, &config->frames, frame->segment_count))
		return VSWITCH_DROP_FRAME_RATE;
	if (is_group && !has(&state->storm, &config->storm, frame->segment_count))
		return VSWITCH_DROP_STORM;
	take(&state->bytes, &config->bytes, frame->total_bytes);
	take(&state->frames, &config->frames, frame->segment_count);
	if (is_group)
		take(&state->storm, &config->storm, frame->segment_count);
	return VSWITCH_FORWARDED;
}
