/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANNEL_CHANNEL_H
#define CHANNEL_CHANNEL_H

/*
 * One end of a channel: messages to and from another partition through memory that both see. What the other end writes is looked at
 * before it is believed: the worst that it can do is to send no messages, or bad ones. It must not know how memory and signals come here
 * (channel_open.h), so it runs in tests on the host as well.
 *
 * One thread at a time uses an end. Nothing here sleeps: who has nothing to do asks for a signal, and sleeps if told to.
 *
 *	while ((err = channel_receive(&c, message, sizeof(message), &bytes)) != CHANNEL_EMPTY && err != CHANNEL_ALONE)
 *		use(err, message, bytes);
 *	if (channel_ask_message(&c))
 *		sleep until the signal;
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "channel_layout.h"

enum channel_err {
	CHANNEL_OK = 0,
	CHANNEL_EMPTY = -1,	/* no message */
	CHANNEL_FULL = -2,	/* no room for it yet */
	CHANNEL_ALONE = -3,	/* the other end has not opened the channel, or does not know of this end's life yet */
	CHANNEL_MET = -4,	/* told once: both ends have met, for the first time or since one of them started again. All that was sent
				 * before and not received is lost */
	CHANNEL_TOO_LONG = -5,	/* a message that never fits; or one that came, and is longer than the caller's room: it is gone */
	CHANNEL_BROKEN = -6,	/* the other end wrote what it must not: nothing passes until it starts again */
	CHANNEL_ABSENT = -7,	/* no such channel */
};

/* Private to channel.c but for reading. */
struct channel {
	struct channel_region *ours;
	const struct channel_region *theirs;
	uint32_t ring_bytes;		/* of either ring */
	void (*signal)(void *arg);	/* interrupts the other end, behind all stores before */
	void *arg;
	uint64_t life;			/* this one's */
	uint64_t peer;			/* life of the other end that the positions are about; 0: none */
	uint64_t refused;		/* life of one that broke the rules; 0: none */
	bool has_met;			/* it said the same of us */
	uint64_t head, tail;		/* as this end published them: its region is written, never read */
	uint64_t meetings;		/* for people and tests */
	uint64_t signals;		/* that were sent; the same */
};

/** Opens an end on its region of `bytes` and the other one's, of the same size: a new life of it. `bytes` is a multiple of 8, above 192 + 16. */
void channel_start(struct channel *channel, struct channel_region *ours, const struct channel_region *theirs, uint32_t bytes,
		   void (*signal)(void *arg), void *arg);

/** The longest message, bytes. */
uint32_t channel_longest(const struct channel *channel);

/** Sends `bytes` as one message. Errors: FULL, ALONE, MET (not sent: decide anew), TOO_LONG, BROKEN. */
enum channel_err channel_send(struct channel *channel, const void *message, uint32_t bytes);

/** The next message, its length in `*bytes`. Errors: EMPTY, ALONE, MET, BROKEN; TOO_LONG: it was longer than `room`, and is
 *  dropped, so that nobody's messages can stop a program; its length is in `*bytes`. */
enum channel_err channel_receive(struct channel *channel, void *message, uint32_t room, uint32_t *bytes);

/** Asks for a signal when there is something to receive, or the other end comes. True: sleep until then. False: there is already. */
bool channel_ask_message(struct channel *channel);

/** The same for room for a message of `bytes`. */
bool channel_ask_room(struct channel *channel, uint32_t bytes);

#endif
