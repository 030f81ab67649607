/* SPDX-License-Identifier: Apache-2.0 */
/* What the hypervisor emulates for a partition, and where. It must not know how tables look. */
#include <stdlib.h>

#include "function.h"
#include "layout.h"

static void add_emul(struct part *part, const char *name, uint64_t ipa, uint64_t size, const char *block, const char *state)
{
	part->emuls[part->emul_count++] = (struct emul){ name, ipa, size, block, state };
}

static int compare_emuls(const void *a, const void *b)
{
	const struct emul *x = a, *y = b;

	return (x->ipa > y->ipa) - (x->ipa < y->ipa);
}

/* Where functions of its bus are that others have, the owner of a bus finds nothing. */
static void emulate_holes(const struct model *model, struct part *part)
{
	for (uint32_t i = 0; i < model->function_count; i++) {
		const struct board_device *d = model->functions[i].device;

		if (device_is_part(part, d->bridge))
			add_emul(part, d->label, function_config(d).base, FUNCTION_BYTES, "pci_block", "0");
	}
}

/* GICv2: what a function would write to the frame is the hypervisor's to say. */
static void emulate_messages(struct part *part)
{
	add_emul(part, "v2m", part->frame, PAGE_BYTES, "v2m_block", mem_format("(void *)&p%u_v2m", part->index));
	for (uint32_t i = 0; i < part->function_count; i++)
		if (part->functions[i].table.size)
			add_emul(part, mem_format("%s.msix", part->functions[i].device->label), part->functions[i].table_ipa, part->functions[i].table.size,
				 "msix_block", mem_format("(void *)&p%u_f%u_msix", part->index, i));
}

void emuls_list(const struct model *model, struct part *part)
{
	uint32_t p = part->index;

	add_emul(part, "gicd", GUEST_GICD, 0x10000, "vgicd_block", mem_format("&p%u.gic", p));
	if (model->gic_version == 3)
		add_emul(part, "gicr", GUEST_GICR, 0x20000ul * part->cpu_count, "vgicr_block", mem_format("&p%u.gic", p));
	if (part->has_console)
		add_emul(part, "uart", GUEST_UART, PAGE_BYTES, "pl011_block", mem_format("&p%u.uart", p));
	if (part->has_rtc)
		add_emul(part, "rtc", GUEST_RTC, PAGE_BYTES, "pl031_block", mem_format("&p%u.rtc", p));
	if (part->its)
		add_emul(part, "its", part->its, ITS_BYTES, "gits_block", mem_format("&p%u.gic", p));
	if (part->frame)
		emulate_messages(part);
	if (part->function_count)
		add_emul(part, "pci", GUEST_ECAM, MIB, "pci_block", "0");
	emulate_holes(model, part);
	qsort(part->emuls, part->emul_count, sizeof(part->emuls[0]), compare_emuls);
}
