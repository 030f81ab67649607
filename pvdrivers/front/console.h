/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_CONSOLE_H
#define FRONT_CONSOLE_H

/*
 * A virtio console as a program of ours sees it: bytes to and from whoever is at the other end. Its interrupt does nothing but wake who
 * sleeps: one caller, from the program's loop. It must not know who is behind the device.
 */

#include <virtio/virtio_console.h>

#include "device.h"

#define FRONT_CONSOLE_ENTRIES		16u	/* buffers under way, each direction */
#define FRONT_CONSOLE_BUFFER_BYTES	256u
#define FRONT_CONSOLE_RING_BYTES	512u

struct front_console_buffer {
	uint8_t bytes[FRONT_CONSOLE_BUFFER_BYTES];
};

/* What the device sees of a queue. */
struct front_console_shared {
	uint8_t ring[FRONT_CONSOLE_RING_BYTES] __attribute__((aligned(16)));
	struct front_console_buffer buffers[FRONT_CONSOLE_ENTRIES];
};

_Static_assert(2 * sizeof(struct front_console_shared) <= FRONT_POOL_CONSOLE_BYTES, "a console's share of a pool holds both queues");

struct front_console_queue {
	struct virtq_driver queue;
	struct vqd_slot slots[FRONT_CONSOLE_ENTRIES];
	struct front_console_shared *shared;	/* in the pool, or `own` */
	struct front_console_shared own;
};

struct front_console {
	struct front_device device;
	bool is_lost;			/* the device broke the rules, or asks for a reset: nothing moves any more */
	struct front_console_queue receive, transmit;
	uint8_t free[FRONT_CONSOLE_ENTRIES];	/* buffers to send with: their numbers */
	uint32_t free_count;
	struct front_console_buffer *got;	/* that came, and was not read to its end */
	uint32_t got_at, got_bytes;
};

/** Brings up the `n`-th console. False: there is none, or it cannot be used. `console` is static memory, and stays. */
bool front_console_open(struct front_console *console, unsigned n);

/** Sends up to `count` bytes. Returns how many: fewer when all buffers are under way. */
uint32_t front_console_write(struct front_console *console, const void *bytes, uint32_t count);

/** Bytes that came, up to `room`. Returns how many; 0: none. */
uint32_t front_console_read(struct front_console *console, void *bytes, uint32_t room);

/** Asks for an interrupt at the next byte. True: one waits already. */
bool front_console_arm(struct front_console *console);

/** Asks for an interrupt when a buffer to send with is free. True: one is. */
bool front_console_arm_room(struct front_console *console);

#endif
