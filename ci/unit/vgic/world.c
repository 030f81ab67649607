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

uint32_t world_cpu_of(uint32_t partition, uint32_t index)
{
	return (uint32_t)world_vcpu(partition, index)->cpu->hardware_id;
}

/* ---- lines ---- */

struct physical_irq *world_physical(uint32_t partition, uint32_t index, irq_t irq)
{
	const struct plan_partition *p = &partitions[partition];

	if (irq < 32u)
		return machine_private(world_cpu_of(partition, index), irq);
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
		vcpu_wake(arch_irq_set_level(&partitions[partition], irq, is_high));
	else if (irq >= 32u || machine.cpu[world_cpu_of(partition, index)].loaded == world_vcpu(partition, index))
		world_physical(partition, index, irq)->is_high = is_high;
}

void world_pulse(uint32_t partition, irq_t irq, uint32_t now)
{
	world_model[partition].shared[irq].is_latched = true;
	machine.now = now;
	if (irq == DOORBELL_IRQ)
		arch_irq_pend(&partitions[partition], irq);
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
	uint32_t cpu = world_cpu_of(partition, index);

	if (machine.cpu[cpu].loaded == world_vcpu(partition, index))
		return;
	world_save(cpu);
	machine.now = cpu;
	machine.cpu[cpu].loaded = world_vcpu(partition, index);
	lines_set(cpu, &world_model[partition].vcpu[index]);
	vgic_vcpu_load(machine.cpu[cpu].loaded);
}

void world_vcpu_reset(uint32_t partition, uint32_t index)
{
	uint32_t cpu = world_cpu_of(partition, index);

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

void world_set_priority_bits(uint32_t bits)
{
	machine.priority_bits = bits;
	for (uint32_t partition = 0; partition < PARTITIONS; partition++)
		world_model[partition].priority_mask = 0xffu & ~(0xffu >> bits);
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
		uint32_t cpu = world_cpu_of(partition, v);

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
