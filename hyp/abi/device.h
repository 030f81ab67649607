/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BULKHEAD_ABI_DEVICE_H
#define BULKHEAD_ABI_DEVICE_H

/*
 * A virtio device whose driver runs in one partition, the front-end, and whose device side runs in another, the
 * back-end: the pages that they share, and what the hypervisor does between them. It must not know what a device is
 * for, nor where rings are: it needs <stdint.h> and <stddef.h> only.
 *
 * Goals
 *  - The front-end sees a standard virtio-mmio device, version 2 (Virtual I/O Device (VIRTIO) 1.2, section 4.2): a
 *    stock driver works, its reads cost no exit, and a back-end that is slow, dead or hostile never blocks a vCPU for good.
 *  - The hypervisor knows four things: QueueNotify is a doorbell; InterruptACK clears bits; any other write is handed
 *    to the back-end, and the vCPU waits for the answer; and a device can be marked broken.
 *  - Every word has one writer.
 *
 * Non-goals
 *  - Data: it passes through windows, memory of the front-end that the plan shows to the back-end.
 *  - Version 1 of virtio-mmio; registers narrower than the specification's 32 bits outside the configuration space.
 *
 * Status: version 1.1 (1.1: lives end, and HC_DEVICE_QUIET). Within a major version fields and flags are added, never changed.
 *
 * The device page, 4 KiB, one a device: offsets are those of virtio-mmio. The front-end sees it read-only as device
 * memory, at GUEST_VIRTIO_IPA + n * 4 KiB; the back-end sees it read-write as normal non-cacheable memory, as the
 * hypervisor does. The hypervisor writes DEVICE_INTERRUPT_STATUS and DEVICE_STATUS, and at each start of the front-end
 * the whole page (its initial image); the back-end writes all other words, while it answers a hand-off or before it asks
 * for a configuration interrupt. The hypervisor never reads the page: it keeps its own copy of its two words.
 *
 * A write of the front-end:
 *  - DEVICE_QUEUE_NOTIFY, 32 bits, a value below DEVICE_QUEUE_MAX: that queue's doorbell counts one more, and the
 *    back-end's doorbell interrupt becomes pending. A larger value is ignored.
 *  - DEVICE_INTERRUPT_ACK, 32 bits: clears these bits of DEVICE_INTERRUPT_STATUS; the line follows.
 *  - any other offset or width: a hand-off. One at a time a device; another vCPU that writes meanwhile waits until it is
 *    over, then whoever comes first is next.
 *  - an unaligned one, or one by an instruction whose syndrome does not describe it: an external abort.
 *
 * A hand-off stands in the device's line until HC_DEVICE_ANSWER names its sequence number. Without an answer within the
 * plan's limit the device is marked broken: DEVICE_STATUS_NEEDS_RESET and DEVICE_INTERRUPT_CONFIG are set, the interrupt
 * goes high, the write counts as done, and a late answer gets HC_ERR_STATE. If it was a reset (DEVICE_STATUS written
 * with 0) or stopped a queue (DEVICE_QUEUE_READY or DEVICE_QUEUE_RESET), the life of the device ends before the vCPU goes
 * on. There is no limit until the back-end has said HC_DEVICE_READY since it was last
 * asked to start, or to stop and start again, by whomever; a back-end that is stopped for good is one that does not answer
 * in time. A stop of the front-end ends its hand-offs.
 *
 * The line is a level: high while DEVICE_INTERRUPT_STATUS is not 0.
 *
 * A life of a device ends when its front-end stops, or as above: `life` in the line changes, and the window onto that
 * front-end is taken away. It is shown again, while the front-end runs, once HC_DEVICE_QUIET has named the present life of
 * each device that shares it and had a life end, or the back-end was stopped since. A start of the front-end changes
 * `life` too, and takes nothing away. Before the front-end's memory is cleared for its next start the hypervisor waits for
 * these calls, DEVICE_QUIET_LIMIT_US at most: then it says so on the console, and the front-end starts with its memory
 * hidden. A back-end that is stopped is through with everything.
 */

#include <stddef.h>
#include <stdint.h>

