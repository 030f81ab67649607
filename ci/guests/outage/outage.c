/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a disk is away when its I/O partition is killed: this front-end keeps requests under way, has that partition restarted, and
 * takes the time from that call to the first request that its next life completes. It must not know what that does meanwhile.
 *
 * Command line: io=N: the partition's number, which this one may restart and ask for its state. rounds=N.
 */

#include <stdbool.h>
#include <stdio.h>

#include <front/blk.h>
#include <rt/bulkhead.h>
#include <rt/proof.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#define REQUESTS	32u
#define BYTES		4096u
#define SECTORS		(BYTES / VIRTIO_BLK_SECTOR_BYTES)
#define STEP_NS		20000ull	/* a kill comes so much later than the one before it, counted from the requests */
#define PAUSE_NS	20000000ull	/* between two rounds: the new life has settled */

static struct front_blk disk;
static struct front_blk_request requests[REQUESTS];
static uint8_t data[REQUESTS][BYTES] __attribute__((aligned(4096)));
static unsigned errors;

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

/* One kill, `delay_ns` after many requests were made. If none is left when that life is over, another one is made. */
static void measure(uint64_t io, uint64_t delay_ns)
{
	uint64_t begin, running;
	unsigned done, left;

	for (unsigned n = 0; n < REQUESTS; n++)
		submit(n);
	front_blk_kick(&disk);
	spin(delay_ns);
	begin = time_ns();
	if (bulkhead_call(HC_PARTITION_RESTART, io, 0, 0, NULL) != HC_OK)
		errors++;
	wait_while(io, PARTITION_STOPPING);	/* then its last life completes nothing more */
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
		measure(io, n * STEP_NS);
		spin(PAUSE_NS);
	}
	printf("OUTAGE done\n");
	return 0;
}
