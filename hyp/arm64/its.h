/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message-signalled interrupts of GICv3 (Arm IHI 0069, "Locality-specific
 * peripheral interrupts and the ITS"): the physical ITS, which is ours, and
 * what partitions with passed-through functions see of one. It must not know
 * PCI: a function is a DeviceID and a number of events.
 */
#ifndef ARM64_ITS_H
#define ARM64_ITS_H

#include <hyp/plan.h>
#include <hyp/types.h>

#define ITS_FIRST_LPI 8192u  /* INTIDs of messages begin here */
#define ITS_LPI_BITS 14u     /* of an INTID, physical and virtual */
#define ITS_DEVICE_MAX 512u  /* DeviceIDs 0.. of the physical ITS */
#define ITS_EVENT_MAX 32u    /* of one function */
#define VITS_LPI_MAX 64u     /* of one partition */

/* Interrupt translation table of one function: the ITS's alone, zeroed. */
struct its_table {
	uint8_t bytes[16u * ITS_EVENT_MAX]; /* an entry has 16 bytes at most */
} __attribute__((aligned(256)));

/* Pending table of one CPU's redistributor: the redistributor's alone, zeroed. */
struct its_pending {
	uint8_t bytes[(1u << ITS_LPI_BITS) / 8u];
} __attribute__((aligned(65536)));

/* The rest that ITS and redistributors read and write of our memory. The plan has one, zeroed, if it has an ITS. */
struct its_memory {
	uint8_t devices[8u * ITS_DEVICE_MAX];     /* an entry has 8 bytes at most */
	uint8_t collections[4096];
	uint64_t commands[128][4];                /* 4 KiB */
	uint8_t properties[(1u << ITS_LPI_BITS) - ITS_FIRST_LPI]; /* a byte an LPI */
} __attribute__((aligned(4096)));

/* A function whose messages become interrupts: event n is LPI `lpi` + n, of the partition in whose range that is. */
struct plan_its_device {
	uint32_t device_id;          /* by which the ITS knows it: the requester ID on PCI, through the board's msi-map */
	uint32_t virtual_id;         /* by which its partition's virtual ITS does: the virtual requester ID */
	uint16_t partition;          /* index in plan.partitions */
	irq_t lpi;                   /* of event 0 */
	uint32_t event_count;        /* 1 to ITS_EVENT_MAX */
	struct its_table *table;
};

struct plan_its {
	pa_t base;                           /* 128 KiB of registers: mapped by stage 1; the second 64 KiB is where messages go */
	const struct its_driver *driver;     /* &its_driver: code that no plan names is not linked */
	struct its_memory *memory;
	struct its_pending *const *pending;  /* by CPU of the plan; null: no message goes to that one */
	const struct plan_its_device *devices; /* sorted by lpi */
	uint32_t device_count;
};

struct vcpu;
struct vits;

/* What others call; &its_driver is the one. */
struct its_driver {
	/** The ITS knows the plan's devices, and nothing of them is an interrupt. Context: boot CPU, once. Errors: ERR_HARDWARE. */
	enum err (*init)(void);
	/** This CPU's redistributor, at `base`, takes LPIs if the plan says so. Errors: ERR_HARDWARE. */
	enum err (*cpu_init)(uint64_t base);
	/** LPI `irq` came and its priority is dropped. */
	void (*fired)(irq_t irq);
	/** At a stop: events of `partition` are nothing from now on. At a start: they are what its virtual ITS, which is at its reset
	 * state, will say. Context: all its vCPUs are out. */
	void (*clear)(const struct plan_partition *partition);
	void (*reset)(const struct plan_partition *partition);
	/** Registers of virtual redistributors that are about LPIs. */
	mmio_fn *redistributor_read, *redistributor_write;
};

/* The virtual ITS of a partition. Its events are the LPIs of its devices, which are neighbours. Every vCPU of such a partition has a
 * CPU of its own, with a pending table in the plan. */
struct plan_vits {
	ipa_t base;         /* 128 KiB, a plan_emul with gits_block; its second half is where its functions send messages */
	irq_t lpi;          /* the first physical LPI of the partition */
	uint32_t lpi_count; /* 1 to VITS_LPI_MAX */
	struct vits *state; /* run-time state, zeroed */
};

struct vits {
	/* (vgic lock) registers of the virtual ITS and of the redistributors' LPI part */
	uint64_t command_base, property_base, pending_base[PLAN_VCPU_MAX];
	uint32_t command_write, command_read; /* byte offsets in the command queue */
	uint32_t lpis_on;                     /* GICR_CTLR.EnableLPIs, one bit a vCPU */
	bool is_on;                           /* GITS_CTLR.Enabled */
	bool is_live;                         /* (start and stop work) the physical ITS maps its events */
	uint8_t collection[PLAN_VCPU_MAX];    /* index of the vCPU that a collection means; VGIC_NOBODY: none */
	uint32_t mapped;                      /* devices of the guest that are mapped, one bit each in order of the plan's list */
	irq_t intid[VITS_LPI_MAX];            /* of each event of ours, as the guest named it; 0: not mapped */
	uint8_t in_collection[VITS_LPI_MAX];
	uint8_t property[VITS_LPI_MAX];       /* byte that was read from the guest's table: priority (7:2), enable (0) */
};

extern const struct its_driver its_driver;

/** Event `event` of `device` interrupts the CPU of the vCPU that it is for, if that one takes LPIs. Completes before it returns. */
void its_move(const struct plan_its_device *device, uint32_t event, const struct plan_cpu *cpu);

/** Message `index` of `partition` came. Any CPU. */
void vits_fired(const struct plan_partition *partition, uint32_t index);

/** Virtual ITS and LPI registers of `partition` to reset values. */
void vits_reset(const struct plan_partition *partition);

mmio_fn vits_redistributor_read, vits_redistributor_write;

/* Registers of the virtual ITS; struct plan_emul.state is the partition's struct vgic. */
extern const struct mmio_block gits_block;

#endif
