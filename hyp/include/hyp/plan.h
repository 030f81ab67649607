/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: everything that was decided at build time, as const data. The
 * planner generates one C file that defines `plan` and, beside it, the
 * static storage that its pointers name; no other file includes that one.
 * Nothing here changes at run time: what changes is in partition.h.
 */
#ifndef HYP_PLAN_H
#define HYP_PLAN_H

#include <hyp/mmio.h>
#include <hyp/types.h>

struct arch_plan;            /* defined by the architecture: interrupt controller, console UART ... */
struct arch_plan_partition;  /* the same for one partition */
struct partition;            /* run-time state: partition.h */
struct vcpu;                 /* run-time state: vcpu.h; the plan's storage holds the architecture's larger struct */
struct console_ring;
struct cpu;
struct device;
struct device_line;
struct pci_driver;           /* pci.h */
struct pci_function;         /* run-time state: pci.h */

/* One page of a stage-2 table. */
struct pt_page {
	uint64_t entry[PAGE_SIZE / sizeof(uint64_t)];
} __attribute__((aligned(4096)));

/* A range of host physical memory. */
struct plan_range {
	const char *name;
	pa_t base;
	uint64_t size; /* bytes */
};

enum plan_map_flags {
	PLAN_MAP_RAM = 1u << 0,      /* normal write-back memory, read-write-execute */
	PLAN_MAP_DEVICE = 1u << 1,   /* device memory, read-write, no execute */
	PLAN_MAP_READ_ONLY = 1u << 2,/* writes exit: register pages that are read without an exit */
	PLAN_MAP_SHARED = 1u << 3,   /* normal write-back memory of another owner, no execute: windows, doorbell and state pages,
				      * channels. A start of this partition neither clears nor fills it */
	PLAN_MAP_UNCACHED = 1u << 4, /* normal non-cacheable, no execute: device pages as a back-end sees them */
};

/* One contiguous stage-2 mapping; page aligned. */
struct plan_map {
	const char *name;
	ipa_t ipa;
	pa_t pa;
	uint64_t size;  /* bytes */
	uint32_t flags; /* enum plan_map_flags */
};

/* One piece of a pristine image: `size` bytes from `source` (image store) to `target`, then zero up to `clear` bytes. */
struct plan_load {
	pa_t source;
	pa_t target;
	uint64_t size;
	uint64_t clear;
};

/* Bytes of a guest's image that each start fills with fresh random seed (kaslr-seed, rng-seed). Without one left, a guest
 * must find none rather than a known one: the seed, and the bytes before it that name it, become words that say nothing. */
struct plan_seed {
	pa_t target;     /* 4-byte aligned, as size and header are */
	uint32_t size;   /* bytes */
	uint32_t header; /* bytes before target */
	uint32_t blank;  /* that word */
};

/* An emulated register block in a partition's address space. Sorted by base. */
struct plan_emul {
	ipa_t base;
	uint64_t size; /* bytes */
	const struct mmio_block *block;
	void *state;   /* handed to the block's functions */
};

/* A physical interrupt that a partition owns. */
struct plan_irq {
	irq_t physical;
	irq_t virtual;
	bool is_edge;
	const char *device;
};

enum plan_policy {
	PLAN_POLICY_STOP,    /* stop the partition, others run on */
	PLAN_POLICY_RESTART, /* restart it from its pristine image */
	PLAN_POLICY_REPORT,  /* report and go on as hardware would */
};

enum plan_right {
	PLAN_RIGHT_STATE = 1u << 0,
	PLAN_RIGHT_START = 1u << 1,
	PLAN_RIGHT_STOP = 1u << 2,
	PLAN_RIGHT_RESTART = 1u << 3,
};

/* What a partition may do to another one. */
struct plan_capability {
	uint16_t partition; /* index of the other one */
	uint16_t rights;    /* OR of enum plan_right */
};

/* A function symbol of a guest image, for the state command. Sorted by address. */
struct plan_symbol {
	uint64_t address; /* guest virtual */
	const char *name;
};

/* A virtio device between two partitions: hyp/abi/device.h says what the hypervisor does for it. */
struct plan_device {
	const char *name;
	struct device *state;     /* run-time state: device.h */
	uint16_t front, back;     /* partitions, by index */
	uint16_t line;            /* in the back-end's doorbell page */
	ipa_t ipa;                /* of its page in the front-end */
	irq_t irq;                /* of the front-end's virtual numbering, level */
	pa_t page;                /* the device page, of the hypervisor's non-cacheable pages */
	struct device_line *shared; /* its line, written by the hypervisor alone */
	const uint32_t *image;    /* what the page begins with at each start of the front-end; the rest is zero */
	uint32_t image_count;     /* words */
	uint64_t limit_us;        /* longest wait for an answer */
};

/* One end of a shared-memory channel: a signal of it interrupts the other one. The memory is in both partitions' maps. */
struct plan_channel {
	uint16_t peer;            /* partition of the other end, by index */
	uint16_t end;             /* which of its channels that is */
	irq_t irq;                /* of this end, of the virtual numbering, edge */
};

/* Memory of a front-end that a back-end sees: one of the back-end's maps (PLAN_MAP_SHARED), there while the front-end runs.
 * It lies in GiB of its own of the back-end's space, so that root entries alone show and hide it. */
struct plan_window {
	uint16_t front, back;  /* partitions, by index */
	ipa_t ipa;             /* in the back-end: a multiple of 1 GiB */
	uint64_t size;         /* bytes, up to the next multiple of 1 GiB nothing else is mapped */
};

#define PLAN_PCI_BAR_COUNT 6u

