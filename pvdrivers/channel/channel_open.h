/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANNEL_OPEN_H
#define CHANNEL_OPEN_H

/*
 * Channels of a unikernel by name: what channel.h needs comes from the device tree and the hypervisor. It must not know what is sent.
 */

#include "channel.h"

/** Opens this partition's end of the channel of this name, and enables its interrupt, which does no more than wake the program: a sleeper
 *  looks again. Errors: CHANNEL_ABSENT. The channel stays open as long as the program runs, and `channel` where it is. */
enum channel_err channel_open(struct channel *channel, const char *name);

/** Sleeps until there may be something to receive, or the other end comes; other interrupts end it too. Context: interrupts unmasked. */
void channel_wait_message(struct channel *channel);

/** The same for room for a message of `bytes`. */
void channel_wait_room(struct channel *channel, uint32_t bytes);

#endif
