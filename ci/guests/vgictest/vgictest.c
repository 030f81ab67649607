/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the interrupt controller for everything that an operating system may rely on, and judges the answers by the
 * architecture (Arm IHI 0048 and IHI 0069). QEMU's own GICs are the reference: it passes there. It must not know that
 * the controller may be virtual. With `plain=1` it leaves out two questions that QEMU 7.2's GICv2 answers in ways of
 * its own: it keeps a pending SPI on the CPU of its old route, and gives one with two targets to both.
 *
 * It uses the interrupts of the PL011 and the PL031 only: a partition owns those, whatever else it has. They are made
 * pending by software, and by the PL031's alarm where the line matters.
 */

#include <rt/console.h>
#include <rt/cpu.h>
#include <rt/proof.h>
#include <rt/timer.h>
#include <rt/trap.h>
#include <rt/tree.h>

#include "../tap.h"
#include "regs.h"

#define SECOND		1000000000ull
#define URGENT		0x40u
#define NORMAL		0x80u
#define NOTHING		1023u

#define RTC_DR		0x00u
#define RTC_MR		0x04u
#define RTC_CR		0x0cu
#define RTC_IMSC	0x10u
#define RTC_RIS		0x14u
#define RTC_ICR		0x1cu
#define UART_IMSC	0x38u

static unsigned first;		/* the two SPIs; first has the lower number */
static unsigned second;
static unsigned rtc_irq;
static uint64_t rtc;
static uint64_t uart;

static volatile unsigned taken[CPU_COUNT_MAX][IRQ_COUNT];	/* (owner CPU) */
static volatile unsigned last_token[CPU_COUNT_MAX];		/* (owner CPU) */
static volatile bool is_up[CPU_COUNT_MAX];			/* (owner CPU) */

/* ---- helpers ---- */

/* Both SPIs as every test wants them: level, to CPU 0, enabled, not pending, not active. */
static void reset_spis(void)
{
	const unsigned both[] = { first, second };

	irq_mask();
	for (unsigned i = 0; i < 2; i++) {
		irq_disable(both[i]);
		irq_set_edge(both[i], false);
		irq_set_cpu(both[i], 0);
		clear_pending(both[i]);
		clear_active(both[i]);
		irq_set_priority(both[i], NORMAL);
		irq_enable(both[i]);
	}
	set_mask(0xff);
}

static bool wait_for(volatile unsigned *counter, unsigned value)
{
	uint64_t end = time_ns() + SECOND;

	while (*counter < value && time_ns() < end)
		cpu_relax();
	return *counter == value;
}

/* Everything that a handler would have to do here is to be counted. */
static bool count_irq(enum trap_kind kind, struct trap_frame *frame)
{
	unsigned cpu = cpu_index();
	unsigned token = irq_acknowledge();
	unsigned irq = token & 0x3ff;

	(void)kind;
	(void)frame;
	if (irq >= IRQ_COUNT)
		return true;
	last_token[cpu] = token;
	taken[cpu][irq]++;
	if (irq == 27)
		sysreg_write(cntv_ctl_el0, 2);
	irq_end(token);
	return true;
}

static void forget(void)
{
	for (unsigned cpu = 0; cpu < CPU_COUNT_MAX; cpu++)
		for (unsigned irq = 0; irq < IRQ_COUNT; irq++)
			taken[cpu][irq] = 0;
}

static unsigned taken_by_all(unsigned irq)
{
	unsigned count = 0;

	for (unsigned cpu = 0; cpu < CPU_COUNT_MAX; cpu++)
		count += taken[cpu][irq];
	return count;
}

/* ---- state of one interrupt ---- */

static void test_states(void)
{
	unsigned token;

	reset_spis();
	tap_check(take(&token) == NOTHING, "nothing pending: acknowledge answers 1023");
	set_pending(first);
	tap_check(is_pending(first) && !is_active(first), "set-pending makes it pending");
	tap_check(highest_pending() == first, "the highest pending interrupt is the one");
	tap_check(take(&token) == first, "acknowledge gives it");
	tap_check(!is_pending(first) && is_active(first), "acknowledged, it is active and not pending");
	tap_check(running_priority() == NORMAL, "the running priority is its priority");
	irq_end(token);
	tap_check(!is_pending(first) && !is_active(first), "ended, it is neither");
	tap_check(running_priority() == 0xff, "the running priority is idle again");

	set_pending(first);
	clear_pending(first);
	tap_check(!is_pending(first) && take(&token) == NOTHING, "clear-pending takes it back");

	irq_disable(first);
	set_pending(first);
	tap_check(!is_enabled(first) && is_pending(first) && take(&token) == NOTHING, "disabled, it stays pending and does not come");
	irq_enable(first);
	tap_check(is_enabled(first) && take(&token) == first, "enabled, it comes");
	irq_end(token);
}

