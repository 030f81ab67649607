/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BACK_VSWITCH_H
#define BACK_VSWITCH_H

/*
 * The switch between network ports: for each frame, who gets it and with which tag, or why nobody does. It sees a private copy of the first
 * bytes of a frame and never the frame; it must not know rings, windows, devices or the machine.
 *
 * Goals: default deny; every decision bounded by ports + rules; no port can use up what belongs to another.
 * Non-goals: connection tracking, spanning tree, routing, stacked tags (802.1ad): a frame with two tags is dropped.
 *
 * Words: a port's *ingress* is what its owner sends into the switch, its *egress* what the switch sends to its owner.
 *
 * How it is used, for each frame: copy the first VSWITCH_HEADER_BYTES (or all, if shorter) into private memory; vswitch_forward(); for
 * each bit of `egress` and `mirror`, copy the frame to that port's owner with the edit of that port applied; then vswitch_count_tx() for each
 * that arrived, or vswitch_count_drop() with VSWITCH_DROP_NO_ROOM or VSWITCH_DROP_DEVICE.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet.h"

#define VSWITCH_PORT_MAX	32u	/* one bit each in a uint32_t */
#define VSWITCH_RULE_MAX	512u	/* of all ports together */
#define VSWITCH_LEARN_MAX	64u	/* learned addresses of one port */
#define VSWITCH_VLAN_COUNT	4096u	/* 1 to 4094 are VLANs */
#define VSWITCH_NO_PORT		0xffu
#define VSWITCH_HEADER_BYTES	192u	/* what a caller should show: both tags' room, IPv4 and TCP with all options, or IPv6 with some headers */
#define VSWITCH_BURST_MAX	(1u << 30)
#define VSWITCH_RATE_MAX	(1ull << 40)

/* ---- configuration: const, generated from the plan ---- */

struct vswitch_prefix {
	uint8_t family;		/* 4, 6, or 0 for any address, also none */
	uint8_t length;		/* bits: 0 to 32 or 128 */
	uint8_t address[16];	/* as on the wire; bits behind `length` are 0 */
};

/* UDP or TCP ports; any port if `last` is 0. */
struct vswitch_port_range {
	uint16_t first, last;
};

struct vswitch_vlan_range {
	uint16_t first, last;
};

enum vswitch_direction {
	VSWITCH_INGRESS,
	VSWITCH_EGRESS,
};

enum vswitch_action {
	VSWITCH_DENY,
	VSWITCH_ALLOW,
};

enum vswitch_protocol {
	VSWITCH_ANY,
	VSWITCH_ARP,
	VSWITCH_ICMP,		/* ICMP in IPv4, ICMPv6 in IPv6: neighbour discovery too */
	VSWITCH_TCP,
	VSWITCH_UDP,
	VSWITCH_IP_PROTOCOL,	/* `number`, in IPv4 and IPv6 */
	VSWITCH_ETHERTYPE,	/* `number`, behind VLAN tag and SNAP header; 0 for other frames with a length there (LLC) */
};

/*
 * One line of a port's filter; the first that matches decides. Sender and target of an ARP packet are its IPv4 source and destination.
 *
 * A frame may not show a field that a rule asks for: later fragments have no ports, headers may be longer than what was copied, and only the
 * first fragment of an IPv6 packet says which protocol it is. Such a rule matches if it denies and does not if it allows, so a frame
 * passes only if it would with every value of what cannot be seen. To let fragments pass, write a rule without ports.
 */
struct vswitch_rule {
	enum vswitch_direction direction;
	enum vswitch_action action;
	enum vswitch_protocol protocol;
	uint16_t number;
	uint8_t family;				/* 4 (with ARP), 6, or 0 for both and all else */
	bool is_established;			/* TCP only: ACK or RST is set, so it opens no connection */
	struct vswitch_prefix source, destination;
	struct vswitch_port_range source_ports, destination_ports;	/* TCP and UDP only */
};

/* Token bucket; none if `per_second` is 0. A frame that is larger than `burst` never passes. */
struct vswitch_limit {
	uint64_t per_second;	/* up to VSWITCH_RATE_MAX */
	uint32_t burst;		/* 1 to VSWITCH_BURST_MAX */
};

