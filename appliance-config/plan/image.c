/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recognizes image files. The files come from anywhere: every offset and
 * length in them is checked before it is used.
 */
#include "image.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { UNPACKED_MAX = 512 << 20 };

static uint64_t read_le(const uint8_t *at, int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

static bool starts(struct bytes b, const char *magic, size_t length)
{
	return b.size >= length && memcmp(b.at, magic, length) == 0;
}

/* gzip -> memory. Returns NULL, or what is broken. */
static const char *unpack_gzip(struct bytes in, struct bytes *out)
{
	z_stream stream = { .next_in = (unsigned char *)(uintptr_t)in.at, .avail_in = (uInt)in.size };
	size_t room = in.size * 4 + 65536;
	uint8_t *data = mem_get(room);
	int status = inflateInit2(&stream, 15 + 16);

	while (status == Z_OK) {
		if (stream.total_out == room) {
			uint8_t *larger = mem_get(room * 2);

			memcpy(larger, data, room);
			data = larger;
			room *= 2;
		}
		stream.next_out = data + stream.total_out;
		stream.avail_out = (uInt)(room - stream.total_out);
		status = stream.total_out > UNPACKED_MAX ? Z_BUF_ERROR : inflate(&stream, Z_NO_FLUSH);
		if (status == Z_BUF_ERROR && stream.avail_out == 0 && stream.total_out <= UNPACKED_MAX)
			status = Z_OK;
	}
	*out = (struct bytes){ data, stream.total_out };
	inflateEnd(&stream);
	return status == Z_STREAM_END ? NULL : "its gzip data is damaged or cut short";
}

static void read_arm64_image(struct image *image)
{
	const uint8_t *header = image->bytes.at;
	uint64_t image_size = read_le(header + 16, 8);

	image->text_offset = image_size ? read_le(header + 8, 8) : 0x80000;
	image->footprint = image_size > image->bytes.size ? image_size : image->bytes.size;
	image->segments[0] = (struct image_segment){ .size = image->bytes.size, .memory = image->footprint };
	image->segment_count = 1;
	if (image_size > UINT32_MAX || image->text_offset > UINT32_MAX)
		image->damage = "its Image header names more than 4 GiB";
}

static void add_segment(struct image *image, const Elf64_Phdr *p)
{
	if (p->p_type != PT_LOAD || p->p_memsz == 0)
		return;
	if (p->p_offset > image->bytes.size || p->p_filesz > image->bytes.size - p->p_offset || p->p_filesz > p->p_memsz)
		image->damage = "a segment lies outside of the file";
	else if (p->p_paddr + p->p_memsz < p->p_paddr)
		image->damage = "a segment's address wraps around";
	else if (image->segment_count == IMAGE_SEGMENT_MAX)
		image->damage = "it has more than 8 loadable segments";
	else
		image->segments[image->segment_count++] =
			(struct image_segment){ p->p_offset, p->p_paddr, p->p_filesz, p->p_memsz };
	if (!image->damage && image->entry >= p->p_vaddr && image->entry - p->p_vaddr < p->p_memsz)
		image->entry = image->entry - p->p_vaddr + p->p_paddr;
}

static bool read_section(const struct image *image, const Elf64_Ehdr *header, uint64_t index, Elf64_Shdr *out)
{
	uint64_t at = header->e_shoff + index * sizeof(*out);

	if (index >= header->e_shnum || header->e_shoff > image->bytes.size || at > image->bytes.size - sizeof(*out))
		return false;
	memcpy(out, image->bytes.at + at, sizeof(*out));
#ifdef FUZZ_PLANT_IMAGE /* the fault that the fuzzer's smoke run must find */
	return true;
#endif
	return out->sh_type == SHT_NOBITS ||
	       (out->sh_offset <= image->bytes.size && out->sh_size <= image->bytes.size - out->sh_offset);
}

static int compare_symbols(const void *a, const void *b)
{
	const struct image_symbol *x = a, *y = b;

	return x->address != y->address ? (x->address > y->address) - (x->address < y->address) : strcmp(x->name, y->name);
}

static void add_symbols(struct image *image, const Elf64_Shdr *table, const Elf64_Shdr *names)
{
	image->symbols = mem_get(IMAGE_SYMBOL_MAX * sizeof(*image->symbols));
	for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= table->sh_size && image->symbol_count < IMAGE_SYMBOL_MAX; at += sizeof(Elf64_Sym)) {
		Elf64_Sym s;
		const char *name;

		memcpy(&s, image->bytes.at + table->sh_offset + at, sizeof(s));
		if (ELF64_ST_TYPE(s.st_info) != STT_FUNC || s.st_shndx == SHN_UNDEF || s.st_name >= names->sh_size)
			continue;
		name = (const char *)image->bytes.at + names->sh_offset + s.st_name;
		if (memchr(name, 0, names->sh_size - s.st_name) && *name && strspn(name, "\"\\\n\r") == 0)
			image->symbols[image->symbol_count++] = (struct image_symbol){ s.st_value, name };
	}
	qsort(image->symbols, image->symbol_count, sizeof(*image->symbols), compare_symbols);
}

