/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_PCI_H
#define RT_PCI_H

/*
 * PCI functions behind the device tree's ECAM host bridge: found, given addresses and interrupts. All of it is one scan
 * of bus 0 at the start; nothing is plugged or pulled. What a function says of itself is never trusted for a bound. It
 * must not know any driver.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_DEVICE_COUNT	32u
#define PCI_BAR_COUNT		6u
#define PCI_VECTOR_COUNT	8u	/* of one function */

/* Configuration space header and capabilities: PCI Local Bus Specification 3.0, 6.1 and appendix H; Linux's pci_regs.h has the same. */
#define PCI_VENDOR		0x00u
#define PCI_DEVICE		0x02u
#define PCI_COMMAND		0x04u
#define PCI_STATUS		0x06u
#define PCI_CLASS		0x08u
#define PCI_HEADER_TYPE		0x0eu
#define PCI_BAR(n)		(0x10u + 4 * (n))
#define PCI_SUBSYSTEM		0x2eu
#define PCI_ROM			0x30u
#define PCI_CAPABILITIES	0x34u
#define PCI_INTERRUPT_LINE	0x3cu
#define PCI_INTERRUPT_PIN	0x3du

#define PCI_COMMAND_MEMORY	(1u << 1)
#define PCI_COMMAND_MASTER	(1u << 2)
#define PCI_COMMAND_NO_INTX	(1u << 10)

#define PCI_CAP_MSI		0x05u
#define PCI_CAP_VENDOR		0x09u
#define PCI_CAP_EXPRESS		0x10u
#define PCI_CAP_MSIX		0x11u
#define PCI_CAP_AF		0x13u	/* advanced features: reset of conventional functions */

enum pci_error {
	PCI_OK = 0,
	PCI_ERR_NONE = -1,	/* no host bridge, or no such thing in this function */
	PCI_ERR_TREE = -2,	/* the bridge's description is not of the form that we read */
	PCI_ERR_RANGE = -3,	/* outside a BAR, or no room in the bridge's windows */
	PCI_ERR_IRQ = -4,	/* no interrupt can reach the CPU from this function */
	PCI_ERR_TIMEOUT = -5,	/* the function did not come back from its reset */
};

struct pci_bar {
	uint64_t base;		/* as the CPU reaches it; 0: this BAR is not there, or has no place */
	uint64_t size;
};

/* What MSI-X vector writes where, and the interrupt that comes of it. */
struct pci_message {
	uint64_t address;
	uint32_t data;
	unsigned irq;
};

/** Called with interrupts masked. True: the function had raised it, and does no more until it is asked again. */
typedef bool (*pci_irq_t)(void *arg);

struct pci_device {
	uint64_t config;	/* its 4 KiB of configuration space */
	uint16_t vendor;
	uint16_t device;
	uint32_t class;		/* class, subclass, programming interface */
	uint8_t slot;
	uint8_t function;
	uint8_t pin;		/* 1..4: INTA..INTD; 0: none */
	int irq;		/* the interrupt that stands for its pin; -1: none */
	struct pci_bar bar[PCI_BAR_COUNT];
	unsigned vector_count;	/* MSI-X vectors in use; 0: the pin is */
	/* the runtime's own */
	uint64_t bar_bus[PCI_BAR_COUNT];
	uint64_t msix_table;
	unsigned message_count;
	struct pci_message message[PCI_VECTOR_COUNT];
};

/** Finds the bridge, scans, sizes the BARs and gives them places. Every function is left with DMA and interrupts off.
 *  A second call does nothing. */
enum pci_error pci_init(void);

/** The functions that were found. */
unsigned pci_count(void);
struct pci_device *pci_get(unsigned n);

/** The `nth` function with these identifiers (from 0), or NULL. */
struct pci_device *pci_find(uint16_t vendor, uint16_t device, unsigned nth);
/** The same by class, subclass and programming interface. */
struct pci_device *pci_find_class(uint32_t class, unsigned nth);

/* Configuration space, naturally aligned. */
uint8_t pci_read8(const struct pci_device *device, unsigned at);
uint16_t pci_read16(const struct pci_device *device, unsigned at);
uint32_t pci_read32(const struct pci_device *device, unsigned at);
void pci_write8(const struct pci_device *device, unsigned at, uint8_t value);
void pci_write16(const struct pci_device *device, unsigned at, uint16_t value);
void pci_write32(const struct pci_device *device, unsigned at, uint32_t value);

/** Offset of the next capability `id` behind the one at `after` (0: the first); 0: there is none. Bounded, whatever the
 *  list says. */
unsigned pci_capability(const struct pci_device *device, uint8_t id, unsigned after);

/** Where `bytes` bytes at `offset` of a BAR are; 0: not within it. */
uint64_t pci_bar_at(const struct pci_device *device, unsigned bar, uint64_t offset, uint64_t bytes);

/** Lets the function answer at its BARs; then lets it master the bus, or stops that. */
void pci_enable_memory(struct pci_device *device);
void pci_enable_master(struct pci_device *device, bool on);

/** Resets the function (FLR), where it can, and restores its BARs: memory on, DMA and interrupts off. PCI_ERR_NONE: it
 *  cannot, and nothing was done. */
enum pci_error pci_reset(struct pci_device *device);

/**
 * Gives the function interrupts: MSI-X with up to `count` vectors where the interrupt controller takes messages, or else
 * its INTx pin for all. Vector `n` then calls `handler[n](arg)`; by pin each of them is called.
 * Returns: the number of vectors (1 by pin, with device->vector_count 0), or a negative pci_error.
 */
int pci_irq_attach(struct pci_device *device, const pci_irq_t *handler, unsigned count, void *arg);

/** The same by pin only, for a function whose messages nobody wants. */
enum pci_error pci_irq_attach_pin(struct pci_device *device, pci_irq_t handler, void *arg);

/** Takes them away again: masked, and no handler is called. */
void pci_irq_detach(struct pci_device *device);

/** Its pin was turned off, because it was high for long and nobody owned up to it: who waits for the function must ask it. */
bool pci_irq_is_lost(const struct pci_device *device);

/** Interrupts that came by pin and that no function wanted. */
uint64_t pci_irq_strays(void);

#endif
