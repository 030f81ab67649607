/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model: what the user chose on which board, and what the planner chose
 * for it. Checks read it, outputs are written from it. Filled in order by
 * model_read(), model_open_images(), layout_guests(), layout_memory().
 */
#ifndef PLAN_MODEL_H
#define PLAN_MODEL_H

#include "board.h"
#include "channel.h"
#include "config.h"
#include "image.h"
#include "io.h"

#define KIB 1024ul
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define PAGE_BYTES 4096ul
#define BLOCK_BYTES (2 * MIB)

/* The guest's machine on arm64: as in hyp/abi/partition.h. */
#define GUEST_RAM 0x40000000ul
#define GUEST_IMAGE 0x40200000ul
#define GUEST_GICD 0x08000000ul
#define GUEST_GICC 0x08010000ul
#define GUEST_GICR 0x080a0000ul
#define GUEST_UART 0x09000000ul
#define GUEST_RTC 0x09010000ul
#define GUEST_VIRTIO 0x0a000000ul
#define GUEST_ITS 0x08080000ul
#define GUEST_FRAME 0x08020000ul    /* GICv2m */
#define GUEST_ECAM 0x3f000000ul
#define GUEST_PCI 0x10000000ul      /* BARs of functions that it was given */
#define GUEST_PCI_END 0x3eff0000ul
enum { GUEST_UART_INTID = 33, GUEST_RTC_INTID = 34, GUEST_VIRTIO_INTID = 48, GUEST_DOORBELL_INTID = 80, GUEST_CHANNEL_INTID = 96, INTID_SPI = 32, INTID_SPI_END = 32 + 256 };

/* Where a back-end finds things: as in hyp/abi/device.h. */
#define BACK_DEVICE 0x3f80000000ul
#define BACK_SHARED 0x3fc0000000ul
#define BACK_STATE 0x3fc0100000ul
#define BACK_STATE_BYTES 0x2000ul
#define BACK_WINDOW 0x1000000000ul
#define BACK_WINDOW_END 0x3f00000000ul
#define CHANNEL_BASE 0x3fd0000000ul

enum model_limit {
	PART_MAX = 16,
	SLOT_MAX = 8,
	NAME_MAX_BYTES = 23,
	COMMAND_LINE_MAX = 2047,
	LOAD_MAX = IMAGE_SEGMENT_MAX + 2,
	CAPABILITY_MAX = 15,
	FRAME_MESSAGE_MAX = 64,
	EMUL_MAX = 7 + 2 * BOARD_DEVICE_MAX,
	MAP_MAX = 4 + BOARD_DEVICE_MAX * (BOARD_DEVICE_REG_MAX + 1) + VDEV_MAX + 3 + PART_MAX + DISK_MAX + 2 * CHANNEL_MAX,
};

enum part_kind { KIND_LINUX, KIND_UNIKERNEL, KIND_RAW };
enum part_policy { POLICY_STOP, POLICY_RESTART, POLICY_REPORT };

struct capability {
	uint32_t partition;
	uint32_t rights;       /* as enum plan_right */
	const char *word;      /* as typed */
	const char *unknown_partition, *unknown_right; /* NULL, or the word that nobody knows */
};

/* A component that is placed in guest RAM: bytes [offset, offset+size) of a file at an IPA. */
enum component { COMPONENT_DTB, COMPONENT_IMAGE, COMPONENT_INITRD, COMPONENT_COUNT };

struct load {
	enum component component;
	uint64_t offset, ipa, size, memory;
};

/* A PCI function that was given to a partition by itself. */
struct function {
	const struct board_device *device;
	uint32_t part;
	uint32_t virtual_requester;     /* on its owner's bus */
	uint64_t ipa[BOARD_BAR_MAX];    /* of each entry of device->bars; 0: no room */
	uint32_t message_count;         /* MSI-X vectors that its owner sees */
	uint32_t intid;                 /* of the first one: an LPI, or with a GICv2 a shared one */
	struct range table;             /* GICv2: pages of its MSI-X table, physical; size 0: none */
	uint64_t table_ipa;
};

struct seed {
	const char *property;
	uint32_t offset, size; /* bytes in the device tree */
};

struct map {
	const char *name;
	uint64_t ipa, pa, size;
	const char *page;      /* NULL, or the name of a page in the hypervisor that stands for pa */
	uint32_t flags;
};
enum map_flags { MAP_RAM = 1, MAP_DEVICE = 2, MAP_READ_ONLY = 4, MAP_HYPERVISOR = 8, MAP_SHARED = 16, MAP_UNCACHED = 32 };

/* Registers that the hypervisor emulates. */
struct emul {
	const char *name;
	uint64_t ipa, size;
	const char *block;     /* in the hypervisor */
	const char *state;     /* in C; "0": none */
};

struct part {
	uint32_t index, number;        /* from 0, from 1 */
	const char *name;
	uint64_t memory, fixed;        /* bytes; physical address or 0 */
	enum part_kind kind;
	const char *image_path, *initrd_path, *overlay_path; /* "" for none */
	const char *image_symbol;      /* Kconfig symbol that names the image */
	const char *program;           /* the unikernel's; "" for none */
	const char *cmdline;
	bool has_console, has_rtc, is_auto, has_store, is_critical, has_symbols, is_trusted_dma, is_io;
	uint32_t console_bytes;
	bool has_pool;                 /* its I/O partitions see no more than that */
	struct range pool;             /* in its own addresses; base 0: no room was found */
	enum part_policy policy;
	uint32_t restart_limit, fault_limit;
	uint64_t heartbeat_us;
	struct capability capabilities[CAPABILITY_MAX];
	uint32_t capability_count;

