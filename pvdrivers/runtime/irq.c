/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupts: the handlers' table, and the registers that both GICs have in common. What differs is behind gic_ops.
 */

#include <stdio.h>

#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/sysreg.h>
#include <rt/tree.h>

#include "gic_ops.h"

#define PRIORITY_START	0xa0u

static const struct {
	const char *compatible;
	unsigned version;
	const struct gic_ops *ops;
} kinds[] = {
	{ "arm,gic-v3", 3, &gicv3_ops },
	{ "arm,cortex-a15-gic", 2, &gicv2_ops },
	{ "arm,gic-400", 2, &gicv2_ops },
};

static struct {
	irq_handler_t call;
	void *arg;
} handlers[IRQ_COUNT];

static struct gic_info gic;
static const struct gic_ops *ops;

const struct gic_info *irq_gic(void)
{
	return &gic;
}

static void find_gic(void)
{
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int node = tree_find(kinds[i].compatible);
		struct tree_range dist, cpu;

		if (node < 0 || !tree_reg(node, 0, &dist) || !tree_reg(node, 1, &cpu))
			continue;
		gic = (struct gic_info){ kinds[i].version, dist.base, cpu.base };
		ops = kinds[i].ops;
		return;
	}
}

static unsigned spi_words(void)
{
	unsigned words = (mmio_read32(gic.dist + GICD_TYPER) & 31) + 1;

	return words < IRQ_COUNT / 32 ? words : IRQ_COUNT / 32;
}

/* The 32 interrupts of register `word`: off, not active, level, group 1 (GICv3 only), one priority. */
static void reset_word(uint64_t bank, unsigned word)
{
	mmio_write32(bank + GICD_ICENABLER(word), UINT32_MAX);
	mmio_write32(bank + GICD_ICACTIVER(word), UINT32_MAX);
	mmio_write32(bank + GICD_IGROUPR(word), gic.version == 3 ? UINT32_MAX : 0);
	if (word)
		mmio_write32(bank + GICD_ICFGR(2 * word), 0);
	mmio_write32(bank + GICD_ICFGR(2 * word + 1), 0);
	for (unsigned n = 0; n < 32; n += 4)
		mmio_write32(bank + GICD_IPRIORITYR + 32 * word + n, PRIORITY_START * 0x01010101u);
}

void irq_init(void)
{
	find_gic();
	if (!ops)
		return;
	for (unsigned word = 1; word < spi_words(); word++)
		reset_word(gic.dist, word);
	ops->init(&gic);
	for (unsigned irq = 32; irq < 32 * spi_words(); irq++)
		ops->route(irq, 0);
}

void irq_init_cpu(void)
{
	if (!ops)
		return;
	ops->init_cpu(&gic);
	reset_word(ops->bank(0), 0);
	mmio_write32(ops->bank(0) + GICD_ISENABLER(0), 0xffff);
}

void irq_set_handler(unsigned irq, irq_handler_t handler, void *arg)
{
	handlers[irq].arg = arg;
	handlers[irq].call = handler;
}

void irq_enable(unsigned irq)
{
	if (ops)
		mmio_write32(ops->bank(irq) + GICD_ISENABLER(irq / 32), 1u << irq % 32);
}

void irq_disable(unsigned irq)
{
	if (ops)
		mmio_write32(ops->bank(irq) + GICD_ICENABLER(irq / 32), 1u << irq % 32);
}

void irq_set_priority(unsigned irq, uint8_t priority)
{
	if (ops)
		mmio_write8(ops->bank(irq) + GICD_IPRIORITYR + irq, priority);
}

void irq_set_edge(unsigned irq, bool edge)
{
	if (!ops)
		return;

	uint64_t at = ops->bank(irq) + GICD_ICFGR(irq / 16);
	uint32_t bit = 2u << 2 * (irq % 16);

	mmio_write32(at, edge ? mmio_read32(at) | bit : mmio_read32(at) & ~bit);
}

void irq_set_cpu(unsigned irq, unsigned cpu)
{
	if (ops && irq >= 32)
		ops->route(irq, cpu);
}

void irq_send(unsigned sgi, unsigned cpu)
{
	cpu_dsb();	/* what was written before is seen by the handler */
	if (ops)
		ops->send(sgi, cpu);
}

unsigned irq_acknowledge(void)
{
	return ops ? ops->acknowledge() : IRQ_SPURIOUS;
}

void irq_end(unsigned irq)
{
	if (ops)
		ops->end(irq);
}

uint64_t irq_redistributor(void)
{
	return gic.version == 3 ? ops->bank(0) - 0x10000 : 0;
}

void irq_dispatch(void)
{
	for (;;) {
		unsigned token = irq_acknowledge();
		unsigned irq = token & 1023;

		if (irq >= 1020)
			return;
		if (irq < IRQ_COUNT && handlers[irq].call) {
			handlers[irq].call(irq, handlers[irq].arg);
		} else {
			printf("interrupt %u has no handler: disabled\n", irq);
			irq_disable(irq);
		}
		irq_end(token);
	}
}
