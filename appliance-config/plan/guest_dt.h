/* SPDX-License-Identifier: Apache-2.0 */
/* The device tree that a partition's guest sees. */
#ifndef PLAN_GUEST_DT_H
#define PLAN_GUEST_DT_H

#include "model.h"

/* Builds part->dtb with its seeds. Sets part->dtb_error or part->overlay_error instead where it cannot. */
void guest_dt_build(const struct model *model, struct part *part);

#endif
