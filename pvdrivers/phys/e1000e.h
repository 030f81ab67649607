/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHYS_E1000E_H
#define PHYS_E1000E_H

/*
 * What the files of the e1000e driver tell one another: descriptors of the 82574 (its datasheet, 7.1 and 7.2;
 * Linux's e1000e, hw.h and defines.h), two of its registers, and the card.
 */

#include <rt/mmio.h>
#include <rt/pci.h>

#include "nic.h"

#define E1000E_DEPTH		256u	/* descriptors of each ring; one stays free */

#define E1000E_RDT		0x2818u
#define E1000E_TDT		0x3818u

/* Receive: status and errors as the card writes them. */
#define E1000E_RX_DONE		(1u << 0)
#define E1000E_RX_LAST		(1u << 1)
#define E1000E_RX_NO_CSUM	(1u << 2)
#define E1000E_RX_TRANSPORT	(1u << 5)	/* TCP or UDP checksum was looked at */
#define E1000E_RX_BAD_TRANSPORT	(1u << 5)	/* ... and is wrong */
#define E1000E_RX_BAD_IP	(1u << 6)
#define E1000E_RX_BAD_FRAME	0x97u		/* all other errors */

struct e1000e_rx {
	uint64_t address;
	uint16_t bytes;
	uint16_t csum;
	uint8_t status;
	uint8_t errors;
	uint16_t special;
};

/* Transmit: a data descriptor, or the context that says how to fill in a checksum. */
struct e1000e_tx {
	uint64_t address;
	uint32_t command;
	uint32_t status;
};

_Static_assert(sizeof(struct e1000e_rx) == 16, "legacy receive descriptor");
_Static_assert(sizeof(struct e1000e_tx) == 16, "extended transmit descriptor");

struct e1000e_slot {
	uint64_t cookie;
	uint32_t bytes;
	unsigned last;		/* transmit, at a frame's first descriptor: its last one */
};

struct e1000e_ring {
	union {
		struct e1000e_rx *rx;
		struct e1000e_tx *tx;
	};
	uint64_t bus;
	uint64_t bell;		/* the tail register */
	unsigned tail;		/* next to fill */
	unsigned rung;		/* the card knows of those before */
	unsigned head;		/* next to come back */
	struct e1000e_slot slots[E1000E_DEPTH];
};

struct e1000e {
	struct nic_device nic;	/* first: what consumers see */
	struct pci_device *pci;
	uint64_t regs;
	struct e1000e_ring rx;
	struct e1000e_ring tx;
	uint64_t next_check;
	uint64_t moved;		/* when the transmit ring last gave something back, or was empty */
	volatile bool armed;	/* (handler clears) */
};

/* e1000e_ring.c */
enum nic_status e1000e_send(struct e1000e *card, const struct dma_segment *segments, unsigned count,
			    const struct nic_offload *offload, uint64_t cookie);
enum nic_status e1000e_post(struct e1000e *card, struct dma_segment buffer, uint64_t cookie);
void e1000e_ring_bell(struct e1000e_ring *ring);
bool e1000e_tx_pending(const struct e1000e *card);
bool e1000e_rx_pending(const struct e1000e *card);
void e1000e_drain_tx(struct e1000e *card, unsigned budget, unsigned *done);
void e1000e_drain_rx(struct e1000e *card, unsigned budget, unsigned *done);

#endif
