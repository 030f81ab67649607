/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hybrid I/O in the model: ports of the virtual switch, virtual disks, and
 * the devices and windows that follow from them. Words that a user typed wrong
 * are kept beside what was understood, for the checks. It must not know how
 * trees and tables look.
 */
#ifndef PLAN_IO_H
#define PLAN_IO_H

#include "board.h"

enum io_limit {
	PORT_MAX = 32,         /* of one switch: a bit each in a word of pvdrivers/back/vswitch.h */
	DISK_MAX = 32,
	CABLE_MAX = 8,
	VDEV_MAX = PORT_MAX + DISK_MAX + 2 * CABLE_MAX,
	BACK_LINES_MAX = 64,         /* devices of one back-end: as in hyp/abi/device.h */
	IO_NAME_MAX_BYTES = 15,
	RULE_MAX = 16,
	SOURCE_MAX = 16,
	VLAN_RANGE_MAX = 32,
	SERIAL_BYTES = 20,
};

/* As in the I/O partition's tree: docs/io-tree.md. */
struct prefix {
	uint8_t family;  /* 4, 6 */
	uint8_t length;  /* bits */
	uint8_t address[16];
};

enum rule_protocol { RULE_ANY, RULE_ARP, RULE_ICMP, RULE_TCP, RULE_UDP, RULE_IP_PROTOCOL, RULE_ETHERTYPE };

struct rule {
	const char *text;   /* as typed */
	const char *error;  /* NULL, or what is wrong with it */
	bool is_egress, is_allow, is_established;
	enum rule_protocol protocol;
	uint32_t number;
	bool has_source, has_destination, has_source_ports, has_destination_ports;
	struct prefix source, destination;
	uint32_t source_ports[2], destination_ports[2];
};

/* One word of "talks to", or the name of a mirror. */
struct talk {
	const char *word;   /* as typed */
	int32_t port;       /* index, -1: nobody has this name */
	bool is_one_way;
};

struct io_limit_pair {
	uint64_t per_second; /* 0: none */
	uint64_t burst;
};

struct vlan_range {
	uint32_t first, last;
};

struct port {
	uint32_t index, number;     /* from 0, from 1 */
	const char *name;
	int32_t part;               /* who is plugged in; -1: nobody, or an uplink */
	bool is_uplink;
	const char *nic;
	int32_t back;               /* who serves it; -1: nobody could be found */
	int32_t back_chosen;        /* by hand; -1: the only one */
	uint32_t place;             /* its number in that switch */
	bool is_mac_fixed;
	const char *mac_text;
	uint8_t mac[6];
	bool is_mac_good;
	uint32_t mtu;
	struct talk talks[PORT_MAX];
	uint32_t talk_count;
	uint32_t allow;             /* bit of each port, by place: its frames may go there */

	bool is_trunk;
	uint32_t vlan;              /* access, or native; 0: none */
	const char *vlans_text, *vlans_error;
	struct vlan_range vlans[VLAN_RANGE_MAX];
	uint32_t vlan_count;

	bool has_spoof_mac, has_spoof_arp;
	const char *sources_error;
	struct prefix sources[SOURCE_MAX];
	uint32_t source_count;
	uint32_t learn;

	struct rule rules[RULE_MAX];
	uint32_t rule_count;
	bool passes_in, passes_out; /* what no rule matches */
	struct io_limit_pair bytes, frames, storm;
	struct talk mirror_in, mirror_out; /* word "": none */
};

enum disk_source { DISK_RAM, DISK_GPT, DISK_REGION };

struct disk {
	uint32_t index, number;
	const char *name;
	int32_t part, back, back_chosen;
	uint32_t place;             /* its number in its back-end */
	enum disk_source source;
	const char *medium, *gpt_name;
	uint64_t offset, size;      /* bytes */
	bool is_read_only;
	const char *serial;
	uint32_t block, physical_block, optimal;
	struct io_limit_pair bytes, requests;
	struct range memory;        /* of a RAM disk: physical; size 0: not placed */
	uint64_t ipa;               /* of a RAM disk, in its back-end */
};

/* Two consoles that are joined. */
struct cable {
	uint32_t index, number;
	const char *name;
	int32_t part[2];            /* its ends; -1: nobody */
	int32_t back;
};

enum vdev_kind { VDEV_NET, VDEV_BLK, VDEV_CONSOLE };

/* A virtio device between two partitions. */
struct vdev {
	const char *name;           /* "linux.lan" */
	enum vdev_kind kind;
	uint32_t front, back;       /* partitions */
	const struct port *port;    /* one of the three */
	const struct disk *disk;
	const struct cable *cable;
	uint32_t end;               /* of the cable: 0, 1 */
	uint32_t line;              /* in its back-end */
	uint32_t slot;              /* in its front-end: place of its page */
	uint32_t intid;             /* in its front-end; 0: none is left */
	uint64_t limit_us;
};

struct io_window {
	uint32_t front, back;
	uint64_t ipa, size;         /* in the back-end */
};

struct model;
struct part;

/* Fills ports, disks, devices and windows. What cannot be is left for the checks. */
void io_read(struct model *model);

/* net_read.c, net_rule.c */
void ports_read(struct model *model);
void rule_parse(struct rule *rule, const char *text);
/* Returns: NULL, or what is wrong with the word. */
const char *prefix_parse(struct prefix *prefix, const char *word);
/* The next word at *at, which moves on; NULL at the end. */
const char *word_next(const char **at);

/* The only I/O partition; -1: none, or several. */
int32_t io_only(const struct model *model);

/* Has the partition a device, a virtio device or doorbells on this interrupt? */
bool intid_is_taken(const struct model *model, const struct part *part, uint32_t intid);
/* "net", "blk", "console"; and what the user calls it: the name of its port, disk or cable. */
const char *vdev_kind_name(const struct vdev *vdev);
const char *vdev_label(const struct vdev *vdev);
/* The device at the other end of its cable. */
const struct vdev *vdev_other(const struct model *model, const struct vdev *vdev);
/* Where a front-end sees a device page. */
uint64_t vdev_ipa(const struct vdev *vdev);
/* Ports of one switch by place; NULL: none. */
const struct port *port_at(const struct model *model, uint32_t back, uint32_t place);
/* The window that shows `front` to `back`; NULL: none. */
const struct io_window *window_of(const struct model *model, uint32_t front, uint32_t back);
/* Has the partition a device of this kind of end? */
uint32_t front_count(const struct model *model, const struct part *part);
uint32_t back_count(const struct model *model, const struct part *part);
/* The shortest limit of hand-offs that its schedule allows, microseconds. */
uint64_t limit_least(const struct model *model, const struct part *back);
/* Does the IOMMU keep the DMA of this device inside of its owner's memory? */
bool device_is_confined(const struct model *model, const struct board_device *device);
/* Does it own a device that masters memory without an IOMMU? */
bool part_has_dma(const struct model *model, const struct part *part);

#endif
