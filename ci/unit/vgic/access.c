/* SPDX-License-Identifier: Apache-2.0 */
/* What guests do: writes and reads of registers, and their CPU interfaces; to the hypervisor's controller and to the model. */
#include "world.h"

/* ---- registers ---- */

static const struct mmio_reg *reg_find(const struct mmio_block *block, uint32_t offset)
{
	uint32_t at = block->stride_shift ? offset & ((1u << block->stride_shift) - 1u) : offset;

	for (uint32_t n = 0; n < block->reg_count; n++)
		if (at - block->regs[n].offset < block->regs[n].size)
			return &block->regs[n];
	return NULL;
}

/* A guest that is told to come back lets everybody else go on meanwhile. */
static uint64_t access_do(uint32_t partition, uint32_t asker, const struct mmio_block *block, struct mmio_access access)
{
	const struct mmio_reg *reg = reg_find(block, access.offset);
	mmio_fn *fn = !reg ? NULL : access.is_write ? reg->write : reg->read;

	if (!fn)
		return 0;
	access.state = &((struct arm64_partition *)(void *)world_partition(partition)->state)->gic;
	for (uint32_t tries = 0; tries < 4u; tries++) {
		struct mmio_access now = access;

		machine.now = world_cpu_of(partition, asker);
		fn(world_vcpu(partition, asker), reg, &now);
		if (!now.is_retry)
			return now.value;
		(void)machine_settle();
	}
	world_wrong++; /* it never gets its answer */
	return 0;
}

uint32_t world_irqs(const struct place *at, uint32_t *first)
{
	uint32_t count = at->file == GICD_IPRIORITYR || at->file == GICD_ITARGETSR || at->file == FILE_SGI_SOURCES ||
			 at->file == GICD_CPENDSGIR ? 4u :
			 at->file == GICD_ICFGR ? 16u : 32u;

	*first = at->word * count;
	return count;
}

static uint64_t place_access(const struct place *at, bool is_write, uint32_t value)
{
	struct mmio_access access = { .value = value, .offset = at->file + 4u * at->word, .width = 4, .is_write = is_write };
	const struct mmio_block *block = &vgicd_block;
	uint32_t first;

	(void)world_irqs(at, &first);
#if GIC == 3
	if (first < 32u) {
		block = &vgicr_block;
		access.offset += GICR_SGI_FRAME + (at->owner << GICR_FRAMES_SHIFT);
	}
#endif
	return access_do(at->partition, at->asker, block, access);
}

/* What a write of 32 bits does to one interrupt of them. */
static void m_write_one(const struct place *at, struct m_irq *i, uint32_t irq, uint32_t bits)
{
	struct model *m = &world_model[at->partition];
	bool is_set = bits & 1u;

	if (!i->is_owned)
		return;
	if (at->file == GICD_IGROUPR)
		i->is_group1 = is_set;
	else if (at->file == GICD_IPRIORITYR)
		i->priority = (uint8_t)(bits & m->priority_mask);
	else if (at->file == GICD_ICFGR && irq >= 32u)
		i->is_edge = bits & 2u;
	else if (at->file == FILE_SGI_SOURCES) {
		i->sources = (uint8_t)(i->sources | (bits & ((1u << m->vcpu_count) - 1u)));
		i->is_latched = i->sources;
	} else if (at->file == GICD_CPENDSGIR) {
		i->sources = (uint8_t)(i->sources & ~bits);
		i->is_latched = i->sources;
	}
	if (!is_set)
		return;
	if (at->file == GICD_ISENABLER)
		i->is_enabled = true;
	else if (at->file == GICD_ICENABLER && !(irq < 16u && m->version == 2))
		i->is_enabled = false;
	else if (at->file == GICD_ISPENDR || at->file == GICD_ICPENDR)
		model_pend(m, at->owner, irq, at->file == GICD_ISPENDR);
	else if (at->file == GICD_ISACTIVER || at->file == GICD_ICACTIVER)
		model_activate(m, at->owner, irq, at->file == GICD_ISACTIVER);
}

void world_write(const struct place *at, uint32_t value)
{
	struct place p = *at;
	uint32_t first, count, bits;

	if (GIC == 2)
		p.owner = p.asker;
	count = world_irqs(&p, &first);
	bits = 32u / count;
	for (uint32_t n = 0; n < count && first + n < MODEL_IRQS; n++)
		m_write_one(&p, model_irq(&world_model[p.partition], p.owner, first + n), first + n,
			    (uint32_t)((uint64_t)value >> (n * bits)) & (uint32_t)((1ull << bits) - 1u));
	(void)place_access(&p, true, value);
}

