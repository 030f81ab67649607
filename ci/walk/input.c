/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads what the walker compares: the planner's map.txt, the sections of the hypervisor's file, registers, memory. It
 * must not know what is right.
 */
#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "walk.h"

#define WORDS 9

static bool refuse(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(const char *path, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "walk: %s: ", path);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	return false;
}

static uint64_t number(const char *word)
{
	return strtoull(word, NULL, 0);
}

static void name_copy(char name[WALK_NAME_BYTES], const char *word)
{
	snprintf(name, WALK_NAME_BYTES, "%s", word);
}

static size_t words_split(char *line, char *words[WORDS])
{
	size_t count = 0;

	line[strcspn(line, "#\r\n")] = '\0';
	for (char *word = strtok(line, " \t"); word && count < WORDS; word = strtok(NULL, " \t"))
		words[count++] = word;
	return count;
}

static bool kind_read(const char *word, enum map_kind *kind)
{
	static const char *const names[] = { "ram", "read-only", "device", "page", "hypervisor", "page-uncached", "page-read", "page-write", "window",
					     "kept" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(word, names[i])) {
			*kind = (enum map_kind)i;
			return true;
		}
	return false;
}

static struct range *range_add(struct range *ranges, size_t *count, const char *name, uint64_t base, uint64_t size)
{
	struct range *range = &ranges[(*count)++];

	*range = (struct range){ .base = base, .size = size };
	name_copy(range->name, name);
	return range;
}

/* stage1 NAME PA SIZE KIND */
static bool stage1_line(struct expected *out, char *const w[WORDS])
{
	struct map *map = &out->stage1[out->stage1_count++];

	*map = (struct map){ .input = number(w[2]), .output = number(w[2]), .size = number(w[3]) };
	name_copy(map->name, w[1]);
	return kind_read(w[4], &map->kind);
}

/* PARTITION NAME IPA PA SIZE KIND, behind the first word */
static bool partition_map(struct map *map, char *const w[WORDS])
{
	*map = (struct map){ .partition = (uint32_t)number(w[1]), .input = number(w[3]), .output = number(w[4]), .size = number(w[5]) };
	name_copy(map->name, w[2]);
	return kind_read(w[6], &map->kind);
}

/* map PARTITION NAME IPA PA SIZE KIND: PA is "hypervisor" for memory of its own, wherever that is */
static bool stage2_line(struct expected *out, char *const w[WORDS])
{
	struct map *map = &out->stage2[out->stage2_count++];
	bool is_good = partition_map(map, w);

	map->is_anywhere = !strcmp(w[4], "hypervisor");
	return is_good;
}

/* dma PARTITION NAME IPA PA SIZE KIND */
static bool dma_line(struct expected *out, char *const w[WORDS])
{
	return partition_map(&out->dma[out->dma_count++], w);
}

/* stream PARTITION FIRST COUNT DEVICE */
static bool stream_line(struct expected *out, char *const w[WORDS])
{
	struct stream *stream = &out->streams[out->stream_count++];

	*stream = (struct stream){ .partition = (uint32_t)number(w[1]), .first = (uint32_t)number(w[2]), .count = (uint32_t)number(w[3]) };
	name_copy(stream->name, w[4]);
	return stream->partition < out->partition_count;
}

static bool partition_line(struct expected *out, char *const w[WORDS])
{
	struct partition *p = &out->partitions[out->partition_count++];

	p->id = (uint32_t)number(w[1]);
	name_copy(p->name, w[2]);
	return p->id == out->partition_count - 1;
}

static bool vmid_line(struct expected *out, char *const w[WORDS])
{
	uint64_t id = number(w[1]);

	if (id >= out->partition_count)
		return false;
	out->partitions[id].vmid = (uint32_t)number(w[2]);
	return true;
}

/* vcpu PARTITION INDEX CPU: the hypervisor runs on these CPUs, and on the first of the board, which it boots on. */
static bool vcpu_line(struct expected *out, char *const w[WORDS])
{
	uint64_t cpu = number(w[3]);

	if (cpu >= WALK_CPUS)
		return false;
	out->cpus |= 1 | (uint64_t)1 << cpu;
	out->cpu_count = (size_t)__builtin_popcountll(out->cpus);
	return true;
}

