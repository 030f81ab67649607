/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SMMU (SMMUv3, ARM IHI 0070), stage 2 only: a device's DMA is translated
 * by the tables that its partition's own accesses are translated by. It must
 * not know buses: a stream is a number.
 */
#ifndef ARM64_SMMU_H
#define ARM64_SMMU_H

#include <hyp/plan.h>
#include <hyp/types.h>

#define SMMU_STREAM_BITS 8u  /* stream table: the functions of one PCI bus */
#define SMMU_SPLIT_BITS 6u   /* in two levels, of which the second comes in pages */
#define SMMU_COMMAND_BITS 5u
#define SMMU_EVENT_BITS 6u

/* What the SMMU reads and writes of our memory, each array on a multiple of its own size. The plan has one, zeroed, if it has an SMMU. */
struct smmu_memory {
	uint64_t table[1u << SMMU_STREAM_BITS][8];    /* stream table entries */
	struct pt_page nothing;                       /* the tables of a stream that reaches nothing: all its entries are empty */
	uint64_t events[1u << SMMU_EVENT_BITS][4];
	uint64_t commands[1u << SMMU_COMMAND_BITS][2];
	uint64_t roots[1u << (SMMU_STREAM_BITS - SMMU_SPLIT_BITS)] __attribute__((aligned(64))); /* first level of the stream table */
} __attribute__((aligned(4096)));

_Static_assert(offsetof(struct smmu_memory, events) % sizeof(((struct smmu_memory *)0)->events) == 0, "the queue's base has no lower bits");
_Static_assert(offsetof(struct smmu_memory, commands) % sizeof(((struct smmu_memory *)0)->commands) == 0, "the queue's base has no lower bits");

/* Streams `first` to `first` + `count` - 1 belong to `partition`. On PCI a stream is a requester ID. */
struct plan_stream {
	uint32_t first, count;
	uint16_t partition; /* index in plan.partitions */
	const char *device;
};

struct plan_smmu {
	pa_t base;        /* 128 KiB of registers */
	irq_t event_irq;  /* an event was written; edge */
	irq_t error_irq;  /* a global error; edge */
	struct smmu_memory *memory;
	const struct plan_stream *streams;
	uint32_t stream_count;
};

/** Every stream reaches nothing from now on. Context: boot CPU, once, before any partition starts. Without an SMMU in the plan
 * it does nothing. Errors: ERR_HARDWARE if the SMMU is not one that can keep the plan's promises. */
MUST_CHECK enum err smmu_init(void);

/** Forget every translation of the streams of `partition`; completes before it returns. */
void smmu_flush(const struct plan_partition *partition);

/** arch_dma_block() and arch_dma_allow() of its streams. */
void smmu_block(const struct plan_partition *partition);
void smmu_allow(const struct plan_partition *partition);

/** Is `irq` one of the SMMU's? Then it is handled. */
bool smmu_irq(irq_t irq);

#endif
