/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's own address space, one to one: the hypervisor's sections each with
 * its permissions, stacks between guard pages, guest RAM without execution,
 * devices. Runs before the MMU is on.
 */
#include <hyp/pagetable.h>

#include "arm64.h"

#define LEAF_VALID 1ul
#define LEAF_PAGE 2ul /* at level 3 */
#define LEAF_ATTR(index) ((uint64_t)(index) << 2)
#define LEAF_AP1 BIT(6) /* RES1 where there is one privilege level */
#define LEAF_RO BIT(7)
#define LEAF_INNER (3ul << 8)
#define LEAF_AF BIT(10)
#define LEAF_XN BIT(54)

enum mair_index { MAIR_DEVICE = 0, MAIR_NORMAL = 1, MAIR_UNCACHED = 2 };
#define MAIR_VALUE (0x00ul << 8 * MAIR_DEVICE | 0xfful << 8 * MAIR_NORMAL | 0x44ul << 8 * MAIR_UNCACHED)

/* Flags of ours beside the plan's. */
#define MAP_EXECUTE (1u << 16)
#define MAP_UNCACHED (1u << 17)

extern const char image_start[], text_end[], rodata_end[], data_end[], pages_end[], stacks_end[];

/* In the order in which entry.S loads them. */
struct {
	uint64_t mair, tcr, ttbr, sctlr;
} mmu_values;

static uint64_t leaf(pa_t pa, uint32_t flags, uint32_t level)
{
	uint64_t attributes = LEAF_VALID | LEAF_AP1 | LEAF_INNER | LEAF_AF | (level == 3u ? LEAF_PAGE : 0);

	if (flags & PLAN_MAP_DEVICE)
		attributes |= LEAF_ATTR(MAIR_DEVICE);
	else
		attributes |= LEAF_ATTR(flags & MAP_UNCACHED ? MAIR_UNCACHED : MAIR_NORMAL);
	if (flags & PLAN_MAP_READ_ONLY)
		attributes |= LEAF_RO;
	if (!(flags & MAP_EXECUTE))
		attributes |= LEAF_XN;
	return pa.v | attributes;
}

static const struct pagetable_format stage1_format = { leaf };

static void map_pages(struct pagetable *table, const void *start, const void *end, uint32_t flags)
{
	uint64_t at = (uint64_t)start;

	pagetable_map(table, at, (pa_t){ at }, (uint64_t)end - at, flags, true);
}

/* The image lies in the order text, rodata, data and tables, device pages, stacks; the handoff behind it. */
static void map_hypervisor(struct pagetable *table, const struct handoff *handoff)
{
	const char *handoff_page = (const char *)((uint64_t)handoff & ~(PAGE_SIZE - 1u));

	map_pages(table, image_start, text_end, MAP_EXECUTE | PLAN_MAP_READ_ONLY);
	map_pages(table, text_end, rodata_end, PLAN_MAP_READ_ONLY);
	map_pages(table, rodata_end, data_end, 0);
	map_pages(table, data_end, pages_end, MAP_UNCACHED);
	for (uint32_t i = 0; i < plan.cpu_count; i++)
		map_pages(table, plan.arch->stacks[i].bytes, plan.arch->stacks[i].bytes + ARM64_STACK_BYTES, 0);
	map_pages(table, handoff_page, handoff_page + PAGE_SIZE, PLAN_MAP_READ_ONLY);
}

static void map_all(const struct handoff *handoff)
{
	struct pagetable table = {
		.pool = plan.arch->stage1_pool,
		.page_count = plan.arch->stage1_page_count,
		.format = &stage1_format,
	};

	for (uint32_t i = 0; i < plan.arch->stage1_count; i++) {
		const struct plan_map *map = &plan.arch->stage1[i];

		if (map->flags & ARM64_MAP_HYPERVISOR)
			map_hypervisor(&table, handoff);
		else
			pagetable_map(&table, map->ipa.v, map->pa, map->size, map->flags, false);
	}
	ASSERT(table.used == table.page_count);
}

static uint64_t physical_size(void)
{
	uint64_t range = SYSREG_READ(id_aa64mmfr0_el1) & 0xfu;

	return (range > 5u ? 5u : range) << TCR_PS_SHIFT; /* 48 bits are the most that 4 KiB descriptors hold without LPA2 */
}

/* Called by entry.S on the boot CPU, MMU off. */
struct arm64_cpu *boot_map(const struct handoff *handoff);
struct arm64_cpu *boot_map(const struct handoff *handoff)
{
	map_all(handoff);
	for (uint32_t i = 0; i < plan.cpu_count; i++)
		((struct arm64_cpu *)(void *)plan.cpus[i].state)->stack_top = (uint64_t)(&plan.arch->stacks[i] + 1);
	mmu_values.mair = MAIR_VALUE;
	mmu_values.tcr = TCR_T0SZ_39 | TCR_WALKS | TCR_EL2_RES1 | physical_size();
	mmu_values.ttbr = (uint64_t)plan.arch->stage1_pool;
	mmu_values.sctlr = SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN;
	return (struct arm64_cpu *)(void *)plan.cpus[0].state;
}
