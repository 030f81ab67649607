/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_UPLINK_H
#define BACK_UPLINK_H

/*
 * A port of the switch that is a physical NIC (phys/nic.h). Frames are copied once, between buffers that the NIC reaches and chains or
 * other buffers; what the NIC cannot finish is finished in software. It must not know any NIC, nor rings.
 */

#include <stdbool.h>
#include <stdint.h>

#include <phys/nic.h>

#include "net.h"
#include "revive.h"

#define UPLINK_PIECE_BYTES	4096u
#define UPLINK_PIECE_COUNT	256u	/* for frames that are sent */
#define UPLINK_FRAME_COUNT	128u	/* sent and not complete */
#define UPLINK_FRAME_PIECES	17u	/* of the longest frame */
#define UPLINK_GRACE_NS		10000000ull	/* that a frame waits for room: the longest one takes 5 ms at 100 Mbit/s */
#define UPLINK_RECEIVE_COUNT	128u	/* buffers posted */
#define UPLINK_RECEIVE_PIECES	32u	/* buffers of one received frame */

struct uplink_frame {
	uint16_t piece[UPLINK_FRAME_PIECES];
	uint16_t count;		/* 0: free */
};

struct uplink_counters {
	uint64_t sent, received, busy, damaged, resets, finished;
};

struct uplink {
	struct vnet_port port;
	struct nic_device *nic;
	uint8_t *pieces;			/* UPLINK_PIECE_COUNT */
	uint16_t free_pieces[UPLINK_PIECE_COUNT], free_count;
	struct uplink_frame frames[UPLINK_FRAME_COUNT];
	uint32_t under_way;			/* of them */
	uint8_t *receive;			/* UPLINK_RECEIVE_COUNT buffers */
	uint32_t receive_bytes, receive_count;	/* size of each, and how many */
	struct vq_segment gathered[UPLINK_RECEIVE_PIECES];	/* the frame that is coming in */
	uint64_t cookies[UPLINK_RECEIVE_PIECES];
	uint32_t gathered_count, gathered_bytes;
	bool is_oversize;
	struct revive revive;
	struct vnet_frame frame;
	struct uplink_counters counters;
};

/** Makes the NIC a port; it is reset. False: it does not come up, or no memory that it reaches is left. */
bool uplink_init(struct uplink *u, struct vnet_switch *owner, uint32_t number, struct nic_device *nic);

/** Deals with up to `budget` events of the NIC. Returns how many there were. */
unsigned uplink_poll(struct uplink *u, unsigned budget);

#endif
