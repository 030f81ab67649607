/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A front-end whose back-ends see a pool and nothing else of it. The drivers of pvdrivers/front use a disk and two network cards, joined by
 * the switch, with data that lies outside of the pool; a test back-end (devback) says what it can read. It prints TAP and stays. It must
 * not know where the pool is but from its device tree.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <front/blk.h>
#include <front/net.h>
#include <rt/mmio.h>
#include <rt/proof.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>
#include <virtio/virtio.h>

#include "../devback/devcmd.h"
#include "../tap.h"

#define SPY		2u		/* which network card the test back-end serves */
#define DISK_BYTES	(256u << 10)
#define SECRET		0x5ec2e75ec2e75ec2ull
#define WAIT_NS		5000000000ull

static struct front_blk disk;
static struct front_net cards[2];
static struct front_device spy;
static uint8_t data[DISK_BYTES], wanted[DISK_BYTES];
static volatile uint64_t secret = SECRET;
static uint8_t last[FRONT_NET_FRAME_MAX];
static uint32_t last_bytes;

static bool is_in(const void *at, struct tree_range pool)
{
	return (uintptr_t)at >= pool.base && (uintptr_t)at - pool.base < pool.size;
}

/* ---- memory ---- */

/* Everything that malloc() gives, in pieces. */
static void heap(struct tree_range pool)
{
	const size_t piece = 256u << 10;
	unsigned count = 0, inside = 0;
	void **at;

	while ((at = malloc(piece)) != NULL) {
		memset(at, 0xaa, piece);
		inside += is_in(at, pool) || is_in((uint8_t *)at + piece - 1, pool);
		count++;
	}
	tap_check(count > 8 && !inside, "none of %u pieces from malloc() lies in the pool", count);
}

/* ---- disk ---- */

static void judge(enum front_blk_op op, const char *name)
{
	enum front_blk_status status = front_blk_do(&disk, op, 0, DISK_BYTES / VIRTIO_BLK_SECTOR_BYTES, data);

	tap_check(status == FRONT_BLK_OK, "%s: %s", name, front_blk_status_name(status));
}

static void use_disk(struct tree_range pool)
{
	if (!tap_check(front_blk_open(&disk, 0), "opens the disk"))
		return;
	tap_check(is_in(disk.pool, pool) && !is_in(data, pool) && disk.device.features & VIRTIO_F_ACCESS_PLATFORM, "its queue is in the pool, data is not");
	for (unsigned n = 0; n < DISK_BYTES; n++)
		data[n] = wanted[n] = (uint8_t)(n * 7 + n / 512);
	judge(FRONT_BLK_WRITE, "writes 256 KiB");
	memset(data, 0, sizeof(data));
	judge(FRONT_BLK_READ, "reads them");
	tap_check(!memcmp(data, wanted, sizeof(data)), "they are the same");
}

/* ---- network ---- */

static void received(const void *frame, uint32_t bytes)
{
	memcpy(last, frame, bytes);
	last_bytes = bytes;
}

static bool passes(struct front_net *from, struct front_net *to, uint32_t bytes)
{
	uint8_t *frame = front_net_reserve(from);
	uint64_t end = time_ns() + WAIT_NS;

	if (!frame)
		return false;
	memcpy(frame, to->mac, 6);
	memcpy(frame + 6, from->mac, 6);
	frame[12] = 0x88;	/* EtherType for local experiments (IEEE 802) */
	frame[13] = 0xb5;
	for (uint32_t n = 14; n < bytes; n++)
		frame[n] = (uint8_t)(n * 3 + bytes);
	memcpy(wanted, frame, bytes);
	front_net_send(from, bytes);
	for (last_bytes = 0; !last_bytes && time_ns() < end; cpu_relax())
		(void)front_net_poll(to, 1, received);
	return last_bytes == bytes && !memcmp(last, wanted, bytes);
}

static void use_net(struct tree_range pool)
{
	bool good = true;

	if (!tap_check(front_net_open(&cards[0], 0) && front_net_open(&cards[1], 1), "opens both network cards"))
		return;
	tap_check(is_in(cards[0].receive.shared, pool) && is_in(cards[1].transmit.shared, pool), "their queues are in the pool");
	for (uint32_t bytes = 60; bytes <= 1514 && good; bytes += 7)
		good = passes(&cards[0], &cards[1], bytes) && passes(&cards[1], &cards[0], bytes);
	tap_check(good && !cards[0].is_lost && !cards[1].is_lost, "frames of all sizes pass each way");
}

/* ---- the other side ---- */

static uint64_t ask(enum dev_command what, uint64_t address)
{
	mmio_write64(spy.base + DEV_ADDRESS, address);
	mmio_write32(spy.base + DEV_COMMAND, what);
	return mmio_read32(spy.base + DEV_RESULT) | (uint64_t)mmio_read32(spy.base + DEV_RESULT + 4) << 32;
}

static void use_spy(struct tree_range pool)
{
	volatile uint64_t *inside;
	uint64_t pages = tree_ram().size / 4096;

	if (!tap_check(front_device_find(&spy, VIRTIO_ID_NET, SPY) && spy.share.at, "finds the test back-end's device"))
		return;
	inside = (volatile uint64_t *)(void *)spy.share.at;
	*inside = SECRET;
	tap_check(ask(DEV_READ_WINDOW, (uintptr_t)inside) == SECRET, "the other side reads what is in the pool");
	tap_check(ask(DEV_READ_WINDOW, (uintptr_t)&secret) == DEV_ABORTED && secret == SECRET, "and not what is outside");
	tap_check(ask(DEV_COUNT_WINDOW, pages) == pool.size / 4096, "of %lu pages of RAM it reads %lu: the pool", (unsigned long)pages,
		  (unsigned long)(pool.size / 4096));
}

/* ---- drivers that know no pools ---- */

static struct virtq_driver queue;
static struct vqd_slot slots[FRONT_BLK_ENTRIES];
static uint8_t ring[FRONT_BLK_RING_BYTES] __attribute__((aligned(16)));

static void use_wrong(void)
{
	const struct vqd_memory memory = { .ring = ring, .ring_address = (uintptr_t)ring, .slots = slots };
	struct front_device device;

	tap_check(front_device_find(&device, VIRTIO_ID_BLK, 0) && !front_device_begin(&device, VIRTIO_F_VERSION_1), "a driver without ACCESS_PLATFORM is refused");
	tap_check(front_device_begin(&device, VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM) && front_device_is_sound(&device), "one with it is not");
	(void)front_device_queue(&device, VIRTIO_BLK_QUEUE_REQUEST, &queue, &memory, sizeof(ring), FRONT_BLK_ENTRIES);
	tap_check(!front_device_is_sound(&device), "a ring outside of the pool breaks the device");
	tap_check(front_blk_open(&disk, 0), "and a reset heals it");
	memset(data, 0, sizeof(data));
	judge(FRONT_BLK_READ, "reads again");
	for (unsigned n = 0; n < DISK_BYTES; n++)
		wanted[n] = (uint8_t)(n * 7 + n / 512);
	tap_check(!memcmp(data, wanted, sizeof(data)), "what was written");
}

int main(void)
{
	struct tree_range pool = tree_reserved(0);

	if (!tap_check(pool.size > 0, "the device tree has a pool"))
		return tap_end();
	use_disk(pool);
	use_net(pool);
	use_spy(pool);
	use_wrong();
	heap(pool);
	(void)tap_end();
	for (;;)
		cpu_wfi();
}
