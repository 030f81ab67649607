/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk MAP.TXT HYP.ELF REGISTERS BASE MEMORY: judges the tables of a machine that was stopped and dumped. Prints
 * findings, then what was seen; status 1 if there are findings, 2 if it could not judge. It must not know QEMU.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "walk.h"

static struct expected expected;
static struct registers registers[WALK_CPUS];
static struct smmu_registers smmu;
static struct leaves tables[16];

static void stage1_judge(const struct memory *memory, const struct registers *r)
{
	struct leaves leaves = { 0 };

	if (walk_stage1(memory, r, &leaves))
		judge_stage1(&expected, r, &leaves);
	printf("stage 1 of cpu %u: %zu mappings in %zu tables\n", r->cpu, leaves.count, leaves.tables);
	leaves_free(&leaves);
}

/* The line of registers that has `p` loaded: by its VMID, on whatever CPU it was seen. */
static const struct registers *registers_of(const struct partition *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (registers[i].vttbr >> 48 == p->vmid && (registers[i].vttbr & 0x0000fffffffffffeull))
			return &registers[i];
	return NULL;
}

static void stage2_judge(const struct memory *memory, size_t index, size_t count)
{
	const struct partition *p = &expected.partitions[index];
	const struct registers *r = registers_of(p, count);

	if (!r) {
		finding("stage 2 of %s: no CPU was seen with its VMID %u", p->name, p->vmid);
		return;
	}
	if (walk_stage2(memory, r, &tables[index]))
		judge_stage2(&expected, p, r, &tables[index]);
	printf("stage 2 of %s: %zu mappings in %zu tables\n", p->name, tables[index].count, tables[index].tables);
}

static void judge_all(const struct memory *memory, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!registers[i].ttbr0)
			continue; /* a CPU that the plan does not use */
		judge_registers(&registers[i]);
		stage1_judge(memory, &registers[i]);
	}
	for (size_t i = 0; i < expected.partition_count; i++)
		stage2_judge(memory, i, count);
	judge_sharing(&expected, tables);
	judge_pools(&expected);
	if (expected.has_smmu)
		printf("streams: %zu reach something\n", judge_streams(&expected, memory, &smmu));
}

int main(int argc, char **argv)
{
	struct memory memory;
	size_t count;

	if (argc != 6) {
		fprintf(stderr, "usage: walk MAP.TXT HYP.ELF REGISTERS BASE MEMORY\n");
		return 2;
	}
	if (!expected_read(argv[1], &expected) || !sections_read(argv[2], &expected) || !registers_read(argv[3], registers, &count, &smmu) ||
	    !memory_read(argv[5], strtoull(argv[4], NULL, 0), &memory))
		return 2;
	if (expected.has_smmu && smmu.seen != 3) {
		fprintf(stderr, "walk: %s: the plan has an SMMU, and its registers are not there\n", argv[3]);
		return 2;
	}
	judge_all(&memory, count);
	printf("%zu findings\n", finding_count);
	return finding_count ? 1 : 0;
}
