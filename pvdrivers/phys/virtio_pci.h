/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHYS_VIRTIO_PCI_H
#define PHYS_VIRTIO_PCI_H

/*
 * The PCI transport of virtio devices, modern interface only (virtio 1.2, 4.1): status, features, configuration, queues
 * with their memory, notifications. Rings themselves are virtq_driver.h's. It must not know device types.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rt/pci.h>
#include <virtio/virtio.h>
#include <virtio/virtq_driver.h>

#define VIRTIO_PCI_QUEUE_COUNT	3u

struct virtio_pci_queue {
	struct virtq_driver ring;
	struct vqd_memory memory;	/* of size_max entries, for good */
	uint16_t size_max;		/* a power of two */
	uint64_t bell;			/* where to write its number */
};

struct virtio_pci {
	struct pci_device *pci;
	uint64_t common;
	uint64_t isr;
	uint64_t config;
	uint64_t config_bytes;
	uint64_t notify;
	uint64_t notify_bytes;
	uint32_t notify_step;
	uint64_t features;		/* as negotiated */
	bool by_pin;
	struct virtio_pci_queue queue[VIRTIO_PCI_QUEUE_COUNT];
};

/** Whether the function is a virtio device of this type with a modern interface; learns where its parts are. */
bool virtio_pci_find(struct virtio_pci *virtio, struct pci_device *pci, uint16_t type);

/** Memory for queue `n`: up to `size` entries, and tables for buffers of up to `segments` segments. False: there is none. */
bool virtio_pci_alloc(struct virtio_pci *virtio, unsigned n, uint16_t size, uint16_t segments);

/** Resets the device: no DMA, no interrupts. False: it did not obey; then only its bus mastering is off. */
bool virtio_pci_stop(struct virtio_pci *virtio);

/** After virtio_pci_stop(): status up to FEATURES_OK, with those of `wanted` that the device has, of rings too. False:
 *  it refused. */
bool virtio_pci_negotiate(struct virtio_pci *virtio, uint64_t wanted);

/** Interrupts: `queues(arg)` for all queues, `config(arg)` for changes of configuration; by pin, both come to `queues`. */
bool virtio_pci_attach(struct virtio_pci *virtio, pci_irq_t queues, pci_irq_t config, void *arg);

/** Makes queue `n`; interrupts only if `signal`. Then, after the last one: DRIVER_OK. */
bool virtio_pci_start_queue(struct virtio_pci *virtio, unsigned n, bool signal);
void virtio_pci_go(struct virtio_pci *virtio);

/** Publishes what was added to queue `n`, and notifies the device if it wants that. */
void virtio_pci_kick(struct virtio_pci *virtio, unsigned n);

/** Takes what the device used of queue `n`; the meaning is that of vqd_get(). */
enum vq_err virtio_pci_get(struct virtio_pci *virtio, unsigned n, void **cookie, uint32_t *written);

/** By pin: why it interrupted; asking silences it. Bit 0 queues, bit 1 configuration. */
uint8_t virtio_pci_cause(const struct virtio_pci *virtio);

/** Whether the device says that it needs a reset, or is gone. */
bool virtio_pci_is_lost(const struct virtio_pci *virtio);

/** Reads one field of the configuration, of 1, 2, 4 or 8 bytes, by accesses as wide as it is (4.1.3.1), 8 by two of 4; in one piece: again
 *  while it changes, a few times. What the device lacks reads zero. */
uint64_t virtio_pci_read_config(const struct virtio_pci *virtio, unsigned at, unsigned bytes);

/** The same of the field `field` of the structure `type`. */
#define VIRTIO_PCI_FIELD(virtio, type, field)	virtio_pci_read_config(virtio, offsetof(type, field), sizeof((type){ 0 }.field))

#endif
