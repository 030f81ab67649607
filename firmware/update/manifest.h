/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FW_MANIFEST_H
#define FW_MANIFEST_H

/*
 * The set manifest: what an image is, what it fits, what it consists of, and what the boot stage does with it. It must
 * not know disks or firmware, nor check a signature: that is slot.c's, over exactly the bytes that are parsed here.
 *
 * Layout, little endian. The manifest stands at the start of its slot:
 *   0  magic "BLKHDMF1"       8  u64 signed bytes, counted from offset 0, at least 16, a multiple of 8
 *  16  items up to `signed bytes`; then signature items, then an item with tag 0
 * An item: u32 tag, u32 zero, u64 length of the value, the value, zeros up to a multiple of 8. Bit 31 of the tag says that
 * a reader who does not know the tag must refuse the manifest; an unknown tag without it is skipped.
 *
 * Values (all numbers u64 unless noted; text is NUL-padded to 32 bytes, with at least one NUL):
 *   IDENTITY   text name, version, architecture, board; security version; plan id, 32 bytes
 *   COMPONENT  text name; u32 type; u32 zero; offset in the slot; size; SHA-256, 32 bytes
 *   LOAD       u32 component; u32 zero; source offset; target PA; size; clear size (0, or >= size)
 *   CLEAR      PA; size
 *   RANGE      text name; PA; size
 *   RAM        base; size                  CPU  MPIDR affinity fields
 *   GIC        u32 version; u32 zero; distributor PA; CPU interface or redistributors PA
 *   ENTRY      entry PA; handoff PA
 *   BOARD      text of 64 bytes: what the live machine's root node is compatible with
 *   IOMMU      u32 version (3: SMMUv3); u32 zero; PA of its registers. Without this item the plan needs none
 *   SIGNATURE  u32 algorithm; u32 zero; SHA-256 of the public key, 32 bytes; the signature
 */

#include <stdbool.h>

#include "fw_err.h"

#define MANIFEST_BYTES_MAX	65536u
#define MANIFEST_TEXT_BYTES	32u
#define MANIFEST_BOARD_BYTES	64u
#define MANIFEST_HASH_BYTES	32u
#define MANIFEST_HEADER_BYTES	16u
#define MANIFEST_ITEM_BYTES	16u	/* tag, zero, length */

#define MANIFEST_HANDOFF_BYTES	512u	/* of struct handoff, at most */
#define MANIFEST_PAGE_BYTES	4096u

#define MANIFEST_COMPONENT_COUNT	64u
#define MANIFEST_LOAD_COUNT		160u
#define MANIFEST_CLEAR_COUNT		64u
#define MANIFEST_RANGE_COUNT		128u
#define MANIFEST_RAM_COUNT		8u
#define MANIFEST_CPU_COUNT		64u

#define TAG_CRITICAL	0x80000000u
enum manifest_tag {
	TAG_END = 0,
	TAG_IDENTITY = 1,
	TAG_COMPONENT = 2,
	TAG_LOAD = 3,
	TAG_CLEAR = 4,
	TAG_RANGE = 5,
	TAG_RAM = 6,
	TAG_CPU = 7,
	TAG_GIC = 8,
	TAG_ENTRY = 9,
	TAG_SIGNATURE = 10,
	TAG_BOARD = 11,
	TAG_IOMMU = 12,
};

enum component_type {
	COMPONENT_HYPERVISOR = 1,
	COMPONENT_KERNEL = 2,
	COMPONENT_INITRD = 3,
	COMPONENT_DEVICETREE = 4,
	COMPONENT_PROGRAM = 5,
	COMPONENT_DATA = 6,
};

/* ECDSA on P-256 over SHA-256: r and s, 32 bytes each, big endian. The key is 04 || x || y. */
#define SIGNATURE_P256		1u
#define SIGNATURE_P256_BYTES	64u
#define KEY_P256_BYTES		65u

struct manifest_component {
	char name[MANIFEST_TEXT_BYTES];
	uint32_t type;
	uint64_t offset, size;
	uint8_t hash[MANIFEST_HASH_BYTES];
};

struct manifest_load {
	uint32_t component;
	uint64_t source, target, size, clear;
};

struct manifest_area {
	uint64_t base, size;
};

struct manifest_range {
	char name[MANIFEST_TEXT_BYTES];
	uint64_t base, size;
};

struct manifest {
	char name[MANIFEST_TEXT_BYTES];
	char version[MANIFEST_TEXT_BYTES];
	char arch[MANIFEST_TEXT_BYTES];
	char board[MANIFEST_TEXT_BYTES];
	uint64_t security_version;
	uint8_t plan_id[MANIFEST_HASH_BYTES];

	char compatible[MANIFEST_BOARD_BYTES];	/* of the machine's root node */
	uint32_t gic_version, iommu_version;	/* no IOMMU is needed: 0 */
	uint64_t iommu;
	uint64_t gic_distributor, gic_second;
	uint64_t entry, handoff;

	uint32_t component_count, load_count, clear_count, range_count, ram_count, cpu_count;
	struct manifest_component component[MANIFEST_COMPONENT_COUNT];
	struct manifest_load load[MANIFEST_LOAD_COUNT];
	struct manifest_area clear[MANIFEST_CLEAR_COUNT];
	struct manifest_range range[MANIFEST_RANGE_COUNT];
	struct manifest_area ram[MANIFEST_RAM_COUNT];
	uint64_t cpu[MANIFEST_CPU_COUNT];
};

struct manifest_signature {
	uint32_t algorithm;
	const uint8_t *key_hash;
	const uint8_t *bytes;
	uint64_t size;
};

/* Bytes that a load occupies at its target. */
static inline uint64_t manifest_load_extent(const struct manifest_load *load)
{
	return load->clear > load->size ? load->clear : load->size;
}

/* Checks the header alone: how many bytes from offset 0 are signed. `size` is what there is to read. */
FW_MUST_CHECK enum fw_err manifest_signed_bytes(const uint8_t *bytes, uint64_t size, uint64_t *out);

/* Parses and checks the signed bytes. On success every index, offset and range in `out` is within bounds and consistent. */
FW_MUST_CHECK enum fw_err manifest_parse(const uint8_t *bytes, uint64_t signed_bytes, uint64_t slot_bytes, struct manifest *out);

/* The signature item at `*at`, which starts as the number of signed bytes and moves on; FW_ERR_NOT_FOUND after the last. */
FW_MUST_CHECK enum fw_err manifest_next_signature(const uint8_t *bytes, uint64_t size, uint64_t *at,
						  struct manifest_signature *out);

/* The planned range that holds all of these bytes, or NULL. */
const struct manifest_range *manifest_find_range(const struct manifest *m, uint64_t base, uint64_t size);

#endif
