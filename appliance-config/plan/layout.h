/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses: where things stand in each guest's RAM, and where everything
 * stands in physical memory. Users give sizes; addresses are chosen here.
 */
#ifndef PLAN_LAYOUT_H
#define PLAN_LAYOUT_H

#include "model.h"

/* Places image, initrd and entry in each partition's own address space. */
void layout_guests(struct model *model);

/* Places hypervisor, image store and guests' RAM; what finds no room keeps size 0. Needs the device trees. */
void layout_memory(struct model *model);

/* Registers that the hypervisor emulates for a partition. */
void emuls_list(const struct model *model, struct part *part);

/* Maps of stage 1 and stage 2, page-table pages, loads. */
void layout_tables(struct model *model);

/* Bytes that a partition must keep in the image store. */
uint64_t store_bytes(const struct part *part);

/* 4 KiB tables that a walk with its root at level 1 (39 bits) needs for these maps, the root counted. */
uint32_t table_pages(const struct map *maps, uint32_t count);

/* Every range of physical memory that is spoken for: reserved, hypervisor, store, RAM. Returns how many. */
enum { OWNED_MAX = 3 + PART_MAX + BOARD_RESERVED_MAX + DISK_MAX };
uint32_t owned_ranges(const struct model *model, struct owned_range out[OWNED_MAX]);

#endif
