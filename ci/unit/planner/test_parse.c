/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from files: configuration lines, images of every kind and cut anywhere, hashes, size words. */
#include "../tap.h"

#include "../../../appliance-config/plan/config.h"
#include "../../../appliance-config/plan/image.h"
#include "../../../appliance-config/plan/report.h"
#include "../../../appliance-config/plan/sha256.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static struct bytes text_bytes(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static void config_lines(void)
{
	struct config c = { 0 };

	CHECK(config_parse(&c, text_bytes("=\tB\ty\n=\tA\ttext with\ttab\n!\trange\tA\t9\t1..8\n\n")) == NULL);
	CHECK(c.symbol_count == 2 && c.problem_count == 1);
	CHECK(strcmp(config_get(&c, "A"), "text with\ttab") == 0);
	CHECK(config_bool(&c, "%s", "B") && !config_bool(&c, "A") && !config_bool(&c, "C"));
	CHECK(strcmp(c.problems[0].kind, "range") == 0 && strcmp(c.problems[0].detail, "1..8") == 0);
	CHECK(strcmp(config_get(&c, "no such"), "") == 0 && config_number(&c, "no such") == 0);
}

static void config_refuses_what_it_is_not(void)
{
	struct config c = { 0 };

	CHECK(config_parse(&c, text_bytes("CONFIG_A=y\n")) != NULL);
	c = (struct config){ 0 };
	CHECK(config_parse(&c, text_bytes("=\n")) != NULL);
	c = (struct config){ 0 };
	CHECK(config_parse(&c, text_bytes("")) == NULL && c.symbol_count == 0);
}

static enum image_kind kind_of(const char *bytes, size_t size)
{
	struct image image = { .bytes = { (const uint8_t *)bytes, size } };

	image_recognize(&image, false);
	return image.kind;
}

static void magics(void)
{
	CHECK(kind_of("", 0) == IMAGE_EMPTY);
	CHECK(kind_of("070701 and more", 15) == IMAGE_CPIO);
	CHECK(kind_of("\x1f\x8b", 2) == IMAGE_PACKED);
	CHECK(kind_of("\xd0\x0d\xfe\xed", 4) == IMAGE_DTB);
	CHECK(kind_of("MZ\0\0", 4) == IMAGE_PE);
	CHECK(kind_of("some words\n", 11) == IMAGE_TEXT);
	CHECK(kind_of("\0\0\0", 3) == IMAGE_FLAT);
	CHECK(kind_of("\x7f" "ELF", 4) == IMAGE_ELF_OTHER);
}

static void arm64_image(void)
{
	uint8_t bytes[128] = { 0 };
	struct image image = { .bytes = { bytes, sizeof(bytes) } };

	memcpy(bytes + 56, "ARM\x64", 4);
	image_recognize(&image, false);
	CHECK(image.kind == IMAGE_ARM64 && image.text_offset == 0x80000 && image.footprint == sizeof(bytes));
	bytes[17] = 0x10; /* image_size 4096 */
	image = (struct image){ .bytes = { bytes, sizeof(bytes) } };
	image_recognize(&image, false);
	CHECK(image.text_offset == 0 && image.footprint == 4096 && !image.damage);
	bytes[22] = 1;    /* 2^48 */
	image = (struct image){ .bytes = { bytes, sizeof(bytes) } };
	image_recognize(&image, false);
	CHECK(image.damage != NULL);
}

/* An ELF file with one segment and one section header of symbols that names strings beyond the end. */
static size_t make_elf(uint8_t *out)
{
	Elf64_Ehdr header = { .e_ident = ELFMAG "\2\1\1", .e_machine = EM_AARCH64, .e_entry = 0x40200000, .e_phoff = 64, .e_phnum = 1, .e_shoff = 136,
			      .e_shnum = 2 };
	Elf64_Phdr program = { .p_type = PT_LOAD, .p_offset = 120, .p_vaddr = 0x40200000, .p_paddr = 0x40200000, .p_filesz = 16, .p_memsz = 32 };
	Elf64_Shdr sections[2] = { { .sh_type = SHT_SYMTAB, .sh_offset = 120, .sh_size = 16, .sh_link = 1 },
				   { .sh_type = SHT_STRTAB, .sh_offset = 120, .sh_size = 1 << 20 } };

	memcpy(out, &header, 64);
	memcpy(out + 64, &program, 56);
	memset(out + 120, 0, 16);
	memcpy(out + 136, sections, sizeof(sections));
	return 136 + sizeof(sections);
}

static void elf_cut_anywhere(void)
{
	uint8_t whole[512];
	size_t size = make_elf(whole);

	for (size_t cut = 1; cut <= size; cut++) {
		uint8_t *exact = malloc(cut);
		struct image image = { .bytes = { exact, cut } };

		memcpy(exact, whole, cut);
		image_recognize(&image, false);
		CHECK(cut < size ? true : image.kind == IMAGE_ELF && image.segment_count == 1 && image.symbol_count == 0);
		free(exact);
	}
}

static void elf_damage(void)
{
	uint8_t bytes[512];
	size_t size = make_elf(bytes);
	struct image image = { .bytes = { bytes, size } };
	Elf64_Phdr program;

	memcpy(&program, bytes + 64, sizeof(program));
	program.p_filesz = UINT64_MAX;
	memcpy(bytes + 64, &program, sizeof(program));
	image_recognize(&image, false);
	CHECK(image.damage && strstr(image.damage, "outside"));
	program.p_filesz = 16;
	program.p_paddr = UINT64_MAX - 8;
	memcpy(bytes + 64, &program, sizeof(program));
	image = (struct image){ .bytes = { bytes, size } };
	image_recognize(&image, false);
	CHECK(image.damage && strstr(image.damage, "wraps"));
	program.p_type = PT_NOTE;
	memcpy(bytes + 64, &program, sizeof(program));
	image = (struct image){ .bytes = { bytes, size } };
	image_recognize(&image, false);
	CHECK(image.damage && strstr(image.damage, "no loadable"));
}

static void hex(const uint8_t digest[32], char out[65])
{
	for (int i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* Vectors of FIPS 180-4, and the lengths around a block's end. */
static void hashes(void)
{
	uint8_t digest[32], ones[200];
	char text[65];

	sha256("abc", 3, digest);
	hex(digest, text);
	CHECK(strcmp(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
	sha256("", 0, digest);
	hex(digest, text);
	CHECK(strcmp(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0);
	sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, digest);
	hex(digest, text);
	CHECK(strcmp(text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1") == 0);
	memset(ones, 'a', sizeof(ones));
	sha256(ones, 64, digest);
	hex(digest, text);
	CHECK(strcmp(text, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb") == 0);
}

static void size_words(void)
{
	CHECK(strcmp(size_text(512ul << 20), "512 MiB") == 0);
	CHECK(strcmp(size_text(40 << 10), "40 KiB") == 0);
	CHECK(strcmp(size_text(3ul << 29), "1.5 GiB") == 0);
	CHECK(strcmp(size_text(7), "7 bytes") == 0);
}

int main(void)
{
	TEST(config_lines);
	TEST(config_refuses_what_it_is_not);
	TEST(magics);
	TEST(arm64_image);
	TEST(elf_cut_anywhere);
	TEST(elf_damage);
	TEST(hashes);
	TEST(size_words);
	mem_free_all();
	return tap_done();
}
