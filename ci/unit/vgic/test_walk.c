/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random walks: guests, devices and schedules do what they may in any order, on every number of list registers, and the
 * hypervisor is compared with the model after each step. A walk is its seed: `test_walk_v3 SEED` repeats one and tells its
 * steps. What the architecture leaves open, or a list register cannot tell, no walk does; each such rule says why.
 */
#include "../tap.h"
#include "world.h"

#include <stdlib.h>

#define STEPS 600u
#define WALKS 300u

/* What a walk is allowed. */
struct rules {
	uint32_t lr_count;
	bool is_roomy; /* active ones never outnumber list registers: an end of one that is in none cannot be told from another's */
	bool is_split;
};

static struct rules rules;
static bool is_told;
static uint64_t state;

static uint32_t chance(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

#define TELL(...) \
	do { if (is_told) printf("# " __VA_ARGS__); } while (0)

/* ---- who acts on what ---- */

static const irq_t shared_irqs[PARTITIONS][8] = {
	{ UART_IRQ, RTC_IRQ, DOORBELL_IRQ, LEVEL_IRQ, EDGE_IRQ, 42, 43, 70 }, { UART_IRQ, RTC_IRQ, DOORBELL_IRQ, 64, 65, UART_IRQ, 64, 65 },
};

struct actor {
	uint32_t cpu, partition, index;
	struct model *model;
};

/* A vCPU that is loaded. */
static bool actor_any(struct actor *a)
{
	a->cpu = chance(CPUS);
	if (!world_loaded(a->cpu, &a->partition, &a->index))
		return false;
	a->model = &world_model[a->partition];
	return true;
}

static irq_t irq_any(const struct actor *a)
{
	static const irq_t ppis[] = { 23, 27, 30 };

	switch (chance(4)) {
	case 0:
		return chance(16);
	case 1:
		return ppis[chance(3)];
	default:
		return shared_irqs[a->partition][chance(8)];
	}
}

static bool is_running(const struct m_vcpu *v, irq_t irq)
{
	for (uint32_t n = 0; n < v->taken_count; n++)
		if (v->taken[n].irq == irq)
			return true;
	return false;
}

/* Its priority is still active in some vCPU's interface. */
static bool is_running_anywhere(const struct actor *a, uint32_t owner, irq_t irq)
{
	for (uint32_t v = 0; v < a->model->vcpu_count; v++)
		if ((irq >= 32u || v == owner) && is_running(&a->model->vcpu[v], irq))
			return true;
	return false;
}

/* ---- registers ---- */

/* A physical interrupt that is made pending twice before it is taken comes twice, since list registers cannot tell; a level
 * that is made pending without its line may be lost, for the same reason. Guests do neither. */
static bool may_pend(const struct m_irq *i)
{
	return !i->is_physical || (i->is_edge && !model_is_pending(i));
}

static bool may_activate(const struct actor *a, uint32_t owner, const struct m_irq *i, irq_t irq)
{
	uint32_t target = irq >= 32u ? model_target(a->model, irq) : 0;

	if (!rules.is_roomy || i->is_active || target == MODEL_ANY || target == MODEL_NOBODY || (i->is_physical && model_is_pending(i)))
		return false;
	return model_active_count(a->model, irq >= 32u ? target : owner) + 2u <= rules.lr_count;
}

static bool may_write(const struct actor *a, uint32_t file, uint32_t owner, irq_t irq)
{
	const struct m_irq *i = model_irq(a->model, owner, irq);

	switch (file) {
	case GICD_ISPENDR:
		return may_pend(i);
	case GICD_ISACTIVER:
		return may_activate(a, owner, i, irq);
	case GICD_ICACTIVER: /* the end that follows would be that of another one */
		return !is_running_anywhere(a, owner, irq);
	case GICD_IPRIORITYR: /* the order of ends */
		return rules.is_roomy || !i->is_active;
	case GICD_IGROUPR: /* it is ended in its group */
		return !i->is_active;
	case GICD_ICFGR: /* unpredictable while it is enabled; what was pending may be lost */
		return !i->is_active && !model_is_pending(i) && !i->is_high;
	}
	return true;
}

static uint32_t writable(const struct actor *a, const struct place *at, uint32_t value)
{
	uint32_t first, count = world_irqs(at, &first);

	for (uint32_t n = 0; n < count; n++)
		if (first + n >= MODEL_IRQS || !may_write(a, at->file, at->owner, first + n)) {
			uint32_t bits = 32u / count, mask = (uint32_t)(((1ull << bits) - 1u) << (n * bits));
			uint32_t keep = at->file == GICD_IPRIORITYR || at->file == GICD_IGROUPR || at->file == GICD_ICFGR ? world_read(at) : 0;

			value = (value & ~mask) | (keep & mask);
		}
	return at->file == GICD_ISACTIVER ? value & (~value + 1u) : value; /* one at a time, to count them */
}

static void step_write(void)
{
	static const uint32_t files[] = {
		GICD_ISENABLER, GICD_ISENABLER, GICD_ICENABLER, GICD_ISPENDR, GICD_ISPENDR, GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER,
		GICD_IPRIORITYR, GICD_IPRIORITYR, GICD_IGROUPR, GICD_ICFGR, FILE_SGI_SOURCES, GICD_CPENDSGIR,
	};
	struct actor a;
	struct place at;
	uint32_t value, first, count;
	irq_t irq;

	if (!actor_any(&a))
		return;
	irq = irq_any(&a);
	at = (struct place){ a.partition, a.index, GIC == 2 ? a.index : chance(a.model->vcpu_count), files[chance(ARRAY_COUNT(files))], 0 };
	if (at.file == FILE_SGI_SOURCES || at.file == GICD_CPENDSGIR) {
		irq %= 16u;
		if (GIC == 3)
			return;
	}
	count = world_irqs(&at, &first);
	at.word = irq / count;
	if (at.file == GICD_IPRIORITYR || chance(3) == 0)
		value = chance(1u << 31) << 1 | chance(2);
	else
		value = at.file == GICD_ICFGR ? 2u << 2u * (irq % 16u) : at.file == FILE_SGI_SOURCES ? chance(8) << 8u * (irq % 4u) : 1u << irq % 32u;
	value = writable(&a, &at, value);
	TELL("%s.%u writes file %#x word %u of %u: %#x\n", world_partition(a.partition)->name, a.index, at.file, at.word, at.owner, value);
	world_write(&at, value);
}

static void step_read(void)
{
	static const uint32_t files[] = {
		GICD_IGROUPR, GICD_ISENABLER, GICD_ISPENDR, GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER, GICD_IPRIORITYR, GICD_ICFGR,
		GIC == 2 ? GICD_ITARGETSR : GICD_ISPENDR, GIC == 2 ? FILE_SGI_SOURCES : GICD_ISACTIVER,
	};
	struct actor a;
	struct place at;
	uint32_t first;

	if (!actor_any(&a))
		return;
	world_settle();
	at = (struct place){ a.partition, a.index, chance(a.model->vcpu_count), files[chance(ARRAY_COUNT(files))], 0 };
	at.word = at.file == FILE_SGI_SOURCES ? chance(4) : irq_any(&a) / world_irqs(&at, &first);
	TELL("%s.%u reads file %#x word %u of %u\n", world_partition(a.partition)->name, a.index, at.file, at.word, at.owner);
	(void)world_read(&at);
}

static void step_route(void)
{
	struct actor a;
	irq_t irq;
	uint32_t route;

	if (!actor_any(&a))
		return;
	irq = chance(8) ? shared_irqs[a.partition][chance(8)] : 32u + chance(64);
	route = GIC == 2 ? chance(256) : chance(4);
	TELL("%s.%u routes %u to %#x\n", world_partition(a.partition)->name, a.index, irq, route);
	world_route(a.partition, a.index, irq, route, GIC == 3 && chance(6) == 0);
}

static void step_control(void)
{
	struct actor a;
	uint32_t groups;

	if (!actor_any(&a))
		return;
	groups = chance(4) ? 3 : chance(4);
	TELL("%s: control %u\n", world_partition(a.partition)->name, groups);
	world_control(a.partition, a.index, groups);
}

/* ---- CPU interface ---- */

static void step_interface(void)
{
	struct actor a;

	if (!actor_any(&a))
		return;
	if (chance(2)) {
		world_set_mask(a.cpu, chance(3) ? 0xf8 : chance(32) << 3);
		TELL("cpu %u: mask %#x\n", a.cpu, a.model->vcpu[a.index].mask);
	} else {
		world_set_groups(a.cpu, chance(3) ? 3 : chance(4));
		TELL("cpu %u: groups %u\n", a.cpu, a.model->vcpu[a.index].groups);
	}
}

static void step_send(void)
{
	struct actor a;
	irq_t irq = chance(16);
	uint32_t targets;

	if (!actor_any(&a))
		return;
	targets = chance(3) ? chance(1u << a.model->vcpu_count) : 1u << a.index;
	TELL("%s.%u sends %u to %#x\n", world_partition(a.partition)->name, a.index, irq, targets);
	world_send(a.cpu, irq, targets, GIC == 3 && chance(4) == 0);
}

static void step_take(void)
{
	struct actor a;
	irq_t irq;

	world_settle();
	if (!actor_any(&a))
		return;
	if (rules.is_roomy && model_active_count(a.model, a.index) + 2u > rules.lr_count)
		return;
	irq = world_take(a.cpu);
	TELL("%s.%u takes %u\n", world_partition(a.partition)->name, a.index, irq);
}

static void step_end(void)
{
	struct actor a;
	irq_t irq;

	if (!actor_any(&a) || !a.model->vcpu[a.index].taken_count)
		return;
	irq = world_end(a.cpu);
	TELL("%s.%u ends %u\n", world_partition(a.partition)->name, a.index, irq);
	if (!rules.is_roomy)
		world_settle(); /* the maintenance interrupt is there before the next instruction */
}

/* Of those whose priority was dropped, any. */
static void step_deactivate(void)
{
	struct actor a;
	irq_t irq;

	if (!rules.is_split || !actor_any(&a))
		return;
	world_settle();
	irq = irq_any(&a);
	if (!model_irq(a.model, a.index, irq)->is_active || is_running_anywhere(&a, a.index, irq) ||
	    (irq >= 32u && model_irq(a.model, a.index, irq)->holder != a.index))
		return;
	TELL("%s.%u deactivates %u\n", world_partition(a.partition)->name, a.index, irq);
	world_deactivate(a.cpu, irq);
}

static void step_wait(void)
{
	struct actor a;

	world_settle();
	if (!actor_any(&a))
		return;
	TELL("%s.%u waits\n", world_partition(a.partition)->name, a.index);
	world_wait(a.cpu);
}

/* ---- devices ---- */

/* A physical line that falls after the hypervisor took it and before the guest did: it comes, as on any GIC with list registers. */
static bool may_fall(uint32_t partition, uint32_t index, const struct m_irq *i, irq_t irq)
{
	return !i->is_physical || i->is_active || !world_physical(partition, index, irq)->is_active;
}

static void step_line(void)
{
	uint32_t partition = chance(PARTITIONS), index = chance(world_model[partition].vcpu_count);
	struct actor a = { .partition = partition };
	irq_t irq = irq_any(&a);
	struct m_irq *i = model_irq(&world_model[partition], index, irq);

	if (irq < 16u)
		return;
	if (irq == DOORBELL_IRQ || (i->is_edge && i->is_physical)) {
		/* an edge that comes again before it is taken may come twice, a doorbell's so that its storm costs no kicks */
		if (model_is_pending(i))
			return;
		TELL("pulse of %u of %s\n", irq, world_partition(partition)->name);
		world_pulse(partition, irq, chance(CPUS));
	} else if (!i->is_high || may_fall(partition, index, i, irq)) {
		TELL("line %u of %s.%u %s\n", irq, world_partition(partition)->name, index, i->is_high ? "falls" : "rises");
		world_line(partition, index, irq, !i->is_high, chance(CPUS));
	}
}

/* ---- schedule and life ---- */

static void guest_returns(uint32_t partition, uint32_t index, uint32_t cpu)
{
	if (world_model[partition].vcpu[index].groups)
		return;
	world_set_groups(cpu, 3);
	world_set_mask(cpu, 0xf8);
	world_set_split(cpu, rules.is_split);
}

static void step_switch(void)
{
	uint32_t cpu = chance(4) ? SHARED_CPU : chance(CPUS);
	uint32_t partition = cpu == SHARED_CPU && chance(2) ? BETA : ALPHA;

	if (chance(4) == 0) {
		TELL("cpu %u idle\n", cpu);
		world_save(cpu);
		return;
	}
	TELL("cpu %u has %s\n", cpu, world_partition(partition)->name);
	world_load(partition, partition == BETA ? 0 : cpu);
	guest_returns(partition, partition == BETA ? 0 : cpu, cpu);
}

static void start(uint32_t partition)
{
	world_guest_starts(partition, 0x80);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		if (machine.cpu[cpu].loaded)
			world_set_split(cpu, rules.is_split);
}

/* A vCPU that is turned on again may find a shared interrupt active that it took in its last life, and never ends that. */
static bool may_reset(uint32_t partition, uint32_t index)
{
	struct model *m = &world_model[partition];

	for (uint32_t irq = 32; irq < MODEL_IRQS && !rules.is_roomy; irq++)
		if (m->shared[irq].is_active && m->shared[irq].holder == index)
			return false;
	return true;
}

static void step_life(void)
{
	uint32_t partition = chance(PARTITIONS);

	if (chance(3)) {
		uint32_t index = chance(world_model[partition].vcpu_count);

		if (!may_reset(partition, index))
			return;
		TELL("reset of %s.%u\n", world_partition(partition)->name, index);
		world_vcpu_reset(partition, index);
		return;
	}
	TELL("restart of %s\n", world_partition(partition)->name);
	world_reset(partition);
	world_settle();
	start(partition);
}

/* ---- walks ---- */

static void step(void)
{
	static const struct { uint32_t weight; void (*act)(void); } acts[] = {
		{ 24, step_write }, { 12, step_read }, { 4, step_route }, { 1, step_control }, { 3, step_interface }, { 12, step_send },
		{ 25, step_take }, { 25, step_end }, { 8, step_deactivate }, { 3, step_wait }, { 20, step_line }, { 8, step_switch }, { 1, step_life },
	};
	uint32_t all = 0, at;

	for (uint32_t n = 0; n < ARRAY_COUNT(acts); n++)
		all += acts[n].weight;
	at = chance(all);
	for (uint32_t n = 0; n < ARRAY_COUNT(acts); n++) {
		if (at < acts[n].weight) {
			acts[n].act();
			return;
		}
		at -= acts[n].weight;
	}
}

static void finish(uint32_t cpu)
{
	uint32_t partition, index;
	struct m_irq *i;
	irq_t irq = world_take(cpu);

	if (!world_loaded(cpu, &partition, &index) || !world_model[partition].vcpu[index].taken_count)
		return;
	if (irq != NO_IRQ && irq >= 16u) {
		i = model_irq(&world_model[partition], index, irq);
		if (i->is_high)
			world_line(partition, index, irq, false, cpu);
	}
	irq = world_end(cpu);
	if (rules.is_split)
		world_deactivate(cpu, irq);
}

/* Each guest takes and ends all that is left, with everything open, and has nothing then. */
static void drain(void)
{
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		if (!machine.cpu[cpu].loaded)
			continue;
		world_set_groups(cpu, 3);
		world_set_mask(cpu, 0xf8);
	}
	for (uint32_t n = 0; n < 300u && !world_wrong; n++) {
		world_settle();
		finish(n % CPUS);
	}
}

