/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest of `make bench`: does each figure's operation many times between two marks, instructions at addresses of
 * their own that the harness finds in this program's symbols and in the emulator's trace. It must not measure anything
 * itself, nor know what the operations cost.
 *
 * Command line: spi=N is the SPI that the partition owns, for mmio_write_gicd_isenabler_one; all=N is the first of 32 that it
 * owns, for mmio_write_gicd_isenabler_all.
 */

#include <assert.h>
#include <stdio.h>

#include <rt/bulkhead.h>
#include <rt/console.h>
#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/psci.h>
#include <rt/smccc.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#define REPEAT		64u	/* the harness knows it by the symbol below */
#define TIMER_TICKS	4000u	/* far enough that the guest waits for it in its loop */
#define SGI		5u

#define GICD_TYPER	0x0004
#define GICD_ISENABLER	0x0100
#define GICD_ICENABLER	0x0180
#define GICD_ISENABLER1	0x0104
#define UART_DR		0x00
#define UART_FR		0x18

__asm__(".globl bench_repeat\n.set bench_repeat, 64");
static_assert(REPEAT == 64, "the symbol above");

static volatile bool arrived;
static uint64_t dist;
static uint64_t uart;
static uint32_t spi_bit;
static uint32_t spi_word, all_word; /* offsets of their bits in a file of the distributor */

/* begin_<figure> and end_<figure>: one instruction each that nothing else executes. */
#define FIGURE(name, statement)								\
	__attribute__((noinline)) static void begin_##name(void) { __asm__ volatile("nop // begin " #name); } \
	__attribute__((noinline)) static void end_##name(void) { __asm__ volatile("nop // end " #name); }	\
	static void bench_##name(void)							\
	{										\
		statement;	/* once before, so that first times do not count */	\
		begin_##name();								\
		for (unsigned i = 0; i < REPEAT; i++)					\
			statement;							\
		end_##name();								\
	}

/* The same for what must be prepared each time: between the marks is one statement alone. */
#define FIGURE_EACH(name, prepare, statement)						\
	__attribute__((noinline)) static void begin_##name(void) { __asm__ volatile("nop // begin " #name); } \
	__attribute__((noinline)) static void end_##name(void) { __asm__ volatile("nop // end " #name); }	\
	static void bench_##name(void)							\
	{										\
		for (unsigned i = 0; i <= REPEAT; i++) {				\
			prepare;							\
			if (i != 0)							\
				begin_##name();						\
			statement;	/* once before, so that first times do not count */	\
			if (i != 0)							\
				end_##name();						\
		}									\
	}

/* What is measured next was the last access, as for every other figure. */
static void disable(uint32_t word, uint32_t bits)
{
	mmio_write32(dist + GICD_ICENABLER + word, bits);
	mmio_write32(dist + GICD_ISENABLER + word, 0);
}

static void hypercall(void)
{
	struct smccc call = { { HC_NOP } };

	smccc_hvc(&call);
}

static void arrive(unsigned irq, void *arg)
{
	(void)irq;
	(void)arg;
	arrived = true;
}

static void tick(unsigned irq, void *arg)
{
	sysreg_write(cntv_ctl_el0, 2);
	arrive(irq, arg);
}

static void timer_arm(void)
{
	arrived = false;
	sysreg_write(cntv_cval_el0, time_ticks() + TIMER_TICKS);
	sysreg_write(cntv_ctl_el0, 1);
	cpu_isb();
}

static void timer_spin(void)
{
	for (timer_arm(); !arrived; )
		cpu_relax();
}

static void timer_wfi(void)
{
	irq_mask();
	for (timer_arm(); !arrived; irq_mask()) {
		cpu_wfi();
		irq_unmask();
		cpu_isb();
	}
	irq_unmask();
}

static void sgi_self(void)
{
	arrived = false;
	irq_send(SGI, 0);
	while (!arrived)
		cpu_relax();
}

static void put(char c)
{
	while (mmio_read32(uart + UART_FR) & 1u << 5)
		cpu_relax();
	mmio_write32(uart + UART_DR, (unsigned char)c);
}

FIGURE(empty, __asm__ volatile(""))
FIGURE(hypercall, hypercall())
FIGURE(psci_version, psci_call(PSCI_VERSION, 0, 0, 0))
FIGURE(mmio_read_gicd_typer, mmio_read32(dist + GICD_TYPER))
FIGURE(mmio_write_gicd_isenabler, mmio_write32(dist + GICD_ISENABLER1, 0))
FIGURE_EACH(mmio_write_gicd_isenabler_one, disable(spi_word, spi_bit), mmio_write32(dist + GICD_ISENABLER + spi_word, spi_bit))
FIGURE_EACH(mmio_write_gicd_isenabler_all, disable(all_word, UINT32_MAX), mmio_write32(dist + GICD_ISENABLER + all_word, UINT32_MAX))
FIGURE(vtimer_irq_spin, timer_spin())
FIGURE(vtimer_irq_wfi, timer_wfi())
FIGURE(sgi_self, sgi_self())
FIGURE(uart_exits_per_char, put('.'))

int main(void)
{
	struct tree_range regs = { 0, 0 };
	int vtimer = tree_irq(tree_find("arm,armv8-timer"), 2);
	unsigned spi = (unsigned)tree_option_number("spi", 34);
	unsigned all = (unsigned)tree_option_number("all", 32);

	tree_reg(tree_find("arm,pl011"), 0, &regs);
	uart = regs.base;
	dist = irq_gic()->dist;
	spi_bit = 1u << spi % 32;
	spi_word = spi / 32 * 4;
	all_word = all / 32 * 4;
	irq_set_handler((unsigned)vtimer, tick, NULL);
	irq_set_handler(SGI, arrive, NULL);

	printf("BENCH ready\n");
	getchar();		/* until the harness has its trace on */
	bench_empty();
	bench_hypercall();
	bench_psci_version();
	bench_mmio_read_gicd_typer();
	bench_vtimer_irq_spin();
	bench_vtimer_irq_wfi();
	bench_sgi_self();
	bench_uart_exits_per_char();
	bench_mmio_write_gicd_isenabler();
	irq_mask();		/* an SPI that nobody serves may come now */
	bench_mmio_write_gicd_isenabler_one();
	bench_mmio_write_gicd_isenabler_all();
	mmio_write32(dist + GICD_ICENABLER + spi_word, UINT32_MAX);
	mmio_write32(dist + GICD_ICENABLER + all_word, UINT32_MAX);
	printf("\nBENCH done\n");
	return 0;
}
