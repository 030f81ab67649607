/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storms: interrupts as fast as a program can make them, to itself and to all CPUs of its partition, and both timers
 * with deadlines that are past.
 */

#include <stddef.h>

#include <rt/bulkhead.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/sysreg.h>
#include <rt/timer.h>

#include "hostile.h"

#define STORM		20000u
#define VTIMER		27u
#define PTIMER		30u
#define SGI		6u

static volatile uint64_t came[CPU_COUNT_MAX];	/* (owner CPU) SGIs, also those of other CPUs' storms */
static volatile uint64_t ticks[CPU_COUNT_MAX];	/* (owner CPU) timer interrupts of this storm */

static void count(unsigned irq, void *arg)
{
	(void)irq;
	(void)arg;
	came[cpu_index()]++;
}

/* The deadline stays past: the interrupt is back as soon as it is ended, until there were enough. */
static void count_timer(unsigned irq, void *arg)
{
	(void)arg;
	if (++ticks[cpu_index()] % STORM)
		return;
	if (irq == VTIMER)
		sysreg_write(cntv_ctl_el0, 2);
	else
		sysreg_write(cntp_ctl_el0, 2);
	cpu_isb();
}

static void storm_sgis(struct tally *tally)
{
	irq_set_handler(SGI, count, NULL);
	irq_unmask();
	for (unsigned i = 0; i < STORM; i++) {
		irq_send(SGI, i % cpu_count());
		tally->tries++;
		tally->by[OUTCOME_DONE]++;
	}
	irq_mask();
}

/* The line falls and rises. QEMU's GICv2 needs that: an end in its virtual interface that deactivates a physical interrupt does
 * not look at that interrupt's line again. (On GICv3 none is ever missing, so nobody comes here.) */
static void ring_again(unsigned irq, const volatile uint64_t *mine)
{
	irq_mask();
	if (*mine < STORM && irq == VTIMER) {
		sysreg_write(cntv_ctl_el0, 0);
		sysreg_write(cntv_ctl_el0, 1);
	} else if (*mine < STORM) {
		sysreg_write(cntp_ctl_el0, 0);
		sysreg_write(cntp_ctl_el0, 1);
	}
	irq_unmask();
}

static void storm_timer(struct tally *tally, unsigned irq)
{
	volatile uint64_t *mine = &ticks[cpu_index()];
	uint64_t end = time_ns() + 20000000000ull;

	*mine = 0;
	irq_set_handler(irq, count_timer, NULL);
	irq_enable(irq);
	if (irq == VTIMER) {
		sysreg_write(cntv_cval_el0, 0);
		sysreg_write(cntv_ctl_el0, 1);
	} else {
		sysreg_write(cntp_cval_el0, 0);
		sysreg_write(cntp_ctl_el0, 1);
	}
	irq_unmask();
	while (*mine < STORM && time_ns() < end) {
		uint64_t was = *mine;

		for (unsigned i = 0; i < 100 && *mine == was; i++)
			cpu_relax();
		if (*mine == was)
			ring_again(irq, mine);
	}
	irq_mask();
	tally->tries += STORM;
	tally->by[OUTCOME_DONE] += *mine;
	irq_disable(irq);
}

void attack_storms(void)
{
	struct tally sgis = { .class = "storm_sgi" };
	struct tally timers = { .class = "storm_timer" };

	/* What came before, on any CPU, may have left its own interrupts active, masked or off. */
	irq_init_cpu();
	storm_sgis(&sgis);
	storm_timer(&timers, VTIMER);
	storm_timer(&timers, PTIMER);
	/* The handlers stay: they are those of all CPUs, and another one may be in the middle of its storm. */
	tally_print(&sgis);
	tally_print(&timers);
}
