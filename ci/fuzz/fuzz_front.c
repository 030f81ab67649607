/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hostile front-end against the real back-ends: register writes in any order and width, rings and buffers that are overwritten, also
 * between two reads of one word, notify storms, lives and windows that end at any time, back-ends that are killed. Its device may break; the
 * neighbours' frames pass, the disk around its slice stays as it was, and nothing outside of its memory is touched. An input is a list of
 * operations. It must not know the driver.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <virtio/virtio_blk.h>

#include "../unit/back/disk.h"
#include "../unit/back/net.h"
#include "fuzz.h"

#define OP_BYTES	16u
#define OPS_MAX		96u
#define SLICE_FIRST	64u
#define SLICE_SECTORS	512u

const char fuzz_name[] = "front";

enum { OP_REGISTER, OP_RING, OP_DATA, OP_STORM, OP_ROUND, OP_HONEST, OP_LIFE, OP_WINDOW, OP_CHANGE, OP_HEAL, OP_TIME, OP_KILL, OP_COUNT };

struct op {
	uint8_t what, a;
	uint16_t b;
	uint32_t c;
	uint64_t value;
};

static struct net_machine net;
static struct disk_machine disk;
static struct front *hostile;
static uint64_t change_state;
static unsigned change_left;
static bool is_disk;

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

/* ---- good inputs ---- */

static uint64_t mix(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return *state >> 29;
}

size_t fuzz_seed(uint32_t which, uint8_t bytes[FUZZ_BYTES_MAX])
{
	uint64_t state = which * 2654435761ull + 1;
	size_t count = 8 + mix(&state) % (OPS_MAX - 8);

	bytes[0] = (uint8_t)which;
	memset(bytes + 1, 0, OP_BYTES - 1);
	for (size_t n = 1; n < count; n++) {
		struct op op = { (uint8_t)(mix(&state) % OP_COUNT), (uint8_t)mix(&state), (uint16_t)mix(&state), (uint32_t)mix(&state), mix(&state) };

		if (mix(&state) % 3 == 0)
			op.what = OP_ROUND;
		memcpy(bytes + n * OP_BYTES, &op, sizeof(op));
	}
	return count * OP_BYTES;
}

void fuzz_repair(uint8_t *bytes, size_t size)
{
	(void)bytes;
	(void)size;
}

/* ---- operations ---- */

/* Memory that its owner changes behind a read. */
static void change(void *at, size_t size)
{
	uint8_t *byte = at;

	if (!change_left || byte < hostile->memory || byte >= hostile->memory + FRONT_BYTES)
		return;
	change_left--;
	byte[mix(&change_state) % size] = (uint8_t)mix(&change_state);
}

/* Registers that do something, and any other offset now and then. */
static uint32_t offset_of(const struct op *op)
{
	static const uint16_t offsets[] = { VIRTIO_MMIO_DEVICE_FEATURES_SEL, VIRTIO_MMIO_DRIVER_FEATURES, VIRTIO_MMIO_DRIVER_FEATURES_SEL,
					    VIRTIO_MMIO_QUEUE_SEL, VIRTIO_MMIO_QUEUE_NUM, VIRTIO_MMIO_QUEUE_READY, VIRTIO_MMIO_STATUS,
					    VIRTIO_MMIO_QUEUE_DESC_LOW, VIRTIO_MMIO_QUEUE_DESC_HIGH, VIRTIO_MMIO_QUEUE_DRIVER_LOW,
					    VIRTIO_MMIO_QUEUE_DEVICE_LOW, VIRTIO_MMIO_QUEUE_RESET, VIRTIO_MMIO_CONFIG };
	unsigned n = op->a % 16;

	return n < sizeof(offsets) / sizeof(offsets[0]) ? offsets[n] : op->c % 4096;
}

/* Values that a register may be written with, or any. */
static uint64_t value_of(const struct op *op)
{
	static const uint32_t usual[] = { 0, 1, 2, 3, 8, 11, 15, 64, 128, 255, FRONT_BASE + FRONT_RINGS_AT, FRONT_BASE + FRONT_BYTES - 16 };
	unsigned n = op->b % 16;

	return n < sizeof(usual) / sizeof(usual[0]) ? usual[n] : op->value;
}

static void do_register(const struct op *op)
{
	static const uint8_t widths[] = { 4, 4, 4, 4, 4, 1, 2, 8 };

	front_write(hostile, offset_of(op), widths[op->a >> 5], value_of(op));
}

static void do_store(uint32_t first, uint32_t bytes, const struct op *op)
{
	uint32_t at = first + op->c % (bytes - 8);
	uint64_t value = op->a & 1 ? op->value : FRONT_BASE + op->value % (FRONT_BYTES + 64);

	memcpy(hostile->memory + at, &value, 1u << op->a % 4);
}

/* A request as a driver makes it, or nearly. */
static void do_request(const struct op *op)
{
	static const uint32_t types[] = { VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_GET_ID,
					  VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES };
	struct virtio_blk_req_hdr header = { types[op->a % 7], 0, op->value % (SLICE_SECTORS + 16) };
	bool is_read = header.type == VIRTIO_BLK_T_IN || header.type == VIRTIO_BLK_T_GET_ID;
	uint32_t at = FRONT_DATA_AT + op->c % 0x8000, bytes = op->b % 4 ? 512u * (1u + op->b % 32u) : 16u;
	struct vqd_segment segments[3] = { { FRONT_BASE + at, 16 }, { FRONT_BASE + FRONT_DATA_AT + 0x20000, bytes }, { FRONT_BASE + at + 16, 1 } };

	memcpy(hostile->memory + at, &header, sizeof(header));
	if (hostile->queue[0].size && !vqd_add(&hostile->queue[0], segments, is_read ? 1 : 2, is_read ? 2 : 1, hostile))
		front_kick(hostile, 0);
}