static void test_active_writes(void)
{
	unsigned token;

	reset_spis();
	set_active(first);
	tap_check(is_active(first), "set-active makes it active");
	set_pending(first);
	tap_check(is_pending(first) && take(&token) == NOTHING, "active and pending, it does not come");
	clear_active(first);
	tap_check(!is_active(first), "clear-active makes it inactive");
	tap_check(take(&token) == first, "and then it comes");
	clear_active(first);
	tap_check(!is_active(first), "clear-active works on an acknowledged one");
	irq_end(token);
}

static void test_edge(void)
{
	unsigned token;

	reset_spis();
	irq_set_edge(first, true);
	tap_check(mmio_read32(irq_gic()->dist + GICD_ICFGR + first / 16 * 4) >> (2 * (first % 16) + 1) & 1, "configured as edge, it reads so");
	set_pending(first);
	take(&token);
	set_pending(first);
	tap_check(is_active(first) && is_pending(first), "an edge while it is active: active and pending");
	tap_check(irq_acknowledge() == NOTHING, "which does not come before the end");
	irq_end(token);
	tap_check(take(&token) == first, "and comes after it");
	irq_end(token);
	tap_check(take(&token) == NOTHING, "once");
	reset_spis();
}

static void test_split_end(void)
{
	unsigned token, other;

	reset_spis();
	split_end(true);
	set_pending(first);
	take(&token);
	irq_end(token);
	tap_check(is_active(first) && running_priority() == 0xff, "priority drop alone leaves it active");
	set_pending(first);
	tap_check(take(&other) == NOTHING, "and it does not come again");
	deactivate(token);
	tap_check(take(&other) == first, "until it is deactivated");
	irq_end(other);
	deactivate(other);
	split_end(false);
}

/* ---- priorities ---- */

static void test_priorities(void)
{
	unsigned a, b, token;

	reset_spis();
	irq_set_priority(second, URGENT);
	tap_check(mmio_read8(irq_gic()->dist + GICD_IPRIORITYR + second) == URGENT, "a priority reads as written");
	set_pending(first);
	set_pending(second);
	tap_check(take(&a) == second, "of two pending ones the more urgent comes first");
	tap_check(take(&token) == NOTHING, "the other waits while it is active");
	irq_end(a);
	tap_check(take(&b) == first, "and comes then");
	set_pending(second);
	tap_check(take(&a) == second, "a more urgent one preempts");
	tap_check(running_priority() == URGENT, "the running priority is that of the most urgent active one");
	irq_end(a);
	tap_check(running_priority() == NORMAL, "and falls back with its end");
	irq_end(b);

	irq_set_priority(second, NORMAL);
	set_pending(second);
	set_pending(first);
	tap_check(take(&a) == first, "of two equal ones the lower number comes first");
	irq_end(a);
	take(&b);
	irq_end(b);

	irq_set_priority(second, URGENT);
	set_mask(0x60);
	set_pending(first);
	tap_check(take(&token) == NOTHING, "the mask holds back what is less urgent");
	set_pending(second);
	tap_check(take(&a) == second, "and lets pass what is more urgent");
	irq_end(a);
	tap_check(take(&token) == NOTHING, "and still holds back the other");
	set_mask(0xff);
	tap_check(take(&b) == first, "until it is opened");
	irq_end(b);

	set_pending(first);
	irq_set_priority(first, URGENT);
	set_mask(0x60);
	tap_check(take(&a) == first, "a new priority counts for what is pending already");
	irq_end(a);
	reset_spis();
}

static void test_distributor_off(void)
{
	uint64_t control = irq_gic()->dist + GICD_CTLR;
	uint32_t on = mmio_read32(control);
	unsigned token;

	reset_spis();
	mmio_write32(control, on & ~3u);
	set_pending(first);
	tap_check(is_pending(first) && take(&token) == NOTHING, "with the distributor off nothing comes");
	mmio_write32(control, on);
	tap_check(take(&token) == first, "turned on, it comes");
	irq_end(token);
}

