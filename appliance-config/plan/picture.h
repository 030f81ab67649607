/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.svg: the plan as one picture. It reads the model and must not choose
 * anything.
 */
#ifndef PLAN_PICTURE_H
#define PLAN_PICTURE_H

#include "model.h"

/* Appends the SVG document of a laid-out model. */
void emit_map(const struct model *model, struct text *out);

/* What pieces of the picture share: its width, rows of text, boxes, and the colour of a partition (-1: what is nobody's). */
enum { PICTURE_WIDTH = 1120, MARGIN = 32, LINE = 20 };

void picture_words(struct text *out, int x, int y, const char *style, const char *words);
void picture_box(struct text *out, int x, int y, int width, int height, const char *fill, const char *more);
void picture_title(struct text *out, int *y, const char *words);
const char *picture_colour(int32_t part);

/* picture_io.c: switches with their ports, disks. Nothing is drawn where there are none. */
void picture_network(const struct model *model, struct text *out, int *y);
void picture_disks(const struct model *model, struct text *out, int *y);
void picture_cables(const struct model *model, struct text *out, int *y);
void picture_channels(const struct model *model, struct text *out, int *y);

#endif
