/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends the frames that a script in its initrd tells, each from one of its network cards, and prints which cards got which
 * bytes. A card is called by the last byte of its MAC address. Between two cards that are last in the order of devices runs
 * the *fence*: a frame that is sent after what is tried, so that what the switch does with that is over when it arrives.
 * The script's words stand in ci/guests/README.md. It must not know what should come of a frame.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rt/bulkhead.h>
#include <rt/console.h>
#include <rt/proof.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "card.h"

#define BEGIN		"#frames\n"
#define OFFLOADS	(VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_GUEST_TSO4 | \
			 VIRTIO_NET_F_GUEST_TSO6)
#define SHOWN		64u	/* bytes of a frame that is listened to */
#define TEST_TYPE	0xb588u	/* 0x88b5, for experiments, as it lies in memory */
#define LEAST_BYTES	60u

static struct card cards[CARD_MAX];
static unsigned card_count;
static struct card *fence[2];		/* from, to */
static bool is_fence_seen;
static unsigned long step;
static unsigned counted[CARD_MAX];

static void fail(const char *why)
{
	printf("frames: %s\n", why);
	exit(1);
}

static struct card *card_of(unsigned long number)
{
	for (unsigned i = 0; i < card_count; i++) {
		if (cards[i].mac[5] == number)
			return &cards[i];
	}
	fail("the script names a card that is not there");
	return NULL;
}

/* ---- what comes ---- */

static uint64_t hash(const uint8_t *at, uint32_t bytes)
{
	uint64_t value = 0xcbf29ce484222325ull;	/* FNV-1a */

	for (uint32_t i = 0; i < bytes; i++)
		value = (value ^ at[i]) * 0x100000001b3ull;
	return value;
}

static bool take_fence(const struct card *card, const struct card_buffer *b)
{
	if (card != fence[1])
		return false;
	is_fence_seen |= memcmp(b->frame, card->mac, 6) == 0;
	return true;
}

static void show(struct card *card, const struct card_buffer *b, uint32_t bytes)
{
	const struct virtio_net_hdr *h = &b->header;

	if (!take_fence(card, b))
		printf("GOT %lu %u %u,%u,%u,%u,%u %" PRIu32 " %016" PRIx64 "\n", step, card->mac[5], h->flags, h->gso_type, h->gso_size,
		       h->csum_start, h->csum_offset, bytes, hash(b->frame, bytes));
}

static void count(struct card *card, const struct card_buffer *b, uint32_t bytes)
{
	(void)bytes;
	if (!take_fence(card, b))
		counted[card - cards]++;
}

/* By sender: the last byte of the source address. */
static void count_sender(struct card *card, const struct card_buffer *b, uint32_t bytes)
{
	(void)bytes;
	if (!take_fence(card, b))
		counted[b->frame[11] % CARD_MAX]++;
}

static void hear(struct card *card, const struct card_buffer *b, uint32_t bytes)
{
	printf("HEARD %u %" PRIu32 " ", card->mac[5], bytes);
	for (uint32_t i = 0; i < bytes && i < SHOWN; i++)
		printf("%02x", b->frame[i]);
	printf("\n");
}

static void poll_all(card_received_t received)
{
	for (unsigned i = 0; i < card_count; i++)
		card_poll(&cards[i], received);
}

/* What came before it lies in the rings when the fence is there: it is the last device. */
static void wait_for_fence(card_received_t received)
{
	for (is_fence_seen = false; !is_fence_seen; )
		card_poll(fence[1], received);
	poll_all(received);
}

/* A frame from card to card that says nothing. */
static void address(struct card *from, const struct card *to)
{
	memset(&from->out, 0, sizeof(from->out.header) + LEAST_BYTES);
	memcpy(from->out.frame, to->mac, 6);
	memcpy(from->out.frame + 6, from->mac, 6);
	memcpy(from->out.frame + 12, &(uint16_t){ TEST_TYPE }, 2);
}

static void raise_fence(card_received_t received)
{
	address(fence[0], fence[1]);
	card_send(fence[0], LEAST_BYTES, 1);
	while (!card_is_sent(fence[0]))
		;
	wait_for_fence(received);
}

/* ---- the script ---- */

static unsigned long number(char **rest)
{
	return strtoul(*rest, rest, 0);
}

static unsigned nibble(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10) & 15;
}

/* Hexadecimal digits, then a pattern up to `least` bytes. */
static uint32_t read_frame(const char *hex, uint32_t least, uint8_t *to)
{
	uint32_t bytes = 0;

	for (; hex[0] > ' ' && hex[1] > ' ' && bytes < CARD_FRAME_MAX; hex += 2)
		to[bytes++] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
	for (; bytes < least && bytes < CARD_FRAME_MAX; bytes++)
		to[bytes] = (uint8_t)(bytes * 31);
	return bytes;
}

static uint32_t prepare(struct card *card, char *rest)
{
	struct virtio_net_hdr *h = &card->out.header;
	uint32_t least = (uint32_t)number(&rest);

	memset(h, 0, sizeof(*h));
	h->flags = (uint8_t)number(&rest);
	h->gso_type = (uint8_t)number(&rest);
	h->gso_size = (uint16_t)number(&rest);
	h->csum_start = (uint16_t)number(&rest);
	h->csum_offset = (uint16_t)number(&rest);
	return read_frame(rest + strspn(rest, " "), least, card->out.frame);
}

