/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_TREE_H
#define RT_TREE_H

/*
 * What the device tree tells: memory, command line, devices. A thin layer over libfdt for the shapes that `virt` and
 * the planner write; a node is libfdt's offset. All answers come from the blob, which nobody changes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree_range {
	uint64_t base;
	uint64_t size;
};

/** (runtime) Takes the blob at `blob`, or the one at RAM's base if that is none. False: there is none. */
bool tree_init(const void *blob);

/** The blob itself, for libfdt. */
const void *tree_blob(void);

/** RAM's first range. */
struct tree_range tree_ram(void);

/** The initrd; size 0: none. */
struct tree_range tree_initrd(void);

/** The n-th range that /reserved-memory keeps from general use; size 0: there are no more. */
struct tree_range tree_reserved(unsigned n);

/** Number of CPUs, and the MPIDR of the n-th. */
unsigned tree_cpu_count(void);
uint64_t tree_cpu_mpidr(unsigned n);

/** First node with this `compatible`, or a negative number. */
int tree_find(const char *compatible);

/** The n-th range of a node's `reg`. False: it has none. */
bool tree_reg(int node, unsigned n, struct tree_range *range);

/** The GIC's number of a node's n-th interrupt; -1: it has none. */
int tree_irq(int node, unsigned n);

/** A string property of the node at `path`; NULL: absent. */
const char *tree_string(const char *path, const char *name);

/** The command line; never NULL. */
const char *tree_command_line(void);

/** The word `key=value` of the command line: copies value, cut to `size`. False: not there. */
bool tree_option(const char *key, char *value, size_t size);

/** The same as a number (C notation), or `otherwise`. */
uint64_t tree_option_number(const char *key, uint64_t otherwise);

#endif