struct vswitch_port_config {
	const char *name;
	uint8_t mac[6];			/* frames to it go here and are never learned elsewhere; all 0: none */
	bool is_uplink;			/* a physical NIC; the switch treats it as any port */
	bool is_trunk;
	uint16_t vlan;			/* access VLAN; trunk: VLAN of frames without tag, 0 if there is none */
	uint16_t mtu;			/* bytes behind the Ethernet header, a tag not counted */
	uint8_t learn_limit;		/* addresses learned from its frames, up to VSWITCH_LEARN_MAX; 0: none, and no unknown unicast goes there */
	uint8_t mirror_ingress_to;	/* port that gets a copy, or VSWITCH_NO_PORT */
	uint8_t mirror_egress_to;
	uint32_t allow;			/* bit n: its frames may go to port n */
	uint32_t vlan_range_count;	/* trunk: the VLANs with a tag */
	const struct vswitch_vlan_range *vlan_ranges;

	/* Anti-spoofing, on ingress. */
	bool is_mac_fixed;		/* the source MAC address is `mac` */
	bool is_arp_checked;		/* ARP says the frame's own MAC address and one of `sources`; IPv6 neighbour advertisements as well */
	uint32_t source_count;		/* 0: any IP address. Else only these (both families), and what DHCP and IPv6 need to begin with */
	const struct vswitch_prefix *sources;

	/* Its slice of the switch's rules, in order, both directions. */
	uint32_t rule_first, rule_count;
	enum vswitch_action default_ingress, default_egress;

	/* Limits on ingress. A frame to be segmented counts as its segments. */
	struct vswitch_limit bytes, frames, storm;	/* storm: broadcast and multicast frames */
};

struct vswitch_config {
	uint32_t port_count;
	const struct vswitch_port_config *ports;
	uint32_t rule_count;
	const struct vswitch_rule *rules;
	uint32_t age_s;			/* a learned address that was not heard so long is forgotten */
};

/* ---- a frame and what becomes of it ---- */

/* Where a drop is counted: at the port that sent the frame, or (*) at the one that would have got it. */
enum vswitch_drop {
	VSWITCH_FORWARDED,
	VSWITCH_DROP_RUNT,		/* shorter than its Ethernet header, or a tag cut off */
	VSWITCH_DROP_TOO_BIG,		/* larger than the MTU; (*) than the receiver's */
	VSWITCH_DROP_BAD_SOURCE,	/* source MAC address is a group, or 0 */
	VSWITCH_DROP_RESERVED,		/* to 01:80:c2:00:00:00 to 0f, which bridges keep */
	VSWITCH_DROP_VLAN_TAG,		/* a tag on an access port, or none on a trunk without a native VLAN */
	VSWITCH_DROP_VLAN_FOREIGN,	/* a VLAN that the port does not carry */
	VSWITCH_DROP_VLAN_NESTED,	/* a tag in a tag, or 802.1ad */
	VSWITCH_DROP_MALFORMED,		/* lengths in IP or ARP headers contradict each other or the frame */
	VSWITCH_DROP_SPOOF_MAC,
	VSWITCH_DROP_SPOOF_IP,
	VSWITCH_DROP_SPOOF_ARP,
	VSWITCH_DROP_RATE,
	VSWITCH_DROP_FRAME_RATE,
	VSWITCH_DROP_STORM,
	VSWITCH_DROP_FILTER,		/* by a rule, or by default; (*) on egress */
	VSWITCH_DROP_FILTER_UNSEEN,	/* by a rule that asks for what cannot be seen; (*) on egress */
	VSWITCH_DROP_NOT_ALLOWED,	/* someone is there, but these two may not talk */
	VSWITCH_DROP_NO_DESTINATION,
	VSWITCH_DROP_PORT_DOWN,
	VSWITCH_DROP_NO_ROOM,		/* (*) said by the data path: no buffer */
	VSWITCH_DROP_DEVICE,		/* said by the data path: a broken ring, a medium's error, checksum or segmentation not possible */
	VSWITCH_DROP_COUNT
};

/* What to do with the tag on the way out: bytes 12 to 15 of the frame. */
enum vswitch_edit {
	VSWITCH_EDIT_KEEP,	/* the bytes stay */
	VSWITCH_EDIT_STRIP,	/* four bytes less */
	VSWITCH_EDIT_INSERT,	/* 0x8100 and `tci` before the EtherType */
	VSWITCH_EDIT_REPLACE,	/* `tci` in the place of the one that is there */
};

