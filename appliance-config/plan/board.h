/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardware facts, read from a compiled board.dts. It must not know what the
 * user chose.
 */
#ifndef PLAN_BOARD_H
#define PLAN_BOARD_H

#include "text.h"

enum board_limit {
	BOARD_CPU_MAX = 16,
	BOARD_RAM_MAX = 8,
	BOARD_RESERVED_MAX = 8,
	BOARD_DEVICE_MAX = 64,
	BOARD_DEVICE_REG_MAX = 6,
	BOARD_BAR_MAX = 6,
	BOARD_DEVICE_IRQ_MAX = 8,
	BOARD_PCI_IRQ_MAX = 32,
	BOARD_PCI_CHILD_CELLS = 4,
};

/* The largest memory of a PCI function that a board.dts may name. */
#define BAR_BYTES_MAX (1ull << 38)

struct range {
	uint64_t base;
	uint64_t size; /* bytes */
};

static inline uint64_t range_end(struct range r)
{
	return r.base + r.size;
}

static inline bool range_overlaps(struct range a, struct range b)
{
	return a.base < range_end(b) && b.base < range_end(a);
}

static inline bool range_contains(struct range outer, struct range inner)
{
	return outer.base <= inner.base && inner.base <= range_end(outer) && inner.size <= range_end(outer) - inner.base;
}

struct board_cpu {
	uint64_t mpidr;   /* affinity fields */
	const char *model;
	uint32_t cluster, core; /* phandle-free identity from /cpus/cpu-map; core is unique on the board */
	bool has_sibling; /* another thread of the same core */
	int node;
};

struct board_reserved {
	const char *name;
	struct range range;
};

struct board_irq {
	uint32_t intid;
	bool is_edge;
	bool is_shared; /* SPI: the only kind that a device can be given with */
};

/* One entry of a host bridge's interrupt map: device and pin, and what the controller calls it. */
struct board_pci_irq {
	uint32_t child[BOARD_PCI_CHILD_CELLS];
	uint32_t interrupt[3];
};

/* A window of a host bridge onto PCI memory, beside its range in `reg`. */
struct board_window {
	uint64_t bus;  /* PCI address of its beginning */
	uint64_t end;  /* CPU address: from here on are base addresses of functions that the board is known to have */
};

/* A base address register that decodes memory. Its place is chosen here, and is the same whoever gets the function. */
struct board_bar {
	uint32_t index;      /* 0 to 5; a wide one takes the next one too */
	bool is_wide, is_prefetchable;
	uint64_t size;       /* bytes, a power of two */
	struct range place;  /* CPU addresses, whole pages; size 0: no window has room */
	uint64_t bus;        /* PCI address */
};

struct board_device {
	const char *label;  /* from the DTS: gpio */
	const char *symbol; /* the same in capitals: GPIO */
	const char *title;
	int node;
	struct range reg[BOARD_DEVICE_REG_MAX];
	uint32_t reg_count;
	struct board_irq irq[BOARD_DEVICE_IRQ_MAX];
	uint32_t irq_count;
	struct board_pci_irq pci_irq[BOARD_PCI_IRQ_MAX];
	uint32_t pci_irq_count;
	uint32_t stream, stream_count; /* of the IOMMU; 0: it does not stand before this device */
	bool is_bus_master;

	bool is_pci;             /* a host bridge: reg[0] is its configuration space, the others are windows */
	struct board_window window[BOARD_DEVICE_REG_MAX];

	const struct board_device *bridge; /* of a PCI function: where it is; its registers are the places of its BARs. NULL: it is none */
	uint32_t requester;      /* of a function: bus, device, function; of a bridge: the first one that its streams are for */
	uint32_t message_id;     /* of a function: how the ITS calls it */
	bool has_messages, has_frame; /* the board's ITS, its GICv2m frame takes its messages */
	uint32_t table_bar, table_offset; /* of a function: where its MSI-X table is; BOARD_BAR_MAX: not told */
	uint32_t vendor, device;
	uint32_t vector_count;   /* MSI-X vectors that it has */
	bool is_polled;          /* of a function: its driver asks it, and needs no interrupt */
	struct board_bar bars[BOARD_BAR_MAX];
	uint32_t bar_count;
	bool is_odd;             /* what board.dts says of it cannot be */
	const char *qemu_device; /* what the emulator plugs in there; "": nothing */
};

struct board_gic {
	bool is_there;
	int node;
	struct range gicd;
	struct range second;      /* v3: redistributors; v2: CPU interface */
	struct range gich, gicv;  /* v2 */
};

/* Of a GICv3: turns messages of devices into interrupts. */
struct board_its {
	bool is_there;
	int node;
	struct range reg;
};

/* Of a GICv2: makes shared interrupts of messages (GICv2m). */
struct board_frame {
	bool is_there;
	int node;
	struct range reg;
	uint32_t first, count; /* INTIDs */
};

struct board_smmu {
	bool is_there;
	int node;
	struct range reg;
	uint32_t event_intid, error_intid;
};

struct board {
	const void *fdt;
	const char *name;         /* directory */
	const char *compatible;   /* first of the root node; "": none */
	const char *model;
	const char *qemu_machine, *qemu_cpu; /* "": no emulator */
	const char *qemu_iommu;   /* added to the machine when the IOMMU is used */
	struct board_cpu cpus[BOARD_CPU_MAX];
	uint32_t cpu_count;
	uint32_t cpus_found;      /* may be more than fit */
	struct range ram[BOARD_RAM_MAX];
	uint32_t ram_count;
	struct board_reserved reserved[BOARD_RESERVED_MAX];
	uint32_t reserved_count;
	struct board_gic gic2, gic3;
	struct board_its its;
	struct board_frame frame;
	struct board_smmu smmu;
	bool has_uart;
	struct range uart;
	uint32_t uart_intid, uart_clock_hz;
	uint64_t rtc;             /* first PL031, 0: none */
	struct board_device devices[BOARD_DEVICE_MAX];
	uint32_t device_count;
};

/* What compiler and linker are told of the board's CPUs: their kind, and workarounds for their errata. */
struct cpu_flags {
	const char *model; /* compatible */
	const char *compiler, *linker;
};

/* Flags that are right for all CPUs of the board. */
const struct cpu_flags *board_cpu_flags(const struct board *board);

/* Returns: NULL, or why this is no device tree that can be used. `fdt` must outlive the board. */
const char *board_parse(struct board *board, const char *name, struct bytes fdt);

#endif
