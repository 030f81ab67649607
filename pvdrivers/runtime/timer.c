/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual generic timer: time, sleep, and one alarm a CPU. It must not know the GIC, only irq.h.
 */

#include <stdbool.h>
#include <stddef.h>

#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#define NS_PER_S	1000000000ull
#define TIMER_INDEX	2u	/* of the device tree's timer interrupts: secure, physical, virtual, hypervisor */

#define CTL_ENABLE	1u
#define CTL_MASK	2u

static struct alarm {
	void (*call)(void *arg);	/* (owner CPU) NULL: no alarm, or it rang */
	void *arg;
} alarms[CPU_COUNT_MAX];

static int timer_irq = -1;

uint64_t time_ticks(void)
{
	cpu_isb();
	return sysreg_read(cntvct_el0);
}

uint64_t time_ns(void)
{
	uint64_t ticks = time_ticks();
	uint64_t hz = sysreg_read(cntfrq_el0);

	return ticks / hz * NS_PER_S + ticks % hz * NS_PER_S / hz;
}

uint64_t time_ns_to_ticks(uint64_t ns)
{
	uint64_t hz = sysreg_read(cntfrq_el0);

	return ns / NS_PER_S * hz + (ns % NS_PER_S * hz + NS_PER_S - 1) / NS_PER_S;
}

static void ring(unsigned irq, void *arg)
{
	struct alarm *alarm = &alarms[cpu_index()];
	void (*call)(void *) = alarm->call;

	(void)irq;
	(void)arg;
	sysreg_write(cntv_ctl_el0, CTL_MASK);
	cpu_isb();
	alarm->call = NULL;
	if (call)
		call(alarm->arg);
}

void timer_set(uint64_t deadline, void (*call)(void *arg), void *arg)
{
	struct alarm *alarm = &alarms[cpu_index()];

	sysreg_write(cntv_ctl_el0, CTL_MASK);
	cpu_isb();
	alarm->arg = arg;
	alarm->call = call;
	sysreg_write(cntv_cval_el0, time_ns_to_ticks(deadline));
	sysreg_write(cntv_ctl_el0, CTL_ENABLE);
	cpu_isb();
}

static void wake(void *arg)
{
	*(volatile bool *)arg = true;
}

void time_sleep_until(uint64_t deadline)
{
	volatile bool awake = false;

	timer_set(deadline, wake, (void *)(uintptr_t)&awake);
	for (irq_mask(); !awake; irq_mask()) {
		cpu_wfi();
		irq_unmask();
		cpu_isb();
	}
	irq_unmask();
}

void time_sleep(uint64_t ns)
{
	time_sleep_until(time_ns() + ns);
}

void timer_init_cpu(void)
{
	int node = tree_find("arm,armv8-timer");

	if (timer_irq < 0 && node >= 0)
		timer_irq = tree_irq(node, TIMER_INDEX);
	if (timer_irq < 0)
		return;
	irq_set_handler((unsigned)timer_irq, ring, NULL);
	irq_enable((unsigned)timer_irq);
}
