/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of CPUs, time slots and the interrupt controller's version. */
#include "check_list.h"

#include <inttypes.h>

/* Below this a slot would be spent on switching. */
#define SLOT_LEAST_US 200u

void check_gic_board(const struct model *model, struct findings *f)
{
	if (!model->gic->is_there)
		find(f, "CONFIG_GIC_V%u: board \"%s\" has no GICv%u in its board.dts%s; choose CONFIG_GIC_V%u", model->gic_version, model->board->name,
		     model->gic_version, model->board->gic2.is_there || model->board->gic3.is_there ? "" : ", nor the other version",
		     5 - model->gic_version);
}

void check_cpu_none(const struct model *model, struct findings *f)
{
	for (uint32_t i = 0; i < model->part_count; i++)
		if (model->parts[i].cpu_count == 0)
			find(f, "CONFIG_PART%u_NAME=\"%s\": this partition has no CPU; set CONFIG_CPUn_PART%u=y for one of CPUs 0..%u, or give it a time slot",
			     i + 1, model->parts[i].name, i + 1, model->board->cpu_count - 1);
}

void check_cpu_many(const struct model *model, struct findings *f)
{
	for (uint32_t i = 0; i < model->part_count; i++)
		if (model->gic_version == 2 && model->parts[i].cpu_count > 8)
			find(f, "CONFIG_GIC_V2: \"%s\" has %u CPUs, and a GICv2 serves eight; take some away from it (CONFIG_CPUn_PART%u)",
			     model->parts[i].name, model->parts[i].cpu_count, i + 1);
}

static bool runs_same(const struct cpu *a, const struct cpu *b)
{
	for (uint32_t i = 0; i < a->runs_count; i++)
		if (!cpu_runs(b, a->runs[i]))
			return false;
	return a->runs_count == b->runs_count;
}

void check_cpu_siblings(const struct model *model, struct findings *f)
{
	if (config_bool(model->config, "SMT_SPLIT"))
		return;
	for (uint32_t i = 0; i < model->board->cpu_count; i++) {
		for (uint32_t k = i + 1; k < model->board->cpu_count; k++) {
			const struct cpu *a = &model->cpus[i], *b = &model->cpus[k];

			if (model->board->cpus[i].core == model->board->cpus[k].core && a->runs_count && b->runs_count && !runs_same(a, b))
				find(f, "CONFIG_CPU%u_PART%u and CONFIG_CPU%u_PART%u: CPUs %u and %u are threads of one core, given to \"%s\" and \"%s\", which could "
					"observe each other; give both to one partition, or set CONFIG_SMT_SPLIT=y",
				     i, a->runs[0] + 1, k, b->runs[0] + 1, i, k, model->parts[a->runs[0]].name, model->parts[b->runs[0]].name);
		}
	}
}

#define FOR_SHARED(cpu, model)                                                                                         \
	for (const struct cpu *cpu = (model)->cpus; cpu < (model)->cpus + (model)->board->cpu_count; cpu++) \
		if (cpu->is_shared)

void check_slot_empty(const struct model *model, struct findings *f)
{
	FOR_SHARED(cpu, model)
		for (uint32_t k = 0; k < cpu->slot_count; k++)
			if (cpu->slots[k].part < 0)
				find(f, "CONFIG_CPU%u_SLOT%u_EMPTY: slot %u of shared CPU %u belongs to nobody; give it to a partition (CONFIG_CPU%u_SLOT%u_PARTn=y), or "
					"lower CONFIG_CPU%u_SLOTS=%u", cpu->board, k + 1, k + 1, cpu->board, cpu->board, k + 1, cpu->board, cpu->slot_count);
}

void check_slot_sum(const struct model *model, struct findings *f)
{
	FOR_SHARED(cpu, model) {
		uint64_t sum = 0;

		for (uint32_t k = 0; k < cpu->slot_count; k++)
			sum += cpu->slots[k].us;
		if (sum != cpu->frame_us)
			find(f, "CONFIG_CPU%u_FRAME_US=%" PRIu64 ": the %u slots of CPU %u add up to %" PRIu64 " us; set it to %" PRIu64
				", or change CONFIG_CPU%u_SLOTn_US", cpu->board, cpu->frame_us, cpu->slot_count, cpu->board, sum, sum, cpu->board);
	}
}

static const struct slot *slot_at(const struct cpu *cpu, uint32_t k)
{
	return &cpu->slots[k % cpu->slot_count];
}

/* Time from slot k on that belongs to one partition without a switch. */
static uint64_t stretch_us(const struct cpu *cpu, uint32_t k)
{
	uint64_t us = 0;

	for (uint32_t i = k; i < k + cpu->slot_count && slot_at(cpu, i)->part == slot_at(cpu, k)->part; i++)
		us += slot_at(cpu, i)->us;
	return us;
}

void check_slot_short(const struct model *model, struct findings *f)
{
	FOR_SHARED(cpu, model) {
		for (uint32_t k = 0; k < cpu->slot_count; k++) {
			int32_t part = slot_at(cpu, k)->part;

			if (part >= 0 && slot_at(cpu, k + cpu->slot_count - 1)->part != part && stretch_us(cpu, k) < SLOT_LEAST_US)
				find(f, "CONFIG_CPU%u_SLOT%u_US=%" PRIu64 ": the slot of \"%s\" on CPU %u would be spent on switching from and to \"%s\"; take %u or more",
				     cpu->board, k + 1, cpu->slots[k].us, model->parts[part].name, cpu->board,
				     slot_at(cpu, k + 1)->part < 0 ? "nobody" : model->parts[slot_at(cpu, k + 1)->part].name, SLOT_LEAST_US);
		}
	}
}

void check_slot_alone(const struct model *model, struct findings *f)
{
	FOR_SHARED(cpu, model)
		if (cpu->runs_count == 1)
			find(f, "CONFIG_CPU%u_SHARED=y: only \"%s\" has slots on CPU %u; give it the whole CPU with CONFIG_CPU%u_PART%u=y", cpu->board,
			     model->parts[cpu->runs[0]].name, cpu->board, cpu->board, cpu->runs[0] + 1);
}

/* The longest time that a partition does not run on this CPU. */
static uint64_t longest_gap_us(const struct cpu *cpu, int32_t part)
{
	uint64_t gap = 0, longest = 0;

	for (uint32_t k = 0; k < 2 * cpu->slot_count; k++) {
		const struct slot *slot = &cpu->slots[k % cpu->slot_count];

		gap = slot->part == part ? 0 : gap + slot->us;
		longest = gap > longest ? gap : longest;
	}
	return longest;
}

void check_heartbeat_slots(const struct model *model, struct findings *f)
{
	FOR_SHARED(cpu, model) {
		for (uint32_t i = 0; i < cpu->runs_count; i++) {
			const struct part *part = &model->parts[cpu->runs[i]];
			uint64_t gap = longest_gap_us(cpu, (int32_t)part->index);

			if (part->heartbeat_us && part->cpus[0] == cpu->board && part->heartbeat_us <= gap)
				find(f, "CONFIG_PART%u_HEARTBEAT_MS=%" PRIu64 ": \"%s\" does not run for %" PRIu64 " us of each schedule of CPU %u, so it would always be "
					"late; take more than %" PRIu64 " ms, or more slots", part->number, part->heartbeat_us / 1000, part->name, gap, cpu->board,
				     gap / 1000);
		}
	}
}