/* Returns: steps until something was wrong, 0 if nothing was. */
static uint32_t walk(uint64_t seed)
{
	static const uint32_t lr_counts[] = { 1, 2, 4, 16, 16 };

	state = seed * 2654435761u + 12345u;
	(void)chance(2);
	rules.lr_count = lr_counts[chance(ARRAY_COUNT(lr_counts))];
	rules.is_roomy = rules.lr_count == VGIC_LR_MAX;
	rules.is_split = chance(3) == 0 && (GIC == 3 || rules.is_roomy);
	TELL("%u list registers%s\n", rules.lr_count, rules.is_split ? ", split end" : "");
	world_begin(rules.lr_count);
	machine.is_both_pending = chance(2);
	machine.is_last_first = chance(2);
	if (GIC == 3)
		world_set_priority_bits(5u + chance(3));
	start(BETA);
	start(ALPHA);
	for (uint32_t n = 1; n <= STEPS; n++) {
		step();
		if (chance(4))
			world_settle();
		if (world_wrong)
			return n;
	}
	drain();
	return world_wrong ? STEPS : 0;
}

static void test_walks(void)
{
	for (uint64_t seed = 1; seed <= WALKS; seed++) {
		uint32_t steps = walk(seed);

		if (steps)
			printf("# walk %llu is wrong after %u steps\n", (unsigned long long)seed, steps);
		CHECK(!steps);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		is_told = true;
		return walk(strtoull(argv[1], NULL, 0)) != 0;
	}
	TEST(test_walks);
	return tap_done();
}
