/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition's GICv2m frame, and the MSI-X tables of its functions. The frame
 * tells which interrupts are its own. In a table the partition chooses one of
 * them for each entry, and masks it; the address is ours. It must not know
 * PCI.
 */
#include "v2m.h"

#define MSI_TYPER 0x008u
#define MSI_SETSPI 0x040u
#define MSI_IIDR 0xfccu

#define ENTRY_BYTES 16u
#define ENTRY_DATA 8u
#define ENTRY_CONTROL 12u
#define CONTROL_MASK 1u

/* ---- the frame ---- */

static void type_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	const struct plan_v2m *v2m = access->state;

	(void)vcpu;
	(void)reg;
	access->value = v2m->first << 16 | v2m->count;
}

static const struct mmio_reg v2m_regs[] = {
	{ MSI_TYPER, 4, MMIO_W32, type_read, NULL, 0, "MSI_TYPER: first interrupt and their number; read only" },
	{ MSI_SETSPI, 4, MMIO_W32, NULL, NULL, 0, "MSI_SETSPI: for functions; a CPU has GICD_ISPENDR" },
	{ MSI_IIDR, 4, MMIO_W32, NULL, NULL, 0, "MSI_IIDR: nobody's" },
};

const struct mmio_block v2m_block = { "GICv2m", v2m_regs, ARRAY_COUNT(v2m_regs), true, 0 };

/* ---- tables ---- */

static volatile uint32_t *word_at(const struct plan_msix *msix, uint32_t offset)
{
	return (volatile uint32_t *)(msix->pa.v + offset);
}

static void data_write(const struct plan_msix *msix, uint32_t entry, uint32_t value)
{
	if (value - msix->v2m->first >= msix->v2m->count)
		return; /* another partition's, or no interrupt of a message */
	*word_at(msix, entry) = (uint32_t)msix->v2m->doorbell;
	*word_at(msix, entry + 4u) = (uint32_t)(msix->v2m->doorbell >> 32);
	*word_at(msix, entry + ENTRY_DATA) = value;
}

static void word_write(const struct plan_msix *msix, uint32_t offset, uint32_t value)
{
	uint32_t at = offset - msix->table;
	uint32_t field = at % ENTRY_BYTES;

	if (at >= msix->count * ENTRY_BYTES)
		return;
	if (field == ENTRY_DATA)
		data_write(msix, offset - field, value);
	else if (field == ENTRY_CONTROL)
		*word_at(msix, offset) = value & CONTROL_MASK;
}

static void table_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	const struct plan_msix *msix = access->state;

	(void)vcpu;
	(void)reg;
	access->value = *word_at(msix, access->offset);
	if (access->width == 8u)
		access->value |= (uint64_t)*word_at(msix, access->offset + 4u) << 32;
}

static void table_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	(void)reg;
	word_write(access->state, access->offset, (uint32_t)access->value);
	if (access->width == 8u)
		word_write(access->state, access->offset + 4u, (uint32_t)(access->value >> 32));
}

static const struct mmio_reg msix_regs[] = {
	{ 0, 0x10000, MMIO_W32 | MMIO_W64, table_read, table_write, 0, "MSI-X table: data of its own interrupts, mask; the address is ours. Pending bits" },
};

const struct mmio_block msix_block = { "MSI-X", msix_regs, ARRAY_COUNT(msix_regs), false, 0 };
