/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's device tree while libfdt writes it, front to back: nodes and
 * properties. The first error is kept and everything goes on. It must not
 * know what a node is for.
 */
#ifndef PLAN_DT_H
#define PLAN_DT_H

#include <libfdt.h>

#include "model.h"

enum { DTB_ROOM = 4 << 20, SYMBOL_MAX = 160 };

struct dt {
	char *blob;
	int error;               /* first of libfdt's errors */
	const struct model *model;
	struct part *part;
	const struct board *board;
	const struct board_device *device; /* that is being copied */
	const char *labels[SYMBOL_MAX], *paths[SYMBOL_MAX];
	uint32_t label_count;
	int clocks[SYMBOL_MAX];  /* board nodes of clocks that were copied */
	uint32_t clock_count;
};

void dt_note(struct dt *dt, int error);
void dt_begin(struct dt *dt, const char *name);
void dt_end(struct dt *dt);
void dt_put(struct dt *dt, const char *name, const void *value, size_t size);
void dt_put_flag(struct dt *dt, const char *name);
void dt_put_text(struct dt *dt, const char *name, const char *text);
void dt_put_cells(struct dt *dt, const char *name, const uint32_t *cells, size_t count);
void dt_put_u64s(struct dt *dt, const char *name, const uint64_t *values, size_t count);
/* A node that overlays may name. */
void dt_note_label(struct dt *dt, const char *label, const char *path);

#define PUT_CELLS(dt, name, ...)                                                 \
	dt_put_cells(dt, name, (const uint32_t[]){ __VA_ARGS__ },                \
		     sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))
#define PUT_U64S(dt, name, ...)                                                 \
	dt_put_u64s(dt, name, (const uint64_t[]){ __VA_ARGS__ },                \
		    sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))
#define HIGH(value) ((uint32_t)((uint64_t)(value) >> 32))
#define LOW(value) ((uint32_t)(value))
#define PUT_REG(dt, base, size) PUT_CELLS(dt, "reg", HIGH(base), LOW(base), HIGH(size), LOW(size))

/* The interrupt controller's phandle in the guest: the board's, because devices that are passed on name it. */
uint32_t dt_gic_phandle(const struct dt *dt);

/* device_dt.c: nodes of the devices that the partition owns, with the clocks that they name. */
void dt_put_devices(struct dt *dt);
void dt_put_dma_ranges(struct dt *dt);
/* function_dt.c: a host bridge with the functions that it was given by themselves, and the ITS, inside of the controller's node. */
void dt_put_functions(struct dt *dt);
void dt_put_its(struct dt *dt);
/* io_dt.c: the only memory that its back-ends reach, if that is not all; devices of which it is the front-end, and what it must know as a back-end. */
void dt_put_pool(struct dt *dt);
void dt_put_fronts(struct dt *dt);
void dt_put_backs(struct dt *dt);
/* channel_dt.c: its ends of channels. */
void dt_put_channels(struct dt *dt);

#endif
