/* SPDX-License-Identifier: Apache-2.0 */
/* The hypervisor's virtual interrupt controller and the model, compared by what guests and devices can see of them. */
#include "world.h"

#include <stdio.h>

uint32_t world_wrong;

static void wrong(uint32_t partition, uint32_t vcpu, irq_t irq, const char *what)
{
	if (++world_wrong <= 5u)
		printf("# %s vCPU %u, interrupt %u: %s\n", world_partition(partition)->name, vcpu, irq, what);
}

/* ---- what comes next ---- */

static const char *judge_next(struct model *m, uint32_t vcpu, struct taken t)
{
	uint32_t next = model_next_priority(m, vcpu);

	if (t.irq == NO_IRQ)
		return next == MODEL_IDLE ? NULL : "an interrupt that is due does not come";
	if (t.irq >= MODEL_IRQS || !model_is_deliverable(m, vcpu, t.irq))
		return "it comes, but is not pending and enabled here";
	if (t.priority != model_irq(m, vcpu, t.irq)->priority)
		return "it comes with another priority than its own";
	if (t.priority >= model_limit(&m->vcpu[vcpu]))
		return "it comes although it is not urgent enough";
	if (t.priority > next)
		return "it comes before a more urgent one";
	if (t.irq < 16u && !(model_irq(m, vcpu, t.irq)->sources & 1u << t.source))
		return "it comes from a vCPU that did not send it";
	return NULL;
}

static void compare_next(uint32_t cpu, uint32_t partition, uint32_t index)
{
	struct taken t = machine_highest(cpu);
	const char *what = judge_next(&world_model[partition], index, t);

	if (what)
		wrong(partition, index, t.irq, what);
}

irq_t world_take(uint32_t cpu)
{
	uint32_t partition, index;
	struct taken t;

	if (!world_loaded(cpu, &partition, &index))
		return NO_IRQ;
	compare_next(cpu, partition, index);
	t = machine_acknowledge(cpu);
	if (t.irq < MODEL_IRQS)
		model_acknowledge(&world_model[partition], index, t.irq, t.source);
	return t.irq;
}

/* ---- a wait ---- */

/* Would it end a wait, whatever is active? */
static bool ends_wait(struct model *m, uint32_t vcpu, bool with_any)
{
	for (uint32_t irq = 0; irq < MODEL_IRQS; irq++)
		if (model_is_deliverable(m, vcpu, irq) && model_irq(m, vcpu, irq)->priority < m->vcpu[vcpu].mask &&
		    (irq < 32u || with_any || model_target(m, irq) == vcpu))
			return true;
	return false;
}

void world_wait(uint32_t cpu)
{
	uint32_t partition, index;
	bool has;

	if (!world_loaded(cpu, &partition, &index))
		return;
	machine.now = cpu;
	has = arch_vcpu_has_irq(world_vcpu(partition, index));
	if (has ? !ends_wait(&world_model[partition], index, true) : ends_wait(&world_model[partition], index, false))
		wrong(partition, index, NO_IRQ, has ? "a wait ends without an interrupt" : "a wait does not end although an interrupt is due");
}

/* ---- registers ---- */

static bool expected_bit(const struct place *at, const struct m_irq *i)
{
	switch (at->file) {
	case GICD_IGROUPR:
		return i->is_group1;
	case GICD_ISENABLER:
	case GICD_ICENABLER:
		return i->is_enabled;
	case GICD_ISPENDR:
	case GICD_ICPENDR:
		return model_is_pending(i);
	default:
		return i->is_active;
	}
}

static uint32_t expected_byte(const struct place *at, const struct m_irq *i, uint32_t irq)
{
	if (at->file == GICD_IPRIORITYR)
		return i->priority;
	if (at->file == FILE_SGI_SOURCES)
		return i->sources;
	return irq < 32u ? 1u << at->asker : i->route; /* ITARGETSR */
}

static uint32_t expected(const struct place *at, const struct m_irq *i, uint32_t irq)
{
	if (!i->is_owned && !(at->file == GICD_ITARGETSR && irq < 32u))
		return 0;
	if (at->file == GICD_ICFGR)
		return i->is_edge ? 2u : 0;
	if (at->file == GICD_IPRIORITYR || at->file == FILE_SGI_SOURCES || at->file == GICD_ITARGETSR)
		return expected_byte(at, i, irq);
	return expected_bit(at, i);
}

/* A line of another vCPU's timer is in the machine, and only that vCPU's CPU can tell. */
static bool is_told(const struct place *at, const struct m_irq *i)
{
	bool is_pending_file = at->file == GICD_ISPENDR || at->file == GICD_ICPENDR;

	return !(is_pending_file && at->owner != at->asker && i->is_physical);
}

