/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every driver against a device that tells the truth, and against devices that lie in a part of what they say, by
 * registers and in memory: no access outside of memory (the sanitizers see to that), an end to every wait, every request
 * complete exactly once, and nothing received that does not fit its buffer. A sound device also sees to the rules of its
 * document, those above all that emulators forgive. Each run is a process of its own.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <phys/blk.h>
#include <phys/nic.h>
#include <phys/phys.h>

#include "../tap.h"
#include "machine.h"
#include "models.h"

#define RUN_COUNT	60u
#define RUN_SECONDS	10u
#define STEP_COUNT	300u
#define COOKIE_COUNT	1024u
#define BUFFER_BYTES	16384u

enum { GOOD = 0, NOT_UP = 10, TWICE, LOST, TOO_LONG, NOT_OK, RULE };

static uint8_t state[COOKIE_COUNT];	/* 1: under way */
static uint8_t *buffer;
static bool stopping;
static unsigned done_count;

static void give_back(uint64_t cookie)
{
	if (cookie >= COOKIE_COUNT || !state[cookie])
		_exit(TWICE);
	state[cookie] = 0;
}

static uint64_t take_cookie(void)
{
	uint64_t cookie = 0;

	while (cookie + 1 < COOKIE_COUNT && state[cookie])
		cookie++;
	return cookie;
}

static void wake(void *arg)
{
	(void)arg;
}

/* ---- disks ---- */

static void blk_done(void *arg, uint64_t cookie, enum blk_status status)
{
	(void)arg;
	give_back(cookie);
	done_count += status == BLK_OK;
	if (!machine.lies && status && !(stopping && status == BLK_ERR_RESET))
		_exit(NOT_OK);
}

static void blk_step(struct blk_device *disk)
{
	struct dma_segment segments[8];
	uint32_t count = 1 + machine_random(8);
	struct blk_request request = { (enum blk_op)machine_random(5), false, 8 * machine_random(1000), 0, segments, count, take_cookie() };

	for (unsigned i = 0; i < count; i++) {
		segments[i] = (struct dma_segment){ (uintptr_t)buffer + machine_random(8) * 512, 512 * (1 + machine_random(8)) };
		request.sector_count += segments[i].bytes / 512;
	}
	state[request.cookie] = 1;
	if (blk_submit(disk, &request))
		state[request.cookie] = 0;
}

static int run_disk(struct blk_device *disk)
{
	disk->done = blk_done;
	disk->wake = wake;
	for (unsigned round = 0; round < 3; round++) {
		stopping = true;
		if (blk_reset(disk) && !machine.lies)
			return NOT_UP;
		stopping = false;
		for (unsigned step = 0; step < STEP_COUNT; step++) {
			switch (machine_random(8)) {
			case 0: blk_kick(disk); break;
			case 1: blk_poll(disk, machine_random(20)); break;
			case 2: blk_arm(disk); break;
			case 3: machine_interrupt(); break;
			case 4: machine_scribble(machine.lies / 20); break;
			default: blk_step(disk);
			}
		}
		if (!machine.lies && disk->dead)
			return NOT_UP;
	}
	if (!machine.lies && done_count < STEP_COUNT / 10)
		return LOST;	/* a sound device gets work done */
	stopping = true;
	blk_quiesce(disk);
	for (unsigned i = 0; i < COOKIE_COUNT; i++) {
		if (state[i])
			return LOST;
	}
	return GOOD;
}

/* ---- cards ---- */

static void received(void *arg, uint64_t cookie, uint32_t bytes, bool last, const struct nic_offload *offload)
{
	(void)arg;
	(void)last;
	give_back(cookie);
	done_count++;
	if (bytes > BUFFER_BYTES || (offload->needs_csum && offload->csum_start + offload->csum_offset + 2u > bytes))
		_exit(TOO_LONG);
}

static void sent(void *arg, uint64_t cookie)
{
	(void)arg;
	give_back(cookie);
}

