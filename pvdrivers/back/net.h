/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_NET_H
#define BACK_NET_H

/*
 * The data path of the network: virtio-net devices and other ports around one vswitch. A frame's first bytes are copied once to private
 * memory, where the switch judges them; what the receiver gets are those bytes and one copy of the rest, from chain to chain. It must not know
 * rings' layouts, registers, or NICs: an uplink is a port with a function of its own.
 *
 * Checksums and segmentation that a guest left to its device pass untouched to a guest that takes them, and are made up in software for one
 * that does not. Who sends never waits for who receives, but for one short grace: a frame for a single receiver that has no buffer at
 * this instant is kept for its port's grace; if none comes, it is dropped, and so is all that follows until that receiver has room again.
 * Of several senders that wait for one receiver, the one that waits for longest is next, however much the others send.
 */

#include <stdbool.h>
#include <stdint.h>

#include <virtio/chain.h>

#include "device.h"
#include "gso.h"
#include "vswitch.h"

#define VNET_QUEUE_SIZE		1024u
#define VNET_BUFFER_MAX		64u	/* receive buffers of one frame */
#define VNET_GRACE_NS		500000ull
#define VNET_RETRY_NS		10000ull	/* between two looks for a buffer in that time */

struct vnet_switch;
struct vnet_port;

/* A frame on its way. */
struct vnet_frame {
	struct vnet_port *from;
	uint8_t header[VSWITCH_HEADER_BYTES];	/* its first bytes: the ones that were judged */
	uint32_t header_bytes;
	uint32_t total_bytes;
	struct vq_cursor rest;			/* behind the header: of a guest's chain, or of private memory */
	struct gso_plan plan;
	bool has_ecn;				/* a segmented TCP frame with CWR set */
	bool is_csum_good;			/* verified by a NIC */
};

/* A frame as one receiver gets it: the tag is edited. */
struct vnet_copy {
	const struct vnet_frame *frame;
	uint8_t header[VSWITCH_HEADER_BYTES + 4];
	uint32_t header_bytes;
	int32_t delta;				/* by which everything behind the tag moved */
};

/** Gives a frame to a port's owner: VSWITCH_FORWARDED, or why not. */
typedef enum vswitch_drop (*vnet_send_t)(struct vnet_port *port, const struct vnet_copy *copy);

struct vnet_port {
	struct vnet_switch *owner;
	uint32_t number;
	bool is_up;
	bool is_stuck;			/* as a receiver: its grace is used up, and it has taken no frame since */
	uint64_t grace_ns;		/* that a frame waits for it: VNET_GRACE_NS, unless its owner says otherwise */
	vnet_send_t send;
	void *self;
};

struct vnet_counters {
	uint64_t parked, expired, finished;	/* finished: checksum or segments made in software */
};

/* A virtio-net device. */
struct vnet {
	struct vnet_port port;
	struct device *device;
	uint64_t features;
	bool is_parked;			/* as a sender: a frame waits for its receiver */
	uint64_t parked_until_ns;
	uint64_t parked_order;		/* among those who wait for room, counted over the switch */
	struct vswitch_verdict parked_verdict;
	ticket_t parked_ticket;
	struct vq_chain chain;		/* the one that is sent */
	struct vnet_frame frame;
	struct vnet_counters counters;
};

struct vnet_switch {
	struct vswitch sw;
	struct vnet_port *ports[VSWITCH_PORT_MAX];
	uint32_t parked;			/* ports whose sender waits for room, bits */
	uint64_t parked_count;			/* how many waited up to now */
	uint8_t scratch[GSO_TOTAL_MAX + 8];	/* a frame that must be finished */
};

extern const struct device_kind vnet_kind;

struct virtio_net_config;

/** What a device offers. The MAC address is that of its port; `mtu` as the port's. */
void vnet_init(struct vnet *v, struct device *device, struct vnet_switch *owner, uint32_t number, uint64_t *features,
	       struct virtio_net_config *config);

/** A port that is no virtio device. */
void vnet_port_init(struct vnet_port *port, struct vnet_switch *owner, uint32_t number, vnet_send_t send, void *self);

/** Up: frames go to it. */
void vnet_port_set_up(struct vnet_port *port, bool is_up);

/** Judges a frame that came from `frame->from` and gives it to whom it concerns; fills in the plan from `meta`. */
void vnet_forward(struct vnet_frame *frame, const struct gso_meta *meta);

/* ---- between the files of the data path ---- */

/** Judges a frame: false, and it is counted, if nobody gets it. */
bool vnet_judge(struct vnet_frame *frame, const struct gso_meta *meta, struct vswitch_verdict *verdict);
/** Gives it to all that the verdict names. False, with nothing done: the only one has no room now, and is worth waiting for. */
bool vnet_distribute(struct vnet_frame *frame, const struct vswitch_verdict *verdict);
/** The receiver of a verdict if there is only one, or NULL. */
struct vnet_port *vnet_only_receiver(const struct vnet_frame *frame, const struct vswitch_verdict *verdict);

/** vnet_send_t of a virtio device. */
enum vswitch_drop vnet_receive(struct vnet_port *port, const struct vnet_copy *copy);

/** Gives a finished frame, which lies in private memory, to a receiver. */
typedef enum vswitch_drop (*vnet_emit_t)(void *arg, uint8_t *bytes, uint32_t count);
/** Finishes a frame, checksum or segments, and emits what it becomes. `scratch` has room for the largest frame. */
enum vswitch_drop vnet_finish(const struct vnet_copy *copy, uint8_t *scratch, vnet_emit_t emit, void *arg);

/** Copies a frame whole into private memory. False: its sender's memory is gone, and it is lost. */
bool vnet_flatten(const struct vnet_copy *copy, uint8_t *to);
/** An access to the frame's rest failed: false, and its sender is lost; true: it was not the sender. */
bool vnet_sender_answers(const struct vnet_frame *frame);

#endif
