/* SPDX-License-Identifier: Apache-2.0 */
/* The appliance, its registers and what happens to it. The comparison is in compare.c. */
#include "world.h"

#include <string.h>

struct model world_model[PARTITIONS];

static struct arm64_vcpu vcpus[4];
static struct arm64_partition states[PARTITIONS];
static struct vcpu *const alpha_vcpus[] = { &vcpus[0].core, &vcpus[1].core, &vcpus[2].core };
static struct vcpu *const beta_vcpus[] = { &vcpus[3].core };
static struct vcpu *const shared_vcpus[] = { &vcpus[2].core, &vcpus[3].core };
static const struct plan_cpu cpus[CPUS] = {
	{ .hardware_id = 0, .vcpus = &alpha_vcpus[0], .vcpu_count = 1 },
	{ .hardware_id = 1, .vcpus = &alpha_vcpus[1], .vcpu_count = 1 },
	{ .hardware_id = 2, .vcpus = shared_vcpus, .vcpu_count = 2 },
};
static const struct arch_plan_partition arch = { .has_uart = true, .uart_irq = UART_IRQ, .has_rtc = true, .rtc_irq = RTC_IRQ, .spi_count = 64 };
static const struct plan_irq alpha_irqs[] = {
	{ 72, LEVEL_IRQ, false, "a" }, { 73, EDGE_IRQ, true, "b" }, { 74, 42, false, "c" }, { 75, 43, true, "d" }, { 76, 70, false, "e" },
};
static const struct plan_irq beta_irqs[] = { { 64, 64, false, "f" }, { 65, 65, true, "g" } };
static const struct plan_partition partitions[PARTITIONS] = {
	[ALPHA] = { .id = ALPHA, .name = "alpha", .state = &states[ALPHA].core, .vcpus = alpha_vcpus, .vcpu_count = 3, .irqs = alpha_irqs, .doorbell_irq = DOORBELL_IRQ,
		    .irq_count = ARRAY_COUNT(alpha_irqs), .arch = &arch },
	[BETA] = { .id = BETA, .name = "beta", .state = &states[BETA].core, .vcpus = beta_vcpus, .vcpu_count = 1, .irqs = beta_irqs, .doorbell_irq = DOORBELL_IRQ,
		   .irq_count = ARRAY_COUNT(beta_irqs), .arch = &arch },
};
const struct plan plan = { .cpus = cpus, .cpu_count = CPUS, .partitions = partitions, .partition_count = PARTITIONS };

const struct plan_partition *world_partition(uint32_t partition)
{
	return &partitions[partition];
}

struct vcpu *world_vcpu(uint32_t partition, uint32_t index)
{
	return partitions[partition].vcpus[index];
}

bool world_loaded(uint32_t cpu, uint32_t *partition, uint32_t *index)
{
	const struct vcpu *vcpu = machine.cpu[cpu].loaded;

	if (!vcpu)
		return false;
	*partition = vcpu->partition->id;
	*index = vcpu->index;
	return true;
}

static uint32_t cpu_of(uint32_t partition, uint32_t index)
{
	return (uint32_t)world_vcpu(partition, index)->cpu->hardware_id;
}

/* The model's vCPU that is loaded on `cpu`. */
static struct m_vcpu *m_loaded(uint32_t cpu)
{
	const struct vcpu *vcpu = machine.cpu[cpu].loaded;