/* Memory of a PCI function. The partition has a map of it too (PLAN_MAP_DEVICE): both stay where they are. */
struct plan_pci_bar {
	pa_t pa;       /* what the function is told: a multiple of the size, below 4 GiB if the register has 32 bits */
	ipa_t ipa;     /* what its partition reads there */
	uint64_t size; /* bytes, as the function itself says: a power of two, 4 KiB at least; 0: not shown (absent, I/O space, or the
	                * upper half of the one before), and reads as zero */
};

/* A PCI function that a partition drives by itself. Its partition sees a host bridge with one bus, and on it its functions. */
struct plan_pci_function {
	const char *name;
	struct pci_function *state;     /* run-time state, zeroed */
	uint16_t requester;             /* bus << 8 | device << 3 | function: where its configuration space is */
	uint16_t virtual_requester;     /* the same as its partition sees it: bus 0, function 0 */
	struct plan_pci_bar bars[PLAN_PCI_BAR_COUNT]; /* by number of the register */
	uint8_t pin;                    /* 1 to 4: its pin interrupts by one of the partition's interrupts; 0: it has none to show */
	uint16_t message_count;         /* MSI-X vectors that are shown, if it has as many; 0: MSI-X is hidden */
};

/* The host bridge whose functions are given away one by one. */
struct plan_pci {
	pa_t config;                      /* configuration space of bus 0 on, 1 MiB a bus, mapped by stage 1 */
	uint32_t bus_count;
	const struct pci_driver *driver;  /* &pci_driver: code that no plan names is not linked */
};

struct plan_partition {
	uint16_t id;               /* its index in plan.partitions */
	const char *name;
	struct partition *state;

	struct vcpu *const *vcpus;
	uint32_t vcpu_count;

	const struct plan_map *maps; /* sorted by ipa */
	uint32_t map_count;
	const struct plan_emul *emuls;
	uint32_t emul_count;
	const struct plan_irq *irqs;
	uint32_t irq_count;

	const struct plan_load *loads;
	uint32_t load_count;
	const struct plan_seed *seeds;
	uint32_t seed_count;
	const struct plan_range *device_pages; /* pages of ours that show registers (PL011): rewritten at each start */
	uint32_t device_page_count;

	struct pt_page *stage2_pool; /* exactly what the maps need; [0] is the root */
	uint32_t stage2_page_count;

	uint64_t entry;     /* guest physical address of the first instruction of vCPU 0 */
	uint64_t entry_arg; /* first argument: the device tree's IPA on Arm */

	const struct plan_capability *capabilities;
	uint32_t capability_count;

	const struct plan_device *const *fronts; /* devices whose driver runs here, sorted by ipa */
	uint32_t front_count;
	const struct plan_device *const *backs;  /* devices that it serves: [n] has line n */
	uint32_t back_count;
	const struct plan_window *const *windows; /* of which it is the front-end or the back-end */
	uint32_t window_count;
	const struct plan_pci_function *functions; /* that it drives by itself */
	uint32_t function_count;
	const struct plan_channel *channels;     /* its ends, as HC_CHANNEL_SIGNAL counts them */
	uint32_t channel_count;
	irq_t doorbell_irq;                      /* virtual, edge: a line of its doorbell page changed; 0: it serves no device */

	enum plan_policy policy;
	uint32_t fault_limit;         /* guest faults until the policy acts; 0: no limit */
	uint64_t heartbeat_us;        /* longest time between two heartbeats, microseconds; 0: none expected */
	uint32_t restart_limit;       /* restarts by policy until it is stopped for good; 0: no limit */
	bool is_critical;             /* the appliance's health depends on it */
	bool is_auto;                 /* started at boot */
	bool has_restart;             /* false: a restart of it resets the board */

	struct console_ring *console;
	const struct plan_symbol *symbols;
	uint32_t symbol_count;

	const struct arch_plan_partition *arch;
};

/* A slot of the fixed schedule of a shared CPU. */
struct plan_slot {
	uint32_t vcpu;      /* index into plan_cpu.vcpus */
	uint32_t length_us; /* microseconds */
};

/* A physical CPU. One vCPU and no slots: exclusive. Several: slots in order make one major frame. */
struct plan_cpu {
	uint64_t hardware_id;      /* MPIDR affinity fields on Arm, APIC id on x86 */
	struct cpu *state;
	struct vcpu *const *vcpus;
	uint32_t vcpu_count;
	const struct plan_slot *slots;
	uint32_t slot_count;
};

/* Longest number of partitions, CPUs and vCPUs of one partition that a plan may hold. */
enum plan_limit {
	PLAN_PARTITION_MAX = 16,
	PLAN_CPU_MAX = 16,
	PLAN_VCPU_MAX = 16,
};

struct plan {
	uint8_t id[32];             /* SHA-256 of the planner's model: the boot stage hands the same over */
	const char *appliance;
	const char *board;
	struct plan_range hypervisor; /* image, state, stacks, tables */
	struct plan_range image_store;/* pristine images, read only; size 0: none */
	const struct plan_range *memory; /* what stage 1 must map beside both: guest RAM */
	uint32_t memory_count;
	const struct plan_cpu *cpus;  /* [0] is the boot CPU */
	uint32_t cpu_count;
	const struct plan_partition *partitions;
	uint32_t partition_count;
	const struct plan_pci *pci;   /* null: no function is given away by itself */
	uint8_t console_prefix_key;   /* ASCII code of the key that starts a console command */
	bool is_development;          /* development keys */
	const struct arch_plan *arch;
};

extern const struct plan plan;

#endif
