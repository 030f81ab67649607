/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_FRONT_LIAR_H
#define UNIT_FRONT_LIAR_H

/*
 * A virtio-mmio device for drivers on the host, with the real device side of the rings: two queues, and what comes by the second is put into
 * buffers of the first. It does what it should, or lies in a part of what it says: by registers, by what it gives back, and by bytes written
 * over the rings. It must not know the driver.
 */

#include <stdbool.h>
#include <stdint.h>

#define LIAR_FIFO_BYTES	4096u

struct liar {
	uint32_t type;
	uint64_t features;	/* that it offers */
	unsigned lies;		/* of 1,000 things that it says */
	uint8_t *memory;	/* the driver's, all that the device may reach */
	uint64_t bytes;
};

/* Plugs it in, and gives it to the device tree. */
void liar_open(const struct liar *liar, uint64_t seed);

/* It looks at its queues once. */
void liar_round(void);

/* It asks for a reset. */
void liar_break(void);

uint32_t liar_random(uint32_t below);

#endif
