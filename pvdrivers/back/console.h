/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_CONSOLE_H
#define BACK_CONSOLE_H

/*
 * virtio-console (Virtual I/O Device (VIRTIO) 1.2, 5.3), one port: two of them are the ends of a serial cable between two partitions. Bytes
 * go from the sender's buffers to the receiver's through a small piece of private memory, and none stays there. It must not know rings'
 * layouts or registers, nor what is typed.
 *
 * Who sends waits for who receives, but not for ever: stock Linux writes to its console with interrupts masked until the device took the
 * bytes. When the receiver has had no buffer for VCONSOLE_GRACE_NS, the rest of the buffer is dropped, as on a wire without flow control,
 * and so is all that follows until the receiver has room again. Nobody at the other end: dropped at once.
 */

#include <virtio/chain.h>

#include "device.h"

#define VCONSOLE_QUEUE_SIZE	64u
#define VCONSOLE_GRACE_NS	50000000ull
#define VCONSOLE_RETRY_NS	200000ull	/* between two looks for a buffer in that time */

struct vconsole_counters {
	uint64_t sent_bytes, dropped_bytes, waits;
};

struct vconsole {
	struct device *device;
	struct vconsole *other;		/* the other end */
	bool is_held;			/* a buffer of the driver is being sent */
	bool is_deaf;			/* as a receiver: its grace is used up, and it has had no buffer since */
	uint64_t until_ns;		/* the held one: dropped then */
	ticket_t ticket;
	struct vq_chain chain;
	struct vq_cursor rest;		/* of it: not sent yet */
	struct vconsole_counters counters;
};

extern const struct device_kind vconsole_kind;

struct virtio_console_config;

/** What a device offers. `other` may not be attached yet. */
void vconsole_init(struct vconsole *v, struct device *device, struct vconsole *other, uint64_t *features, struct virtio_console_config *config);

#endif
