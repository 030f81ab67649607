/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns a PCI function that interrupts by message. With the disk it lies, `rounds=` times, to what makes interrupts of messages, and
 * judges itself (TAP); with `storm=1` it then goes on for ever. With the network card it is the witness: it sends itself a message
 * five times a second, counts what comes, and says so each second; another one than its own, or none, is a failure.
 * It must not know which interrupt controller there is, beyond its kind.
 */

#include <rt/bulkhead.h>
#include <rt/irq.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/trap.h>
#include <rt/tree.h>

#include "../tap.h"
#include "messages.h"

#define MS		1000000ull
#define WAIT_MS		2000u
#define QUIET_MS	20u
#define PAUSE_MS	200u
#define SPURIOUS	1020u	/* to 1023 */

static volatile bool was_refused;
static uint64_t random_state = 0x9e3779b97f4a7c15ull;

void claim(bool good, const char *what)
{
	tap_check(good, "%s", what);
}

/* ---- accesses */

static bool catch(enum trap_kind kind, struct trap_frame *frame)
{
	was_refused = true;
	if (kind == TRAP_SYNC)
		frame->elr += 4;
	return kind == TRAP_SYNC || kind == TRAP_SERROR;
}

bool try_read(uint64_t at, unsigned width, uint64_t *value)
{
	was_refused = false;
	*value = 0;
	switch (width) {
	case 1: __asm__ volatile("ldrb %w0, [%1]" : "+r"(*value) : "r"(at) : "memory"); break;
	case 2: __asm__ volatile("ldrh %w0, [%1]" : "+r"(*value) : "r"(at) : "memory"); break;
	case 4: __asm__ volatile("ldr %w0, [%1]" : "+r"(*value) : "r"(at) : "memory"); break;
	default: __asm__ volatile("ldr %0, [%1]" : "+r"(*value) : "r"(at) : "memory"); break;
	}
	return !was_refused;
}

bool try_write(uint64_t at, unsigned width, uint64_t value)
{
	was_refused = false;
	switch (width) {
	case 1: __asm__ volatile("strb %w0, [%1]" : : "r"(value), "r"(at) : "memory"); break;
	case 2: __asm__ volatile("strh %w0, [%1]" : : "r"(value), "r"(at) : "memory"); break;
	case 4: __asm__ volatile("str %w0, [%1]" : : "r"(value), "r"(at) : "memory"); break;
	default: __asm__ volatile("str %0, [%1]" : : "r"(value), "r"(at) : "memory"); break;
	}
	return !was_refused;
}

unsigned try_all(uint64_t base, uint64_t size)
{
	unsigned refused = 0;

	for (unsigned width = 1; width <= 8; width *= 2)
		for (uint64_t at = 0; at < size; at += width) {
			uint64_t value;

			refused += !try_read(base + at, width, &value);
			refused += !try_write(base + at, width, random_next());
		}
	return refused;
}

uint64_t random_next(void)	/* xorshift64*, Marsaglia and Vigna */
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

/* ---- interrupts, which are masked all the time */

unsigned interrupt_wait(unsigned ms)
{
	uint64_t began = time_ns();
	unsigned irq;

	do {
		irq = irq_acknowledge();
		if (irq < SPURIOUS || irq > IRQ_SPURIOUS) {
			irq_end(irq);
			return irq;
		}
	} while (time_ns() - began < ms * MS);
	return NOTHING;
}

bool interrupts_drain(unsigned first, unsigned last)
{
	bool is_good = true;

	for (unsigned irq = interrupt_wait(0), n = 0; irq != NOTHING && n < 1000; irq = interrupt_wait(0), n++)
		is_good &= irq >= first && irq <= last;
	return is_good;
}

/* One comes, and it is `irq`; then, for a while, no other one, and of `irq` no more than the function repeats itself. */
static bool message_arrives(unsigned irq)
{
	unsigned more = 0;

	while (interrupt_wait(QUIET_MS) != NOTHING)
		;
	if (irq == NOTHING || !source_send() || interrupt_wait(WAIT_MS) != irq)
		return false;
	for (unsigned came = interrupt_wait(PAUSE_MS); came != NOTHING && more <= 1; came = interrupt_wait(PAUSE_MS), more++)
		if (came != irq)
			return false;
	return more <= (source_repeats() ? 1u : 0u);
}

/* ---- the two programs */

static void witness(unsigned irq)
{
	for (unsigned n = 0;; n++) {
		if (n % 5 == 0)
			printf("witness: %u messages\n", n);
		if (!message_arrives(irq))
			printf("not ok - message %u is not what comes\n", n);
		bulkhead_heartbeat();
	}
}

static void liar(const struct kind *kind)
{
	unsigned rounds = (unsigned)tree_option_number("rounds", 100);

	for (unsigned n = 0; n < rounds; n++)
		kind->lie(n);
	kind->judge();
	tap_check(message_arrives(kind->begin()), "after all that a message is an interrupt as before");
	tap_end();
	bulkhead_heartbeat();
	if (!tree_option_number("storm", 0))
		return;
	printf("messages: the storm begins\n");
	for (unsigned n = 0;; n++)
		kind->lie(n);
}

int main(void)
{
	const struct kind *kind = irq_gic()->version == 3 ? &its_kind : &frame_kind;
	unsigned irq;

	irq_mask();
	trap_set_hook(catch);
	tap_check(kind->is_fresh() && interrupt_wait(QUIET_MS) == NOTHING, "nothing of an earlier life is there");
	if (!tap_check(source_begin(), "the function is there"))
		return tap_end();
	irq = kind->begin();
	tap_check(message_arrives(irq), "a message is an interrupt");
	if (!source_is_disk())
		witness(irq);
	liar(kind);
	for (;;)
		cpu_wfi();
}
