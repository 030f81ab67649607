/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arm64 part of the plan and the storage types that the generated plan
 * needs. The generated file includes <hyp/plan.h>, <hyp/partition.h>,
 * <hyp/console.h> and this one, and nothing else.
 */
#ifndef ARM64_PLAN_H
#define ARM64_PLAN_H

#include <hyp/partition.h>
#include <hyp/plan.h>

#include "vcpu.h"
#include "vgic.h"

/* Who owns a physical shared interrupt. Sorted by physical. */
struct arm64_irq_owner {
	irq_t physical;
	irq_t virtual;
	uint16_t partition; /* index in plan.partitions */
	bool is_edge;
};

struct arch_plan {
	uint32_t gic_version; /* 2 or 3: compared with the driver that was linked */
	pa_t gicd;            /* distributor */
	pa_t gicr;            /* v3: first redistributor */
	uint64_t gicr_size;   /* v3: bytes of all redistributor frames, 128 KiB each */
	pa_t gicc;            /* v2: CPU interface */
	pa_t gich;            /* v2: virtual interface control */
	pa_t gicv;            /* v2: virtual CPU interface, mapped into guests at their GICC */
	pa_t uart;            /* PL011 */
	irq_t uart_irq;
	uint32_t uart_clock_hz;
	const struct arm64_irq_owner *owners;
	uint32_t owner_count;
};

/* Run-time state of a partition on arm64. */
struct arm64_partition {
	struct partition core; /* first: the core points at it */
	struct vgic gic;
	struct pl011 {
		uint32_t cr, lcr, ibrd, fbrd, ifls, imsc, ris, dmacr; /* (partition lock) registers, ARM DDI 0183 */
		void *page;  /* (boot) device page shown read only at the PL011's IPA; null: none */
	} uart;
	struct pl031 {
		uint64_t offset_s;  /* (partition lock) wall-clock seconds minus counter seconds */
		uint32_t match, imsc, ris;
		bool is_armed;
	} rtc;
};

struct arch_plan_partition {
	uint16_t vmid;           /* 1.. */
	bool has_uart, has_rtc;  /* emulated PL011, PL031 */
	ipa_t uart_ipa;
	irq_t uart_irq;          /* virtual INTID */
	pa_t uart_page;          /* its device page, a page of the hypervisor region */
	irq_t rtc_irq;
	ipa_t gicd, gicr, gicc;  /* virtual bases; gicr: v3 only, gicc: v2 only */
	uint32_t spi_count;      /* shared interrupts of the virtual distributor, a multiple of 32 */
	bool is_exclusive;       /* every vCPU has a CPU of its own: WFI is not trapped */
};

/* Register blocks that the plan may place (struct plan_emul.block). State: the struct named. */
extern const struct mmio_block vgicd_block;  /* state: struct vgic; of the linked GIC version */
extern const struct mmio_block vgicr_block;  /* v3; state: struct vgic; 128 KiB a vCPU, one after the other */
extern const struct mmio_block pl011_block;  /* state: struct pl011 */
extern const struct mmio_block pl031_block;  /* state: struct pl031 */

#endif