struct vswitch_frame {
	uint32_t port;			/* that it came from */
	const uint8_t *header;		/* private copy of its first bytes */
	uint32_t header_bytes;
	uint32_t total_bytes;		/* of the frame; not less than header_bytes */
	uint32_t wire_bytes;		/* of the longest frame it becomes on a wire: total_bytes unless it is to be segmented (gso_plan.wire_bytes) */
	uint32_t segment_count;		/* 1 unless it is to be segmented */
	bool has_tag_beside;		/* the NIC took the tag out of the bytes: it is `tci_beside` */
	uint16_t tci_beside;
	uint64_t now_ns;		/* monotonic */
};

struct vswitch_verdict {
	uint32_t egress;			/* bit n: port n gets the frame, with edit[n] */
	uint32_t mirror;			/* bit n: port n gets a copy, with edit[n]; never also in egress */
	enum vswitch_drop drop;			/* why egress is 0 */
	uint16_t vlan;				/* 0 if dropped before it was known */
	uint16_t tci;				/* for INSERT and REPLACE: VLAN, with the priority that the frame had */
	uint8_t edit[VSWITCH_PORT_MAX];		/* enum vswitch_edit; valid where a bit is set */
};

/* ---- run-time state: allocated by the caller, written by one CPU ---- */

struct vswitch_bucket {
	uint64_t credit;	/* in units of 1 / 10^9 */
	uint64_t filled_ns;
};

struct vswitch_counters {
	uint64_t rx_frames, rx_bytes;	/* came from the port's owner, dropped or not */
	uint64_t tx_frames, tx_bytes;	/* reached it, mirrored ones too */
	uint64_t drops[VSWITCH_DROP_COUNT];
	uint64_t learn_refused;		/* addresses not learned: table full, or heard at another port */
};

struct vswitch_port {
	bool is_up;
	struct vswitch_bucket bytes, frames, storm;
	struct vswitch_counters counters;
};

struct vswitch_learned {
	uint64_t key;		/* VLAN and MAC address; 0: free */
	uint64_t heard_ns;
	uint16_t next;		/* in its chain */
};

#define VSWITCH_CHAIN_COUNT	1024u

struct vswitch {
	const struct vswitch_config *config;
	uint64_t seed;
	uint32_t up;						/* bit n: port n is up */
	uint32_t learns;					/* bit n: port n learns */
	uint32_t fixed;						/* bit n: port n has an address of its own: mac[n] */
	uint64_t mac[VSWITCH_PORT_MAX];				/* as numbers, the wire's first byte the highest */
	uint32_t vlan_ports[VSWITCH_VLAN_COUNT];		/* bit n: port n carries that VLAN */
	struct vswitch_port port[VSWITCH_PORT_MAX];
	uint64_t rule_hits[VSWITCH_RULE_MAX];
	struct vswitch_learned learned[VSWITCH_PORT_MAX][VSWITCH_LEARN_MAX];	/* a port writes its row only */
	uint16_t chain[VSWITCH_CHAIN_COUNT];
};

/**
 * Prepares `sw` for a configuration, all ports up. `seed` is random, so that senders cannot choose addresses that collide.
 *
 * Returns: false if the configuration is not one that the planner makes (counts, VLANs, limits or names of ports out of range).
 */
__attribute__((warn_unused_result)) bool vswitch_init(struct vswitch *sw, const struct vswitch_config *config, uint64_t seed, uint64_t now_ns);

/* The one decision. Reads nothing but the header bytes; `frame->port` must be a port. */
void vswitch_forward(struct vswitch *sw, const struct vswitch_frame *frame, struct vswitch_verdict *verdict);

/* The same for a frame that packet_parse() was asked about already, as what it answered. */
void vswitch_forward_parsed(struct vswitch *sw, const struct vswitch_frame *frame, const struct packet *packet, enum packet_shape shape,
			    struct vswitch_verdict *verdict);

/* Link or owner comes or goes: nothing is sent to a port that is down, and what was learned there is forgotten. */
void vswitch_port_set_up(struct vswitch *sw, uint32_t port, bool is_up);

void vswitch_count_tx(struct vswitch *sw, uint32_t port, uint32_t bytes);
void vswitch_count_drop(struct vswitch *sw, uint32_t port, enum vswitch_drop reason);

const char *vswitch_drop_name(enum vswitch_drop reason);

/* By how many bytes an edit changes the frame: -4, 0 or 4. All offsets behind byte 12 (csum_start, hdr_len) move with it. */
int32_t vswitch_edit_delta(enum vswitch_edit edit);

/* Applies an edit to header bytes in place; `header` has room for four more. Returns the new length. Less than 16 bytes stay as they are. */
uint32_t vswitch_edit_header(uint8_t *header, uint32_t header_bytes, enum vswitch_edit edit, uint16_t tci);

#endif
