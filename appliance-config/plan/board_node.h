/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a board's device tree: properties of one node, as numbers and
 * text. It must not know which nodes a board has.
 */
#ifndef PLAN_BOARD_NODE_H
#define PLAN_BOARD_NODE_H

#include <libfdt.h>

#include "board.h"

/* `count` cells as one number. */
uint64_t node_cells(const fdt32_t *cells, int count);
/* The index-th entry of `reg`; false if there is none. */
bool node_reg(const void *fdt, int node, uint32_t index, struct range *out);
/* A property that is text; `otherwise` if it is not there, or is none. */
const char *node_string(const void *fdt, int node, const char *name, const char *otherwise);
/* A property of one cell; `otherwise` as above. */
uint32_t node_number(const void *fdt, int node, const char *name, uint32_t otherwise);
bool node_is(const void *fdt, int node, const char *compatible);
/* Entries of `interrupts`, three cells each; returns how many. */
uint32_t node_irqs(const void *fdt, int node, struct board_irq out[BOARD_DEVICE_IRQ_MAX]);
/* NULL: none. */
const char *node_label(const void *fdt, int node);

/* board_pci.c: windows and interrupts of the host bridge `bridge`; then its functions, each a device behind it. */
void board_read_bridge(const struct board *board, struct board_device *bridge);
void board_read_functions(struct board *board, struct board_device *bridge);

/* board.c: a device with its names; NULL: it has no label, or there are too many. It counts once board->device_count does. */
struct board_device *board_new_device(struct board *board, int node);

#endif