/* window FRONT BACK PA BACK-IPA SIZE FRONT-IPA */
static bool window_line(struct expected *out, char *const w[WORDS])
{
	out->pairs[out->pair_count++] = (struct pair){ .front = (uint32_t)number(w[1]), .back = (uint32_t)number(w[2]), .front_input = number(w[6]),
						       .back_input = number(w[4]), .size = number(w[5]), .is_window = true };
	return true;
}

/* pool PARTITION IPA SIZE */
static bool pool_line(struct expected *out, char *const w[WORDS])
{
	uint64_t id = number(w[1]);

	if (id >= out->partition_count)
		return false;
	out->partitions[id].pool = number(w[2]);
	out->partitions[id].pool_size = number(w[3]);
	return out->partitions[id].pool_size != 0;
}

/* virtio FRONT BACK LINE IPA BACK-IPA INTID KIND NAME */
static bool virtio_line(struct expected *out, char *const w[WORDS])
{
	out->pairs[out->pair_count++] = (struct pair){ .front = (uint32_t)number(w[1]), .back = (uint32_t)number(w[2]), .front_input = number(w[4]),
						       .back_input = number(w[5]), .size = WALK_PAGE };
	return true;
}

/* channel WRITER READER WRITER-IPA READER-IPA SIZE INTID NAME */
static bool channel_line(struct expected *out, char *const w[WORDS])
{
	out->pairs[out->pair_count++] = (struct pair){ .front = (uint32_t)number(w[1]), .back = (uint32_t)number(w[2]), .front_input = number(w[3]),
						       .back_input = number(w[4]), .size = number(w[5]) };
	return true;
}

static bool map_line(struct expected *out, char *const w[WORDS], size_t count)
{
	if (!strcmp(w[0], "stage1"))
		return count == 5 && out->stage1_count < WALK_ITEMS && stage1_line(out, w);
	if (!strcmp(w[0], "map"))
		return count == 7 && out->stage2_count < WALK_ITEMS && stage2_line(out, w);
	if (!strcmp(w[0], "dma"))
		return count == 7 && out->dma_count < WALK_ITEMS && dma_line(out, w);
	if (!strcmp(w[0], "stream"))
		return count == 5 && out->stream_count < WALK_ITEMS && stream_line(out, w);
	if (!strcmp(w[0], "smmu"))
		return out->has_smmu = count == 2;
	if (!strcmp(w[0], "partition"))
		return count >= 3 && out->partition_count < 16 && partition_line(out, w);
	if (!strcmp(w[0], "vmid"))
		return count == 3 && vmid_line(out, w);
	if (!strcmp(w[0], "region"))
		return count == 4 && out->region_count < WALK_ITEMS &&
		       range_add(out->regions, &out->region_count, w[1], number(w[2]), number(w[3]));
	if (!strcmp(w[0], "shared"))
		return count >= 3 && out->shared_count < WALK_ITEMS &&
		       range_add(out->shared, &out->shared_count, "shared", number(w[1]), number(w[2]));
	if (!strcmp(w[0], "window"))
		return count == 7 && out->pair_count < WALK_ITEMS && window_line(out, w);
	if (!strcmp(w[0], "pool"))
		return count == 4 && pool_line(out, w);
	if (!strcmp(w[0], "virtio"))
		return count == 9 && out->pair_count < WALK_ITEMS && virtio_line(out, w);
	if (!strcmp(w[0], "channel"))
		return count == 8 && out->pair_count < WALK_ITEMS && channel_line(out, w);
	if (!strcmp(w[0], "handoff"))
		return count == 2 && range_add(out->sections, &out->section_count, "handoff", number(w[1]) & ~4095ull, WALK_PAGE);
	return strcmp(w[0], "vcpu") || (count == 4 && vcpu_line(out, w));
}

bool expected_read(const char *path, struct expected *out)
{
	char line[1024], *words[WORDS];
	bool is_good = true;
	FILE *file = fopen(path, "r");

	if (!file)
		return refuse(path, "cannot be read");
	for (unsigned at = 1; is_good && fgets(line, sizeof(line), file); at++) {
		size_t count = words_split(line, words);

		if (count && !map_line(out, words, count))
			is_good = refuse(path, "line %u (%s) is not what it must be", at, words[0]);
	}
	fclose(file);
	if (is_good && (!out->partition_count || !out->stage1_count || !out->stage2_count || !out->region_count || !out->cpu_count))
		return refuse(path, "a kind of line is missing: nothing would be judged");
	return is_good;
}

/* ---- the hypervisor's file */

