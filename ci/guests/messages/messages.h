/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MESSAGES_H
#define MESSAGES_H

/*
 * What the parts of this program share: a function that sends messages when it is told to, accesses whose exceptions are caught,
 * and the interrupts that come. It must not know how a message becomes an interrupt.
 */

#include <stdbool.h>
#include <stdint.h>

#define NOTHING		0u	/* no interrupt came */

/* ---- source.c */

/** Finds the function and lets it send; message 0 goes where its table says. False: it is not there. */
bool source_begin(void);
/** Whether it is the disk; else it is the network card. */
bool source_is_disk(void);
/** The address of its MSI-X table. */
uint64_t source_table(void);
/** Has it send message 0, once. False: it did not say that it is done. */
bool source_send(void);
/** Whether it sends each message a second time by itself: QEMU's card does, when its throttling timer ends. */
bool source_repeats(void);
/** Entry 0 of its table, unmasked. */
void source_aim(uint64_t address, uint32_t data);

/* ---- messages.c */

/** An access of 1, 2, 4 or 8 bytes. False: it was refused, by an exception. */
bool try_read(uint64_t at, unsigned width, uint64_t *value);
bool try_write(uint64_t at, unsigned width, uint64_t value);
/** Reads and writes what is random, in every width, from `base` to `base` + `size` - 1. Returns: how many accesses were refused. */
unsigned try_all(uint64_t base, uint64_t size);
uint64_t random_next(void);

/** A result that the whole program is judged by. */
void claim(bool good, const char *what);

/** The next interrupt, ended; NOTHING after `ms`. */
unsigned interrupt_wait(unsigned ms);
/** Ends all that wait. Returns: whether all of them were from `first` to `last`. */
bool interrupts_drain(unsigned first, unsigned last);

/* ---- its.c, frame.c: the same for both kinds of interrupt controller */

struct kind {
	/** Nothing of an earlier life is there. */
	bool (*is_fresh)(void);
	/** Message 0 of the function is an interrupt from now on, whatever was before. Returns: its number; NOTHING: it cannot be. */
	unsigned (*begin)(void);
	/** One round of lies. */
	void (*lie)(unsigned round);
	/** Last: claims what can be said of it all. */
	void (*judge)(void);
};

extern const struct kind its_kind, frame_kind;

#endif
