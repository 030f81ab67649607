/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI functions that partitions drive by themselves: a host bridge of their
 * own with what of each function's configuration space is theirs to see. It
 * must not know how a function's messages become interrupts.
 */
#ifndef HYP_PCI_H
#define HYP_PCI_H

#include <hyp/lock.h>
#include <hyp/mmio.h>
#include <hyp/plan.h>

enum pci_capability {
	PCI_CAP_PM,
	PCI_CAP_EXPRESS,
	PCI_CAP_MSIX,
	PCI_CAP_COUNT,
};

struct pci_function {
	struct lock lock;
	bool is_there;                  /* (start work) it is what the plan says; else its partition sees nothing */
	uint8_t capability[PCI_CAP_COUNT]; /* (start work) where they stand; 0: absent or not shown */
	uint32_t command;               /* (lock) memory enable as its partition wrote it: the function itself always answers */
	uint32_t sizing;                /* (lock) BARs that were written with all ones, one bit each */
};

/* What the core calls when partitions start and stop; &pci_driver is the one. */
struct pci_driver {
	/** No function of the bridge answers or masters the bus any more, wherever firmware left it. Context: boot CPU, once. */
	void (*boot)(void);
	/** Functions of `partition` master the bus no more, and send nothing. Part of its stop. */
	void (*stop)(const struct plan_partition *partition);
	/** Begin a reset of each. Returns: microseconds until pci_driver.start() may be called. */
	uint32_t (*reset)(const struct plan_partition *partition);
	/** Functions as the plan has them: addresses, capabilities found, silent. Part of its start. */
	void (*start)(const struct plan_partition *partition);
};

extern const struct pci_driver pci_driver;

/* Configuration space of the partition's host bridge (ECAM, 1 MiB: bus 0); struct plan_emul.state is null. */
extern const struct mmio_block pci_block;

#endif