uint64_t world_access(uint32_t partition, uint32_t asker, const struct mmio_block *block, uint32_t offset, uint64_t value, bool is_write)
{
	return access_do(partition, asker, block, (struct mmio_access){ .value = value, .offset = offset, .width = 4, .is_write = is_write });
}

uint32_t world_read_register(const struct place *at)
{
	return (uint32_t)place_access(at, false, 0);
}

void world_route(uint32_t partition, uint32_t asker, irq_t irq, uint32_t route, bool is_any)
{
	struct m_irq *i = &world_model[partition].shared[irq % MODEL_IRQS];
	struct mmio_access access = { .is_write = true, .value = route, .offset = GICD_ITARGETSR + irq, .width = 1 };

	if (irq < MODEL_IRQS && i->is_owned) {
		i->route = GIC == 2 ? route & ((1u << world_model[partition].vcpu_count) - 1u) : route;
		i->is_any = is_any;
	}
	if (GIC == 3) {
		access.offset = GICD_IROUTER + 8u * irq;
		access.value = route | (is_any ? BIT(31) : 0);
		access.width = 8;
	}
	(void)access_do(partition, asker, &vgicd_block, access);
}

uint64_t world_read_route(uint32_t partition, uint32_t asker, irq_t irq)
{
	struct mmio_access access = { .offset = GICD_ITARGETSR + irq, .width = 1 };

	if (GIC == 3)
		access = (struct mmio_access){ .offset = GICD_IROUTER + 8u * irq, .width = 8 };
	return access_do(partition, asker, &vgicd_block, access);
}

void world_control(uint32_t partition, uint32_t asker, uint32_t groups)
{
	world_model[partition].control = groups;
	(void)access_do(partition, asker, &vgicd_block, (struct mmio_access){ .is_write = true, .value = groups, .offset = GICD_CTLR, .width = 4 });
}

/* ---- the guest's CPU interface ---- */

/* The model's vCPU that is loaded on `cpu`. */
static struct m_vcpu *m_loaded(uint32_t cpu)
{
	const struct vcpu *vcpu = machine.cpu[cpu].loaded;

	return &world_model[vcpu->partition->id].vcpu[vcpu->index];
}

static uint32_t source_of(struct model *m, uint32_t vcpu, irq_t irq)
{
	uint32_t source = model_irq(m, vcpu, irq)->active_source;

	return source == MODEL_ANY ? ANY_SOURCE : source;
}

irq_t world_end(uint32_t cpu)
{
	const struct vcpu *vcpu = machine.cpu[cpu].loaded;
	struct model *m = &world_model[vcpu->partition->id];
	irq_t irq = model_end(m, vcpu->index);

	machine_end(cpu, irq, source_of(m, vcpu->index, irq));
	return irq;
}

void world_deactivate(uint32_t cpu, irq_t irq)
{
	const struct vcpu *vcpu = machine.cpu[cpu].loaded;

	model_deactivate(&world_model[vcpu->partition->id], vcpu->index, irq);
	machine_deactivate(cpu, irq, source_of(&world_model[vcpu->partition->id], vcpu->index, irq));
}

void world_set_mask(uint32_t cpu, uint32_t mask)
{
	m_loaded(cpu)->mask = mask;
	machine_set_mask(cpu, mask);
}

void world_set_groups(uint32_t cpu, uint32_t groups)
{
	m_loaded(cpu)->groups = groups;
	machine_set_groups(cpu, groups);
}

void world_set_split(uint32_t cpu, bool is_split)
{
	m_loaded(cpu)->is_split = is_split;
	machine_set_split(cpu, is_split);
}

/* GICv3's exit tries the short way first, for an SGI to oneself; GICv2's register has a filter for some targets. */
void world_send(uint32_t cpu, irq_t irq, uint32_t targets, bool is_group0)
{
	struct vcpu *vcpu = machine.cpu[cpu].loaded;
	uint32_t partition = vcpu->partition->id;

	model_send(&world_model[partition], vcpu->index, irq, targets, is_group0);
	machine.now = cpu;
#if GIC == 3
	uint64_t value = (uint64_t)irq << 24 | targets;

	if (is_group0 || !vgic_sgi_self(vcpu, value))
		vgic_sgi_write(vcpu, value, is_group0);
#else
	uint32_t value = targets == 1u << vcpu->index ? 2u << 24 | irq : targets << 16 | irq;

	(void)access_do(partition, vcpu->index, &vgicd_block, (struct mmio_access){ .is_write = true, .value = value, .offset = GICD_SGIR, .width = 4 });
#endif
}