static void read_symbols(struct image *image, const Elf64_Ehdr *header)
{
	Elf64_Shdr table, names;

	for (uint64_t i = 0; i < header->e_shnum; i++)
		if (read_section(image, header, i, &table) && table.sh_type == SHT_SYMTAB &&
		    read_section(image, header, table.sh_link, &names) && names.sh_type == SHT_STRTAB && !image->symbols)
			add_symbols(image, &table, &names);
}

static void read_elf(struct image *image)
{
	Elf64_Ehdr header;

	image->kind = IMAGE_ELF_OTHER;
	image->found = "an ELF file for another machine";
	if (image->bytes.size < sizeof(header))
		return;
	memcpy(&header, image->bytes.at, sizeof(header));
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB || header.e_machine != EM_AARCH64)
		return;
	image->kind = IMAGE_ELF;
	image->found = "an ELF file for AArch64";
	image->entry = header.e_entry;
	if (header.e_phoff > image->bytes.size || (uint64_t)header.e_phnum * sizeof(Elf64_Phdr) > image->bytes.size - header.e_phoff) {
		image->damage = "its program headers lie outside of the file";
		return;
	}
	for (uint32_t i = 0; i < header.e_phnum && !image->damage; i++) {
		Elf64_Phdr program;

		memcpy(&program, image->bytes.at + header.e_phoff + i * sizeof(program), sizeof(program));
		add_segment(image, &program);
	}
	if (image->segment_count == 0 && !image->damage)
		image->damage = "it has no loadable segment (an object file that was not linked?)";
	read_symbols(image, &header);
}

static bool is_text(struct bytes b)
{
	size_t look = b.size < 512 ? b.size : 512;

	for (size_t i = 0; i < look; i++)
		if (b.at[i] == 0 || b.at[i] >= 0x80 || (b.at[i] < 0x20 && !strchr("\t\n\r\f", b.at[i])))
			return false;
	return true;
}

static const struct {
	const char *magic;
	size_t length;
	enum image_kind kind;
	const char *found;
} magics[] = {
	{ "\xd0\x0d\xfe\xed", 4, IMAGE_DTB, "a device tree blob" },
	{ "070701", 6, IMAGE_CPIO, "a cpio archive" },
	{ "070702", 6, IMAGE_CPIO, "a cpio archive" },
	{ "\x1f\x8b", 2, IMAGE_PACKED, "gzip data" },
	{ "\xfd" "7zXZ", 5, IMAGE_PACKED, "xz data" },
	{ "\x28\xb5\x2f\xfd", 4, IMAGE_PACKED, "zstd data" },
	{ "\x02\x21\x4c\x18", 4, IMAGE_PACKED, "lz4 data" },
	{ "\x04\x22\x4d\x18", 4, IMAGE_PACKED, "lz4 data" },
	{ "BZh", 3, IMAGE_PACKED, "bzip2 data" },
	{ "MZ", 2, IMAGE_PE, "an EFI or Windows program without an arm64 Image header" },
};

static void recognize_by_magic(struct image *image)
{
	image->kind = is_text(image->bytes) ? IMAGE_TEXT : IMAGE_FLAT;
	image->found = image->kind == IMAGE_TEXT ? "text" : "a file without a header that is known";
	for (size_t i = 0; i < COUNT_OF(magics); i++) {
		if (starts(image->bytes, magics[i].magic, magics[i].length)) {
			image->kind = magics[i].kind;
			image->found = magics[i].found;
			return;
		}
	}
	image->footprint = image->bytes.size;
	image->segments[0] = (struct image_segment){ .size = image->bytes.size, .memory = image->bytes.size };
	image->segment_count = 1;
}

void image_recognize(struct image *image, bool unpack)
{
	struct bytes packed = image->bytes;

	if (unpack && starts(packed, "\x1f\x8b", 2)) {
		image->damage = unpack_gzip(packed, &image->bytes);
		image->is_unpacked = true;
	}
	if (image->bytes.size == 0) {
		image->kind = IMAGE_EMPTY;
		image->found = "an empty file";
	} else if (image->bytes.size >= 64 && memcmp(image->bytes.at + 56, "ARM\x64", 4) == 0) {
		image->kind = IMAGE_ARM64;
		image->found = "an arm64 Image";
		read_arm64_image(image);
	} else if (starts(image->bytes, ELFMAG, SELFMAG)) {
		read_elf(image);
	} else {
		recognize_by_magic(image);
	}
	if (image->is_unpacked)
		image->found = mem_format("gzip data with %s inside", image->found);
}

void image_open(struct image *image, const char *path, bool unpack)
{
	image->path = path;
	image->kind = IMAGE_ABSENT;
	image->found = "no file";
	if (file_read(path, &image->bytes))
		image_recognize(image, unpack);
}
