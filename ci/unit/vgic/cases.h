/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for cases: vCPU 0 of ALPHA writes to a register of one interrupt, a CPU takes and ends one, with everybody at rest. It
 * must not know what is tried.
 */
#ifndef CI_UNIT_VGIC_CASES_H
#define CI_UNIT_VGIC_CASES_H

#include "../tap.h"
#include "world.h"

#define NORMAL 0x80u
#define URGENT 0x40u

static inline uint32_t bit(irq_t irq)
{
	return 1u << irq % 32u;
}

/* The register of `file` that has `irq` of vCPU 0 of ALPHA, and vCPU 0 asks. */
static inline struct place place(uint32_t file, irq_t irq)
{
	return (struct place){ ALPHA, 0, 0, file, file == GICD_IPRIORITYR ? irq / 4u : file == GICD_ICFGR ? irq / 16u : irq / 32u };
}

static inline void set(uint32_t asker, uint32_t file, irq_t irq)
{
	struct place at = place(file, irq);

	at.asker = asker;
	world_write(&at, bit(irq));
}

static inline void set_priority(irq_t irq, uint32_t priority)
{
	struct place at = place(GICD_IPRIORITYR, irq);
	uint32_t shift = 8u * (irq % 4u);

	world_write(&at, (world_read(&at) & ~(0xffu << shift)) | priority << shift);
}

static inline void route_to(irq_t irq, uint32_t vcpu)
{
	world_route(ALPHA, 0, irq, GIC == 2 ? 1u << vcpu : vcpu, false);
}

static inline irq_t take(uint32_t cpu)
{
	world_settle();
	return world_take(cpu);
}

static inline irq_t end(uint32_t cpu)
{
	irq_t irq = world_end(cpu);

	world_settle();
	return irq;
}

static inline void begin(uint32_t lr_count)
{
	world_begin(lr_count);
	world_guest_starts(BETA, NORMAL);
	world_guest_starts(ALPHA, NORMAL);
	world_settle();
}

#endif
