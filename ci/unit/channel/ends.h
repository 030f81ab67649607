/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_CHANNEL_ENDS_H
#define UNIT_CHANNEL_ENDS_H

/*
 * Two ends of a channel in one process, and messages that tell whether one is missing, twice, or damaged. It must not know what a test
 * does with them.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <channel/channel.h>

#define REGION_BYTES	(192u + 128u)	/* a small ring wraps often, and not where a record ends */
#define MESSAGE_MAX	104u

struct end {
	struct channel channel;
	uint64_t sent, expected;	/* in this meeting */
	uint64_t received;		/* in all */
	bool is_bad;			/* a message was not the next one */
	volatile bool is_signalled;
};

struct ends {
	_Alignas(8) uint8_t memory[2][REGION_BYTES];
	struct end end[2];
};

/* The n-th message of a life: its length, and each byte, follow from both. */
static inline uint32_t message_make(uint64_t life, uint64_t n, uint8_t bytes[MESSAGE_MAX])
{
	uint32_t size = 16 + (uint32_t)((life * 31 + n * 13) % (MESSAGE_MAX - 16 + 1));

	memcpy(bytes, &life, 8);
	memcpy(bytes + 8, &n, 8);
	for (uint32_t i = 16; i < size; i++)
		bytes[i] = (uint8_t)(n * 7 + i);
	return size;
}

static inline void end_take(struct end *e, const uint8_t *bytes, uint32_t size)
{
	uint8_t wanted[MESSAGE_MAX];
	uint32_t wanted_size = message_make(e->channel.peer, e->expected++, wanted);

	e->received++;
	e->is_bad = e->is_bad || size != wanted_size || memcmp(bytes, wanted, size);
}

static inline void end_met(struct end *e)
{
	e->sent = e->expected = 0;
}

/* Receives at most one. */
static inline enum channel_err end_receive(struct end *e)
{
	uint8_t bytes[MESSAGE_MAX];
	uint32_t size;
	enum channel_err err = channel_receive(&e->channel, bytes, sizeof(bytes), &size);

	if (err == CHANNEL_OK)
		end_take(e, bytes, size);
	else if (err == CHANNEL_MET)
		end_met(e);
	return err;
}

static inline enum channel_err end_send(struct end *e)
{
	uint8_t bytes[MESSAGE_MAX];
	uint32_t size = message_make(e->channel.life, e->sent, bytes);
	enum channel_err err = channel_send(&e->channel, bytes, size);

	if (err == CHANNEL_OK)
		e->sent++;
	else if (err == CHANNEL_MET)
		end_met(e);
	return err;
}

#endif
