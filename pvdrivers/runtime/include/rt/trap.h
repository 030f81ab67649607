/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_TRAP_H
#define RT_TRAP_H

/*
 * Exceptions: a program may take its own aborts and undefined instructions; those that nobody takes print what
 * happened, in words, and end the program.
 */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The interrupted state; vectors.S writes and restores it, whatever a hook changed. */
struct trap_frame {
	uint64_t x[31];
	uint64_t sp;
	uint64_t elr;
	uint64_t spsr;
	uint64_t esr;
	uint64_t far;
	uint64_t q[32][2];
	uint64_t fpsr;
	uint64_t fpcr;
};

static_assert(offsetof(struct trap_frame, elr) == 256, "vectors.S");
static_assert(offsetof(struct trap_frame, q) == 288, "vectors.S");
static_assert(sizeof(struct trap_frame) == 816, "vectors.S");

enum trap_kind {
	TRAP_SYNC = 0,
	TRAP_IRQ = 1,
	TRAP_FIQ = 2,
	TRAP_SERROR = 3,
};

/** Sees an exception first. True: it is dealt with, go on at frame->elr. */
typedef bool (*trap_hook_t)(enum trap_kind kind, struct trap_frame *frame);

/** Shows all exceptions but IRQs to `hook` first, on all CPUs; NULL: none. */
void trap_set_hook(trap_hook_t hook);

/** Shows IRQs to `hook` before the GIC is asked; NULL: none. */
void trap_set_irq_hook(trap_hook_t hook);

/** (vectors) `vector` is the number of the vector, 0..15. */
void trap_handle(unsigned vector, struct trap_frame *frame);

/** ESR_ELx.EC in words. */
const char *trap_class_name(uint64_t esr);

#endif
