/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_GIC_OPS_H
#define RT_GIC_OPS_H

/*
 * What irq.c asks of a GIC, inside the runtime only. The two have the same distributor as far as irq.c needs it, up to
 * where an interrupt's banked registers stand and how the CPU talks to it.
 */

#include <stdint.h>

#include <rt/irq.h>

struct gic_ops {
	void (*init)(const struct gic_info *gic);
	void (*init_cpu)(const struct gic_info *gic);
	uint64_t (*bank)(unsigned irq);		/* base of the registers that hold `irq` */
	void (*route)(unsigned irq, unsigned cpu);
	void (*send)(unsigned sgi, unsigned cpu);
	unsigned (*acknowledge)(void);
	void (*end)(unsigned irq);
};

extern const struct gic_ops gicv2_ops;
extern const struct gic_ops gicv3_ops;

/* Offsets in the distributor, and in a GICv3 redistributor's second frame. */
#define GICD_CTLR		0x0000
#define GICD_TYPER		0x0004
#define GICD_IGROUPR(n)		(0x0080 + 4 * (n))
#define GICD_ISENABLER(n)	(0x0100 + 4 * (n))
#define GICD_ICENABLER(n)	(0x0180 + 4 * (n))
#define GICD_ICACTIVER(n)	(0x0380 + 4 * (n))
#define GICD_IPRIORITYR		0x0400
#define GICD_ITARGETSR		0x0800
#define GICD_ICFGR(n)		(0x0c00 + 4 * (n))
#define GICD_SGIR		0x0f00
#define GICD_IROUTER		0x6000

#endif