	return &world_model[vcpu->partition->id].vcpu[vcpu->index];
}

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
	access.state = &states[partition].gic;
	for (uint32_t tries = 0; tries < 4u; tries++) {
		struct mmio_access now = access;

		machine.now = cpu_of(partition, asker);
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
		i->priority = (uint8_t)(bits & 0xf8u);
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

irq_t world_end(uint32_t cpu)
{
	const struct vcpu *vcpu = machine.cpu[cpu].loaded;
	irq_t irq = model_end(&world_model[vcpu->partition->id], vcpu->index);

	machine_end(cpu, irq);
	return irq;
}

void world_deactivate(uint32_t cpu, irq_t irq)
{
	const struct vcpu *vcpu = machine.cpu[cpu].loaded;

	model_deactivate(&world_model[vcpu->partition->id], vcpu->index, irq);
	machine_deactivate(cpu, irq);
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

/* ---- lines ---- */

struct physical_irq *world_physical(uint32_t partition, uint32_t index, irq_t irq)
{
	const struct plan_partition *p = &partitions[partition];

	if (irq < 32u)
		return machine_private(cpu_of(partition, index), irq);
	for (uint32_t n = 0; n < p->irq_count; n++)
		if (p->irqs[n].virtual == irq)
			return &machine.shared[p->irqs[n].physical];
	return NULL;
}

void world_line(uint32_t partition, uint32_t index, irq_t irq, bool is_high, uint32_t now)
{
	struct m_irq *i = model_irq(&world_model[partition], index, irq);

	model_set_level(i, is_high);
	machine.now = now;
	if (!i->is_physical)
		vgic_set_level(&partitions[partition], irq, is_high);
	else if (irq >= 32u || machine.cpu[cpu_of(partition, index)].loaded == world_vcpu(partition, index))
		world_physical(partition, index, irq)->is_high = is_high;
}

void world_pulse(uint32_t partition, irq_t irq, uint32_t now)
{
	world_model[partition].shared[irq].is_latched = true;
	machine.now = now;
	if (irq == DOORBELL_IRQ)
		vgic_pend(&partitions[partition], irq);
	else
		world_physical(partition, 0, irq)->is_latched = true;
}

/* ---- load, save, reset ---- */

/* A vCPU's timers and counters drive the CPU's lines while its registers are in it. */
static void lines_set(uint32_t cpu, const struct m_vcpu *vcpu)
{
	for (irq_t irq = 16; irq < 32u; irq++)
		machine_private(cpu, irq)->is_high = vcpu && vcpu->private[irq].is_high;
}

void world_save(uint32_t cpu)
{
	if (!machine.cpu[cpu].loaded)
		return;
	machine.now = cpu;
	vgic_vcpu_save(machine.cpu[cpu].loaded);
	lines_set(cpu, NULL);
	machine.cpu[cpu].loaded = NULL;
	world_compare_idle(cpu);
}

void world_load(uint32_t partition, uint32_t index)
{
	uint32_t cpu = cpu_of(partition, index);

	if (machine.cpu[cpu].loaded == world_vcpu(partition, index))
		return;
	world_save(cpu);
	machine.now = cpu;
	machine.cpu[cpu].loaded = world_vcpu(partition, index);
	lines_set(cpu, m_loaded(cpu));
	vgic_vcpu_load(machine.cpu[cpu].loaded);
}

void world_vcpu_reset(uint32_t partition, uint32_t index)
{
	uint32_t cpu = cpu_of(partition, index);

	if (machine.cpu[cpu].loaded == world_vcpu(partition, index))
		world_save(cpu);
	model_vcpu_reset(&world_model[partition], index);
	vgic_vcpu_reset(world_vcpu(partition, index));
}

void world_reset(uint32_t partition)
{
	for (uint32_t v = 0; v < partitions[partition].vcpu_count; v++)
		world_vcpu_reset(partition, v);
	model_reset(&world_model[partition]);
	vgic_partition_reset(&partitions[partition]);
}

static void model_owns(uint32_t partition, irq_t irq, bool is_physical, bool is_edge)
{
	world_model[partition].shared[irq] = (struct m_irq){ .is_owned = true, .is_physical = is_physical, .is_wired_edge = is_edge };
}

static void partition_begin(uint32_t partition)
{
	const struct plan_partition *p = &partitions[partition];

	model_begin(&world_model[partition], GIC, p->vcpu_count);
	model_owns(partition, UART_IRQ, false, false);
	model_owns(partition, RTC_IRQ, false, false);
	model_owns(partition, DOORBELL_IRQ, false, true);
	for (uint32_t n = 0; n < p->irq_count; n++) {
		model_owns(partition, p->irqs[n].virtual, true, p->irqs[n].is_edge);
		machine.owner[p->irqs[n].physical].partition = p;
		machine.owner[p->irqs[n].physical].virtual = p->irqs[n].virtual;
	}
	for (uint32_t v = 0; v < p->vcpu_count; v++)
		p->vcpus[v]->index = v;
}

void world_begin(uint32_t lr_count)
{
	memset(vcpus, 0, sizeof(vcpus));
	memset(states, 0, sizeof(states));
	machine_begin(lr_count);
	world_wrong = 0;
	for (uint32_t n = 0; n < ARRAY_COUNT(vcpus); n++) {
		vcpus[n].core.partition = &partitions[n == 3u ? BETA : ALPHA];
		vcpus[n].core.cpu = &cpus[n == 3u ? SHARED_CPU : n];
	}
	partition_begin(ALPHA);
	partition_begin(BETA);
	vgic_init();
	world_reset(ALPHA);
	world_reset(BETA);
}

void world_guest_starts(uint32_t partition, uint32_t priority)
{
	for (uint32_t v = 0; v < partitions[partition].vcpu_count; v++) {
		uint32_t cpu = cpu_of(partition, v);

		world_load(partition, v);
		world_set_groups(cpu, 3);
		world_set_mask(cpu, 0xf8);
		for (uint32_t word = 0; word < (v ? 8u : MODEL_IRQS / 4u); word++)
			world_write(&(struct place){ partition, v, v, GICD_IPRIORITYR, word }, priority * 0x01010101u);
		for (uint32_t word = 0; word < (v ? 1u : MODEL_IRQS / 32u); word++)
			world_write(&(struct place){ partition, v, v, GICD_ISENABLER, word }, UINT32_MAX);
	}
	for (irq_t irq = 32; irq < MODEL_IRQS; irq++)
		world_route(partition, 0, irq, GIC == 2 ? 1 : 0, false);
	world_control(partition, 0, 3);
}