static void transmit(struct card *card, uint32_t bytes, unsigned long times, card_received_t received)
{
	for (unsigned long left = times; left; ) {
		unsigned some = left < CARD_ENTRIES / 2 ? (unsigned)left : CARD_ENTRIES / 2;

		card_send(card, bytes, some);
		while (!card_is_sent(card))
			;
		poll_all(received);
		left -= some;
	}
}

static void say_counted(void)
{
	for (unsigned i = 0; i < card_count; i++) {
		if (counted[i])
			printf("COUNTED %lu %u %u\n", step, cards[i].mac[5], counted[i]);
	}
}

/* send CARD TIMES LEAST FLAGS GSO SIZE START OFFSET HEX */
static void do_send(char *rest)
{
	struct card *card = card_of(number(&rest));
	unsigned long times = number(&rest);
	uint32_t bytes = prepare(card, rest);
	card_received_t received = times > 1 ? count : show;
	uint64_t begin = time_ns(), end;

	memset(counted, 0, sizeof(counted));
	transmit(card, bytes, times, received);
	end = time_ns();
	raise_fence(received);
	say_counted();
	printf("END %lu %" PRIu64 "\n", step, end - begin);
}

/*
 * share CARD CARD CARD FIRST ROUNDS ROOM: the first card sends FIRST frames to the third one. Then, in each round, the third one has ROOM
 * buffers, the first sends CARD_ENTRIES frames, and the second one.
 */
static void do_share(char *rest)
{
	struct card *many = card_of(number(&rest)), *one = card_of(number(&rest)), *sink = card_of(number(&rest));
	unsigned long first = number(&rest), rounds = number(&rest);
	unsigned room = (unsigned)number(&rest);
	uint64_t begin = time_ns();

	memset(counted, 0, sizeof(counted));
	address(many, sink);
	address(one, sink);
	transmit(many, LEAST_BYTES, first, count_sender);
	raise_fence(count_sender);
	sink->is_silent = true;
	for (unsigned long i = 0; i < rounds; i++) {
		card_offer(sink, room);
		card_send(many, LEAST_BYTES, CARD_ENTRIES);
		card_send(one, LEAST_BYTES, 1);
		while (!card_is_sent(many) || !card_is_sent(one))
			;
		raise_fence(count_sender);
	}
	sink->is_silent = false;
	printf("COUNTED %lu %u %u\nCOUNTED %lu %u %u\n", step, many->mac[5], counted[many->mac[5]], step, one->mac[5], counted[one->mac[5]]);
	printf("END %lu %" PRIu64 "\n", step, time_ns() - begin);
}

static bool is_told_to_go_on(void)
{
	return console_poll() >= 0;
}

/* pause: until a key. */
static void do_pause(char *rest)
{
	(void)rest;
	printf("AT %lu\n", step);
	while (!is_told_to_go_on())
		;
}

/* listen: says all that comes, until a key. */
static void do_listen(char *rest)
{
	(void)rest;
	printf("AT %lu\n", step);
	while (!is_told_to_go_on())
		poll_all(hear);
	printf("END %lu 0\n", step);
}

/* wait: until the fence comes from elsewhere. */
static void do_wait(char *rest)
{
	(void)rest;
	printf("AT %lu\n", step);
	wait_for_fence(show);
	printf("END %lu 0\n", step);
}

static void do_fence(char *rest)
{
	fence[0] = card_of(number(&rest));
	fence[1] = card_of(number(&rest));
}

static void do_sleep(char *rest)
{
	time_sleep(number(&rest));
	printf("END %lu 0\n", step);
}

/* Each line: the step's number, a word, what the word wants. */
static void do_line(char *line)
{
	static const struct {
		const char *word;
		void (*call)(char *rest);
	} words[] = { { "send", do_send }, { "share", do_share }, { "pause", do_pause }, { "listen", do_listen }, { "wait", do_wait },
		      { "fence", do_fence }, { "sleep", do_sleep } };

	step = number(&line);
	line += strspn(line, " ");
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i].word);

		if (strncmp(line, words[i].word, length) == 0) {
			words[i].call(line + length);
			return;
		}
	}
	fail("the script has a word that is none");
}

static char *find_script(void)
{
	struct tree_range initrd = tree_initrd();
	char *at = (char *)(uintptr_t)initrd.base, *end = at + initrd.size;

	for (; at + sizeof(BEGIN) <= end; at++) {
		if (memcmp(at, BEGIN, sizeof(BEGIN) - 1) == 0)
			return at + sizeof(BEGIN) - 1;
	}
	fail("there is no script in the initrd");
	return NULL;
}

/* plain=N: cards with numbers below take checksums and segments unfinished, the others do not. */
static void open_all(void)
{
	unsigned long plain = tree_option_number("plain", 0);

	while (card_count < CARD_MAX && card_open(&cards[card_count], card_count, 0))
		card_count++;
	for (unsigned i = 0; i < card_count; i++) {
		if (cards[i].mac[5] < plain && !card_open(&cards[i], i, OFFLOADS))
			fail("a card cannot be opened again");
	}
}

int main(void)
{
	char *line = find_script();

	open_all();
	proof_print("frames 1.0");
	bulkhead_heartbeat();
	while (*line && *line != '#') {
		do_line(line);
		line = strchr(line, '\n') + 1;
	}
	printf("DONE\n");
	return 0;
}
