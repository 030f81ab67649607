/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is stopped with a read of its disk under way, and looks in its next life whether that read came after all. The test makes the disk slow
 * when this one says that it is ready, and types a key: the first read comes, then the partition resets with the second under way. Each
 * later life says how many bytes of its buffers are not zero, at once and after a key, then uses the disk itself. It must not know who
 * serves it.
 */

#include <stdio.h>
#include <string.h>

#include <front/blk.h>
#include <rt/bulkhead.h>
#include <rt/console.h>
#include <rt/psci.h>
#include <rt/smccc.h>
#include <rt/timer.h>

#define BYTES	(128u << 10)
#define SECTORS	(BYTES / VIRTIO_BLK_SECTOR_BYTES)
#define PATTERN	0xa5
#define ISSUE_NS 20000000ull	/* what was kicked is in the controller by then */

static struct front_blk disk;
static struct front_blk_request requests[2];
static uint8_t data[2][BYTES] __attribute__((aligned(4096)));

static unsigned long dirty(void)
{
	unsigned long count = 0;

	for (unsigned n = 0; n < sizeof(data); n++)
		count += ((const volatile uint8_t *)data)[n] != 0;
	return count;
}

static void wait_for_key(void)
{
	while (console_poll() < 0)
		time_sleep(1000000);
}

static bool read_comes_back(void)
{
	if (front_blk_do(&disk, FRONT_BLK_READ, 0, SECTORS, data[0]) != FRONT_BLK_OK)
		return false;
	for (unsigned n = 0; n < BYTES; n++) {
		if (data[0][n] != PATTERN)
			return false;
	}
	return true;
}

static void stop_with_a_read_under_way(void)
{
	memset(data[0], PATTERN, BYTES);
	if (!front_blk_open(&disk, 0) || front_blk_do(&disk, FRONT_BLK_WRITE, 0, SECTORS, data[0]) != FRONT_BLK_OK) {
		printf("OLDREAD no disk\n");
		return;
	}
	printf("OLDREAD ready\n");
	wait_for_key();
	for (unsigned n = 0; n < 2; n++) {
		requests[n] = (struct front_blk_request){ .op = FRONT_BLK_READ, .sector_count = SECTORS, .data = data[n] };
		front_blk_submit(&disk, &requests[n]);
	}
	front_blk_kick(&disk);
	time_sleep(ISSUE_NS);
	while (front_blk_poll(&disk))
		;
	printf("OLDREAD under way %d\n", (requests[0].status == FRONT_BLK_WAITS) + (requests[1].status == FRONT_BLK_WAITS));
	psci_system_reset();
}

int main(void)
{
	struct smccc call = { { HC_PARTITION_INFO, PARTITION_SELF } };

	smccc_call(&call);
	if (call.x[2] == 1)
		stop_with_a_read_under_way();
	printf("OLDREAD life=%llu dirty=%lu\n", (unsigned long long)call.x[2], dirty());
	wait_for_key();
	printf("OLDREAD again dirty=%lu\n", dirty());
	printf("OLDREAD disk %s\n", front_blk_open(&disk, 0) && read_comes_back() ? "ok" : "failed");
	for (;;)
		time_sleep(1000000000);
}
