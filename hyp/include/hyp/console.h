/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console rings, one a partition and one for the hypervisor, and the
 * multiplexer that joins them on the physical UART. It must not know which
 * UART that is, nor how a guest writes.
 */
#ifndef HYP_CONSOLE_H
#define HYP_CONSOLE_H

#include <hyp/lock.h>
#include <hyp/plan.h>
#include <hyp/types.h>

struct console_ring {
	char *output;          /* (boot) storage of output_size bytes, a power of two */
	uint32_t output_size;
	uint32_t head;         /* (lock) bytes ever written by the partition */
	uint32_t tail;         /* (lock) bytes ever shown on the UART */
	uint32_t lost;         /* (lock) bytes overwritten before they were shown */
	uint32_t lost_told;    /* (lock) how many of them the operator was told of */
	uint8_t input[64];     /* (lock) typed, not yet read by the guest */
	uint32_t input_head;   /* (lock) */
	uint32_t input_tail;   /* (lock) */
	struct lock lock;
};

/** Append `length` bytes to the output of `partition`. Context: one of its CPUs. */
void console_write(const struct plan_partition *partition, const char *text, size_t length);

/** Take one typed byte for `partition`. Returns: the byte, or -1 if none waits. Context: one of its CPUs. */
int console_read(const struct plan_partition *partition);

/** Does typed input wait for `partition`? Context: any CPU. */
bool console_has_input(const struct plan_partition *partition);

/** Forget what was typed for `partition` and not read: part of its start. Context: any CPU. */
void console_input_clear(const struct plan_partition *partition);

/** Tell the operator the keys. Context: boot CPU, end of core_boot(). */
void console_boot(void);

/** Print a line of the hypervisor's own, printf-like (%s %c %d %u %x with l, z, width, zero padding, %-10s); it ends the line
 * itself. At most CONSOLE_LINE bytes. Context: any CPU. */
#define CONSOLE_LINE 160u
void hyp_print(const char *format, ...) PRINTF(1, 2);

/** A byte came in on the physical UART. Context: the CPU that takes the UART's interrupt. */
void console_typed(uint8_t byte);

/** Move waiting output to the UART, in a bounded piece. Returns: true if more waits. Context: any CPU. */
bool console_pump(void);

#endif