/* ---- lines ---- */

static bool ring_rtc(void)
{
	uint64_t end = time_ns() + 4 * SECOND;

	mmio_write32(rtc + RTC_ICR, 1);
	mmio_write32(rtc + RTC_CR, 1);
	mmio_write32(rtc + RTC_IMSC, 1);
	mmio_write32(rtc + RTC_MR, mmio_read32(rtc + RTC_DR) + 1);
	while (!(mmio_read32(rtc + RTC_RIS) & 1) && time_ns() < end)
		cpu_relax();
	settle();
	return mmio_read32(rtc + RTC_RIS) & 1;
}

static void silence_rtc(void)
{
	mmio_write32(rtc + RTC_ICR, 1);
	settle();
}

static void test_level(void)
{
	unsigned token;

	if (!rtc)
		return;
	reset_spis();
	tap_check(ring_rtc(), "the PL031's alarm rings");
	tap_check(is_pending(rtc_irq), "its line makes it pending");
	clear_pending(rtc_irq);
	tap_check(is_pending(rtc_irq), "clear-pending does not outlast a line that is high");
	tap_check(take(&token) == rtc_irq, "it comes");
	tap_check(is_active(rtc_irq) && is_pending(rtc_irq), "active, and pending while the line is high");
	irq_end(token);
	tap_check(take(&token) == rtc_irq, "ended with the line high, it comes again");
	silence_rtc();
	tap_check(!is_pending(rtc_irq), "the line falls, and it is pending no more");
	irq_end(token);
	tap_check(take(&token) == NOTHING, "ended with the line low, it does not come");

	irq_disable(rtc_irq);
	ring_rtc();
	tap_check(is_pending(rtc_irq), "disabled, the line shows as pending");
	silence_rtc();
	irq_enable(rtc_irq);
	tap_check(!is_pending(rtc_irq) && take(&token) == NOTHING, "a line that fell before it was taken does not come");

	ring_rtc();
	mmio_write32(rtc + RTC_IMSC, 0);
	tap_check(take(&token) == NOTHING, "masked in the device, it does not come");
	mmio_write32(rtc + RTC_IMSC, 1);
	tap_check(take(&token) == rtc_irq, "unmasked in the device, it comes");
	silence_rtc();
	irq_end(token);
}

/* With `nudge=1` a physical register is written that has nothing to do with the question: enable and disable of a timer that
 * is off. QEMU's GICv2 does not look at a physical interrupt's line when an end in the virtual interface deactivates it, only
 * when something else happens to the distributor. */
static void nudge(void)
{
	if (!tree_option_number("nudge", 0))
		return;
	irq_enable(30);
	irq_disable(30);
}

static void test_timer_line(void)
{
	const unsigned timer = 27;
	unsigned token;

	reset_spis();
	irq_enable(timer);
	sysreg_write(cntv_cval_el0, 0);
	sysreg_write(cntv_ctl_el0, 1);
	cpu_isb();
	tap_check(take(&token) == timer, "the virtual timer comes");
	irq_end(token);
	nudge();
	tap_check(take(&token) == timer, "and again, as long as its condition holds");
	sysreg_write(cntv_ctl_el0, 2);
	cpu_isb();
	irq_end(token);
	tap_check(take(&token) == NOTHING, "and no more once it is off");
	sysreg_write(cntv_cval_el0, time_ticks() + time_ns_to_ticks(SECOND / 100));
	sysreg_write(cntv_ctl_el0, 1);
	cpu_isb();
	cpu_wfi();
	tap_check(take(&token) == timer, "it ends a WFI although interrupts are masked");
	sysreg_write(cntv_ctl_el0, 2);
	irq_end(token);

	sysreg_write(cntp_cval_el0, 0);
	irq_enable(30);
	sysreg_write(cntp_ctl_el0, 1);
	cpu_isb();
	tap_check(take(&token) == 30, "the physical timer comes");
	sysreg_write(cntp_ctl_el0, 2);
	cpu_isb();
	irq_end(token);
	tap_check(take(&token) == NOTHING, "and no more once it is off");
	irq_disable(30);
}

