/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges the page tables of a running hypervisor from a dump of its memory and the registers of its CPUs, against what
 * the planner says. It shares no code with the hypervisor nor with the generator of its tables, on purpose: what both
 * got wrong alike would stay unseen. It must not know how the dump was taken.
 */
#ifndef WALK_H
#define WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WALK_CPUS		64u
#define WALK_NAME_BYTES		64u
#define WALK_PAGE		4096u

/* A piece of physical memory, dumped. */
struct memory {
	uint64_t base;
	uint64_t size;
	const uint8_t *bytes;
};

struct registers {
	uint32_t cpu;
	uint64_t ttbr0, tcr, mair, sctlr, vttbr, vtcr, hcr;	/* all of EL2 */
	uint64_t pstate;
};

/* Of the SMMU, ARM IHI 0070. */
struct smmu_registers {
	uint64_t cr0, base, config;	/* SMMU_CR0, SMMU_STRTAB_BASE, SMMU_STRTAB_BASE_CFG */
	unsigned seen;			/* how many of them were told */
};

/* One valid last-level entry of a table. */
struct leaf {
	uint64_t input;		/* VA of EL2, or IPA */
	uint64_t output;	/* PA */
	uint64_t size;
	uint64_t entry;		/* with what upper tables forbid folded in, stage 1 */
};

struct leaves {
	struct leaf *items;
	size_t count, capacity;
	size_t tables;		/* pages of tables */
};

struct range {
	char name[WALK_NAME_BYTES];
	uint64_t base, size;
	bool is_writable, is_executable;	/* sections of the hypervisor */
};

/* MAP_PAGE: registers, read only; MAP_PAGE_...: pages between a back-end and the hypervisor or a front-end; MAP_WINDOW: RAM of a
 * front-end, all of it there or nothing; MAP_KEPT: memory of its own that is no RAM. */
enum map_kind {
	MAP_RAM, MAP_READ_ONLY, MAP_DEVICE, MAP_PAGE, MAP_HYPERVISOR, MAP_PAGE_UNCACHED, MAP_PAGE_READ, MAP_PAGE_WRITE, MAP_WINDOW, MAP_KEPT,
};

struct map {
	char name[WALK_NAME_BYTES];
	uint32_t partition;
	uint64_t input, output, size;
	bool is_anywhere;	/* output: a device page of the hypervisor, whose place the linker chose */
	enum map_kind kind;
};

/* Two partitions that may reach the same memory: addresses and size in each. */
struct pair {
	uint32_t front, back;
	uint64_t front_input, back_input, size;
	bool is_window;
};

/* Streams of a device; of two lines that hold a stream the one with fewer counts. */
struct stream {
	char name[WALK_NAME_BYTES];
	uint32_t partition, first, count;
};

struct partition {
	uint32_t id;
	uint64_t pool, pool_size;	/* all that windows may show of it; size 0: everything */
	char name[WALK_NAME_BYTES];
	uint32_t vmid;
};

#define WALK_ITEMS	512u

/* What the tables must be. */
struct expected {
	struct partition partitions[16];
	size_t partition_count;
	struct map stage1[WALK_ITEMS];
	size_t stage1_count;
	struct map stage2[WALK_ITEMS];
	size_t stage2_count;
	struct map dma[WALK_ITEMS];		/* what devices of some partitions reach; those of the others reach what is in stage2 */
	size_t dma_count;
	struct stream streams[WALK_ITEMS];
	size_t stream_count;
	bool has_smmu;
	struct range regions[WALK_ITEMS];	/* planned, and no partition's */
	size_t region_count;
	struct range shared[WALK_ITEMS];	/* declared reachable from several partitions */
	size_t shared_count;
	struct pair pairs[WALK_ITEMS];		/* windows, device pages, regions of channels */
	size_t pair_count;
	struct range sections[WALK_ITEMS];	/* of the hypervisor's file */
	size_t section_count;
	uint64_t cpus;		/* bits */
	size_t cpu_count;
};

/* ---- tables.c */

/** Every leaf of the stage-1 table of `r`, in order. Returns: false after a finding that makes the rest unreadable. */
bool walk_stage1(const struct memory *memory, const struct registers *r, struct leaves *out);
bool walk_stage2(const struct memory *memory, const struct registers *r, struct leaves *out);
void leaves_free(struct leaves *leaves);
/** The word at `pa`. Returns: false if it was not dumped. */
bool memory_word(const struct memory *memory, uint64_t pa, uint64_t *word);

/* ---- judge.c */

void judge_stage1(const struct expected *expected, const struct registers *r, const struct leaves *leaves);
void judge_stage2(const struct expected *expected, const struct partition *partition, const struct registers *r,
		  const struct leaves *leaves);
/** What `leaves` translate for `partition`, compared with those of `maps` that are its own. `what` names it in findings. */
void judge_translation(const struct expected *expected, const struct partition *partition, const char *what, const struct map *maps, size_t count,
		       const struct leaves *leaves);
/** No page of two partitions, unless declared. `tables` holds one a partition, in their order. */
void judge_sharing(const struct expected *expected, const struct leaves *tables);
/** No window shows more of a partition than its pool, if it has one. */
void judge_pools(const struct expected *expected);
/** What the registers of one CPU must say beside their table roots. */
void judge_registers(const struct registers *r);

/* ---- smmu.c */

/** Every stream of the table is its owner's, and reaches what the plan gives that one; any other reaches nothing. Returns: streams that reach something. */
size_t judge_streams(const struct expected *expected, const struct memory *memory, const struct smmu_registers *r);

/* ---- input.c: complain on stderr and return false when a file is not what it must be */

bool expected_read(const char *path, struct expected *out);
bool sections_read(const char *elf_path, struct expected *out);
bool registers_read(const char *path, struct registers *out, size_t *count, struct smmu_registers *smmu);
bool memory_read(const char *path, uint64_t base, struct memory *out);

/* ---- findings */

extern size_t finding_count;
extern char finding_text[8192];	/* of the first ones */
void finding(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
