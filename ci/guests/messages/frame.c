/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lies to a GICv2m frame (Arm SBSA, GICv2m) and to an MSI-X table: entries with interrupts of others, addresses of others, in every
 * width. It must not know who answers.
 */

#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/tree.h>

#include "messages.h"

#define TYPER		0x08u
#define SETSPI		0x40u
#define FRAME_BYTES	0x1000u
#define TABLE_BYTES	0x1000u
#define ENTRY_COUNT	16u
#define INTIDS		1024u

static uint64_t base;
static unsigned first, count, leaked, foreign;

static bool find(void)
{
	struct tree_range range;
	int node = tree_find("arm,gic-v2m-frame");

	if (node < 0 || !tree_reg(node, 0, &range))
		return false;
	base = range.base;
	first = mmio_read32(base + TYPER) >> 16 & 0x3ff;
	count = mmio_read32(base + TYPER) & 0x3ff;
	return count != 0;
}

static bool is_fresh(void)
{
	return find();
}

static unsigned begin(void)
{
	irq_set_edge(first, true);
	irq_enable(first);
	source_aim(base + SETSPI, first);
	return first;
}

static bool is_own(uint64_t intid)
{
	return intid >= first && intid < first + count;
}

/* What an entry holds was never written by us unless it is ours: 0 is what it had before. */
static void table_look(void)
{
	uint64_t table = source_table();

	for (unsigned n = 0; n < ENTRY_COUNT; n++) {
		uint64_t address = mmio_read32(table + n * 16) | (uint64_t)mmio_read32(table + n * 16 + 4) << 32;
		uint32_t data = mmio_read32(table + n * 16 + 8);

		if ((data || address) && !is_own(data))
			leaked++;
		if (address && (address & 0xfff) != SETSPI)
			leaked++;
	}
}

static void lie(unsigned round)
{
	uint64_t table = source_table(), entry = table + random_next() % ENTRY_COUNT * 16;

	mmio_write32(entry + 8, round % INTIDS);
	mmio_write32(entry + 12, 0);
	mmio_write64(entry, random_next() % 2 ? 0x50000000 : random_next());
	mmio_write64(entry + 8, random_next() % INTIDS);
	(void)try_write(base + (random_next() & (FRAME_BYTES - 4)), 4, random_next() % INTIDS);
	if (round % 64 == 0)
		(void)try_all(table, TABLE_BYTES);
	table_look();
	(void)source_send();
	if (!interrupts_drain(first, first + count - 1))
		foreign++;
}

static void judge(void)
{
	unsigned refused = try_all(source_table(), TABLE_BYTES) + try_all(base, FRAME_BYTES);

	claim(refused > 0, "some widths are refused");
	claim(!leaked, "no entry of the table held what is not its partition's");
	claim(!foreign, "no interrupt came that is none of its messages");
}

const struct kind frame_kind = { is_fresh, begin, lie, judge };
