/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_IRQ_H
#define RT_IRQ_H

/*
 * Stands in for the runtime's header of this name: nothing interrupts, the test's machine runs when somebody sleeps.
 */

typedef void (*irq_handler_t)(unsigned irq, void *arg);

static inline void irq_set_handler(unsigned irq, irq_handler_t handler, void *arg) { (void)irq, (void)handler, (void)arg; }
static inline void irq_enable(unsigned irq) { (void)irq; }
static inline void irq_disable(unsigned irq) { (void)irq; }
static inline void irq_mask(void) { }
static inline void irq_unmask(void) { }

#endif
