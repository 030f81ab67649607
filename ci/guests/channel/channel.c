/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One end of a channel in tests. `do=send`: numbered messages whose bytes follow from their number and this life; `then=reset`: after half
 * of them it starts again, and sends all. `do=echo`: judges what comes, and sends it back; in its
 * first life it starts again in the middle of what life `quit` of the sender sends. The sender proves first that it cannot write what the
 * other one writes. Without a channel a program says so and ends.
 *
 * Command line: do=send|echo channel=NAME count=N lives=N quit=N
 */
#include <stdio.h>
#include <string.h>

#include <channel/channel_open.h>
#include <rt/bulkhead.h>
#include <rt/proof.h>
#include <rt/psci.h>
#include <rt/sysreg.h>
#include <rt/trap.h>
#include <rt/tree.h>

#define MESSAGE_MAX	512u

static struct channel channel;
static uint64_t bad, sleeps;
static volatile bool has_aborted;

struct message {
	uint64_t life, number;
	uint8_t bytes[MESSAGE_MAX - 16];
};

static uint32_t message_make(struct message *m, uint64_t life, uint64_t number)
{
	uint32_t size = 16 + (uint32_t)((life * 31 + number * 13) % (sizeof(m->bytes) + 1));

	m->life = life;
	m->number = number;
	for (uint32_t i = 16; i < size; i++)
		m->bytes[i - 16] = (uint8_t)(number * 7 + i);
	return size;
}

static bool is_right(const struct message *m, uint32_t size, uint64_t life, uint64_t number)
{
	static struct message wanted;

	return size == message_make(&wanted, life, number) && !memcmp(m, &wanted, size);
}

static void wait_message(void)
{
	sleeps++;
	channel_wait_message(&channel);
}

/* ---- who may write what ---- */

static bool on_abort(enum trap_kind kind, struct trap_frame *frame)
{
	if (kind != TRAP_SYNC || has_aborted)
		return false;
	has_aborted = true;
	frame->elr += 4;
	return true;
}

static void judge_rights(void)
{
	uint64_t before = channel.theirs->life;

	trap_set_hook(on_abort);
	__asm__ volatile("str %0, [%1]\n\tdsb sy\n\tisb" : : "r"(before + 1), "r"(&channel.theirs->life) : "memory");
	trap_set_hook(NULL);
	printf("CHANNEL %s: a store to the other end's region %s\n", has_aborted && channel.theirs->life == before ? "good" : "bad",
	       has_aborted ? "aborts" : "passes");
	printf("CHANNEL %s: a channel that is not ours\n", bulkhead_call(HC_CHANNEL_SIGNAL, 1, 0, 0, NULL) == HC_ERR_INVALID ? "good" : "bad");
}

/* ---- sender ---- */

static uint64_t sent, back;

/* What came back is what was sent. */
static enum channel_err take_back(void)
{
	static struct message got;
	uint32_t size;
	enum channel_err err = channel_receive(&channel, &got, sizeof(got), &size);

	if (err == CHANNEL_OK)
		bad += !is_right(&got, size, channel.life, back++);
	return err;
}

static enum channel_err send_next(uint64_t count)
{
	static struct message m;
	enum channel_err err = CHANNEL_FULL;

	if (sent < count)
		err = channel_send(&channel, &m, message_make(&m, channel.life, sent));
	if (err == CHANNEL_OK)
		sent++;
	return err;
}

/* Sends what fits, takes what came back, sleeps: until all is back. Who meets the other end anew begins anew. */
static void send_all(uint64_t count)
{
	while (back < count && !bad) {
		enum channel_err err = send_next(count);

		if (err == CHANNEL_FULL || err == CHANNEL_ALONE)
			err = take_back();
		if (err == CHANNEL_MET)
			sent = back = 0;
		if (err == CHANNEL_EMPTY || err == CHANNEL_ALONE)
			wait_message();
		bad += err == CHANNEL_BROKEN;
	}
	printf("CHANNEL sent=%llu back=%llu bad=%llu life=%llu meetings=%llu slept=%llu signals=%llu\n", (unsigned long long)sent, (unsigned long long)back,
	       (unsigned long long)bad, (unsigned long long)channel.life, (unsigned long long)channel.meetings, (unsigned long long)sleeps,
	       (unsigned long long)channel.signals);
}

/* ---- echo ---- */

static void send_back(const struct message *m, uint32_t size)
{
	while (channel_send(&channel, m, size) == CHANNEL_FULL)
		channel_wait_room(&channel, size);
}

static void tell_meeting(uint64_t before)
{
	printf("CHANNEL met=%llu peer=%llu before=%llu bad=%llu\n", (unsigned long long)channel.meetings, (unsigned long long)channel.peer,
	       (unsigned long long)before, (unsigned long long)bad);
}

static void echo(uint64_t middle)
{
	uint64_t quit = tree_option_number("quit", 0);
	static struct message m;
	uint64_t expected = 0;
	uint32_t size;

	for (;;) {
		enum channel_err err = channel_receive(&channel, &m, sizeof(m), &size);

		if (err == CHANNEL_OK) {
			bad += !is_right(&m, size, channel.peer, expected++);
			send_back(&m, size);
			if (expected == middle && channel.life == 1 && channel.peer == quit)
				psci_system_reset();
			continue;
		}
		if (err == CHANNEL_MET) {
			tell_meeting(expected);
			expected = 0;
			continue;
		}
		if (err == CHANNEL_BROKEN || err == CHANNEL_TOO_LONG)
			printf("CHANNEL bad: error %d\n", err);
		wait_message();
	}
}

int main(void)
{
	char name[32] = "", what[8] = "";
	uint64_t count = tree_option_number("count", 1000), lives = tree_option_number("lives", 1);

	(void)tree_option("channel", name, sizeof(name));
	(void)tree_option("do", what, sizeof(what));
	if (channel_open(&channel, name) != CHANNEL_OK) {
		printf("CHANNEL none\n");
		return 0;
	}
	proof_print("channel 1.0");
	if (!strcmp(what, "echo"))
		echo(count / 2);
	if (channel.life == 1)
		judge_rights();
	send_all(channel.life < lives ? count / 2 : count);
	if (channel.life < lives)
		psci_system_reset();
	for (;;)
		wait_message();
}
