/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of a guest's tree for its ends of channels: docs/channels.md. It must not decide anything. */
#include "dt.h"

#include <inttypes.h>

void dt_put_channels(struct dt *dt)
{
	const struct channel *c;
	uint32_t which;

	for (uint32_t at = 0; (c = channel_next(dt->model, dt->part, &at, &which)) != NULL;) {
		const struct channel_end *end = &c->end[which];

		dt_begin(dt, mem_format("channel@%" PRIx64, end->ours));
		dt_put_text(dt, "compatible", "bulkhead,channel");
		dt_put_text(dt, "label", c->name);
		PUT_CELLS(dt, "reg", HIGH(end->ours), LOW(end->ours), HIGH(c->bytes), LOW(c->bytes), HIGH(end->theirs), LOW(end->theirs), HIGH(c->bytes), LOW(c->bytes));
		PUT_CELLS(dt, "interrupts", 0, end->intid - INTID_SPI, 1);
		PUT_CELLS(dt, "bulkhead,channel", end->place);
		dt_put_text(dt, "bulkhead,peer", dt->model->parts[c->end[!which].part].name);
		dt_end(dt);
	}
}
