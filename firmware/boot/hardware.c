/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the live device tree with libfdt and compares it with a manifest. It must not know slots or disks. */

#include "hardware.h"

#include <libfdt.h>
#include <string.h>

#include "../update/bytes.h"
#include "../update/crypto.h"
#include "console.h"
#include "efi.h"

enum { SEED_SOURCE_BYTES = 256 };

static const struct efi_guid fdt_guid = { 0xb1b621d5, 0xf19c, 0x41a5, { 0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0 } };
static const struct efi_guid rng_guid = { 0x3152bca5, 0xeade, 0x433d, { 0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44 } };

static uint64_t read_cells(const fdt32_t *at, int cells)
{
	uint64_t value = 0;

	for (int i = 0; i < cells; i++)
		value = value << 32 | fdt32_to_cpu(at[i]);
	return value;
}

/* `#address-cells` or `#size-cells` of a node; -1 when it makes no sense. */
static int cells_of(const void *fdt, int node, const char *name, int otherwise)
{
	int length;
	const fdt32_t *value = fdt_getprop(fdt, node, name, &length);

	if (!value)
		return otherwise;
	return length == 4 && fdt32_to_cpu(*value) <= 2 ? (int)fdt32_to_cpu(*value) : -1;
}

/* Entry `index` of a node's `reg`. Returns false when there is none. */
static bool read_reg(const void *fdt, int node, int index, uint64_t *base, uint64_t *size)
{
	int parent = fdt_parent_offset(fdt, node);
	int address_cells = cells_of(fdt, parent, "#address-cells", 2);
	int size_cells = cells_of(fdt, parent, "#size-cells", 1);
	int length;
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &length);
	int entry = address_cells + size_cells;

	if (!reg || address_cells < 1 || size_cells < 0 || (index + 1) * entry * 4 > length)
		return false;
	*base = read_cells(reg + index * entry, address_cells);
	*size = read_cells(reg + index * entry + address_cells, size_cells);
	return true;
}

static bool has_type(const void *fdt, int node, const char *type)
{
	int length;
	const char *value = fdt_getprop(fdt, node, "device_type", &length);

	return value && (size_t)length == strlen(type) + 1 && memcmp(value, type, (size_t)length) == 0;
}

static bool is_enabled(const void *fdt, int node)
{
	int length;
	const char *status = fdt_getprop(fdt, node, "status", &length);

	return !status || (length >= 2 && memcmp(status, "ok", 2) == 0);
}

static void add_ram(struct hardware *hw, int node)
{
	uint64_t base, size;

	for (int i = 0; read_reg(hw->fdt, node, i, &base, &size); i++) {
		if (hw->ram_count == HANDOFF_RAM_COUNT || !range_is_sane(base, size))
			return;
		hw->ram[hw->ram_count].base = base;
		hw->ram[hw->ram_count++].size = size;
	}
}

enum fw_err hardware_find(struct hardware *out)
{
	memset(out, 0, sizeof(*out));
	for (uint64_t i = 0; i < efi_system->table_count; i++) {
		if (memcmp(&efi_system->tables[i].guid, &fdt_guid, sizeof(fdt_guid)) == 0)
			out->fdt = efi_system->tables[i].table;
	}
	if (!out->fdt || fdt_check_header(out->fdt) != 0) {
		console_print("boot: the firmware gives no device tree\n");
		return FW_ERR_NOT_FOUND;
	}
	for (int node = fdt_next_node(out->fdt, -1, NULL); node >= 0; node = fdt_next_node(out->fdt, node, NULL)) {
		if (has_type(out->fdt, node, "memory") && is_enabled(out->fdt, node))
			add_ram(out, node);
	}
	return FW_OK;
}

static bool ram_is_there(const struct hardware *hw, const struct manifest_area *want)
{
	for (uint32_t i = 0; i < hw->ram_count; i++) {
		if (range_contains(hw->ram[i].base, hw->ram[i].size, want->base, want->size))
			return true;
	}
	return false;
}

static bool check_ram(const struct hardware *hw, const struct manifest *m, int slot)
{
	bool fits = true;

	for (uint32_t i = 0; i < m->ram_count; i++) {
		if (ram_is_there(hw, &m->ram[i]))
			continue;
		fits = false;
		console_print("boot: slot %c: hardware: the plan wants RAM %x..%x; this machine has", slot, m->ram[i].base,
			      m->ram[i].base + m->ram[i].size);
		for (uint32_t r = 0; r < hw->ram_count; r++)
			console_print(" %x..%x", hw->ram[r].base, hw->ram[r].base + hw->ram[r].size);
		console_print("\n");
	}
	return fits;
}

static bool cpu_is_there(const struct hardware *hw, uint64_t mpidr)
{
	uint64_t id, size;

	for (int node = fdt_next_node(hw->fdt, -1, NULL); node >= 0; node = fdt_next_node(hw->fdt, node, NULL)) {
		if (has_type(hw->fdt, node, "cpu") && is_enabled(hw->fdt, node) && read_reg(hw->fdt, node, 0, &id, &size) &&
		    id == mpidr)
			return true;
	}
	return false;
}

