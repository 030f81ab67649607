/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on emulated devices: every register, in every width, at every alignment, read and written, and with
 * instructions whose exception does not say what they do.
 *
 * regs=BASE+SIZE in the table is an emulated block of registers.
 */

#include <rt/console.h>
#include <rt/irq.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "hostile.h"

#define UART_BYTES	0x1000ull
#define FULL_STOPS	0x2e2e2e2e2e2e2e2eull

/* Each takes an address in x0, and its ESR has no valid instruction syndrome. */
#define ODD(name, text)	__asm__(".pushsection .text\n" #name ": " text "\n ret\n.popsection"); extern const char name[]
ODD(odd_ldp, "ldp x1, x2, [x0]");
ODD(odd_stp, "stp xzr, xzr, [x0]");
ODD(odd_post, "ldr w1, [x0], #4");
ODD(odd_pre, "str wzr, [x0, #4]!");
ODD(odd_ldr_q, "ldr q0, [x0]");
ODD(odd_str_q, "str q0, [x0]");
ODD(odd_ld1, "ld1 {v0.8b}, [x0]");
ODD(odd_ldxr, "ldxr w1, [x0]");
ODD(odd_stxr, "ldxr w1, [x0]\n stxr w2, w1, [x0]");
ODD(odd_ldar, "ldar w1, [x0]");
ODD(odd_stlr, "stlr wzr, [x0]");
ODD(odd_zva, "dc zva, x0");
ODD(odd_ivac, "dc ivac, x0");
ODD(odd_civac, "dc civac, x0");
ODD(odd_ivau, "ic ivau, x0");
ODD(odd_at, "at s1e1r, x0");

static const char *const odd[] = {
	odd_ldp, odd_stp, odd_post, odd_pre, odd_ldr_q, odd_str_q, odd_ld1, odd_ldxr, odd_stxr, odd_ldar, odd_stlr,
	odd_zva, odd_ivac, odd_civac, odd_ivau, odd_at,
};

static uint64_t uart_base(void)
{
	struct tree_range regs = { 0, 0 };
	int node = tree_find("arm,pl011");

	return node >= 0 && tree_reg(node, 0, &regs) ? regs.base : UINT64_MAX;
}

/* What is written to the UART's data register comes out on the console: full stops, then. */
static uint64_t value_for(uint64_t at, uint64_t uart)
{
	return at - uart < 8 || uart - at < 8 ? FULL_STOPS : random_next();
}

static void try_block(uint64_t base, uint64_t size, void *arg)
{
	struct tally *tallies = arg;
	uint64_t uart = uart_base();

	for (uint64_t at = base; at < base + size; at += 4) {
		for (uint64_t shift = 0; shift < 4; shift++) {
			for (unsigned width = 1; width <= 8; width *= 2) {
				try_read(&tallies[0], at + shift, width);
				try_write(&tallies[1], at + shift, width, value_for(at, uart));
			}
		}
	}
	for (uint64_t at = base; at < base + size; at += size / 16) {
		for (unsigned i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
			if (at - uart >= UART_BYTES || i)
				try_code(&tallies[2], odd[i], at, NULL);
		}
	}
}

void attack_registers(void)
{
	struct tally tallies[3] = { { .class = "reg_read" }, { .class = "reg_write" }, { .class = "reg_odd" } };

	irq_mask();
	table_each("regs", try_block, tallies);
	irq_init();		/* random values were written to all of it */
	irq_init_cpu();
	timer_init_cpu();
	console_init();
	console_init_irq();
	for (unsigned i = 0; i < 3; i++)
		tally_print(&tallies[i]);
}
