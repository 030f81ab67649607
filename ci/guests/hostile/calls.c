/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on PSCI, the SMC Calling Convention and the hypervisor's calls: every function of the services that answer, a
 * sample of all others, by HVC and SMC, with arguments from the edges, and 100,000 calls at random.
 *
 * Not called, because they do what they say, to the caller: SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2, CPU_OFF, the
 * suspends that come back at an address (CPU_SUSPEND, CPU_DEFAULT_SUSPEND, SYSTEM_SUSPEND), and PARTITION_STOP and
 * PARTITION_RESTART of the caller. CPU_SUSPEND is called by itself, with a timer that ends it. They count as `own`.
 */

#include <stddef.h>

#include <rt/bulkhead.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/psci.h>
#include <rt/smccc.h>
#include <rt/sysreg.h>
#include <rt/timer.h>

#include "hostile.h"

#define RANDOM_CALLS	100000u
#define FAST		(1u << 31)
#define WIDE		(1u << 30)
#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static const uint32_t deadly[] = {	/* without the bit that tells 32 from 64 bits */
	0x84000001, 0x84000002, 0x84000008, 0x84000009, 0x8400000c, 0x8400000e, 0x84000012,
};

static const uint64_t edges[] = {
	0, 1, 2, 0x80, 0xfff, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff, 0x40000000, 0x40200001, 0x8000000000,
	0xffffffffff, 1ull << 63, UINT64_MAX - 1, UINT64_MAX,
};

/* hvc and smc as functions of x0 whose x1..x3 the caller set. */
__asm__(".pushsection .text\n"
	"call_hvc: mov x1, x17\n mov x2, x17\n mov x3, x16\n hvc #0\n ret\n"
	"call_smc: mov x1, x17\n mov x2, x17\n mov x3, x16\n smc #0\n ret\n"
	"call_hvc_odd: hvc #1\n hvc #0xffff\n ret\n"
	"call_smc_odd: smc #1\n smc #0xffff\n ret\n"
	".popsection");
extern const char call_hvc[], call_smc[], call_hvc_odd[], call_smc_odd[];

static bool is_deadly(uint32_t function, uint64_t argument)
{
	uint64_t self = 0;

	for (unsigned i = 0; i < COUNT(deadly); i++) {
		if ((function & ~WIDE) == deadly[i])
			return true;
	}
	if (function != HC_PARTITION_STOP && function != HC_PARTITION_RESTART)
		return false;
	bulkhead_call(HC_PARTITION_INFO, PARTITION_SELF, 0, 0, &self);
	return (uint32_t)argument == PARTITION_SELF || (uint32_t)argument == HC_INFO_ID(self);
}

static void call(struct tally *tally, bool by_smc, uint32_t function, const uint64_t arguments[3])
{
	struct smccc call = { { function, arguments[0], arguments[1], arguments[2], random_next(), random_next(),
				random_next(), random_next() } };

	if (is_deadly(function, arguments[0])) {
		tally->own++;
		return;
	}
	tally->tries++;
	if (by_smc)
		smccc_smc(&call);
	else
		smccc_hvc(&call);
	tally->by[OUTCOME_DONE]++;
}

static const uint64_t *edge_arguments(unsigned n)
{
	static uint64_t arguments[CPU_COUNT_MAX][3];	/* (owner CPU) */
	uint64_t *mine = arguments[cpu_index()];

	for (unsigned i = 0; i < 3; i++)
		mine[i] = edges[(n + i * (1 + n / COUNT(edges))) % COUNT(edges)];
	return mine;
}

/* Every function number of one service, 32 and 64 bits, fast and yielding. */
static void call_service(struct tally *tally, bool by_smc, uint32_t owner)
{
	for (uint32_t number = 0; number < 0x10000; number++) {
		uint32_t function = owner << 24 | number;

		call(tally, by_smc, FAST | function, edge_arguments(number));
		call(tally, by_smc, FAST | WIDE | function, edge_arguments(number));
	}
}

