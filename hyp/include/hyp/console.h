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
	uint32_t line_end;     /* (lock) value of head behind the last line break */
	uint32_t lost;         /* (lock) bytes overwritten before they were shown */
	uint32_t lost_told;    /* (lock) how many of them the operator was told of */
	uint8_t input[512];    /* (lock) typed, not yet read by the guest */
	uint32_t input_head;   /* (lock) */
	uint32_t input_tail;   /* (lock) */
	struct lock lock;
};

/** Append `length` bytes to the output of `partition`. Context: one of its CPUs. */
void console_write(const struct plan_partition *partition, const char *text, size_t length);

/** End the line that `partition` left open, if it did: part of its stop, so that its last words are shown and its next life begins
 * with a line of its own. Context: one of its CPUs. */
void console_end_line(const struct plan_partition *partition);

/** Take one typed byte for `partition`. Returns: the byte, or -1 if none waits. Context: one of its CPUs. */
int console_read(const struct plan_partition *partition);

/** Does typed input wait for `partition`? Context: any CPU. */
bool console_has_input(const struct plan_partition *partition);

/** Forget what was typed for `partition` and not read: part of its start. Context: any CPU. */
void console_input_clear(const struct plan_partition *partition);

/** Tell the operator the keys. Context: boot CPU, end of core_boot(). */
void console_boot(void);

/** From here on hyp_print() waits for the UART and takes no lock; first, what it had still to show. Context: the CPU that panics. */
void console_panic(void);

/** Does the hypervisor's own output wait for the UART? Who has much to say says it in pieces. Context: any CPU. */
bool console_is_behind(void);

/** Say the next piece of what the state key asked for. Returns: true if there is more. Context: any CPU. */
bool keys_pump(void);

/** Is there more to say of it? Context: any CPU. */
bool keys_is_pending(void);

/** Print a line of the hypervisor's own, printf-like (%s %c %d %u %x with l, z, width, zero padding, %-10s); it ends the line
 * itself. At most CONSOLE_LINE bytes. Context: any CPU. */
#define CONSOLE_LINE 160u
void hyp_print(const char *format, ...) PRINTF(1, 2);

/** A byte came in on the physical UART: a command's key, or input of the partition that keys go to. Context: the CPU that takes the
 * UART's interrupt. */
void console_typed(uint8_t byte);

/** Give `byte` to the partition of index `partition`; dropped if it does not read. Context: as console_typed(). */
void console_input(uint32_t partition, uint8_t byte);

/* What the UART shows: docs/console.md. */
enum console_mode {
	CONSOLE_ALL,  /* whole lines of everybody, each with a prefix */
	CONSOLE_ONE,  /* one partition, byte for byte, and the hypervisor's lines */
	CONSOLE_TOOL, /* every byte of everybody, in frames for a program */
};

/** Show in `mode`; `focus` is the partition that keys go to. Replays what the rings remember of what is shown now. Context: as console_typed(). */
void console_show(enum console_mode mode, uint32_t focus);

/** Show nothing before the counter reaches `until`, so that no partition's start waits for the UART. Context: boot CPU, before any output. */
void console_hold(uint64_t until);
/** When console_release() is due on the boot CPU; UINT64_MAX: not held. */
uint64_t console_deadline(void);
void console_release(void);

/** Move waiting output to the UART, in a bounded piece. Returns: true if more waits. Context: any CPU. */
bool console_pump(void);

#endif