/* ---- software-generated interrupts, and several CPUs ---- */

/* A GICv2's bit of the CPU that asks; a machine with one CPU reads zero. QEMU 7.2 asserts on an SGI made pending by a
 * word whose other bytes are zero, so its registers are written by bytes. */
static uint8_t own_target(void)
{
	uint8_t mask = mmio_read8(irq_gic()->dist + GICD_ITARGETSR);

	return mask ? mask : 1;
}

static void test_sgi_self(void)
{
	bool all = true;
	unsigned token;

	irq_mask();
	for (unsigned sgi = 0; sgi < 16; sgi++) {
		irq_send(sgi, 0);
		all = all && take(&token) == sgi;
		irq_end(token);
	}
	tap_check(all, "all sixteen SGIs come to their sender");
	irq_send(3, 0);
	irq_send(3, 0);
	tap_check(take(&token) == 3, "an SGI sent twice comes");
	irq_end(token);
	tap_check(take(&token) == NOTHING, "once");
	irq_send(4, 0);
	settle();
	tap_check(is_pending(4), "an SGI shows as pending");
	if (is_v3())
		clear_pending(4);
	else
		mmio_write8(irq_gic()->dist + GICD_CPENDSGIR + 4, 0xff);
	tap_check(!is_pending(4) && take(&token) == NOTHING, "and can be taken back");
	if (is_v3())
		set_pending(4);
	else
		mmio_write8(irq_gic()->dist + GICD_SPENDSGIR + 4, own_target());
	tap_check(take(&token) == 4, "and can be made pending by its register");
	irq_end(token);
	if (!is_v3())		/* GICv2 leaves open whether SGIs can be disabled */
		return;
	irq_disable(5);
	irq_send(5, 0);
	tap_check(take(&token) == NOTHING, "a disabled SGI waits");
	irq_enable(5);
	tap_check(take(&token) == 5, "for being enabled");
	irq_end(token);
}

static void other_cpu(void *arg)
{
	unsigned cpu = cpu_index();
	unsigned sent = 0;

	(void)arg;
	irq_enable(27);
	irq_mask();
	is_up[cpu] = true;
	for (;;) {
		cpu_wfi();
		irq_unmask();
		cpu_isb();
		irq_mask();
		if (taken[cpu][1] > sent) {	/* SGI 1 asks for SGI 2 to all CPUs in turn */
			sent++;
			for (unsigned to = 0; to < cpu_count(); to++)
				irq_send(2, to);
		}
	}
}

static void test_cpus(void)
{
	unsigned count = cpu_count();
	bool good = true, sources = true;

	for (unsigned cpu = 1; cpu < count; cpu++)
		tap_check(cpu_start(cpu, other_cpu, NULL) == 0, "CPU %u starts", cpu);
	for (unsigned cpu = 1; cpu < count; cpu++) {
		uint64_t end = time_ns() + 2 * SECOND;

		while (!is_up[cpu] && time_ns() < end)
			cpu_relax();
		tap_check(is_up[cpu], "CPU %u runs", cpu);
	}
	forget();
	irq_unmask();
	for (unsigned cpu = 0; cpu < count; cpu++) {
		irq_send(7, cpu);
		good = wait_for(&taken[cpu][7], 1) && good;
	}
	tap_check(good && taken_by_all(7) == count, "an SGI to each CPU comes there, and only there");
	for (unsigned cpu = 1; cpu < count; cpu++) {
		forget();
		irq_send(1, cpu);
		for (unsigned to = 0; to < count; to++)
			good = wait_for(&taken[to][2], 1) && good;
		if (!is_v3() && taken[0][2])
			sources = sources && (last_token[0] >> 10 & 7) == cpu;
	}
	tap_check(good, "and from each CPU to each");
	tap_check(sources, "a GICv2 tells the sender");

	forget();
	if (is_v3())
		sysreg_write(s3_0_c12_c11_5, 1ull << 40 | 9u << 24);
	else
		mmio_write32(irq_gic()->dist + GICD_SGIR, 1u << 24 | 9);
	for (unsigned cpu = 1; cpu < count; cpu++)
		good = wait_for(&taken[cpu][9], 1) && good;
	settle();
	tap_check(good && !taken[0][9], "to all but oneself");
	irq_mask();
}

