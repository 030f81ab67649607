/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the EFI memory map and holds it against the plan. RAM that the firmware's map does not mention at all belongs to nobody and is fine; whether
 * it exists was asked of the device tree. It must not know disks, nor the processor.
 */

#include "memory.h"

#include "../update/bytes.h"
#include "console.h"
#include "efi.h"

enum { MAP_BYTES = 32768, EXIT_TRIES = 4 };

/* Descriptors may grow: they are stepped over by the size that the firmware tells. */
static struct {
	_Alignas(8) uint8_t bytes[MAP_BYTES];
	uint64_t size, step, key;
} map;

extern const uint8_t __ImageBase[];	/* lld-link's name of the program's first byte */

static enum fw_err read_map(void)
{
	uint32_t version;

	map.size = MAP_BYTES;
	if (efi_system->boot->get_memory_map(&map.size, map.bytes, &map.key, &map.step, &version) != EFI_SUCCESS)
		return FW_ERR_MEMORY;
	return map.step >= sizeof(struct efi_memory_descriptor) ? FW_OK : FW_ERR_VERSION;
}

static const struct efi_memory_descriptor *descriptor_at(uint64_t offset)
{
	return (const void *)(map.bytes + offset);
}

static const char *type_text(uint32_t type)
{
	static const char *const texts[EFI_MEMORY_TYPE_COUNT] = {
		"reserved", "loader code", "loader data", "boot services code", "boot services data", "runtime services code",
		"runtime services data", "conventional", "unusable", "ACPI tables", "ACPI non-volatile", "device",
		"device ports", "firmware code", "persistent", "unaccepted",
	};

	return type < EFI_MEMORY_TYPE_COUNT ? texts[type] : "unknown";
}

/* What nobody needs once the firmware is left. */
static bool is_free_after_exit(uint32_t type)
{
	return type >= EFI_LOADER_CODE && type <= EFI_CONVENTIONAL && type != EFI_RUNTIME_CODE && type != EFI_RUNTIME_DATA;
}

struct manifest_area memory_own_image(void)
{
	uint32_t pe = get_le32(__ImageBase + 0x3c);

	/* SizeOfImage, PE format specification, optional header of PE32+. */
	return (struct manifest_area){ (uint64_t)(uintptr_t)__ImageBase, get_le32(__ImageBase + pe + 24 + 56) };
}

static bool check_range(const struct manifest_range *range, int slot)
{
	struct manifest_area own = memory_own_image();

	if (range_overlaps(range->base, range->size, own.base, own.size)) {
		console_print("boot: slot %c: memory: range %s %x..%x lies on the boot stage itself, %x..%x\n", slot, range->name,
			      range->base, range->base + range->size, own.base, own.base + own.size);
		return false;
	}
	for (uint64_t at = 0; at + map.step <= map.size; at += map.step) {
		const struct efi_memory_descriptor *d = descriptor_at(at);
		uint64_t size = d->pages * EFI_PAGE_BYTES;

		if (is_free_after_exit(d->type) || !range_overlaps(range->base, range->size, d->base, size))
			continue;
		console_print("boot: slot %c: memory: range %s %x..%x lies on the firmware's %s memory, %x..%x\n", slot,
			      range->name, range->base, range->base + range->size, type_text(d->type), d->base, d->base + size);
		return false;
	}
	return true;
}

enum fw_err memory_check(const struct manifest *m, int slot)
{
	bool fits = true;

	FW_TRY(read_map());
	for (uint32_t i = 0; i < m->range_count; i++)
		fits = check_range(&m->range[i], slot) && fits;
	return fits ? FW_OK : FW_ERR_OVERLAP;
}

/* The end of a planned range that overlaps, rounded up to pages, or 0. */
static uint64_t end_of_overlap(const struct manifest *m, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < m->range_count; i++) {
		if (range_overlaps(base, size, m->range[i].base, m->range[i].size))
			return (m->range[i].base + m->range[i].size + EFI_PAGE_BYTES - 1) & ~(EFI_PAGE_BYTES - 1);
	}
	return 0;
}

static enum fw_err take_in(const struct manifest *m, const struct efi_memory_descriptor *d, uint64_t size, uint64_t *base)
{
	uint64_t length = d->pages * EFI_PAGE_BYTES;
	uint64_t at = d->base, past;

	while (at >= d->base && range_contains(d->base, length, at, size)) {
		past = end_of_overlap(m, at, size);
		if (past == 0) {
			*base = at;
			return efi_system->boot->allocate_pages(EFI_ALLOCATE_ADDRESS, EFI_LOADER_DATA, size / EFI_PAGE_BYTES,
								base) == EFI_SUCCESS ? FW_OK : FW_ERR_MEMORY;
		}
		at = past;
	}
	return FW_ERR_MEMORY;
}

enum fw_err memory_take(const struct manifest *m, uint64_t size, uint64_t *base)
{
	uint64_t pages_bytes = (size + EFI_PAGE_BYTES - 1) & ~(EFI_PAGE_BYTES - 1);

	if (pages_bytes < size)
		return FW_ERR_MEMORY;
	FW_TRY(read_map());
	for (uint64_t at = 0; at + map.step <= map.size; at += map.step) {
		const struct efi_memory_descriptor *d = descriptor_at(at);

		if (d->type == EFI_CONVENTIONAL && take_in(m, d, pages_bytes, base) == FW_OK)
			return FW_OK;
	}
	return FW_ERR_MEMORY;
}

void memory_give(uint64_t base, uint64_t size)
{
	(void)efi_system->boot->free_pages(base, (size + EFI_PAGE_BYTES - 1) / EFI_PAGE_BYTES);
}

/* A first try may change the map by what it does, so the key is fetched again. */
enum fw_err memory_exit_firmware(void)
{
	for (int i = 0; i < EXIT_TRIES; i++) {
		FW_TRY(read_map());
		if (efi_system->boot->exit_boot_services(efi_image, map.key) == EFI_SUCCESS)
			return FW_OK;
	}
	return FW_ERR_IO;
}
