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

#endif
