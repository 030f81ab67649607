/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IO_IO_H
#define IO_IO_H

/*
 * What the files of the I/O partition share: what its device tree told (docs/io-tree.md), and what was made of it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <back/blk.h>
#include <back/console.h>
#include <back/net.h>
#include <back/uplink.h>

#define IO_DISK_MAX	32u
#define IO_MEDIUM_MAX	IO_DISK_MAX	/* a RAM disk is its own */
#define IO_UPLINK_MAX	8u

/* A virtual disk, and its medium: a physical disk or its own memory. */
struct io_disk {
	struct vblk_disk disk;
	const char *label;
	uint32_t phandle;
};

struct io_device {
	struct device device;
	const char *label, *front;
	struct vnet *net;	/* one of the three */
	struct vblk *blk;
	struct vconsole console;
};

struct io {
	uint32_t device_count;
	struct io_device *devices;
	uint32_t disk_count;
	struct io_disk disks[IO_DISK_MAX];
	uint32_t medium_count;
	struct blk_device *media[IO_MEDIUM_MAX];	/* each once, however many virtual disks it carries */
	struct vnet_switch net;
	struct vswitch_config net_config;
	bool has_net;
	uint32_t uplink_count;
	struct uplink *uplinks[IO_UPLINK_MAX];
	unsigned doorbell_irq;
	uint64_t poll_ns;
	uint64_t polled_ns, slept_ns;	/* spent in rounds that found nothing to do, and asleep */
};

extern struct io io;

/* ---- the tree, read with words for people: what is wrong in it ends the program ---- */

_Noreturn __attribute__((format(printf, 2, 3))) void read_fail(int node, const char *format, ...);
bool read_has(int node, const char *name);
const char *read_text(int node, const char *name);
uint32_t read_u32(int node, const char *name);
uint32_t read_u32_or(int node, const char *name, uint32_t otherwise);
/* Exactly `count` numbers; false: the property is not there. */
bool read_cells(int node, const char *name, uint32_t *to, uint32_t count);
bool read_u64s(int node, const char *name, uint64_t *to, uint32_t count);
/* The bytes of a property, a multiple of `unit`; 0: not there. */
uint32_t read_bytes(int node, const char *name, uint32_t unit, const uint8_t **at);

/* ---- in this order ---- */

void hardware_scan(void);	/* makes all idle that a predecessor may have left running */
void disks_read(void);		/* /disks */
void ports_read(void);		/* /vswitch, with the uplinks */
void devices_read(void);	/* /io: makes and attaches the devices */
struct blk_device *hardware_disk(const char *name);		/* NULL: no such disk */
struct nic_device *hardware_nic(const char *name);		/* NULL: no such card */
/* Where a GPT partition lies: first sector and count, of 512 bytes. False: no such partition, or no table. */
bool gpt_find(struct blk_device *device, const char *name, uint64_t *first, uint64_t *count);

uint32_t port_number(uint32_t phandle);
struct io_disk *disk_by_phandle(uint32_t phandle);

/* ---- running ---- */

void report_print(void);

#endif
