/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv2: banked distributor registers, a CPU interface in memory, CPUs by number. Arm IHI 0048.
 */

#include <rt/cpu.h>
#include <rt/mmio.h>

#include "gic_ops.h"

#define GICC_CTLR	0x0000
#define GICC_PMR	0x0004
#define GICC_BPR	0x0008
#define GICC_IAR	0x000c
#define GICC_EOIR	0x0010

static const struct gic_info *gic;
static uint8_t mask_of[CPU_COUNT_MAX];	/* (owner CPU) its bit in ITARGETSR: a CPU can read its own only */

static uint64_t bank(unsigned irq)
{
	(void)irq;
	return gic->dist;
}

static void init(const struct gic_info *info)
{
	gic = info;
	mmio_write32(gic->dist + GICD_CTLR, 1);
}

static void init_cpu(const struct gic_info *info)
{
	uint32_t mask = mmio_read32(info->dist + GICD_ITARGETSR) & 0xff;

	mask_of[cpu_index()] = mask ? (uint8_t)mask : 1;	/* a machine with one CPU reads zero */
	mmio_write32(info->cpu + GICC_PMR, 0xff);
	mmio_write32(info->cpu + GICC_BPR, 0);
	mmio_write32(info->cpu + GICC_CTLR, 1);
}

static void route(unsigned irq, unsigned cpu)
{
	mmio_write8(gic->dist + GICD_ITARGETSR + irq, mask_of[cpu] ? mask_of[cpu] : (uint8_t)(1u << cpu));
}

static void send(unsigned sgi, unsigned cpu)
{
	mmio_write32(gic->dist + GICD_SGIR, (mask_of[cpu] ? mask_of[cpu] : 1u << cpu) << 16 | sgi);
}

/* With an SGI's sender in bits 12..10, as the end of interrupt wants it back. */
static unsigned acknowledge(void)
{
	return mmio_read32(gic->cpu + GICC_IAR) & 0x1fff;
}

static void end(unsigned irq)
{
	mmio_write32(gic->cpu + GICC_EOIR, irq);
}

const struct gic_ops gicv2_ops = {
	.init = init,
	.init_cpu = init_cpu,
	.bank = bank,
	.route = route,
	.send = send,
	.acknowledge = acknowledge,
	.end = end,
};
