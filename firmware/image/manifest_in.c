/* SPDX-License-Identifier: Apache-2.0 */
/* Parser of `manifest.in`: one item a line, strict. It must not know the binary manifest. */

#include "manifest_in.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../update/crypto.h"

enum { WORD_COUNT_MAX = 8, LINE_BYTES = 1024 };

static const char *file_name;
static unsigned int line_number;

static _Noreturn __attribute__((format(printf, 1, 2))) void fail(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%u: ", file_name, line_number);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

uint8_t *read_file(const char *path, uint64_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes;
	long length;

	if (!file || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	rewind(file);
	bytes = malloc((size_t)length + 1);
	if (!bytes || fread(bytes, 1, (size_t)length, file) != (size_t)length) {
		fprintf(stderr, "%s: cannot be read whole\n", path);
		exit(1);
	}
	fclose(file);
	bytes[length] = 0;
	*size = (uint64_t)length;
	return bytes;
}

static uint64_t number(const char *word)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(word, &end, 0);
	if (!isdigit((unsigned char)word[0]) || *end != 0 || errno != 0)
		fail("'%s' is not a number of at most 64 bits", word);
	return value;
}

static void text(const char *word, char *to)
{
	if (strlen(word) >= MANIFEST_TEXT_BYTES)
		fail("'%s' is longer than %u bytes", word, MANIFEST_TEXT_BYTES - 1);
	memset(to, 0, MANIFEST_TEXT_BYTES);
	memcpy(to, word, strlen(word));
}

static void room(uint32_t count, uint32_t limit, const char *what)
{
	if (count == limit)
		fail("more than %u lines of '%s'", limit, what);
}

static void do_format(struct manifest_input *in, char **word)
{
	(void)in;
	if (number(word[1]) != 1)
		fail("format %s: this tool knows format 1", word[1]);
}

static void do_plan_id(struct manifest_input *in, char **word)
{
	if (strlen(word[1]) != 2 * MANIFEST_HASH_BYTES || strspn(word[1], "0123456789abcdef") != 2 * MANIFEST_HASH_BYTES)
		fail("plan-id wants 64 hexadecimal digits");
	for (size_t i = 0; i < MANIFEST_HASH_BYTES; i++) {
		char digits[3] = { word[1][2 * i], word[1][2 * i + 1], 0 };

		in->manifest.plan_id[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
}

static void do_name(struct manifest_input *in, char **word)
{
	text(word[1], in->manifest.name);
}

static void do_version(struct manifest_input *in, char **word)
{
	text(word[1], in->manifest.version);
}

static void do_security_version(struct manifest_input *in, char **word)
{
	in->manifest.security_version = number(word[1]);
}

static void do_arch(struct manifest_input *in, char **word)
{
	text(word[1], in->manifest.arch);
}

static void do_board(struct manifest_input *in, char **word)
{
	text(word[1], in->manifest.board);
}

static void do_compatible(struct manifest_input *in, char **word)
{
	if (strlen(word[1]) >= MANIFEST_BOARD_BYTES)
		fail("'%s' is longer than %u bytes", word[1], MANIFEST_BOARD_BYTES - 1);
	memcpy(in->manifest.compatible, word[1], strlen(word[1]) + 1);
}

static void do_iommu(struct manifest_input *in, char **word)
{
	in->manifest.iommu_version = (uint32_t)number(word[1]);
	in->manifest.iommu = number(word[2]);
}

static void do_ram(struct manifest_input *in, char **word)
{
	struct manifest *m = &in->manifest;

	room(m->ram_count, MANIFEST_RAM_COUNT, "ram");
	m->ram[m->ram_count++] = (struct manifest_area){ number(word[1]), number(word[2]) };
}

static void do_cpu(struct manifest_input *in, char **word)
{
	struct manifest *m = &in->manifest;

	room(m->cpu_count, MANIFEST_CPU_COUNT, "cpu");
	m->cpu[m->cpu_count++] = number(word[1]);
}

static void do_gic(struct manifest_input *in, char **word)
{
	in->manifest.gic_version = (uint32_t)number(word[1]);
	in->manifest.gic_distributor = number(word[2]);
	in->manifest.gic_second = number(word[3]);
}

static uint32_t component_type(const char *word)
{
	static const char *const names[] = { "hypervisor", "kernel", "initrd", "devicetree", "program", "data" };

	for (uint32_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(word, names[i]) == 0)
			return COMPONENT_HYPERVISOR + i;
	}
	fail("'%s' is no component type", word);
}

static void do_component(struct manifest_input *in, char **word)
{
	struct manifest *m = &in->manifest;
	struct manifest_component *c = &m->component[m->component_count];

	room(m->component_count, MANIFEST_COMPONENT_COUNT, "component");
	text(word[1], c->name);
	c->type = component_type(word[2]);
	if (strlen(word[3]) >= PATH_BYTES)
		fail("the path of component '%s' is too long", word[1]);
	memcpy(in->path[m->component_count], word[3], strlen(word[3]) + 1);
	in->content[m->component_count] = read_file(word[3], &c->size);
	if (c->size == 0)
		fail("component '%s': %s is empty", word[1], word[3]);
	crypto_sha256(in->content[m->component_count], c->size, c->hash);
	m->component_count++;
}

static uint32_t find_component(const struct manifest *m, const char *name)
{
	for (uint32_t i = 0; i < m->component_count; i++) {
		if (strcmp(m->component[i].name, name) == 0)
			return i;
	}
	fail("no component '%s' above this line", name);
}

static void do_load(struct manifest_input *in, char **word)
{
	struct manifest *m = &in->manifest;
	struct manifest_load *load = &m->load[m->load_count];
	uint64_t available;

	room(m->load_count, MANIFEST_LOAD_COUNT, "load");
	load->component = find_component(m, word[1]);
	load->source = number(word[2]);
	load->target = number(word[3]);
	available = m->component[load->component].size;
	if (load->source >= available)
		fail("component '%s' has %llu bytes: nothing at offset %s", word[1], (unsigned long long)available, word[2]);
	available -= load->source;
	load->size = strcmp(word[4], "*") == 0 ? available : number(word[4]);
	load->clear = number(word[5]);
	if (load->size > available)
		fail("component '%s' has %llu bytes from offset %s, the load wants %s", word[1], (unsigned long long)available,
		     word[2], word[4]);
	if (load->clear != 0 && load->clear < load->size)
		fail("component '%s' has %llu bytes to load, and %s has only room for %s", word[1],
		     (unsigned long long)load->size, word[3], word[5]);
	m->load_count++;
}

static void do_clear(struct manifest_input *in, char **word)
{
	struct manifest *m = &in->manifest;

	room(m->clear_count, MANIFEST_CLEAR_COUNT, "clear");
	m->clear[m->clear_count++] = (struct manifest_area){ number(word[1]), number(word[2]) };
}

static void do_range(struct manifest_input *in, char **word)
{
	struct manifest *m = &in->manifest;
	struct manifest_range *range = &m->range[m->range_count];

	room(m->range_count, MANIFEST_RANGE_COUNT, "range");
	text(word[1], range->name);
	range->base = number(word[2]);
	range->size = number(word[3]);
	m->range_count++;
}

static void do_entry(struct manifest_input *in, char **word)
{
	in->manifest.entry = number(word[1]);
}

static void do_handoff(struct manifest_input *in, char **word)
{
	in->manifest.handoff = number(word[1]);
}

static const struct {
	const char *key;
	unsigned int words;	/* the key included */
	void (*run)(struct manifest_input *in, char **word);
} keys[] = {
	{ "format", 2, do_format },
	{ "plan-id", 2, do_plan_id },
	{ "name", 2, do_name },
	{ "version", 2, do_version },
	{ "security-version", 2, do_security_version },
	{ "arch", 2, do_arch },
	{ "board", 2, do_board },
	{ "compatible", 2, do_compatible },
	{ "iommu", 3, do_iommu },
	{ "ram", 3, do_ram },
	{ "cpu", 2, do_cpu },
	{ "gic", 4, do_gic },
	{ "component", 4, do_component },
	{ "load", 6, do_load },
	{ "clear", 3, do_clear },
	{ "range", 4, do_range },
	{ "entry", 2, do_entry },
	{ "handoff", 2, do_handoff },
};

static unsigned int split(char *line, char **word)
{
	unsigned int count = 0;

	line[strcspn(line, "#\n")] = 0;
	for (char *at = strtok(line, " \t\r"); at; at = strtok(NULL, " \t\r")) {
		if (count == WORD_COUNT_MAX)
			fail("too many words");
		word[count++] = at;
	}
	return count;
}

static void run_line(struct manifest_input *in, char *line)
{
	char *word[WORD_COUNT_MAX];
	unsigned int count = split(line, word);

	if (count == 0)
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].key, word[0]) != 0)
			continue;
		if (keys[i].words != count)
			fail("'%s' wants %u words after it", word[0], keys[i].words - 1);
		keys[i].run(in, word);
		return;
	}
	fail("unknown key '%s'", word[0]);
}

/* Behind the manifest, each at a whole 4 KiB block. */
static void place_components(struct manifest *m)
{
	uint64_t at = MANIFEST_BYTES_MAX;

	for (uint32_t i = 0; i < m->component_count; i++) {
		m->component[i].offset = at;
		at += (m->component[i].size + 4095) & ~4095ull;
	}
}

void manifest_input_read(const char *path, struct manifest_input *out)
{
	char line[LINE_BYTES];
	FILE *file = fopen(path, "r");

	memset(out, 0, sizeof(*out));
	file_name = path;
	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	for (line_number = 1; fgets(line, sizeof(line), file); line_number++) {
		if (!strchr(line, '\n'))
			fail("line without end, or longer than %d bytes", LINE_BYTES - 2);
		run_line(out, line);
	}
	fclose(file);
	place_components(&out->manifest);
}
