/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOSTILE_H
#define HOSTILE_H

/*
 * What the attacks share: tries whose exceptions are caught, and their count by class. It must not know any attack.
 */

#include <stdbool.h>
#include <stdint.h>

/* How a try ended. */
enum outcome {
	OUTCOME_DONE,		/* no exception */
	OUTCOME_ABORT,		/* external abort: nothing is there */
	OUTCOME_OTHER_ABORT,	/* an abort of another kind: alignment, or of our own tables */
	OUTCOME_UNDEFINED,	/* undefined instruction or trapped register */
	OUTCOME_SERROR,
	OUTCOME_OTHER,
	OUTCOME_COUNT,
};

/* The tries of one class on one CPU. */
struct tally {
	const char *class;
	uint64_t tries;
	uint64_t own;		/* not tried: the address is the program's own memory */
	uint64_t by[OUTCOME_COUNT];
};

/** Sets up what catches exceptions. */
void try_init(void);

/** Reads or writes `width` bytes (1, 2, 4, 8) at `at`; jumps there; runs `code`, a function of one number. */
void try_read(struct tally *tally, uint64_t at, unsigned width);
void try_write(struct tally *tally, uint64_t at, unsigned width, uint64_t value);
void try_fetch(struct tally *tally, uint64_t at);
enum outcome try_code(struct tally *tally, const void *code, uint64_t in, uint64_t *out);

/** Whether an address is RAM of the program: reading and writing it would prove nothing, or destroy it. */
bool is_own_ram(uint64_t at);

/** `HOSTILE cpu=.. class=.. tries=.. own=.. done=.. abort=.. other_abort=.. undefined=.. serror=.. other=..` */
void tally_print(const struct tally *tally);

/** The next number of a seeded sequence; each CPU has its own. */
uint64_t random_next(void);

/** Calls `each` for every word `key=BASE+SIZE` of the table: the initrd's text, or without one the command line. */
void table_each(const char *key, void (*each)(uint64_t base, uint64_t size, void *arg), void *arg);

/* The attacks, each a whole class or several. */
void attack_space(void);
void attack_regions(void);
void attack_registers(void);
void attack_calls(void);
void attack_sysregs(void);
void attack_storms(void);

#endif