static void nic_step(struct nic_device *card)
{
	struct dma_segment segments[3] = { { (uintptr_t)buffer, 64 }, { (uintptr_t)buffer + 1, 1 + machine_random(500) }, { (uintptr_t)buffer, 700 } };
	struct nic_offload offload = { .needs_csum = machine_random(2), .csum_start = 34, .csum_offset = 6 };
	struct nic_filter filter = { .promiscuous = machine_random(2) };
	uint64_t cookie = take_cookie();

	state[cookie] = 1;
	if (machine_random(2)) {
		state[cookie] = nic_post(card, (struct dma_segment){ (uintptr_t)buffer, BUFFER_BYTES }, cookie) == NIC_OK;
	} else {
		state[cookie] = nic_send(card, segments, 1 + machine_random(3), &offload, cookie) == NIC_OK;
	}
	if (machine_random(50) == 0)
		(void)nic_set_filter(card, &filter);
}

static int run_card(struct nic_device *card)
{
	card->received = received;
	card->sent = sent;
	card->wake = wake;
	for (unsigned round = 0; round < 3; round++) {
		memset(state, 0, sizeof(state));
		if (nic_reset(card) && !machine.lies)
			return NOT_UP;
		for (unsigned step = 0; step < STEP_COUNT; step++) {
			switch (machine_random(8)) {
			case 0: nic_kick(card); break;
			case 1: nic_poll(card, machine_random(20)); break;
			case 2: nic_arm(card); break;
			case 3: machine_interrupt(); break;
			case 4: machine_scribble(machine.lies / 20); break;
			default: nic_step(card);
			}
		}
		if (!machine.lies && card->dead)
			return NOT_UP;
	}
	nic_quiesce(card);
	machine_rule(!card->stats.rx_errors, "what says nothing of a frame's end is no error");
	return machine.lies || done_count > STEP_COUNT / 10 ? GOOD : LOST;
}

/* ---- runs ---- */

static int run_device(struct blk_device *disk, struct nic_device *card)
{
	int result = disk ? run_disk(disk) : card ? run_card(card) : machine.lies ? GOOD : NOT_UP;

	return !result && machine.broken ? RULE : result;
}

static int run(void (*model)(void), unsigned lies, uint64_t seed)
{
	struct blk_device *disk;

	machine_init(NULL, 0);
	machine_seed(seed);
	model();
	machine.lies = lies;
	machine.wild_config = lies && seed % 4 == 3;
	buffer = aligned_alloc(4096, BUFFER_BYTES);	/* enough for every request and frame */
	if (pci_init() || !pci_count())
		return lies ? GOOD : NOT_UP;
	disk = phys_probe_blk(pci_get(0));
	return run_device(disk, disk ? NULL : phys_probe_nic(pci_get(0)));
}

static void run_all(void (*model)(void), unsigned lies)
{
	for (uint64_t seed = 1; seed <= RUN_COUNT && !tap_bad_; seed++) {
		pid_t child = fork();
		int status = 0;

		if (child == 0) {
			alarm(RUN_SECONDS);
			_exit(run(model, lies, seed));
		}
		waitpid(child, &status, 0);
		if (status)
			printf("# lies %u, seed %u: status %#x\n", lies, (unsigned)seed, (unsigned)status);
		CHECK(status == 0);
	}
}

#define DRIVER(name)							\
	static void name##_works_with_a_sound_device(void)		\
	{								\
		run_all(model_##name, 0);				\
	}								\
	static void name##_survives_one_lie_in_a_thousand(void)		\
	{								\
		run_all(model_##name, 1);				\
	}								\
	static void name##_survives_one_lie_in_thirty(void)		\
	{								\
		run_all(model_##name, 30);				\
	}								\
	static void name##_survives_every_third_word_a_lie(void)	\
	{								\
		run_all(model_##name, 300);				\
	}

DRIVER(virtio_blk)
DRIVER(nvme)
DRIVER(sdhci)
DRIVER(emmc)
DRIVER(virtio_net)
DRIVER(e1000e)

#define TEST_DRIVER(name)						\
	do {								\
		TEST(name##_works_with_a_sound_device);			\
		TEST(name##_survives_one_lie_in_a_thousand);		\
		TEST(name##_survives_one_lie_in_thirty);		\
		TEST(name##_survives_every_third_word_a_lie);		\
	} while (0)

int main(void)
{
	TEST_DRIVER(virtio_blk);
	TEST_DRIVER(nvme);
	TEST_DRIVER(sdhci);
	TEST_DRIVER(emmc);
	TEST_DRIVER(virtio_net);
	TEST_DRIVER(e1000e);
	return tap_done();
}