/* Offsets in the device page that the hypervisor knows; all others are between driver and back-end. */
#define DEVICE_QUEUE_READY		0x044u
#define DEVICE_QUEUE_NOTIFY		0x050u
#define DEVICE_INTERRUPT_STATUS		0x060u
#define DEVICE_INTERRUPT_ACK		0x064u
#define DEVICE_STATUS			0x070u
#define DEVICE_QUEUE_RESET		0x0c0u

#define DEVICE_INTERRUPT_USED		(1u << 0)	/* a used buffer */
#define DEVICE_INTERRUPT_CONFIG		(1u << 1)	/* the configuration changed, or the device needs a reset */
#define DEVICE_INTERRUPT_MASK		(DEVICE_INTERRUPT_USED | DEVICE_INTERRUPT_CONFIG)

#define DEVICE_STATUS_NEEDS_RESET	(1u << 6)
#define DEVICE_STATUS_MASK		0xffu

#define DEVICE_QUIET_LIMIT_US		15000000u	/* longer than a controller takes that must be reset */

#define DEVICE_QUEUE_MAX		8u	/* queues of one device */
#define DEVICE_MAX			64u	/* devices of one back-end: lines of a doorbell page */

/*
 * One device's line in its back-end's doorbell page. The hypervisor alone writes it, the back-end sees it read-only as
 * normal cacheable memory. It outlives both sides' restarts; it is zero at power-on. The doorbell interrupt becomes
 * pending at every change but that of `answered`.
 *
 * A hand-off waits for an answer while `sequence` is not `answered`. A reader reads `sequence` (acquire), the other fields,
 * then, behind a load barrier, `answered` and `sequence` again: if `answered` is the sequence that it read, or `sequence`
 * changed, the hand-off was given up meanwhile and what it read may be half of the next one: it begins anew. The consumer
 * of a doorbell keeps a copy of the last count that it has served.
 */
struct device_line {
	uint32_t doorbell[DEVICE_QUEUE_MAX];	/* notifications, counted modulo 2^32 */
	uint32_t sequence;			/* of the last hand-off */
	uint32_t answered;			/* of the last one that was answered, or given up */
	uint32_t offset;			/* of the write in the device page, bytes */
	uint32_t width;				/* of the write: 1, 2, 4 or 8 bytes */
	uint64_t value;				/* written; bits above the width are 0 */
	uint32_t life;				/* modulo 2^32; when it changes, the device is as after a reset, and HC_DEVICE_QUIET is due */
	uint32_t flags;				/* DEVICE_LINE_* */
};

#define DEVICE_LINE_WINDOW	(1u << 0)	/* the window is there: without it, an access to it is an external abort */
#define DEVICE_LINE_BROKEN	(1u << 1)	/* marked broken since the front-end's last reset of it */

struct device_doorbells {
	struct device_line line[DEVICE_MAX];
};

_Static_assert(offsetof(struct device_line, sequence) == 32, "layout");
_Static_assert(offsetof(struct device_line, value) == 48, "layout");
_Static_assert(offsetof(struct device_line, life) == 56, "layout");
_Static_assert(sizeof(struct device_line) == 64, "layout");
_Static_assert(sizeof(struct device_doorbells) == 4096, "layout");

/*
 * Where a back-end finds things: its device tree tells, and the planner puts them here, so that a program can map its
 * memory before it reads the tree. Each region lies in GiB of
 * its own.
 */
#define BACK_DEVICE_IPA		0x3f80000000ull	/* device pages, in the order of lines: non-cacheable */
#define BACK_SHARED_IPA		0x3fc0000000ull	/* cacheable: the doorbell page, then what follows */
#define BACK_STATE_IPA		0x3fc0100000ull	/* state pages, BACK_STATE_BYTES a device, in the order of lines */
#define BACK_STATE_BYTES	0x2000ull	/* read-write, the back-end's own: zero at power-on, kept when it restarts */
#define CHANNEL_IPA		0x3fd0000000ull	/* shared-memory channels, for any unikernel */
#define BACK_WINDOW_IPA		0x1000000000ull	/* windows, each from a multiple of 1 GiB on; nothing else lies in these GiB */
#define BACK_WINDOW_END		0x3f00000000ull

#endif
