/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of devices that are given to partitions. */
#include "check_list.h"

#include "function.h"

#include <inttypes.h>

/* Every device that a partition owns. */
#define FOR_OWNED(owner, device, model)                                                                          \
	for (const struct part *owner = (model)->parts; owner < (model)->parts + (model)->part_count; owner++) \
		for (const struct board_device *device, *const *device##_at = owner->devices;                    \
		     device##_at < owner->devices + owner->device_count && (device = *device##_at) != NULL; device##_at++)

static const char *symbol(const struct board_device *d, const struct part *part)
{
	return mem_format("CONFIG_DEV_%s_PART%u=y", d->symbol, part->number);
}

void check_device_dma(const struct model *model, struct findings *f)
{
	FOR_OWNED(part, d, model)
		if (!d->is_bus_master || device_is_confined(model, d))
			continue;
		else if (!part->is_trusted_dma)
			find(f, "%s: \"%s\" %s masters memory by itself, and no IOMMU is driven that could keep it inside RAM of \"%s\": it could write into every "
				"partition and the hypervisor; set CONFIG_DEV_%s_NONE=y,%s or CONFIG_PART%u_TRUSTED_DMA=y if you trust \"%s\" with the whole board",
			     symbol(d, part), d->label, range_text(d->reg[0]), part->name, d->symbol, d->stream_count ? " CONFIG_IOMMU=y," : "", part->number,
			     part->name);
		else if (!d->is_pci && !d->bridge)
			find(f, "%s: \"%s\" %s masters memory by itself, and its driver in \"%s\" would give it addresses of the partition, which are not physical "
				"ones; only devices behind a PCI host bridge can be told others: set CONFIG_DEV_%s_NONE=y", symbol(d, part), d->label,
			     range_text(d->reg[0]), part->name, d->symbol);
}

static struct range pages_of(struct range r)
{
	uint64_t base = r.base / PAGE_BYTES * PAGE_BYTES;

	return (struct range){ base, align_up(range_end(r), PAGE_BYTES) - base };
}

static bool shares_page(const struct board_device *a, struct range *ra, const struct board_device *b, struct range *rb)
{
	for (uint32_t i = 0; i < a->reg_count; i++) {
		for (uint32_t k = 0; k < b->reg_count; k++) {
			*ra = a->reg[i];
			*rb = b->reg[k];
			if (range_overlaps(pages_of(*ra), pages_of(*rb)))
				return true;
		}
	}
	return false;
}

static void tell_page(struct findings *f, const struct board_device *d, const struct part *part, struct range reg, const char *other,
		      struct range other_reg, const char *owner)
{
	find(f, "%s: registers of \"%s\" %s are in one 4 KiB page with those of \"%s\" %s, which belongs to %s; \"%s\" would reach both: give both to one "
		"partition, or set CONFIG_DEV_%s_NONE=y", symbol(d, part), d->label, range_text(reg), other, range_text(other_reg), owner, part->name, d->symbol);
}

static void check_page_of(const struct model *model, struct findings *f, const struct part *part, const struct board_device *d)
{
	struct board_device uart = { .reg = { model->board->uart }, .reg_count = 1 };
	struct range reg, other;

	if (shares_page(d, &reg, &uart, &other))
		tell_page(f, d, part, reg, "console UART", other, "the hypervisor");
	for (uint32_t i = 0; i < model->board->device_count; i++) {
		const struct board_device *e = &model->board->devices[i];
		const struct part *owner = device_owner(model, e);

		/* Two owners: told once, for the first of the two devices. */
		if (e != d && !are_bus_and_function(d, e) && owner != part && (!owner || d < e) && shares_page(d, &reg, e, &other))
			tell_page(f, d, part, reg, e->label, other, owner ? mem_format("\"%s\"", owner->name) : "nobody");
	}
}

void check_device_page(const struct model *model, struct findings *f)
{
	FOR_OWNED(part, d, model)
		check_page_of(model, f, part, d);
}

/* Tells each pair of owned devices with a common interrupt; `same`: of one partition, or of two. */
static void check_irq_pairs(const struct model *model, struct findings *f, bool same)
{
	FOR_OWNED(part, d, model) {
		FOR_OWNED(other, e, model) {
			if (d >= e || (part == other) != same)
				continue;
			for (uint32_t i = 0; i < d->irq_count; i++)
				for (uint32_t k = 0; k < e->irq_count; k++)
					if (d->irq[i].intid == e->irq[k].intid)
						find(f, "%s and %s: \"%s\" of \"%s\" and \"%s\" of \"%s\" share interrupt %u, which %s; set one of them to none", symbol(d, part),
						     symbol(e, other), d->label, part->name, e->label, other->name, d->irq[i].intid,
						     same ? "cannot be passed on twice" : "only one partition can own");
		}
	}
}

void check_device_irq_shared(const struct model *model, struct findings *f)
{
	check_irq_pairs(model, f, false);
}

void check_device_irq_twice(const struct model *model, struct findings *f)
{
	check_irq_pairs(model, f, true);
	FOR_OWNED(part, d, model)
		for (uint32_t i = 0; i < d->irq_count; i++)
			for (uint32_t k = i + 1; k < d->irq_count; k++)
				if (d->irq[i].intid == d->irq[k].intid)
					find(f, "%s: \"%s\" of \"%s\" lists interrupt %u twice in board.dts; remove one", symbol(d, part), d->label, part->name,
					     d->irq[i].intid);
}

#define FOR_IRQS(owner, device, line, model) \
	FOR_OWNED(owner, device, model)     \
		for (const struct board_irq *line = device->irq; line < device->irq + device->irq_count; line++)

void check_device_irq_hypervisor(const struct model *model, struct findings *f)
{
	FOR_IRQS(part, d, irq, model) {
		bool is_smmu = model->has_iommu && (irq->intid == model->board->smmu.event_intid || irq->intid == model->board->smmu.error_intid);

		if (irq->intid == model->board->uart_intid || is_smmu)
			find(f, "%s: \"%s\" of \"%s\" has interrupt %u, which is the hypervisor's %s's; set CONFIG_DEV_%s_NONE=y", symbol(d, part), d->label,
			     part->name, irq->intid, is_smmu ? "IOMMU" : "console UART", d->symbol);
	}
}

void check_device_irq_kind(const struct model *model, struct findings *f)
{
	FOR_IRQS(part, d, irq, model)
		if (!irq->is_shared)
			find(f, "%s: \"%s\" of \"%s\" has interrupt %u, which each CPU has for itself (a PPI); only shared ones can be given away: set "
				"CONFIG_DEV_%s_NONE=y", symbol(d, part), d->label, part->name, irq->intid, d->symbol);
}

void check_device_irq_range(const struct model *model, struct findings *f)
{
	FOR_IRQS(part, d, irq, model)
		if (irq->is_shared && irq->intid >= INTID_SPI_END)
			find(f, "%s: \"%s\" of \"%s\" has interrupt %u, and a guest's controller has %d..%d; set CONFIG_DEV_%s_NONE=y", symbol(d, part), d->label,
			     part->name, irq->intid, INTID_SPI, INTID_SPI_END - 1, d->symbol);
}

void check_device_irq_guest(const struct model *model, struct findings *f)
{
	FOR_IRQS(part, d, irq, model) {
		bool is_uart = part->has_console && irq->intid == GUEST_UART_INTID, is_rtc = part->has_rtc && irq->intid == GUEST_RTC_INTID;

		if (is_uart || is_rtc)
			find(f, "%s: interrupt %u of \"%s\" is also that of the emulated %s of \"%s\"; set CONFIG_PART%u_%s=n", symbol(d, part), irq->intid, d->label,
			     is_uart ? "console" : "clock", part->name, part->number, is_uart ? "CONSOLE" : "RTC");
	}
}

static void check_place(struct findings *f, const struct part *part, const struct board_device *d, const char *name, struct range taken,
			const char *fix)
{
	for (uint32_t r = 0; r < d->reg_count; r++)
		if (range_overlaps(pages_of(d->reg[r]), taken))
			find(f, "%s: \"%s\" %s stands where \"%s\" has its %s %s; %s", symbol(d, part), d->label, range_text(d->reg[r]), part->name, name,
			     range_text(taken), fix);
}

void check_device_address(const struct model *model, struct findings *f)
{
	FOR_OWNED(part, d, model) {
		if (d->bridge)
			continue; /* its owner sees it elsewhere */

		const char *none = mem_format("set CONFIG_DEV_%s_NONE=y", d->symbol);

		check_place(f, part, d, "RAM", (struct range){ GUEST_RAM, part->memory }, none);
		check_place(f, part, d, "interrupt distributor", (struct range){ GUEST_GICD, 0x10000 }, none);
		if (model->gic_version == 2)
			check_place(f, part, d, "interrupt interface", (struct range){ GUEST_GICC, 0x2000 }, none);
		else
			check_place(f, part, d, "redistributors", (struct range){ GUEST_GICR, 0x20000ul * part->cpu_count }, none);
		if (part->has_console)
			check_place(f, part, d, "emulated console", (struct range){ GUEST_UART, PAGE_BYTES }, mem_format("set CONFIG_PART%u_CONSOLE=n", part->number));
		if (part->has_rtc)
			check_place(f, part, d, "emulated clock", (struct range){ GUEST_RTC, PAGE_BYTES }, mem_format("set CONFIG_PART%u_RTC=n", part->number));
		if (back_count(model, part))
			check_place(f, part, d, "windows", (struct range){ BACK_WINDOW, BACK_SHARED + GIB - BACK_WINDOW }, none);
	}
}

void check_device_reference(const struct model *model, struct findings *f)
{
	for (const struct part *part = model->parts; part < model->parts + model->part_count; part++)
		if (part->dtb_error)
			find(f, "%s: the device tree of \"%s\" cannot be made: %s%s", part->dtb_device ? symbol(part->dtb_device, part) : "CONFIG_BOARD", part->name,
			     part->dtb_error, part->dtb_device ? mem_format("; set CONFIG_DEV_%s_NONE=y", part->dtb_device->symbol) : "");
}
