/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHYS_NIC_H
#define PHYS_NIC_H

/*
 * A physical network card, whatever it is: frames without preamble and checksum sequence go in, and received ones come
 * out of poll() in buffers that the consumer posted before. It must not know any card, nor who asks.
 *
 * Everything is called on one CPU, never from an interrupt handler. The card's interrupt only calls `wake`, once, with
 * interrupts masked; the loop of a consumer is: poll until it gives nothing; arm; sleep if arm says that nothing came in
 * between.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rt/dma.h>

#define NIC_SEGMENT_COUNT	20u	/* of one frame */
#define NIC_MAC_BYTES		6u
#define NIC_HEADER_BYTES	14u
#define NIC_FRAME_BYTES(mtu)	((mtu) + NIC_HEADER_BYTES + 4u)	/* with one VLAN tag */
#define NIC_GSO_BYTES		65550u	/* of a frame that the card cuts */
#define NIC_MULTICAST_COUNT	32u

enum nic_status {
	NIC_OK = 0,
	NIC_ERR_RESET = -1,		/* the card is lost until reset() */
	NIC_ERR_ARGUMENT = -2,		/* too long, too many segments, or memory that it cannot reach */
	NIC_ERR_UNSUPPORTED = -3,	/* an offload that it does not have */
	NIC_ERR_BUSY = -4,		/* no room now; again after a completion */
};

/* What a card can, for frames that it sends. */
#define NIC_CAN_CSUM		(1u << 0)	/* fills in one checksum */
#define NIC_CAN_TSO4		(1u << 1)	/* cuts TCP over IPv4 */
#define NIC_CAN_TSO6		(1u << 2)
/* ... and of frames that it receives. */
#define NIC_CAN_RX_CSUM		(1u << 3)	/* tells of checksums that it verified */

enum nic_gso {
	NIC_GSO_NONE,
	NIC_GSO_TCP4,
	NIC_GSO_TCP6,
};

/* What a frame lacks, or what a card found out about it; the meaning is that of virtio-net's header. */
struct nic_offload {
	bool needs_csum;		/* the 16 bits at csum_start + csum_offset hold the pseudo header's sum */
	bool csum_good;			/* received: the card has verified the transport's checksum */
	enum nic_gso gso;
	uint16_t header_bytes;		/* with gso: all headers */
	uint16_t gso_bytes;		/* with gso: payload of each frame */
	uint16_t csum_start;
	uint16_t csum_offset;
};

struct nic_info {
	const char *driver;		/* "e1000e", ... */
	uint8_t mac[NIC_MAC_BYTES];
	uint16_t mtu_max;		/* payload of the longest frame; after reset() */
	uint32_t can;
	uint32_t send_depth;		/* frames of one segment under way */
	uint32_t receive_depth;		/* buffers posted */
	uint32_t receive_bytes;		/* size of each buffer that is posted, exactly or more */
};

struct nic_stats {
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t rx_dropped;		/* for want of a buffer, as far as the card tells */
	uint64_t rx_errors;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t tx_errors;
	uint64_t link_changes;
};

struct nic_filter {
	bool promiscuous;
	bool all_multicast;
	unsigned multicast_count;	/* above NIC_MULTICAST_COUNT: all_multicast */
	const uint8_t (*multicast)[NIC_MAC_BYTES];
};

struct nic_device;

struct nic_ops {
	/** Takes a frame. Any result but NIC_OK: not taken, no completion comes. */
	enum nic_status (*send)(struct nic_device *device, const struct dma_segment *segments, unsigned count,
				const struct nic_offload *offload, uint64_t cookie);
	/** Gives the card a buffer to receive into. */
	enum nic_status (*post)(struct nic_device *device, struct dma_segment buffer, uint64_t cookie);
	/** Tells the card of all that was sent and posted so far. */
	void (*kick)(struct nic_device *device);
	/** Calls `sent`, `received` and `link` for up to `budget` events; returns how many. A card that is lost is quiesced. */
	unsigned (*poll)(struct nic_device *device, unsigned budget);
	/** Asks for an interrupt at the next event. True: one waits already, do not sleep. */
	bool (*arm)(struct nic_device *device);
	enum nic_status (*set_filter)(struct nic_device *device, const struct nic_filter *filter);
	/** Stops DMA and interrupts; what was sent or posted is forgotten, without completions. Works at any time, also before
	 *  the first reset() and on a card that somebody else left running. */
	void (*quiesce)(struct nic_device *device);
	/** quiesce(), then makes it work, with no buffer posted and promiscuous off. NIC_ERR_RESET: it does not come up. */
	enum nic_status (*reset)(struct nic_device *device);
};

struct nic_device {
	const struct nic_ops *ops;
	struct nic_info info;
	struct nic_stats stats;
	uint16_t mtu;			/* (consumer) before reset(): what is wanted, 0: 1500; info.mtu_max is what it became */
	bool dead;			/* (driver) nothing is taken until reset() */
	bool link_up;			/* (driver) */
	/** Called in poll(). A frame longer than a buffer comes in several: `last` ends it, `offload` counts in the last. With
	 *  0 bytes the buffer comes back empty: its frame was damaged. */
	void (*received)(void *arg, uint64_t cookie, uint32_t bytes, bool last, const struct nic_offload *offload);
	void (*sent)(void *arg, uint64_t cookie);
	void (*link)(void *arg, bool up);	/* NULL: none wanted */
	void (*wake)(void *arg);	/* called in interrupt context after arm(); NULL: none wanted */
	void *arg;
};

static inline enum nic_status nic_send(struct nic_device *device, const struct dma_segment *segments, unsigned count,
				       const struct nic_offload *offload, uint64_t cookie)
{
	return device->dead ? NIC_ERR_RESET : device->ops->send(device, segments, count, offload, cookie);
}

static inline enum nic_status nic_post(struct nic_device *device, struct dma_segment buffer, uint64_t cookie)
{
	return device->dead ? NIC_ERR_RESET : device->ops->post(device, buffer, cookie);
}

static inline void nic_kick(struct nic_device *device) { device->ops->kick(device); }
static inline unsigned nic_poll(struct nic_device *device, unsigned budget) { return device->ops->poll(device, budget); }
static inline bool nic_arm(struct nic_device *device) { return device->ops->arm(device); }
static inline void nic_quiesce(struct nic_device *device) { device->ops->quiesce(device); }
static inline enum nic_status nic_reset(struct nic_device *device) { return device->ops->reset(device); }

static inline enum nic_status nic_set_filter(struct nic_device *device, const struct nic_filter *filter)
{
	return device->dead ? NIC_ERR_RESET : device->ops->set_filter(device, filter);
}

/** Whether a frame of these pieces is one that the card can send; its length. */
enum nic_status nic_check(const struct nic_device *device, const struct dma_segment *segments, unsigned count,
			  const struct nic_offload *offload, uint32_t *bytes);

/** An error in words. */
const char *nic_status_name(enum nic_status status);

#endif
