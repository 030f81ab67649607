/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI functions that leave their bus: a bus belongs to one partition, and a
 * function that board.dts names may belong to another one. It must not know
 * how tables and trees look.
 */
#ifndef PLAN_FUNCTION_H
#define PLAN_FUNCTION_H

#include "model.h"

/* The bytes of a function in configuration space (ECAM). */
#define FUNCTION_BYTES 4096ul

/* What a partition with functions can have of interrupts by message: as in hyp/arm64/its.h. */
enum { MESSAGE_MAX = 16, PART_MESSAGE_MAX = 64, LPI_FIRST = 8192, DEVICE_ID_END = 512 };
enum { FRAME_SETSPI = 0x40 }; /* where messages go in a GICv2m frame */
#define ITS_BYTES 0x20000ul
#define ITS_MESSAGES 0x10000ul /* the page that messages are sent to */

/* Fills the list of functions that are apart, with all that they are given. */
void functions_read(struct model *model);
/* Maps of their BARs, and of what they reach. */
void functions_map(const struct model *model, struct part *part);

/* Is this a function that somebody else has than its bus? */
bool function_is_apart(const struct model *model, const struct board_device *device);
/* Functions of this bridge that are apart. */
uint32_t bridge_apart(const struct model *model, const struct board_device *bridge);
/* The index-th range of registers that the owner has: windows of a bridge without what is apart. */
struct range device_range(const struct model *model, const struct board_device *device, uint32_t index);
/* Where the function's configuration is, as the CPU sees it. */
struct range function_config(const struct board_device *function);
/* The next run of requesters of a bridge, from `*first` on, that its owner has; false: none is left. Runs break at what is apart. */
bool bridge_run(const struct model *model, const struct board_device *bridge, uint32_t *first, uint32_t *count);
/* The bridge whose functions the partition has, NULL: none. Functions of one bridge alone can be given to a partition. */
const struct board_device *part_bridge(const struct part *part);
/* "00:0e.0" */
const char *function_name(const struct board_device *function);
/* Is one of the two a bridge, and the other a function on it? */
bool are_bus_and_function(const struct board_device *a, const struct board_device *b);

#endif
