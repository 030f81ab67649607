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
			add_emul(part, d->label, function_config(d).base, FUNCTION_BYTES, "pci_block", NULL);
	}
}

void emuls_list(const struct model *model, struct part *part)
{
	add_emul(part, "gicd", GUEST_GICD, 0x10000, "vgicd_block", "gic");
	if (model->gic_version == 3)
		add_emul(part, "gicr", GUEST_GICR, 0x20000ul * part->cpu_count, "vgicr_block", "gic");
	if (part->has_console)
		add_emul(part, "uart", GUEST_UART, PAGE_BYTES, "pl011_block", "uart");
	if (part->has_rtc)
		add_emul(part, "rtc", GUEST_RTC, PAGE_BYTES, "pl031_block", "rtc");
	if (part->its)
		add_emul(part, "its", part->its, ITS_BYTES, "gits_block", "gic");
	if (part->function_count)
		add_emul(part, "pci", GUEST_ECAM, MIB, "pci_block", NULL);
	emulate_holes(model, part);
	qsort(part->emuls, part->emul_count, sizeof(part->emuls[0]), compare_emuls);
}
