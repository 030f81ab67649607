/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports for people. It must not know why a policy acted, nor the registers
 * of an architecture.
 */
#include <hyp/arch.h>
#include <hyp/console.h>
#include <hyp/partition.h>
#include <hyp/print.h>
#include <hyp/report.h>

static const char *const class_names[EXIT_CLASS_COUNT] = {
	[EXIT_INTERRUPT] = "interrupt", [EXIT_HYPERCALL] = "call", [EXIT_MMIO] = "mmio", [EXIT_REGISTER] = "register",
	[EXIT_WAIT] = "wait", [EXIT_CACHE] = "cache", [EXIT_FAULT] = "fault", [EXIT_ERROR] = "error",
};

const char *symbol_find(const struct plan_partition *partition, uint64_t address, uint64_t *offset)
{
	const struct plan_symbol *symbols = partition->symbols;
	uint32_t low = 0, high = partition->symbol_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	*offset = address - symbols[low - 1].address;
	return symbols[low - 1].name;
}

static void print_pc(const struct vcpu *vcpu, uint64_t pc)
{
	uint64_t offset = 0;
	const char *name = symbol_find(vcpu->partition, pc, &offset);

	if (name)
		hyp_print("  pc 0x%lx: %s+0x%lx", pc, name, offset);
	else
		hyp_print("  pc 0x%lx", pc);
}

/* ---- whose address ---- */

/* What of a partition's address space is nearest to an address. */
struct nearest {
	const char *name;
	uint64_t base, size;
	uint64_t distance; /* 0: the address lies in it */
};

static void consider(struct nearest *nearest, const char *name, uint64_t base, uint64_t size, uint64_t address)
{
	uint64_t distance = address < base ? base - address : address - base < size ? 0 : address - base - size + 1;

	if (nearest->name && distance >= nearest->distance)
		return;
	*nearest = (struct nearest){ .name = name, .base = base, .size = size, .distance = distance };
}

void report_owner(const struct plan_partition *partition, ipa_t address)
{
	struct nearest nearest = { 0 };

	for (uint32_t i = 0; i < partition->emul_count; i++)
		consider(&nearest, partition->emuls[i].block->name, partition->emuls[i].base.v, partition->emuls[i].size, address.v);
	for (uint32_t i = 0; i < partition->map_count; i++)
		consider(&nearest, partition->maps[i].name, partition->maps[i].ipa.v, partition->maps[i].size, address.v);
	if (!nearest.name)
		return;
	hyp_print("  address 0x%lx is %s %s of %s, 0x%lx to 0x%lx", address.v, nearest.distance ? "nobody's; nearest is" : "in",
		  nearest.name, partition->name, nearest.base, nearest.base + nearest.size - 1);
}

/* ---- a partition that was stopped ---- */

static const struct exit_record *record_at(const struct vcpu *vcpu, uint32_t age)
{
	return &vcpu->history[(vcpu->history_next - 1 - age) % EXIT_HISTORY];
}

static uint32_t record_count(const struct vcpu *vcpu)
{
	return vcpu->history_next < EXIT_HISTORY ? vcpu->history_next : EXIT_HISTORY;
}

static void print_head(struct vcpu *vcpu, const char *what)
{
	const struct plan_partition *partition = vcpu->partition;

	hyp_print("report: partition %s: %s", partition->name, what);
	hyp_print("  vcpu %u on cpu %u, start %u, faults %u", vcpu->index, vcpu->cpu->state->index, partition->state->start_count,
		  partition->state->fault_count);
	print_pc(vcpu, arch_vcpu_pc(vcpu));
	if (record_count(vcpu) && record_at(vcpu, 0)->address)
		report_owner(partition, (ipa_t){ record_at(vcpu, 0)->address });
}

/* Each piece costs about what a piece of scrubbing does. */
bool report_piece(struct vcpu *vcpu, const char *what, uint32_t index)
{
	uint32_t age = index - 2;

	if (index == 0) {
		print_head(vcpu, what);
	} else if (index == 1) {
		arch_vcpu_print(vcpu);
		hyp_print("  last exits, newest first:");
	} else if (age < record_count(vcpu)) {
		arch_exit_print(record_at(vcpu, age));
	} else {
		hyp_print("end of report");
		return false;
	}
	return true;
}

void report_partition(struct vcpu *vcpu, const char *what)
{
	for (uint32_t index = 0; report_piece(vcpu, what, index); index++)
		;
}

/* ---- the state command ---- */

static const char *vcpu_word(const struct vcpu *vcpu)
{
	static const char *const words[] = {
		[VCPU_OFF] = "off", [VCPU_WAITING] = "waiting for its partition", [VCPU_STOPPED] = "stopped",
	};

	if (vcpu->state != VCPU_READY)
		return words[vcpu->state];
	if (vcpu->is_idle)
		return "waiting for an interrupt";
	return vcpu->cpu->state->current == vcpu ? "running" : "ready";
}

static void print_partition_state(const struct plan_partition *partition)
{
	const struct partition *state = partition->state;

	hyp_print("%u %s: %s, starts %u, faults %u, heartbeats %lu", partition->id, partition->name,
		  partition_state_name(state->state), state->start_count, state->fault_count, state->heartbeat_count);
	if (!partition->console)
		hyp_print("  no console");
	else if (partition->console->head)
		hyp_print("  printed %u bytes, lost %u", partition->console->head, partition->console->lost);
	else if (state->state == PARTITION_RUNNING)
		hyp_print("  no output yet: a Linux guest shows its first lines with earlycon on its command line");
}

static void print_exits(const struct vcpu *vcpu)
{
	char line[CONSOLE_LINE];
	size_t at = 0;

	for (uint32_t i = 0; i < EXIT_CLASS_COUNT; i++)
		at += text_format(&line[at], sizeof(line) - at, " %s %lu", class_names[i], vcpu->exits[i]);
	hyp_print("  exits:%s", line);
}

void report_vcpu_state(struct vcpu *vcpu)
{
	if (!vcpu->index)
		print_partition_state(vcpu->partition);
	hyp_print(" vcpu %u on cpu %u: %s, pending interrupts %u", vcpu->index, vcpu->cpu->state->index, vcpu_word(vcpu),
		  arch_vcpu_pending_count(vcpu));
	print_pc(vcpu, arch_vcpu_pc(vcpu));
	print_exits(vcpu);
	if (record_count(vcpu))
		arch_exit_print(record_at(vcpu, 0));
}
