/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arm64 part of the plan and the storage types that the generated plan
 * needs. The generated file includes <hyp/plan.h>, <hyp/partition.h>,
 * <hyp/console.h>, <hyp/pci.h> if functions are given away, and this one.
 */
#ifndef ARM64_PLAN_H
#define ARM64_PLAN_H

#include <hyp/partition.h>
#include <hyp/plan.h>

#include "its.h"
#include "smmu.h"
#include "v2m.h"
#include "vcpu.h"
#include "vgic.h"

/* Who owns a physical shared interrupt. Sorted by physical. */
struct arm64_irq_owner {
	irq_t physical;
	irq_t virtual;
	uint16_t partition; /* index in plan.partitions */
	bool is_edge;
};

/*
 * Stack of one CPU at EL2, below it a guard page that stage 1 leaves out. The generated plan defines one array of them,
 * one a CPU, in section ".stacks"; the linker script puts a last guard page behind it.
 */
#define ARM64_STACK_BYTES 4096u
struct arm64_stack {
	uint8_t guard[PAGE_SIZE];
	uint8_t bytes[ARM64_STACK_BYTES];
} __attribute__((aligned(PAGE_SIZE)));

/* What plan_cpu.state points at: storage of this type, zeroed. */
struct arm64_cpu {
	struct cpu core; /* first: the core points at it; TPIDR_EL2 holds its address */
	uint64_t stack_top; /* (boot) */
	uint64_t kick;      /* (boot) GICv3: what to write to ICC_SGI1R_EL1 to interrupt it */
	uint64_t serror;    /* (owner CPU) syndrome of an SError taken while draining */
	uint32_t counters;  /* (owner CPU) event counters that guests may have: all but the last */
	uint32_t workaround; /* (owner CPU) firmware function that cleans the branch predictor; 0: not needed */
};

/* Flag of a stage-1 map beside enum plan_map_flags: the hypervisor's own range. Its sections are mapped in pages, each
 * with its own permissions, so its pool needs a level-3 table for every 2 MiB that it touches. */
#define ARM64_MAP_HYPERVISOR (1u << 31)

struct arch_plan {
	/* What EL2 maps, one to one (ipa is the virtual address), sorted: the hypervisor, image store (RAM, read only), guest
	 * RAM, controller and UART pages (device). Its pool counts as a stage 2's does: 4 KiB, root at level 1. Device pages
	 * that guests see (uart_page) stand in section ".device_pages": EL2 sees them as normal non-cacheable memory. */
	const struct plan_map *stage1;
	uint32_t stage1_count;
	struct pt_page *stage1_pool; /* [0] is the root; in section ".tables", as the stage-2 pools are */
	uint32_t stage1_page_count;
	struct arm64_stack *stacks; /* one a CPU of the plan */

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
	pa_t rtc;             /* PL031 that tells the time at power-on, even if a partition owns it later; mapped by stage 1; 0: none */
	const struct arm64_irq_owner *owners;
	uint32_t owner_count;
	const struct plan_smmu *smmu; /* null: none, and no device's DMA is held back */
	const struct plan_its *its;   /* null: no message is an interrupt */
};

/* Run-time state of a partition on arm64. */
struct arm64_partition {
	struct partition core; /* first: the core points at it */
	struct vgic gic;
	struct pl011 {
		struct lock lock; /* after the partition's lock, before that of its vgic */
		uint32_t cr, lcr, ilpr, ibrd, fbrd, ifls, imsc, ris, dmacr; /* (lock) registers, ARM DDI 0183 */
		bool is_hidden;   /* (lock) input waits: the page is out of stage 2, reads exit */
		bool is_high;     /* (lock) the interrupt line */
	} uart;
	struct pl031 {
		struct lock lock; /* as above */
		uint32_t offset_s; /* (lock) value of DR minus counter seconds */
		uint32_t match, load, imsc, ris; /* (lock) ARM DDI 0224 */
		uint64_t deadline; /* (lock; read by anybody) counter value at which DR is MR */
		bool is_armed;    /* (lock; read by anybody) the match has not come yet */
		bool is_set;      /* (lock) offset_s holds: it outlives restarts, as a clock with a battery does */
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
	pa_t pci_config;         /* configuration space of bus 0 of the host bridge that it owns, 1 MiB, mapped by stage 1; 0: none */
	const struct plan_vits *vits; /* null: none, and no LPIs. spi_count + 32 is at most 288 all the same */
	/* What its streams reach, if that is not what its vCPUs reach: its RAM, and the page to which messages go (PLAN_MAP_DEVICE, from
	 * vits->base + 64 KiB to its->base + 64 KiB), which no vCPU reaches. The pool counts as a stage 2's does; null: its own stage 2. */
	const struct plan_map *dma_maps;
	uint32_t dma_map_count;
	struct pt_page *dma_pool; /* [0] is the root; in section ".tables" */
	uint32_t dma_page_count;
	bool is_exclusive;       /* every vCPU has a CPU of its own: WFI is not trapped */
};

/* Register blocks that the plan may place (struct plan_emul.block). State: the struct named. */
extern const struct mmio_block vgicd_block;  /* state: struct vgic; of the linked GIC version */
extern const struct mmio_block vgicr_block;  /* v3; state: struct vgic; 128 KiB a vCPU, one after the other */
extern const struct mmio_block pl011_block;  /* state: struct pl011 */
extern const struct mmio_block pl031_block;  /* state: struct pl031 */

#endif
