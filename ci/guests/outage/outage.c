/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a disk is away when its I/O partition is killed: this front-end keeps requests under way, has that partition restarted, and
 * takes the time from that call to the first request that its next life completes. Then the same of a network card: to the first answer
 * from 10.0.2.2, who is asked again and again. It must not know what the I/O partition does meanwhile.
 *
 * Command line: io=N: the partition's number, which this one may restart and ask for its state. rounds=N.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <front/blk.h>
#include <front/net.h>
#include <rt/bulkhead.h>
#include <rt/proof.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#define REQUESTS	32u
#define BYTES		4096u
#define SECTORS		(BYTES / VIRTIO_BLK_SECTOR_BYTES)
#define ASK_NS		100000ull	/* the network's peer is asked so often */
#define STEP_NS		20000ull	/* a kill comes so much later than the one before it, counted from the requests */
#define PAUSE_NS	20000000ull	/* between two rounds: the new life has settled */

static struct front_blk disk;
static struct front_blk_request requests[REQUESTS];
static uint8_t data[REQUESTS][BYTES] __attribute__((aligned(4096)));
static unsigned errors;
static struct front_net card;
static unsigned answers;

static void submit(unsigned n)
{
	struct front_blk_request *request = &requests[n];

	request->op = n % 2 ? FRONT_BLK_READ : FRONT_BLK_WRITE;
	request->sector = n * SECTORS;
	request->sector_count = SECTORS;
	request->data = data[n];
	if (front_blk_submit(&disk, request) != FRONT_BLK_WAITS)
		errors++;
}

/* Takes what is done; returns how many that are. */
static unsigned collect(void)
{
	struct front_blk_request *request;
	unsigned count = 0;

	for (; (request = front_blk_poll(&disk)); count++)
		errors += request->status != FRONT_BLK_OK;
	return count;
}

/* Spins: a CPU that sleeps lets an emulator that counts instructions jump to its next timer. */
static unsigned wait_for_some(void)
{
	unsigned count;

	while (!(count = collect()))
		cpu_relax();
	return count;
}

static void spin(uint64_t ns)
{
	for (uint64_t end = time_ns() + ns; time_ns() < end; )
		cpu_relax();
}

/* Until it is in another state than this one. */
static void wait_while(uint64_t io, enum partition_state state)
{
	uint64_t now = state;

	while (now == state && bulkhead_call(HC_PARTITION_STATE, io, 0, 0, &now) == HC_OK)
		cpu_relax();
}

static void restart(uint64_t io)
{
	if (bulkhead_call(HC_PARTITION_RESTART, io, 0, 0, NULL) != HC_OK)
		errors++;
	wait_while(io, PARTITION_STOPPING);	/* then its last life completes nothing more */
}

/* One kill, `delay_ns` after many requests were made. If none is left when that life is over, another one is made. */
static void measure_disk(uint64_t io, uint64_t delay_ns)
{
	uint64_t begin, running;
	unsigned done, left;

	for (unsigned n = 0; n < REQUESTS; n++)
		submit(n);
	front_blk_kick(&disk);
	spin(delay_ns);
	begin = time_ns();
	restart(io);
	left = REQUESTS - collect();
	if (!left) {
		submit(0);
		front_blk_kick(&disk);
	}
	wait_while(io, PARTITION_STARTING);
	running = time_ns();
	done = wait_for_some();
	printf("OUTAGE ns=%llu memory_ns=%llu left=%u errors=%u\n", (unsigned long long)(time_ns() - begin), (unsigned long long)(running - begin),
	       left, errors);
	while (done < left)
		done += wait_for_some();
}

/* ---- the network ---- */

/* Who has 10.0.2.2? (RFC 826) */
static void ask(void)
{
	static const uint8_t request[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1,
					     0, 0, 0, 0, 0, 0, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2 };
	uint8_t *frame = front_net_reserve(&card);

	if (!frame)
		return;
	memset(frame, 0, 60);
	memcpy(frame, request, sizeof(request));
	memcpy(frame + 6, card.mac, 6);
	memcpy(frame + 22, card.mac, 6);
	front_net_send(&card, 60);
}

static void received(const void *frame, uint32_t bytes)
{
	const uint8_t *at = frame;

	answers += bytes >= 42 && at[12] == 8 && at[13] == 6 && at[21] == 2;
}

static void wait_for_answer(void)
{
	uint64_t next = 0;

	for (answers = 0; !answers; front_net_poll(&card, 1, received)) {
		if (time_ns() >= next) {
			ask();
			next = time_ns() + ASK_NS;
		}
		cpu_relax();
	}
}

static void measure_net(uint64_t io)
{
	uint64_t begin;

	wait_for_answer();
	spin(PAUSE_NS);
	begin = time_ns();
	restart(io);
	while (front_net_poll(&card, 1, received))
		;
	wait_for_answer();
	printf("OUTAGE net_ns=%llu errors=%u\n", (unsigned long long)(time_ns() - begin), errors);
}

int main(void)
{
	uint64_t io = tree_option_number("io", 1);
	uint64_t rounds = tree_option_number("rounds", 9);

	proof_print("outage 1.0");
	if (!front_blk_open(&disk, 0)) {
		printf("OUTAGE no disk\n");
		return 1;
	}
	for (uint64_t n = 0; n < rounds; n++) {
		measure_disk(io, n * STEP_NS);
		spin(PAUSE_NS);
	}
	if (!front_net_open(&card, 0))
		rounds = 0;
	for (uint64_t n = 0; n < rounds; n++)
		measure_net(io);
	printf("OUTAGE done\n");
	return 0;
}