static uint8_t *file_read(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long end;

	if (!file)
		return NULL;
	if (!fseek(file, 0, SEEK_END) && (end = ftell(file)) > 0) {
		bytes = malloc((size_t)end);
		rewind(file);
		*size = bytes ? fread(bytes, 1, (size_t)end, file) : 0;
	}
	fclose(file);
	return bytes;
}

static bool sections_take(const uint8_t *bytes, size_t size, struct expected *out)
{
	const Elf64_Ehdr *head = (const void *)bytes;
	const Elf64_Shdr *sections, *names;

	if (size < sizeof(*head) || memcmp(head->e_ident, ELFMAG, SELFMAG) || head->e_shoff > size ||
	    head->e_shnum > (size - head->e_shoff) / sizeof(*sections) || head->e_shstrndx >= head->e_shnum)
		return false;
	sections = (const void *)(bytes + head->e_shoff);
	names = &sections[head->e_shstrndx];
	if (names->sh_offset > size || names->sh_size > size - names->sh_offset)
		return false;
	for (unsigned i = 0; i < head->e_shnum; i++) {
		const Elf64_Shdr *s = &sections[i];
		struct range *range;

		if (!(s->sh_flags & SHF_ALLOC) || !s->sh_size || out->section_count == WALK_ITEMS || s->sh_name >= names->sh_size)
			continue;
		range = range_add(out->sections, &out->section_count, (const char *)bytes + names->sh_offset + s->sh_name, s->sh_addr, s->sh_size);
		range->is_writable = s->sh_flags & SHF_WRITE;
		range->is_executable = s->sh_flags & SHF_EXECINSTR;
	}
	return true;
}

bool sections_read(const char *elf_path, struct expected *out)
{
	size_t size = 0, before = out->section_count;
	uint8_t *bytes = file_read(elf_path, &size);
	bool is_good = bytes && sections_take(bytes, size, out);

	free(bytes);
	return is_good && out->section_count > before ? true : refuse(elf_path, "is no ELF file with sections");
}

/* ---- the machine: lines "CPU REGISTER VALUE" and "smmu REGISTER VALUE" */

static bool smmu_set(struct smmu_registers *r, const char *name, uint64_t value)
{
	r->seen++;
	if (!strcmp(name, "CR0"))
		r->cr0 = value;
	else if (!strcmp(name, "STRTAB_BASE"))
		r->base = value;
	else if (!strcmp(name, "STRTAB_BASE_CFG"))
		r->config = value;
	else
		return false;
	return true;
}

static bool register_set(struct registers *r, const char *name, uint64_t value)
{
	const struct {
		const char *name;
		uint64_t *at;
	} known[] = {
		{ "TTBR0_EL2", &r->ttbr0 }, { "TCR_EL2", &r->tcr }, { "MAIR_EL2", &r->mair }, { "SCTLR_EL2", &r->sctlr },
		{ "VTTBR_EL2", &r->vttbr }, { "VTCR_EL2", &r->vtcr }, { "HCR_EL2", &r->hcr },
		{ "cpsr", &r->pstate },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, name)) {
			*known[i].at = value;
			return true;
		}
	return false;
}

bool registers_read(const char *path, struct registers *out, size_t *count, struct smmu_registers *smmu)
{
	char line[256], *words[WORDS];
	bool is_good = true;
	FILE *file = fopen(path, "r");

	*count = 0;
	if (!file)
		return refuse(path, "cannot be read");
	while (is_good && fgets(line, sizeof(line), file)) {
		size_t found = words_split(line, words);
		uint64_t cpu = found == 3 ? number(words[0]) : WALK_CPUS;

		if (!found)
			continue;
		if (found == 3 && !strcmp(words[0], "smmu")) {
			is_good = smmu_set(smmu, words[1], number(words[2]));
			continue;
		}
		is_good = cpu < WALK_CPUS && register_set(&out[cpu], words[1], number(words[2]));
		if (is_good) {
			out[cpu].cpu = (uint32_t)cpu;
			*count = cpu + 1 > *count ? (size_t)cpu + 1 : *count;
		}
	}
	fclose(file);
	return is_good && *count ? true : refuse(path, "is not lines of CPU, register, value");
}

bool memory_read(const char *path, uint64_t base, struct memory *out)
{
	size_t size = 0;

	out->base = base;
	out->bytes = file_read(path, &size);
	out->size = size;
	return out->bytes ? true : refuse(path, "cannot be read");
}
