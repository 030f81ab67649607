/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: guests' image files as the planner recognizes them: ELF with symbols, arm64 Image, gzip. */

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "../../appliance-config/plan/image.h"
#include "fuzz.h"

const char fuzz_name[] = "image";

enum { BODY = 120, SECTIONS = 320, NAMES = 288 };

static size_t seed_elf(uint8_t *bytes)
{
	Elf64_Ehdr header = { .e_ident = ELFMAG "\2\1\1", .e_machine = EM_AARCH64, .e_entry = 0x40200000, .e_phoff = 64, .e_phnum = 1,
			      .e_shoff = SECTIONS, .e_shnum = 2 };
	Elf64_Phdr program = { .p_type = PT_LOAD, .p_offset = BODY, .p_vaddr = 0x40200000, .p_paddr = 0x40200000, .p_filesz = 72, .p_memsz = 4096 };
	Elf64_Sym symbol = { .st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1, .st_value = 0x40200000 };
	Elf64_Shdr sections[2] = { { .sh_type = SHT_SYMTAB, .sh_offset = BODY, .sh_size = 3 * sizeof(symbol), .sh_link = 1 },
				   { .sh_type = SHT_STRTAB, .sh_offset = NAMES, .sh_size = 16 } };

	memset(bytes, 0, SECTIONS);
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + 64, &program, sizeof(program));
	for (size_t i = 0; i < 3; i++)
		memcpy(bytes + BODY + i * sizeof(symbol), &symbol, sizeof(symbol));
	memcpy(bytes + NAMES + 1, "start", 6);
	memcpy(bytes + SECTIONS, sections, sizeof(sections));
	return SECTIONS + sizeof(sections);
}

static size_t seed_arm64(uint8_t *bytes)
{
	memset(bytes, 0, 256);
	bytes[18] = 1;
	memcpy(bytes + 56, "ARM\x64", 4);
	return 256;
}

/* gzip of forty zeros: fixed header, one block, checksum and length. */
static size_t seed_gzip(uint8_t *bytes)
{
	static const uint8_t packed[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x63, 0x60, 0xa0, 0x3d, 0x00, 0x00, 0x4b, 0x6b, 0x1c, 0x38, 40, 0, 0, 0 };

	memcpy(bytes, packed, sizeof(packed));
	return sizeof(packed);
}

size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX])
{
	if (which % 8 == 0)
		return seed_gzip(bytes);
	return which % 8 == 1 ? seed_arm64(bytes) : seed_elf(bytes);
}

void fuzz_repair(uint8_t *bytes, size_t size)
{
	(void)bytes;
	(void)size;
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
	struct image image = { .bytes = { bytes, size } };

	image_recognize(&image, true);
	fuzz_must(image.found != NULL && image.segment_count <= IMAGE_SEGMENT_MAX);
	for (uint32_t i = 0; !image.damage && i < image.segment_count; i++) {
		const struct image_segment *s = &image.segments[i];

		fuzz_must(s->offset <= image.bytes.size && s->size <= image.bytes.size - s->offset && s->size <= s->memory);
		fuzz_must(s->address + s->memory >= s->address);
	}
	for (uint32_t i = 0; i < image.symbol_count; i++)
		fuzz_must(strlen(image.symbols[i].name) > 0);
	mem_free_all();
}
