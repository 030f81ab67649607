/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VGICTEST_REGS_H
#define VGICTEST_REGS_H

/*
 * The GIC as a program sees it that cares for single bits: the same questions for GICv2 and GICv3, and the registers
 * that irq.h does not show. It must not know any test.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/sysreg.h>

#define GICD_CTLR	0x0000u
#define GICD_TYPER	0x0004u
#define GICD_ISENABLER	0x0100u
#define GICD_ICENABLER	0x0180u
#define GICD_ISPENDR	0x0200u
#define GICD_ICPENDR	0x0280u
#define GICD_ISACTIVER	0x0300u
#define GICD_ICACTIVER	0x0380u
#define GICD_IPRIORITYR	0x0400u
#define GICD_ITARGETSR	0x0800u
#define GICD_ICFGR	0x0c00u
#define GICD_SGIR	0x0f00u
#define GICD_CPENDSGIR	0x0f10u
#define GICD_SPENDSGIR	0x0f20u
#define GICD_IROUTER	0x6000u
#define GICD_PIDR2_V2	0x0fe8u
#define GICD_PIDR2_V3	0xffe8u

#define GICC_CTLR	0x0000u
#define GICC_PMR	0x0004u
#define GICC_RPR	0x0014u
#define GICC_HPPIR	0x0018u
#define GICC_DIR	0x1000u

static inline bool is_v3(void)
{
	return irq_gic()->version == 3;
}

/* Base of the registers that hold `irq`, of the CPU that asks. */
static inline uint64_t bank_of(unsigned irq)
{
	return is_v3() && irq < 32 ? irq_redistributor() + 0x10000 : irq_gic()->dist;
}

static inline bool bit_read(uint32_t file, unsigned irq)
{
	return mmio_read32(bank_of(irq) + file + irq / 32 * 4) >> irq % 32 & 1;
}

static inline void bit_write(uint32_t file, unsigned irq)
{
	mmio_write32(bank_of(irq) + file + irq / 32 * 4, 1u << irq % 32);
	cpu_dsb();
}

static inline bool is_enabled(unsigned irq) { return bit_read(GICD_ISENABLER, irq); }
static inline bool is_pending(unsigned irq) { return bit_read(GICD_ISPENDR, irq); }
static inline bool is_active(unsigned irq) { return bit_read(GICD_ISACTIVER, irq); }
static inline void set_pending(unsigned irq) { bit_write(GICD_ISPENDR, irq); }
static inline void clear_pending(unsigned irq) { bit_write(GICD_ICPENDR, irq); }
static inline void set_active(unsigned irq) { bit_write(GICD_ISACTIVER, irq); }
static inline void clear_active(unsigned irq) { bit_write(GICD_ICACTIVER, irq); }

static inline void set_mask(uint8_t priority)
{
	if (is_v3())
		sysreg_write(s3_0_c4_c6_0, priority);
	else
		mmio_write32(irq_gic()->cpu + GICC_PMR, priority);
	cpu_isb();
}

static inline uint32_t running_priority(void)
{
	return is_v3() ? (uint32_t)sysreg_read(s3_0_c12_c11_3) & 0xff : mmio_read32(irq_gic()->cpu + GICC_RPR) & 0xff;
}

static inline uint32_t highest_pending(void)
{
	return is_v3() ? (uint32_t)sysreg_read(s3_0_c12_c12_2) & 0x3ff : mmio_read32(irq_gic()->cpu + GICC_HPPIR) & 0x3ff;
}

/* End of interrupt in two steps (priority drop, then deactivation), or in one. */
static inline void split_end(bool split)
{
	if (is_v3())
		sysreg_write(s3_0_c12_c12_4, split ? 2 : 0);
	else
		mmio_write32(irq_gic()->cpu + GICC_CTLR, split ? 1u << 9 | 1 : 1);
	cpu_isb();
}

static inline void deactivate(unsigned token)
{
	if (is_v3())
		sysreg_write(s3_0_c12_c11_1, token);
	else
		mmio_write32(irq_gic()->cpu + GICC_DIR, token);
	cpu_isb();
}

/* An interrupt that is on its way needs no more than this on a right machine. */
static inline void settle(void)
{
	for (volatile unsigned i = 0; i < 200; i++)
		cpu_isb();
}

/* The number that an acknowledge gives now; 1023: none. */
static inline unsigned take(unsigned *token)
{
	settle();
	*token = irq_acknowledge();
	return *token & 0x3ff;
}

#endif