	uint32_t cpus[BOARD_CPU_MAX];  /* board index of each vCPU */
	uint32_t cpu_count;
	bool is_exclusive;
	const struct board_device *devices[BOARD_DEVICE_MAX];
	uint32_t device_count;
	const struct function *functions; /* neighbours in the model's list */
	uint32_t function_count, message_count;
	uint64_t its, frame;           /* where it sees an ITS, a GICv2m frame; 0: it has none */
	uint64_t doorbell;             /* page that its functions send messages to, as they reach it */
	struct board_irq messages[FRAME_MESSAGE_MAX]; /* GICv2: shared interrupts of its messages */
	uint32_t message_irq_count;
	struct map dma_maps[2];        /* what its functions reach, if the IOMMU confines them: its RAM, and where messages go */
	uint32_t dma_map_count, dma_pages;

	struct image image, initrd;
	struct bytes overlay, dtb;
	const char *overlay_error, *dtb_error;
	const struct board_device *dtb_device; /* which one dtb_error is about; NULL: none */
	struct seed seeds[2];
	uint32_t seed_count;

	uint64_t image_ipa, image_end, entry, initrd_ipa;
	struct range ram;              /* physical; size 0: not placed */
	struct range store[COMPONENT_COUNT];
	struct load loads[LOAD_MAX];
	uint32_t load_count;
	struct map maps[MAP_MAX];
	uint32_t map_count;
	struct emul emuls[EMUL_MAX];   /* by address */
	uint32_t emul_count;
	uint32_t stage2_pages;
	uint32_t spi_count;
	uint64_t windows_end;          /* behind the windows and RAM disks that it sees */
	uint32_t doorbell_intid;       /* 0: it serves no device, or none is left */
};

struct slot {
	int32_t part;     /* index, -1: none chosen */
	uint64_t us;
};

struct cpu {
	uint32_t board;   /* index */
	bool is_shared;
	int32_t part;     /* exclusive: index; -1: unused */
	uint64_t frame_us;
	struct slot slots[SLOT_MAX];
	uint32_t slot_count;
	uint32_t runs[SLOT_MAX];   /* partitions in order of their first slot */
	uint32_t runs_count;
};

struct owned_range {
	const char *owner;   /* "RAM of linux", "firmware" ... */
	struct range range;
};

struct model {
	const struct config *config;
	const struct board *board;
	const char *const *variables;  /* "O=build" ..., NULL ends */
	const char *programs;          /* names of all programs that make can build, separated by blanks; NULL: not told */
	const char *ext, *appliance, *version;
	uint32_t gic_version, security_version;
	const struct board_gic *gic;
	bool has_iommu;                /* the board's is used */
	const char *qemu_machine;
	uint8_t prefix_key;            /* 0: not understood */
	const char *prefix_key_text;
	bool is_development, is_report_only;
	uint64_t slot_bytes;

	struct part parts[PART_MAX];
	uint32_t part_count;
	struct cpu cpus[BOARD_CPU_MAX];

	struct function functions[BOARD_DEVICE_MAX];
	uint32_t function_count;
	struct port ports[PORT_MAX];
	uint32_t port_count;
	struct disk disks[DISK_MAX];
	uint32_t disk_count;
	struct cable cables[CABLE_MAX];
	uint32_t cable_count;
	struct vdev vdevs[VDEV_MAX];
	uint32_t vdev_count;
	struct io_window windows[VDEV_MAX];
	uint32_t window_count;
	uint32_t age_s;                /* of learned addresses */
	uint64_t limit_fixed_us;       /* of hand-offs; 0: computed */
	struct channel channels[CHANNEL_MAX];
	uint32_t channel_count;
	struct range channel_memory;   /* of all of them, physical; size 0: none, or not placed */

	uint64_t hypervisor_fixed, hypervisor_fixed_size, store_fixed, store_fixed_size;
	struct range hypervisor, store;
	uint64_t store_need;           /* bytes of pristine images, pages */
	struct map stage1[16 + PART_MAX + BOARD_DEVICE_MAX];
	uint32_t stage1_count, stage1_pages;
	uint32_t plan_cpus[BOARD_CPU_MAX]; /* index into cpus of each CPU in the plan; the boot CPU first */
	uint32_t plan_cpu_count;
	uint8_t id[32];
};

/* Fills the user's choices. What is impossible is left for the checks to tell. */
void model_read(struct model *model);
void model_open_images(struct model *model);

/* The partition chosen by a Kconfig choice of PREFIX_PARTn symbols; -1: none. */
int32_t chosen_part(const struct model *model, const char *prefix);
/* Which partitions own a device, by name; NULL: none. */
const struct part *device_owner(const struct model *model, const struct board_device *device);
bool device_is_part(const struct part *part, const struct board_device *device);
/* Has this partition a vCPU on that CPU? */
bool cpu_runs(const struct cpu *cpu, uint32_t part);
/* What I/O partitions that serve it see of its memory, in its own addresses: all of it, or the pool. */
struct range part_shown(const struct part *part);
/* The same in physical memory. */
uint64_t part_shown_pa(const struct part *part);
/* Is `path` one that a makefile can name? */
bool path_is_plain(const char *path);
/* Can make build this partition's program, or does it have none? */
bool program_is_known(const struct model *model, const struct part *part);
/* Component's file, for messages and the manifest. */
const char *component_name(enum component component);
uint64_t component_size(const struct part *part, enum component component);

static inline uint64_t align_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

#endif
