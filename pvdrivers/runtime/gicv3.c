/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3 without legacy: affinity routing, a redistributor a CPU, the CPU interface in system registers. Arm IHI 0069.
 */

#include <rt/cpu.h>
#include <rt/mmio.h>
#include <rt/sysreg.h>

#include "gic_ops.h"

#define GICR_WAKER	0x0014
#define GICR_TYPER	0x0008
#define GICR_STRIDE	0x20000u
#define GICR_SGI_FRAME	0x10000u

#define WAKER_SLEEP	(1u << 1)
#define WAKER_CHILDREN	(1u << 2)
#define TYPER_VLPIS	(1u << 1)
#define TYPER_LAST	(1u << 4)

static const struct gic_info *gic;
static uint64_t frame[CPU_COUNT_MAX];	/* (owner CPU) its redistributor's SGI frame */

static uint64_t bank(unsigned irq)
{
	return irq < 32 ? frame[cpu_index()] : gic->dist;
}

static void wait_dist(void)
{
	while (mmio_read32(gic->dist + GICD_CTLR) & 1u << 31)
		cpu_relax();
}

static void init(const struct gic_info *info)
{
	gic = info;
	mmio_write32(gic->dist + GICD_CTLR, 1u << 4);			/* ARE_NS; or, with two states, ARE */
	wait_dist();
	mmio_write32(gic->dist + GICD_CTLR, 1u << 4 | 1u << 1 | 1u);	/* both groups */
	wait_dist();
}

static uint64_t find_redistributor(void)
{
	uint64_t mpidr = sysreg_read(mpidr_el1);
	uint64_t affinity = (mpidr & 0xffffff) | (mpidr >> 8 & 0xff000000);
	uint64_t at = gic->cpu;

	for (;;) {
		uint64_t typer = mmio_read32(at + GICR_TYPER) | (uint64_t)mmio_read32(at + GICR_TYPER + 4) << 32;

		if (typer >> 32 == affinity || typer & TYPER_LAST)
			return at;
		at += typer & TYPER_VLPIS ? 2 * GICR_STRIDE : GICR_STRIDE;
	}
}

static void init_cpu(const struct gic_info *info)
{
	uint64_t redistributor;

	gic = info;
	redistributor = find_redistributor();
	frame[cpu_index()] = redistributor + GICR_SGI_FRAME;
	mmio_write32(redistributor + GICR_WAKER, mmio_read32(redistributor + GICR_WAKER) & ~WAKER_SLEEP);
	while (mmio_read32(redistributor + GICR_WAKER) & WAKER_CHILDREN)
		cpu_relax();
	sysreg_write(s3_0_c12_c12_5, 1);	/* ICC_SRE_EL1 */
	cpu_isb();
	sysreg_write(s3_0_c4_c6_0, 0xff);	/* ICC_PMR_EL1 */
	sysreg_write(s3_0_c12_c12_3, 0);	/* ICC_BPR1_EL1 */
	sysreg_write(s3_0_c12_c12_4, 0);	/* ICC_CTLR_EL1: EOI ends and drops priority */
	sysreg_write(s3_0_c12_c12_7, 1);	/* ICC_IGRPEN1_EL1 */
	cpu_isb();
}

static void route(unsigned irq, unsigned cpu)
{
	mmio_write64(gic->dist + GICD_IROUTER + 8ull * irq, cpu_mpidr(cpu));
}

static void send(unsigned sgi, unsigned cpu)
{
	uint64_t mpidr = cpu_mpidr(cpu);
	uint64_t value = (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 | (uint64_t)sgi << 24 |
			 (mpidr >> 8 & 0xff) << 16 | (mpidr >> 4 & 0xf) << 44 | 1ull << (mpidr & 0xf);

	sysreg_write(s3_0_c12_c11_5, value);	/* ICC_SGI1R_EL1 */
	cpu_isb();
}

static unsigned acknowledge(void)
{
	unsigned irq = (unsigned)sysreg_read(s3_0_c12_c12_0);	/* ICC_IAR1_EL1 */

	cpu_dsb();
	return irq;
}

static void end(unsigned irq)
{
	sysreg_write(s3_0_c12_c12_1, irq);	/* ICC_EOIR1_EL1 */
	cpu_isb();
}

const struct gic_ops gicv3_ops = {
	.init = init,
	.init_cpu = init_cpu,
	.bank = bank,
	.route = route,
	.send = send,
	.acknowledge = acknowledge,
	.end = end,
};
