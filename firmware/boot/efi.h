/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_EFI_H
#define BOOT_EFI_H

/* What the boot stage uses of the UEFI specification (2.10, chapters 4, 7, 12 and 13): nothing else of it. It must not know Bulkhead. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t efi_status_t;
typedef void *efi_handle_t;

#define EFI_SUCCESS		0ull
#define EFI_BUFFER_TOO_SMALL	(1ull << 63 | 5)
#define EFI_PAGE_BYTES		4096ull

struct efi_guid {
	uint32_t a;
	uint16_t b, c;
	uint8_t d[8];
};

enum efi_memory_type {
	EFI_RESERVED = 0,
	EFI_LOADER_CODE = 1,
	EFI_LOADER_DATA = 2,
	EFI_BOOT_CODE = 3,
	EFI_BOOT_DATA = 4,
	EFI_RUNTIME_CODE = 5,
	EFI_RUNTIME_DATA = 6,
	EFI_CONVENTIONAL = 7,
	EFI_MEMORY_TYPE_COUNT = 16,
};

struct efi_memory_descriptor {
	uint32_t type;
	uint32_t pad;
	uint64_t base;
	uint64_t virtual_base;
	uint64_t pages;
	uint64_t attribute;
};

enum { EFI_ALLOCATE_ADDRESS = 2, EFI_BY_PROTOCOL = 2, EFI_RESET_COLD = 0 };

struct efi_boot_services {
	uint8_t header[24];
	void *tpl[2];
	efi_status_t (*allocate_pages)(uint32_t how, uint32_t type, uint64_t pages, uint64_t *address);
	efi_status_t (*free_pages)(uint64_t address, uint64_t pages);
	efi_status_t (*get_memory_map)(uint64_t *size, void *map, uint64_t *key, uint64_t *descriptor_size, uint32_t *version);
	void *pool[2];
	void *event[6];
	void *protocol[3];
	efi_status_t (*handle_protocol)(efi_handle_t handle, const struct efi_guid *guid, void **interface);
	void *reserved[2];
	efi_status_t (*locate_handle)(uint32_t how, const struct efi_guid *guid, void *key, uint64_t *size, efi_handle_t *handles);
	void *locate_device_path;
	void *install_configuration_table;
	void *image[4];
	efi_status_t (*exit_boot_services)(efi_handle_t image, uint64_t key);
	void *get_next_monotonic_count;
	efi_status_t (*stall)(uint64_t microseconds);
	efi_status_t (*set_watchdog_timer)(uint64_t seconds, uint64_t code, uint64_t size, const uint16_t *data);
	void *connect[2];
	void *open[4];
	void *locate_handle_buffer;
	efi_status_t (*locate_protocol)(const struct efi_guid *guid, void *registration, void **interface);
};
_Static_assert(offsetof(struct efi_boot_services, handle_protocol) == 24 + 16 * 8, "UEFI 4.4");
_Static_assert(offsetof(struct efi_boot_services, locate_handle) == 24 + 19 * 8, "UEFI 4.4");
_Static_assert(offsetof(struct efi_boot_services, exit_boot_services) == 24 + 26 * 8, "UEFI 4.4");
_Static_assert(offsetof(struct efi_boot_services, locate_protocol) == 24 + 37 * 8, "UEFI 4.4");

struct efi_runtime_services {
	uint8_t header[24];
	void *other[10];
	void (*reset_system)(uint32_t how, efi_status_t status, uint64_t size, void *data);
};

struct efi_text_output {
	void *reset;
	efi_status_t (*output_string)(struct efi_text_output *self, const uint16_t *text);
};

struct efi_key {
	uint16_t scan;
	uint16_t unicode;
};

struct efi_text_input {
	efi_status_t (*reset)(struct efi_text_input *self, bool extended);
	efi_status_t (*read_key)(struct efi_text_input *self, struct efi_key *key);
};

struct efi_configuration_table {
	struct efi_guid guid;
	void *table;
};

struct efi_system_table {
	uint8_t header[24];
	const uint16_t *vendor;
	uint32_t revision;
	uint32_t pad;
	efi_handle_t input_handle;
	struct efi_text_input *input;
	efi_handle_t output_handle;
	struct efi_text_output *output;
	efi_handle_t error_handle;
	struct efi_text_output *error;
	struct efi_runtime_services *runtime;
	struct efi_boot_services *boot;
	uint64_t table_count;
	const struct efi_configuration_table *tables;
};

struct efi_block_media {
	uint32_t id;
	bool removable, present, logical_partition, read_only, write_caching;
	uint32_t block_bytes;
	uint32_t io_align;
	uint64_t last_block;
};

struct efi_block_io {
	uint64_t revision;
	const struct efi_block_media *media;
	void *reset;
	efi_status_t (*read)(struct efi_block_io *self, uint32_t media, uint64_t block, uint64_t size, void *to);
};

struct efi_rng {
	void *info;
	efi_status_t (*get)(struct efi_rng *self, const struct efi_guid *algorithm, uint64_t size, uint8_t *to);
};

struct efi_loaded_image {
	uint32_t revision;
	uint32_t pad;
	efi_handle_t parent;
	struct efi_system_table *system;
	efi_handle_t device;
	void *path;
	void *reserved;
	uint32_t options_size;
	uint32_t pad2;
	void *options;
	void *base;
	uint64_t size;
};

/* The firmware's tables, set at entry; not to be used after ExitBootServices. */
extern struct efi_system_table *efi_system;
extern efi_handle_t efi_image;

#endif
