/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks by system registers: every one that MRS and MSR can encode (op0 2 and 3), and every system instruction (op0
 * 1). Each register is read, written with what was read, and written with a random number, which is then taken back.
 *
 * Not written at random, because the program cannot live on (it still reads them, and writes back what it read):
 *   SCTLR_EL1, TTBR0_EL1, TCR_EL1, MAIR_EL1, VBAR_EL1  its own translation and vectors
 *   CPACR_EL1                                          its vectors save floating-point registers
 *   SPSel, DAIF                                        its stack; interrupts come in the middle of a try
 *   RMR_EL1                                            a reset that it asked for
 *   debug (op0 2), MDSCR_EL1 and OS lock among them    breakpoints on its own code
 * Not executed: DC ZVA and DC IVAC with a random address would destroy its memory; system instructions get the address
 * of a page that it has for the purpose.
 */

#include <stddef.h>
#include <stdlib.h>

#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/sysreg.h>
#include <rt/timer.h>

#include "hostile.h"

#define BLOCK		2048u		/* encodings of one op0 and op1 */
#define RET		0xd65f03c0u
#define ENCODE(op0, op1, crn, crm, op2) \
	((uint32_t)(op0) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | (uint32_t)(crm) << 3 | (uint32_t)(op2))
#define MRS_X0		0xd5200000u	/* | encoding << 5: op0 is bits 20..19 of the instruction */
#define MSR_X0		0xd5000000u

static const uint32_t vital[] = {
	ENCODE(3, 0, 1, 0, 0),		/* SCTLR_EL1 */
	ENCODE(3, 0, 1, 0, 2),		/* CPACR_EL1 */
	ENCODE(3, 0, 2, 0, 0),		/* TTBR0_EL1 */
	ENCODE(3, 0, 2, 0, 2),		/* TCR_EL1 */
	ENCODE(3, 0, 10, 2, 0),		/* MAIR_EL1 */
	ENCODE(3, 0, 12, 0, 0),		/* VBAR_EL1 */
	ENCODE(3, 0, 12, 0, 2),		/* RMR_EL1 */
	ENCODE(3, 0, 4, 2, 0),		/* SPSel */
	ENCODE(3, 3, 4, 2, 1),		/* DAIF */
};

static uint32_t code[4 * BLOCK] __attribute__((aligned(4096)));		/* for each: MRS, RET, MSR, RET */
static char page[4096] __attribute__((aligned(4096)));

static bool is_vital(uint32_t encoding)
{
	for (unsigned i = 0; i < sizeof(vital) / sizeof(vital[0]); i++) {
		if (vital[i] == encoding)
			return true;
	}
	return encoding >> 14 == 2;
}

static void generate(uint32_t first)
{
	for (uint32_t i = 0; i < BLOCK; i++) {
		code[4 * i] = MRS_X0 | (first + i) << 5;
		code[4 * i + 1] = RET;
		code[4 * i + 2] = MSR_X0 | (first + i) << 5;
		code[4 * i + 3] = RET;
	}
	cache_sync_code(code, sizeof(code));
}

static void try_register(struct tally *tallies, uint32_t encoding, const uint32_t *at)
{
	uint64_t old = 0;
	bool readable = try_code(&tallies[0], at, 0, &old) == OUTCOME_DONE;

	if (readable)
		try_code(&tallies[1], at + 2, old, NULL);
	if (is_vital(encoding)) {
		tallies[2].own++;
		return;
	}
	try_code(&tallies[2], at + 2, random_next(), NULL);
	if (readable)
		try_code(&tallies[1], at + 2, old, NULL);
}

void attack_sysregs(void)
{
	struct tally tallies[3] = { { .class = "sysreg_read" }, { .class = "sysreg_same" }, { .class = "sysreg_random" } };
	struct tally instructions = { .class = "sysinstr" };

	irq_mask();
	for (uint32_t first = ENCODE(2, 0, 0, 0, 0); first < ENCODE(4, 0, 0, 0, 0); first += BLOCK) {
		generate(first);
		for (uint32_t i = 0; i < BLOCK; i++)
			try_register(tallies, first + i, &code[4 * i]);
	}
	for (uint32_t first = ENCODE(1, 0, 0, 0, 0); first < ENCODE(2, 0, 0, 0, 0); first += BLOCK) {
		generate(first);
		for (uint32_t i = 0; i < BLOCK; i++)
			try_code(&instructions, &code[4 * i + 2], (uintptr_t)page, NULL);
	}
	sysreg_write(cntv_ctl_el0, 2);
	sysreg_write(cntp_ctl_el0, 2);
	cpu_isb();
	irq_init_cpu();
	timer_init_cpu();
	for (unsigned i = 0; i < 3; i++)
		tally_print(&tallies[i]);
	tally_print(&instructions);
}