static bool check_cpus(const struct hardware *hw, const struct manifest *m, int slot)
{
	bool fits = true;

	for (uint32_t i = 0; i < m->cpu_count; i++) {
		if (cpu_is_there(hw, m->cpu[i]))
			continue;
		fits = false;
		console_print("boot: slot %c: hardware: the plan wants CPU %x, which this machine does not have\n", slot, m->cpu[i]);
	}
	return fits;
}

static int find_gic(const struct hardware *hw, uint32_t *version)
{
	static const struct {
		const char *compatible;
		uint32_t version;
	} known[] = { { "arm,gic-v3", 3 }, { "arm,cortex-a15-gic", 2 }, { "arm,gic-400", 2 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int node = fdt_node_offset_by_compatible(hw->fdt, -1, known[i].compatible);

		*version = known[i].version;
		if (node >= 0)
			return node;
	}
	return -1;
}

static bool check_gic(const struct hardware *hw, const struct manifest *m, int slot)
{
	uint64_t distributor = 0, second = 0, size;
	uint32_t version = 0;
	int node = find_gic(hw, &version);

	if (node < 0) {
		console_print("boot: slot %c: hardware: no interrupt controller that we know\n", slot);
		return false;
	}
	if (version != m->gic_version) {
		console_print("boot: slot %c: hardware: the plan wants a GICv%u, this machine has a GICv%u\n", slot,
			      (uint64_t)m->gic_version, (uint64_t)version);
		return false;
	}
	if (!read_reg(hw->fdt, node, 0, &distributor, &size) || !read_reg(hw->fdt, node, 1, &second, &size) ||
	    distributor != m->gic_distributor || second != m->gic_second) {
		console_print("boot: slot %c: hardware: the plan wants the GIC at %x and %x, here it is at %x and %x\n", slot,
			      m->gic_distributor, m->gic_second, distributor, second);
		return false;
	}
	return true;
}

static const char *root_compatible(const struct hardware *hw)
{
	const char *first = fdt_stringlist_get(hw->fdt, 0, "compatible", 0, NULL);

	return first ? first : "(nothing)";
}

static bool check_board(const struct hardware *hw, const struct manifest *m, int slot)
{
	if (fdt_stringlist_search(hw->fdt, 0, "compatible", m->compatible) >= 0)
		return true;
	console_print("boot: slot %c: hardware: the plan is for %s, this machine is %s\n", slot, m->compatible, root_compatible(hw));
	return false;
}

static bool check_iommu(const struct hardware *hw, const struct manifest *m, int slot)
{
	uint64_t base = 0, size;
	bool found = false;

	if (m->iommu_version == 0)
		return true;
	for (int node = -1; (node = fdt_node_offset_by_compatible(hw->fdt, node, "arm,smmu-v3")) >= 0;) {
		if (!is_enabled(hw->fdt, node) || !read_reg(hw->fdt, node, 0, &base, &size))
			continue;
		found = true;
		if (base == m->iommu)
			return true;
	}
	console_print("boot: slot %c: hardware: the plan wants an SMMUv3 at %x, ", slot, m->iommu);
	if (found)
		console_print("here it is at %x\n", base);
	else
		console_print("this machine has none\n");
	return false;
}

enum fw_err hardware_check(const struct hardware *hw, const struct manifest *m, int slot)
{
	bool fits = check_board(hw, m, slot);

	fits = check_ram(hw, m, slot) && fits;
	fits = check_cpus(hw, m, slot) && fits;
	fits = check_gic(hw, m, slot) && fits;
	fits = check_iommu(hw, m, slot) && fits;
	return fits ? FW_OK : FW_ERR_VALUE;
}

static size_t add_property(const void *fdt, const char *name, uint8_t *to, size_t room)
{
	int length;
	const void *value = fdt_getprop(fdt, fdt_path_offset(fdt, "/chosen"), name, &length);

	if (!value || length <= 0 || (size_t)length > room)
		return 0;
	memcpy(to, value, (size_t)length);
	return (size_t)length;
}

/* SHA-256 of a counter and all seed bytes, for each 32 bytes: as strong as the seed, and no output tells about another. */
static uint32_t stretch(uint8_t *source, size_t size, uint8_t *seed)
{
	for (uint8_t i = 0; i < HANDOFF_SEED_BYTES / CRYPTO_SHA256_BYTES; i++) {
		source[0] = i;
		crypto_sha256(source, size, seed + i * CRYPTO_SHA256_BYTES);
	}
	memset(source, 0, size);
	return HANDOFF_SEED_BYTES;
}

uint32_t hardware_seed(const struct hardware *hw, uint8_t seed[HANDOFF_SEED_BYTES])
{
	static uint8_t source[SEED_SOURCE_BYTES];
	size_t used = 1;	/* the counter */
	void *rng;

	if (efi_system->boot->locate_protocol(&rng_guid, NULL, &rng) == EFI_SUCCESS) {
		if (((struct efi_rng *)rng)->get(rng, NULL, HANDOFF_SEED_BYTES, seed) == EFI_SUCCESS)
			return HANDOFF_SEED_BYTES;
	}
	used += add_property(hw->fdt, "rng-seed", source + used, SEED_SOURCE_BYTES - used);
	used += add_property(hw->fdt, "kaslr-seed", source + used, SEED_SOURCE_BYTES - used);
	return used >= 1 + CRYPTO_SHA256_BYTES ? stretch(source, used, seed) : 0;
}