static void do_buffer(const struct op *op)
{
	uint32_t queue = op->a & 1, writable = 1 + op->b % 4000;
	struct vqd_segment segments[3] = { { FRONT_BASE + FRONT_DATA_AT + op->c % 0x10000, 16 }, { FRONT_BASE + FRONT_DATA_AT + 0x20000, writable },
					   { FRONT_BASE + FRONT_DATA_AT + 0x30000, 1 } };
	bool is_sender = queue == 1;

	if (hostile->queue[queue].size && !vqd_add(&hostile->queue[queue], segments, is_sender ? 2 : op->b & 1, is_sender ? 0 : 2, hostile))
		front_kick(hostile, queue);
}

static void do_round(void)
{
	if (is_disk)
		disk_round(&disk);
	else
		net_round(&net);
}

static void do_heal(void)
{
	hostile->is_gone = false;
	change_left = 0;
	if (front_negotiate(hostile, is_disk ? VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC : NET_ALL)) {
		for (uint32_t n = 0; n < hostile->setup.kind->queue_count; n++)
			front_set_up_queue(hostile, n, FRONT_QUEUE_SIZE);
		front_ready(hostile);
	}
}

static void do_one(const struct op *op)
{
	switch (op->what % OP_COUNT) {
	case OP_REGISTER:
		do_register(op);
		return;
	case OP_RING:
		do_store(FRONT_RINGS_AT, 0x20000, op);
		return;
	case OP_DATA:
		do_store(FRONT_DATA_AT, 0x40000, op);
		return;
	case OP_STORM:
		hostile->line.doorbell[op->a % DEVICE_QUEUE_MAX] += op->b;
		return;
	case OP_HONEST:
		if (is_disk)
			do_request(op);
		else
			do_buffer(op);
		return;
	case OP_LIFE:
		front_restart(hostile);
		return;
	case OP_WINDOW:
		hostile->is_gone = op->a & 1;
		return;
	case OP_CHANGE:
		change_left = op->b % 64;
		change_state = op->value;
		return;
	case OP_HEAL:
		do_heal();
		return;
	case OP_TIME:
		host_time_ns += op->value % 10000000;
		return;
	case OP_KILL:
		if (is_disk)
			disk_die(&disk);
		else
			net_die(&net);
		return;
	default:
		do_round();
	}
}

/* ---- what must hold ---- */

static void run_ops(const uint8_t *bytes, size_t size)
{
	host_after_read = change;
	for (size_t at = OP_BYTES; at + OP_BYTES <= size; at += OP_BYTES) {
		struct op op;

		memcpy(&op, bytes + at, sizeof(op));
		do_one(&op);
	}
	change_left = 0;
	for (int n = 0; n < 3; n++)
		do_round();
	host_after_read = NULL;
}

/* The neighbours have what they had: a frame from one to the other passes. */
static void check_neighbours(void)
{
	static uint8_t frame[2000];
	static const struct virtio_net_hdr plain;
	unsigned before;

	for (int n = 0; n < 60; n++)
		net_round(&net);
	net.front[0].queue[0].size = net.front[0].queue[1].size = 0;	/* its rings are nobody's measure */
	net_collect(&net);
	net_offer(&net, 2, 20);
	before = net.received[2];
	must(net_send(&net, 1, &plain, frame, net_make(frame, 1, 2, false, 700, 1)), "a neighbour has room in its ring");
	for (int n = 0; n < 80; n++)
		net_round(&net);
	net_collect(&net);
	must(net.received[2] > before && !net.wrong, "a neighbour's frame arrives");
	must(!net.front[1].needs_reset && !net.front[2].needs_reset && !net.front[1].device.is_lost, "no neighbour's device is broken");
}

static void run_net(const uint8_t *bytes, size_t size)
{
	net_open(&net);
	hostile = &net.front[0];
	for (uint32_t n = 0; n < NET_PORTS; n++)
		net_start(&net, n, NET_ALL, 20);
	run_ops(bytes, size);
	check_neighbours();
	net_close(&net);
}

static bool is_kept(const uint8_t *from, const uint8_t *to)
{
	while (from < to) {
		if (*from++ != 0x3c)
			return false;
	}
	return true;
}

static void run_disk(const uint8_t *bytes, size_t size)
{
	disk_open(&disk, VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC);
	hostile = &disk.front;
	memset(disk.memory, 0x3c, sizeof(disk.memory));
	disk.blk.disk.first_sector = SLICE_FIRST;
	disk.blk.disk.sector_count = SLICE_SECTORS;
	run_ops(bytes, size);
	must(is_kept(disk.memory, disk.memory + SLICE_FIRST * 512) || disk.blk.disk.first_sector != SLICE_FIRST, "the disk before its slice is kept");
	must(is_kept(disk.memory + (SLICE_FIRST + SLICE_SECTORS) * 512, disk.memory + sizeof(disk.memory)) ||
	     disk.blk.disk.first_sector != SLICE_FIRST, "and the one behind it");
	do_heal();
	must(disk.front.device.is_running && !disk.front.needs_reset, "a reset heals");
	disk_close(&disk);
}

void fuzz_run(const uint8_t *bytes, size_t size)
{
	if (size < OP_BYTES)
		return;
	host_time_ns = 1;
	change_left = 0;
	is_disk = bytes[0] & 1;
	if (is_disk)
		run_disk(bytes, size);
	else
		run_net(bytes, size);
}
