/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzz target: a manifest whose signature has verified, and the signatures behind it. What parses must keep the promises of manifest.h. */

#include <stdlib.h>
#include <string.h>

#include "../../firmware/image/manifest_write.h"
#include "../../firmware/update/bytes.h"
#include "../unit/firmware/sample.h"
#include "fuzz.h"

const char fuzz_name[] = "manifest";

size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX])
{
	static const uint8_t zeros[64];
	static struct manifest m;
	static int ready;
	struct manifest_buffer buffer = { bytes, 0 };

	if (!ready) {
		sample_manifest(&m);
		ready = 1;
	}
	if (manifest_write(&m, &buffer) != FW_OK)
		abort();
	if ((which & 1) && manifest_put_item(&buffer, which & 2 ? 77 : TAG_CPU | TAG_CRITICAL, zeros, 8) != FW_OK)
		abort();
	manifest_seal(&buffer);
	return (size_t)buffer.used;
}

void fuzz_repair(uint8_t *bytes, size_t size)
{
	if (size >= MANIFEST_HEADER_BYTES && bytes[size / 2] % 8 != 0)
		put_le64(bytes + 8, size & ~7ull);
}

static void check_loads(const struct manifest *m)
{
	for (uint32_t i = 0; i < m->load_count; i++) {
		const struct manifest_load *load = &m->load[i];
		uint64_t extent = manifest_load_extent(load);

		fuzz_must(load->component < m->component_count);
		fuzz_must(load->source + load->size >= load->source && load->source + load->size <= m->component[load->component].size);
		fuzz_must(load->target + extent > load->target && manifest_find_range(m, load->target, extent) != NULL);
		fuzz_must(load->target + extent <= m->handoff || m->handoff + MANIFEST_HANDOFF_BYTES <= load->target);
	}
}

static void check_promises(const struct manifest *m)
{
	fuzz_must(m->component_count <= MANIFEST_COMPONENT_COUNT && m->load_count <= MANIFEST_LOAD_COUNT);
	for (uint32_t i = 0; i < m->component_count; i++) {
		fuzz_must(m->component[i].offset >= MANIFEST_BYTES_MAX && m->component[i].offset <= SAMPLE_SLOT_BYTES);
		fuzz_must(m->component[i].size <= SAMPLE_SLOT_BYTES - m->component[i].offset);
		fuzz_must(memchr(m->component[i].name, 0, MANIFEST_TEXT_BYTES) != NULL);
	}
	check_loads(m);
	for (uint32_t i = 0; i < m->clear_count; i++)
		fuzz_must(m->clear[i].size != 0 && manifest_find_range(m, m->clear[i].base, m->clear[i].size) != NULL);
	fuzz_must(manifest_find_range(m, m->handoff, MANIFEST_HANDOFF_BYTES) != NULL && m->handoff % 8 == 0);
}

/* Reads every byte that a signature claims. */
static uint64_t sum_signatures(const uint8_t *bytes, size_t size)
{
	struct manifest_signature s;
	uint64_t at = MANIFEST_HEADER_BYTES, sum = 0;

	while (size >= MANIFEST_HEADER_BYTES && manifest_next_signature(bytes, size, &at, &s) == FW_OK) {
		for (uint64_t i = 0; i < s.size; i++)
			sum += s.bytes[i];
		sum += s.key_hash[31];
	}
	return sum;
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
	static struct manifest m;
	uint64_t signed_bytes;

	fuzz_must(sum_signatures(bytes, size) != UINT64_MAX);	/* the sum is used, so the bytes are read */
	if (manifest_signed_bytes(bytes, size, &signed_bytes) != FW_OK)
		return;
	if (manifest_parse(bytes, signed_bytes, SAMPLE_SLOT_BYTES, &m) == FW_OK)
		check_promises(&m);
}
