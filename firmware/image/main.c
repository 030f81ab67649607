/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulkhead-image: builds and inspects what goes into the flash image: slots, slot records, the boot stage's key. It must not know GPT or
 * file systems: standard tools write those.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "manifest_in.h"
#include "manifest_write.h"
#include "sign.h"

static _Noreturn void fail(const char *what, const char *why)
{
	fprintf(stderr, "bulkhead-image: %s: %s\n", what, why);
	exit(1);
}

static void write_bytes(FILE *file, const char *path, const void *bytes, size_t size)
{
	if (fwrite(bytes, 1, size, file) != size)
		fail(path, "cannot be written");
}

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "wb");

	if (!file)
		fail(path, "cannot be created");
	return file;
}

static void finish(FILE *file, const char *path)
{
	if (fclose(file) != 0)
		fail(path, "cannot be written");
}

static void add_signature(struct manifest_buffer *to, const char *key_path)
{
	uint8_t hash[CRYPTO_SHA256_BYTES], key_hash[CRYPTO_SHA256_BYTES], signature[SIGNATURE_P256_BYTES];
	struct slot_key key;

	sign_read_public(key_path, &key);
	crypto_sha256(to->bytes, to->used, hash);
	crypto_sha256(key.p256, sizeof(key.p256), key_hash);
	sign_p256(key_path, hash, signature);
	if (manifest_put_signature(to, SIGNATURE_P256, key_hash, signature, sizeof(signature)) != FW_OK ||
	    manifest_put_item(to, TAG_END, NULL, 0) != FW_OK)
		fail("manifest", "too large");
}

/* The tool reads back what it wrote, as the boot stage will. */
static void check(const struct manifest_buffer *buffer)
{
	static struct manifest parsed;
	uint64_t signed_bytes;
	enum fw_err err = manifest_signed_bytes(buffer->bytes, MANIFEST_BYTES_MAX, &signed_bytes);

	if (err == FW_OK)
		err = manifest_parse(buffer->bytes, signed_bytes, UINT64_MAX, &parsed);
	if (err != FW_OK)
		fail("manifest", fw_err_text(err));
}

static void write_components(FILE *file, const char *path, const struct manifest_input *in)
{
	static const uint8_t zeros[4096];

	for (uint32_t i = 0; i < in->manifest.component_count; i++) {
		uint64_t size = in->manifest.component[i].size;

		write_bytes(file, path, in->content[i], size);
		write_bytes(file, path, zeros, (4096 - size % 4096) % 4096);
	}
}

static int run_slot(char **arg)
{
	static struct manifest_input in;
	static uint8_t bytes[MANIFEST_BYTES_MAX];
	struct manifest_buffer buffer = { bytes, 0 };
	FILE *file;

	manifest_input_read(arg[0], &in);
	if (manifest_write(&in.manifest, &buffer) != FW_OK)
		fail(arg[0], "the manifest is too large");
	add_signature(&buffer, arg[1]);
	check(&buffer);
	file = create(arg[2]);
	write_bytes(file, arg[2], bytes, sizeof(bytes));
	write_components(file, arg[2], &in);
	finish(file, arg[2]);
	return 0;
}

static int run_key(char **arg)
{
	struct slot_key key;
	FILE *file = create(arg[2]);

	sign_read_public(arg[0], &key);
	fprintf(file, "/* Generated. The key that images must be signed with. */\n#include \"key.h\"\n\n");
	fprintf(file, "const bool key_is_development = %s;\n", strcmp(arg[1], "development") == 0 ? "true" : "false");
	fprintf(file, "const struct slot_key key_image = { {");
	for (size_t i = 0; i < sizeof(key.p256); i++)
		fprintf(file, "%s0x%02x,", i % 16 == 0 ? "\n\t" : " ", key.p256[i]);
	fprintf(file, "\n} };\n");
	finish(file, arg[2]);
	return 0;
}

static enum slot_state state_of(const char *word)
{
	for (int state = SLOT_EMPTY; state <= SLOT_BAD; state++) {
		if (strcmp(word, slot_state_text((enum slot_state)state)) == 0)
			return (enum slot_state)state;
	}
	fail(word, "no slot state");
}

static int run_record(char **arg)
{
	uint8_t bytes[RECORD_BYTES];
	struct record record = { 0 };
	FILE *file;

	record.sequence = strtoull(arg[0], NULL, 0);
	record.preferred = strcmp(arg[1], "b") == 0;
	record.slot[0].state = state_of(arg[2]);
	record.slot[1].state = state_of(arg[3]);
	record_write(&record, bytes);
	file = create(arg[4]);
	write_bytes(file, arg[4], bytes, sizeof(bytes));
	finish(file, arg[4]);
	return 0;
}

static void show(const struct manifest *m)
{
	printf("image %s, version %s, security version %llu, for %s on %s\n", m->name, m->version,
	       (unsigned long long)m->security_version, m->board, m->arch);
	for (uint32_t i = 0; i < m->component_count; i++)
		printf("component %-24s %10llu bytes at %#llx\n", m->component[i].name, (unsigned long long)m->component[i].size,
		       (unsigned long long)m->component[i].offset);
	for (uint32_t i = 0; i < m->load_count; i++)
		printf("load %-24s %#llx..%#llx\n", m->component[m->load[i].component].name,
		       (unsigned long long)m->load[i].target,
		       (unsigned long long)(m->load[i].target + manifest_load_extent(&m->load[i])));
	printf("entry %#llx, handoff %#llx\n", (unsigned long long)m->entry, (unsigned long long)m->handoff);
}

static int run_inspect(char **arg)
{
	static struct manifest parsed;
	uint64_t size, signed_bytes = 0;
	uint8_t *bytes = read_file(arg[0], &size);
	enum fw_err err = manifest_signed_bytes(bytes, size, &signed_bytes);

	if (err == FW_OK)
		err = manifest_parse(bytes, signed_bytes, size, &parsed);
	if (err != FW_OK)
		fail(arg[0], fw_err_text(err));
	show(&parsed);
	free(bytes);
	return 0;
}

static const struct {
	const char *name, *usage;
	int arguments;
	int (*run)(char **arg);
} commands[] = {
	{ "slot", "MANIFEST.IN KEY.PEM OUT", 3, run_slot },
	{ "key", "KEY.PEM development|release OUT.C", 3, run_key },
	{ "record", "SEQUENCE a|b STATE-A STATE-B OUT", 5, run_record },
	{ "inspect", "SLOT", 1, run_inspect },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (argc == 2 + commands[i].arguments && strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argv + 2);
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "bulkhead-image %s %s\n", commands[i].name, commands[i].usage);
	return 2;
}
