/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_IRQ_H
#define RT_IRQ_H

/*
 * Interrupts, over GICv2 or GICv3, whichever the device tree has. Handlers run on the CPU that took the interrupt, with
 * interrupts masked, on the stack of what was interrupted; they may use stdio and floating point.
 */

#include <stdbool.h>
#include <stdint.h>

#define IRQ_COUNT	288u	/* SGIs 0..15, PPIs 16..31, SPIs */
#define IRQ_SPURIOUS	1023u

typedef void (*irq_handler_t)(unsigned irq, void *arg);

struct gic_info {
	unsigned version;	/* 2 or 3; 0: the device tree has no GIC, and no function below does anything */
	uint64_t dist;		/* distributor */
	uint64_t cpu;		/* CPU interface (2) or first redistributor (3) */
};

/** Where the GIC is. */
const struct gic_info *irq_gic(void);

/** (runtime) Sets the GIC up, once; then each CPU's part of it, on that CPU. */
void irq_init(void);
void irq_init_cpu(void);

/** Calls `handler` for `irq` from now on; NULL: none, and an arriving one is disabled and reported. */
void irq_set_handler(unsigned irq, irq_handler_t handler, void *arg);

/** For SGIs and PPIs, on the CPU that calls. */
void irq_enable(unsigned irq);
void irq_disable(unsigned irq);

/** Lower is more urgent; 0xa0 at the start. */
void irq_set_priority(unsigned irq, uint8_t priority);

/** Edge or level, for SPIs; all are level at the start. */
void irq_set_edge(unsigned irq, bool edge);

/** Routes an SPI to the CPU with this index; CPU 0 at the start. */
void irq_set_cpu(unsigned irq, unsigned cpu);

/** Sends SGI 0..15 to the CPU with this index. */
void irq_send(unsigned sgi, unsigned cpu);

/** Takes the most urgent interrupt and ends it, for programs that poll with interrupts masked. */
unsigned irq_acknowledge(void);
void irq_end(unsigned irq);

/** Address of this CPU's redistributor (GICv3); 0 with GICv2. */
uint64_t irq_redistributor(void);

/** (vectors) Serves what is pending. */
void irq_dispatch(void);

/** Unmasks or masks interrupts on this CPU. Handlers run only while unmasked; a program starts unmasked. */
static inline void irq_unmask(void) { __asm__ volatile("msr daifclr, #2" : : : "memory"); }
static inline void irq_mask(void) { __asm__ volatile("msr daifset, #2" : : : "memory"); }

#endif