uint32_t world_read(const struct place *at)
{
	struct place p = *at;
	uint32_t first, count, bits, value;

	if (GIC == 2)
		p.owner = p.asker;
	count = world_irqs(&p, &first);
	bits = 32u / count;
	value = world_read_register(&p);
	for (uint32_t n = 0; n < count; n++) {
		const struct m_irq *i = model_irq(&world_model[p.partition], p.owner, first + n);
		uint32_t found = value >> (n * bits) & (uint32_t)((1ull << bits) - 1u);

		if (first + n < MODEL_IRQS ? (first + n >= 32u || is_told(&p, i)) && found != expected(&p, i, first + n) : found != 0) {
			printf("# register file %#x word %u reads %#x\n", p.file, p.word, value);
			wrong(p.partition, p.asker, first + n, "a register does not read as it should");
		}
	}
	return value;
}

/* ---- the physical side ---- */

/* Whoever gets it. Another vCPU may have the CPU of that one: then it is off, and comes later. */
static uint32_t taker_of(uint32_t partition, uint32_t vcpu, irq_t irq)
{
	uint32_t target = irq < 32u ? vcpu : model_target(&world_model[partition], irq);

	return target < world_model[partition].vcpu_count ? target : MODEL_NOBODY;
}

static void compare_physical_way(uint32_t partition, uint32_t vcpu, irq_t irq)
{
	const struct m_irq *i = model_irq(&world_model[partition], vcpu, irq);
	const struct physical_irq *p = world_physical(partition, vcpu, irq);
	uint32_t taker = taker_of(partition, vcpu, irq);

	if (p->is_enabled && !i->is_enabled)
		wrong(partition, vcpu, irq, "off, but its physical interrupt is on");
	if (taker == MODEL_NOBODY)
		return;
	if (!p->is_enabled && i->is_enabled && machine.cpu[world_cpu_of(partition, taker)].loaded == world_vcpu(partition, taker))
		wrong(partition, vcpu, irq, "on, but its physical interrupt is off");
	if (irq >= 32u && p->cpu != world_cpu_of(partition, taker))
		wrong(partition, vcpu, irq, "its physical interrupt goes to the CPU of another vCPU");
}

/* Active there as long as it is pending (and was taken) or active here; never longer, or it would never come again. */
static void compare_physical(uint32_t partition, uint32_t vcpu, irq_t irq)
{
	const struct m_irq *i = model_irq(&world_model[partition], vcpu, irq);
	const struct physical_irq *p = world_physical(partition, vcpu, irq);

	if (!i->is_physical)
		return;
	if (p->is_active && !i->is_active && !model_is_pending(i))
		wrong(partition, vcpu, irq, "idle, but its physical interrupt is still active: it never comes again");
	if (!p->is_active && i->is_active)
		wrong(partition, vcpu, irq, "active, but its physical interrupt is not: it would come meanwhile");
	if (irq >= 32u && p->is_edge != i->is_edge)
		wrong(partition, vcpu, irq, "its physical interrupt is configured otherwise");
	compare_physical_way(partition, vcpu, irq);
}

/* Nothing of a vCPU that is gone may reach the next one. */
void world_compare_idle(uint32_t cpu)
{
	for (irq_t irq = 16; irq < 32u; irq++) {
		const struct physical_irq *p = machine_private(cpu, irq);

		if (p->is_enabled || p->is_active || p->is_latched)
			wrong(ALPHA, cpu, irq, "its physical interrupt is not idle although nobody is loaded");
	}
	if (machine.cpu[cpu].hcr & 1u)
		wrong(ALPHA, cpu, NO_IRQ, "the virtual interface is on although nobody is loaded");
}

/* One that may go to any vCPU is with one of them, and only one. */
static void compare_any(uint32_t partition, irq_t irq)
{
	struct model *m = &world_model[partition];
	uint32_t holders = 0, takers = 0, waiting = 0, p, v;

	if (model_target(m, irq) != MODEL_ANY)
		return;
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		if (!world_loaded(cpu, &p, &v) || p != partition)
			continue;
		holders += machine_holds(cpu, irq);
		waiting += machine_has_pending(cpu);
		takers += model_is_deliverable(m, v, irq);
	}
	if (holders > 1u)
		wrong(partition, 0, irq, "to any vCPU, and more than one has it");
	if (takers && !holders && !waiting)
		wrong(partition, 0, irq, "to any vCPU, and none has it");
}

static void compare_cpu(uint32_t cpu)
{
	uint32_t partition, index;

	if (!world_loaded(cpu, &partition, &index)) {
		world_compare_idle(cpu);
		return;
	}
	compare_next(cpu, partition, index);
	for (irq_t irq = 16; irq < 32u; irq++)
		compare_physical(partition, index, irq);
}

void world_settle(void)
{
	if (!machine_settle())
		wrong(ALPHA, 0, NO_IRQ, "it does not come to rest: an endless storm of maintenance interrupts or kicks");
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		compare_cpu(cpu);
	for (uint32_t partition = 0; partition < PARTITIONS; partition++)
		for (irq_t irq = 32; irq < MODEL_IRQS; irq++) {
			compare_physical(partition, 0, irq);
			compare_any(partition, irq);
		}
}
