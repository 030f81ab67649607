/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message-signalled interrupts on GICv2 (Arm Server Base System Architecture,
 * "GICv2m"): a function writes the number of a shared interrupt to a frame. A
 * frame takes any number, so what a function writes is the hypervisor's: its
 * MSI-X table exits.
 */
#ifndef ARM64_V2M_H
#define ARM64_V2M_H

#include <hyp/plan.h>

/* What a partition has of the board's frame. Its shared interrupts are among plan_partition.irqs too: edges, with their physical
 * numbers. */
struct plan_v2m {
	irq_t first;       /* INTID */
	uint32_t count;
	uint64_t doorbell; /* what its functions write to: the frame's 0x40, as their DMA reaches it */
};

/* Whole pages with an MSI-X table, and nothing else that the function's driver must write. */
struct plan_msix {
	const struct plan_v2m *v2m;
	pa_t pa;           /* of the pages, which stage 1 maps */
	uint32_t table;    /* offset of the table in them, bytes */
	uint32_t count;    /* entries that may be used: message_count of the function */
};

/* The frame as its partition sees it, 4 KiB; struct plan_emul.state is its struct plan_v2m. */
extern const struct mmio_block v2m_block;
/* The pages of the table; struct plan_emul.state is a struct plan_msix. */
extern const struct mmio_block msix_block;

#endif
