/* SPDX-License-Identifier: Apache-2.0 */
/* Names that a user gives to things of a kind: their form, and that no two are the same. It must not know what the things are. */
#ifndef PLAN_CHECK_NAMES_H
#define PLAN_CHECK_NAMES_H

#include <stddef.h>

#include "check.h"

/* A list of things, and where each has its number and its name. */
struct names {
	const char *kind; /* CONFIG_<kind>n_NAME */
	const void *first;
	uint32_t count;
	size_t stride, number_at, name_at;
};

#define NAMES_OF(kind, list, count, type) ((struct names){ kind, list, count, sizeof(type), offsetof(type, number), offsetof(type, name) })

void names_bad(struct names names, struct findings *f);
/* Two of one list. */
void names_twice(struct names names, struct findings *f);
/* One of each. */
void names_shared(struct names names, struct names others, struct findings *f);

#endif
