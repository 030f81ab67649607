/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of the virtual ITS as interrupts of the virtual interrupt
 * controller: message n is its shared interrupt VGIC_LPI + n, an edge that
 * has no physical one behind it. It must not know commands.
 */
#include "vits.h"

#define PROPERTY_ADDRESS(base) ((base) & 0xffffffffff000ul)
#define PROPERTY_LAST(base) ((2ul << ((base) & 0x1fu)) - 1u) /* INTID of its last byte, of which there are no more than INTIDs */
#define PROPERTY_ENABLE 1u
#define PROPERTY_PRIORITY 0xfcu

const volatile void *vits_memory(const struct plan_partition *partition, uint64_t ipa, uint64_t size)
{
	for (uint32_t i = 0; i < partition->map_count; i++) {
		const struct plan_map *map = &partition->maps[i];
		uint64_t offset = ipa - map->ipa.v;

		if (map->flags == PLAN_MAP_RAM && offset < map->size && size <= map->size - offset)
			return arch_memory((pa_t){ map->pa.v + offset }, size);
	}
	return NULL;
}

uint32_t vits_device(const struct vits_ref *ref, uint32_t id)
{
	const struct plan_its_device *devices = plan.arch->its->devices;

	for (uint32_t i = 0; i < plan.arch->its->device_count; i++)
		if (devices[i].partition == ref->gic->partition->id && devices[i].virtual_id == id)
			return i;
	return VITS_NONE;
}

uint32_t vits_event(const struct vits_ref *ref, uint32_t id, uint32_t event)
{
	uint32_t index = vits_device(ref, id);

	if (index == VITS_NONE || !(ref->vits->mapped & 1u << index) || event >= plan.arch->its->devices[index].event_count)
		return VITS_NONE;
	return plan.arch->its->devices[index].lpi - ref->plan->lpi + event;
}

/* The device that event `index` is one of. */
static const struct plan_its_device *device_of(const struct vits_ref *ref, uint32_t index)
{
	const struct plan_its_device *device = plan.arch->its->devices;

	while (ref->plan->lpi + index - device->lpi >= device->event_count)
		device++;
	return device;
}

void vits_property_load(const struct vits_ref *ref, uint32_t index)
{
	uint32_t at = ref->vits->intid[index] - ITS_FIRST_LPI;
	const volatile uint8_t *byte = vits_memory(ref->gic->partition, PROPERTY_ADDRESS(ref->vits->property_base) + at, 1);

	if (!byte || ref->vits->intid[index] > PROPERTY_LAST(ref->vits->property_base))
		ref->vits->property[index] = 0;
	else
		ref->vits->property[index] = *byte;
}

static struct vgic_ref bank_of(const struct vits_ref *ref, uint32_t index)
{
	irq_t irq = VGIC_LPI + index;

	return (struct vgic_ref){ .gic = ref->gic, .self = ref->self, .bank = &ref->gic->shared[irq / 32u - 1u], .first = irq & ~31u };
}

void vits_apply(const struct vits_ref *ref, uint32_t index, bool is_moved)
{
	struct vgic_ref bank = bank_of(ref, index);
	uint32_t bit = bit_of(index);
	uint8_t target = ref->vits->collection[ref->vits->in_collection[index]];
	bool is_on = ref->vits->property[index] & PROPERTY_ENABLE && target != VGIC_NOBODY && ref->vits->lpis_on & 1u << target;

	(void)vgic_take_back(&bank, bit);
	ref->gic->target[VGIC_SPI_MAX + index] = target;
	bank.bank->priority[index % 32u] = (uint8_t)(ref->vits->property[index] & PROPERTY_PRIORITY & vif_priority_mask());
	bank.bank->enabled = (bank.bank->enabled & ~bit) | (is_on ? bit : 0);
	vgic_note_pending(&bank, bit);
	if (is_moved && target != VGIC_NOBODY) {
		const struct plan_its_device *device = device_of(ref, index);

		its_move(device, ref->plan->lpi + index - device->lpi, ref->gic->partition->vcpus[target]->cpu);
	}
}

void vits_forget(const struct vits_ref *ref, uint32_t index)
{
	struct vgic_ref bank = bank_of(ref, index);

	bank.bank->post_unpend |= vgic_take_back(&bank, bit_of(index));
	bank.bank->latched &= ~bit_of(index);
}

void vits_unmap(const struct vits_ref *ref, uint32_t index)
{
	struct vgic_ref bank = bank_of(ref, index);
	uint32_t others = vgic_take_back(&bank, bit_of(index));

	bank.bank->post_unpend |= others;
	bank.bank->post_deactivate |= others;
	bank.bank->latched &= ~bit_of(index);
	bank.bank->active &= ~bit_of(index);
	bank.bank->enabled &= ~bit_of(index);
	ref->vits->intid[index] = 0;
}

void vits_unmap_device(const struct vits_ref *ref, uint32_t device)
{
	const struct plan_its_device *d = &plan.arch->its->devices[device];

	for (uint32_t e = 0; e < d->event_count; e++)
		vits_unmap(ref, d->lpi - ref->plan->lpi + e);
	ref->vits->mapped &= ~(1u << device);
}

void vits_fired(const struct plan_partition *partition, uint32_t index)
{
	struct vgic *gic = vgic_of(partition);
	struct vcpu *self = vgic_self(gic);

	lock_take(&gic->lock);
	if (partition->arch->vits->state->intid[index])
		vgic_edge(gic, self, VGIC_LPI + index);
	vgic_drop(gic, self);
}

void vits_reset(const struct plan_partition *partition)
{
	struct vgic *gic = vgic_of(partition);
	struct vits *vits = partition->arch->vits->state;

	lock_take(&gic->lock);
	*vits = (struct vits){ .is_live = vits->is_live };
	for (uint32_t i = 0; i < PLAN_VCPU_MAX; i++)
		vits->collection[i] = VGIC_NOBODY;
	for (uint32_t i = 0; i < VITS_LPI_MAX; i++) {
		gic->target[VGIC_SPI_MAX + i] = VGIC_NOBODY;
		gic->holder[VGIC_SPI_MAX + i] = 0;
	}
	for (uint32_t b = VGIC_SPI_MAX / 32u; b < VGIC_SHARED_MAX / 32u; b++) {
		gic->shared[b].owned = UINT32_MAX;
		gic->shared[b].edge = UINT32_MAX;
		gic->shared[b].group = UINT32_MAX;
	}
	lock_drop(&gic->lock);
}
