/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries, and catching what they cause: the hook notes the exception's syndrome and goes on behind the instruction.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rt/cpu.h>
#include <rt/sysreg.h>
#include <rt/trap.h>
#include <rt/tree.h>

#include "hostile.h"

#define NO_SYNDROME	UINT64_MAX
#define CLASS(esr)	((esr) >> 26 & 0x3f)

static volatile uint64_t syndrome[CPU_COUNT_MAX];	/* (owner CPU) of the exception in the present try */
static volatile bool is_trying[CPU_COUNT_MAX];		/* (owner CPU) */
static volatile bool is_jumping[CPU_COUNT_MAX];		/* (owner CPU) in a try of a fetch */
static uint64_t random_state[CPU_COUNT_MAX];		/* (owner CPU) */

/* A jump that fails, at once or later, returns to its caller; all else goes on with the next instruction. HVC and SVC
 * point behind themselves already. */
static bool catch(enum trap_kind kind, struct trap_frame *frame)
{
	unsigned cpu = cpu_index();
	uint64_t class = CLASS(frame->esr);

	if (!is_trying[cpu] && kind != TRAP_SERROR)
		return false;
	syndrome[cpu] = kind == TRAP_SERROR ? 0x2full << 26 : frame->esr;
	if (kind != TRAP_SYNC)
		return true;
	if (is_jumping[cpu] || class == 0x20 || class == 0x21 || class == 0x22)
		frame->elr = frame->x[30];
	else if (class != 0x15 && class != 0x16)
		frame->elr += 4;
	return true;
}

void try_init(void)
{
	uint64_t seed = tree_option_number("seed", 1);

	for (unsigned cpu = 0; cpu < CPU_COUNT_MAX; cpu++)
		random_state[cpu] = seed * 0x9e3779b97f4a7c15ull + cpu + 1;
	trap_set_hook(catch);
}

uint64_t random_next(void)	/* xorshift64*, Marsaglia and Vigna */
{
	uint64_t *state = &random_state[cpu_index()];

	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

static void begin(void)
{
	unsigned cpu = cpu_index();

	syndrome[cpu] = NO_SYNDROME;
	is_trying[cpu] = true;
}

static enum outcome outcome_of(uint64_t esr)
{
	if (esr == NO_SYNDROME)
		return OUTCOME_DONE;
	switch (CLASS(esr)) {
	case 0x20: case 0x21: case 0x24: case 0x25:
		return (esr & 0x3f) == 0x10 ? OUTCOME_ABORT : OUTCOME_OTHER_ABORT;
	case 0x00: case 0x01: case 0x07: case 0x18:
		return OUTCOME_UNDEFINED;
	case 0x2f:
		return OUTCOME_SERROR;
	default:
		return OUTCOME_OTHER;
	}
}

static enum outcome end(struct tally *tally)
{
	unsigned cpu = cpu_index();
	enum outcome outcome;

	cpu_dsb();		/* an asynchronous answer belongs to this try */
	cpu_isb();
	is_trying[cpu] = false;
	outcome = outcome_of(syndrome[cpu]);
	tally->tries++;
	tally->by[outcome]++;
	return outcome;
}

void try_read(struct tally *tally, uint64_t at, unsigned width)
{
	uint64_t value = 0;

	begin();
	switch (width) {
	case 1: __asm__ volatile("ldrb %w0, [%1]" : "+r"(value) : "r"(at) : "memory"); break;
	case 2: __asm__ volatile("ldrh %w0, [%1]" : "+r"(value) : "r"(at) : "memory"); break;
	case 4: __asm__ volatile("ldr %w0, [%1]" : "+r"(value) : "r"(at) : "memory"); break;
	default: __asm__ volatile("ldr %0, [%1]" : "+r"(value) : "r"(at) : "memory"); break;
	}
	end(tally);
}

void try_write(struct tally *tally, uint64_t at, unsigned width, uint64_t value)
{
	begin();
	switch (width) {
	case 1: __asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(at) : "memory"); break;
	case 2: __asm__ volatile("strh %w0, [%1]" : : "r"(value), "r"(at) : "memory"); break;
	case 4: __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(at) : "memory"); break;
	default: __asm__ volatile("str %0, [%1]" : : "r"(value), "r"(at) : "memory"); break;
	}
	end(tally);
}

void try_fetch(struct tally *tally, uint64_t at)
{
	begin();
	is_jumping[cpu_index()] = true;
	__asm__ volatile("blr %0" : : "r"(at) : "x30", "memory", "cc",
			 "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			 "x15", "x16", "x17", "x18");
	is_jumping[cpu_index()] = false;
	end(tally);
}

enum outcome try_code(struct tally *tally, const void *code, uint64_t in, uint64_t *out)
{
	begin();

	/* After the call: one between this and its use could take x0. */
	register uint64_t x0 __asm__("x0") = in;

	__asm__ volatile("blr %1" : "+r"(x0) : "r"(code) : "x30", "memory", "cc", "x1", "x2", "x3", "x16", "x17", "v0");
	if (out)
		*out = x0;
	return end(tally);
}

bool is_own_ram(uint64_t at)
{
	struct tree_range ram = tree_ram();

	return at >= ram.base && at - ram.base < ram.size;
}

void tally_print(const struct tally *tally)
{
	static const char *const names[OUTCOME_COUNT] = { "done", "abort", "other_abort", "undefined", "serror", "other" };

	static struct spinlock lock;	/* lines of two CPUs do not mix */

	spin_lock(&lock);
	printf("HOSTILE cpu=%u class=%s tries=%llu own=%llu", cpu_index(), tally->class,
	       (unsigned long long)tally->tries, (unsigned long long)tally->own);
	for (unsigned i = 0; i < OUTCOME_COUNT; i++)
		printf(" %s=%llu", names[i], (unsigned long long)tally->by[i]);
	printf("\n");
	spin_unlock(&lock);
}

void table_each(const char *key, void (*each)(uint64_t base, uint64_t size, void *arg), void *arg)
{
	struct tree_range initrd = tree_initrd();
	const char *text = initrd.size ? (const char *)(uintptr_t)initrd.base : tree_command_line();
	const char *limit = text + (initrd.size ? initrd.size : strlen(text));
	size_t length = strlen(key);

	while (text < limit) {
		char word[64] = "";
		size_t count = 0;

		while (text + count < limit && text[count] > ' ')
			count++;
		memcpy(word, text, count < sizeof(word) ? count : sizeof(word) - 1);
		text += count + 1;
		if (!strncmp(word, key, length) && word[length] == '=') {
			char *size;
			uint64_t base = strtoull(word + length + 1, &size, 0);

			each(base, *size == '+' ? strtoull(size + 1, NULL, 0) : 0, arg);
		}
	}
}