static void test_routes(void)
{
	unsigned count = cpu_count();
	bool good = true, read = true;

	reset_spis();
	forget();
	irq_unmask();
	for (unsigned cpu = 0; cpu < count; cpu++) {
		irq_set_cpu(first, cpu);
		if (is_v3())
			read = read && (mmio_read64(irq_gic()->dist + GICD_IROUTER + 8 * first) & 0xff00ffffffull) == cpu_mpidr(cpu);
		else if (count > 1)
			read = read && mmio_read8(irq_gic()->dist + GICD_ITARGETSR + first) == 1u << cpu;
		set_pending(first);
		good = wait_for(&taken[cpu][first], 1) && good;
	}
	tap_check(read, "a route reads as written");
	tap_check(good && taken_by_all(first) == count, "routed to each CPU in turn, it comes there and only there");

	if (!is_v3() && tree_option_number("plain", 0)) {
		irq_mask();
		return;
	}
	forget();
	irq_set_cpu(first, 0);
	irq_disable(first);
	set_pending(first);
	irq_set_cpu(first, count - 1);
	irq_enable(first);
	tap_check(wait_for(&taken[count - 1][first], 1) && taken_by_all(first) == 1, "pending while its route changes, it comes to the new CPU");

	if (!is_v3() && count > 1) {
		forget();
		mmio_write8(irq_gic()->dist + GICD_ITARGETSR + first, 3);
		set_pending(first);
		uint64_t end = time_ns() + SECOND / 10;
		while (time_ns() < end)
			cpu_relax();
		tap_check(taken_by_all(first) == 1, "routed to two CPUs, it comes to one of them");
		irq_set_cpu(first, 0);
	}
	if (is_v3()) {
		forget();
		mmio_write64(irq_gic()->dist + GICD_IROUTER + 8 * first, 1ull << 31);
		set_pending(first);
		uint64_t end = time_ns() + SECOND / 10;
		while (time_ns() < end)
			cpu_relax();
		tap_check(taken_by_all(first) == 1, "routed to any CPU, it comes to one");
		irq_set_cpu(first, 0);
	}
	irq_mask();
}

static void test_identity(void)
{
	uint64_t dist = irq_gic()->dist;
	uint32_t pidr2 = mmio_read32(dist + (is_v3() ? GICD_PIDR2_V3 : GICD_PIDR2_V2));
	uint32_t typer = mmio_read32(dist + GICD_TYPER);

	tap_check((pidr2 >> 4 & 15) == irq_gic()->version, "PIDR2 tells the architecture");
	tap_check((typer & 31) >= 1, "TYPER has SPIs");
	if (!is_v3())
		tap_check((typer >> 5 & 7) + 1 >= cpu_count(), "TYPER has all CPUs");
	mmio_write8(dist + GICD_IPRIORITYR + first, 0xff);
	tap_check(mmio_read8(dist + GICD_IPRIORITYR + first) >= 0xf0, "at least four bits of priority");
	mmio_write8(dist + GICD_IPRIORITYR + first, NORMAL);
}

int main(void)
{
	struct tree_range regs = { 0, 0 };
	int uart_node = tree_find("arm,pl011");
	int rtc_node = tree_find("arm,pl031");
	unsigned uart_irq = (unsigned)tree_irq(uart_node, 0);

	proof_print("vgictest 1.0");
	if (rtc_node >= 0 && tree_reg(rtc_node, 0, &regs)) {
		rtc = regs.base;
		rtc_irq = (unsigned)tree_irq(rtc_node, 0);
		mmio_write32(rtc + RTC_ICR, 1);
	}
	irq_mask();
	tree_reg(uart_node, 0, &regs);
	uart = regs.base;
	mmio_write32(uart + UART_IMSC, 0);
	sysreg_write(cntv_ctl_el0, 2);
	first = uart_irq < rtc_irq ? uart_irq : rtc_irq;
	second = uart_irq < rtc_irq ? rtc_irq : uart_irq;
	if (!tap_check(rtc, "there is a PL031"))
		return tap_end();
	trap_set_irq_hook(count_irq);

	test_identity();
	test_states();
	test_active_writes();
	test_edge();
	test_split_end();
	test_priorities();
	test_distributor_off();
	test_level();
	test_timer_line();
	test_sgi_self();
	test_cpus();
	test_routes();
	return tap_end();
}