/* The functions that may be there, with every pair of edges. */
static void call_known(struct tally *tally, bool by_smc)
{
	for (uint32_t number = 0; number < 0x20; number++) {
		const uint32_t functions[] = {
			FAST | 4u << 24 | number, FAST | WIDE | 4u << 24 | number, HC_FN(number), FAST | 6u << 24 | number,
			FAST | number, FAST | 4u << 24 | 0x50 | number, FAST | 0x8000 | number,
		};

		for (unsigned f = 0; f < COUNT(functions); f++) {
			for (unsigned n = 0; n < COUNT(edges) * COUNT(edges); n++)
				call(tally, by_smc, functions[f], edge_arguments(n));
		}
	}
}

static void call_owners(struct tally *tally, bool by_smc)
{
	for (uint32_t owner = 0; owner < 64; owner++) {
		for (uint32_t number = 0; number < 32; number++) {
			for (uint32_t kind = 0; kind < 4; kind++)
				call(tally, by_smc, kind << 30 | owner << 24 | (number < 16 ? number : 0xfff0 + number),
				     edge_arguments(number));
		}
	}
}

static void call_random(struct tally *tally, bool has_smc)
{
	for (unsigned i = 0; i < RANDOM_CALLS; i++) {
		uint64_t arguments[3];
		uint64_t dice = random_next();
		uint32_t function = (uint32_t)(dice >> 32);

		for (unsigned n = 0; n < 3; n++)
			arguments[n] = dice >> n & 1 ? edges[random_next() % COUNT(edges)] : random_next();
		switch (dice >> 8 & 3) {
		case 0: function = HC_FN(function % 16); break;
		case 1: function = FAST | (function & WIDE) | 4u << 24 | function % 32; break;
		case 2: function = FAST | (function & (WIDE | 0x3f00ffff)); break;
		default: break;
		}
		call(tally, has_smc && dice >> 16 & 1, function, arguments);
	}
}

/* A standby that ends at once, since its interrupt is pending before it begins. */
static void call_suspend(struct tally *tally)
{
	for (unsigned i = 0; i < 100; i++) {
		sysreg_write(cntv_cval_el0, 0);
		sysreg_write(cntv_ctl_el0, 1);
		cpu_isb();
		tally->tries++;
		psci_call(PSCI_CPU_SUSPEND, 0, edges[i % COUNT(edges)], edges[i % COUNT(edges)]);
		sysreg_write(cntv_ctl_el0, 2);
		tally->by[OUTCOME_DONE]++;
	}
}

void attack_calls(void)
{
	struct tally known[2] = { { .class = "call_hvc" }, { .class = "call_smc" } };
	struct tally others[2] = { { .class = "call_hvc_all" }, { .class = "call_smc_all" } };
	struct tally random = { .class = "call_random" };
	struct tally suspend = { .class = "call_suspend" };
	struct tally smc = { .class = "smc_probe" };
	static const uint32_t services[] = { 0, 4, 6 };
	bool has_smc = try_code(&smc, call_smc, 0x84000000, NULL) == OUTCOME_DONE;

	irq_mask();
	for (unsigned by_smc = 0; by_smc <= (has_smc ? 1u : 0u); by_smc++) {
		call_known(&known[by_smc], by_smc);
		call_owners(&others[by_smc], by_smc);
		for (unsigned i = 0; i < COUNT(services); i++)
			call_service(&others[by_smc], by_smc, services[i]);
	}
	if (has_smc) {
		try_code(&smc, call_smc_odd, 0x84000000, NULL);
		try_code(&smc, call_hvc_odd, 0x84000000, NULL);
	}
	call_random(&random, has_smc);
	call_suspend(&suspend);
	tally_print(&smc);
	for (unsigned i = 0; i < 2; i++) {
		tally_print(&known[i]);
		tally_print(&others[i]);
	}
	tally_print(&random);
	tally_print(&suspend);
}
