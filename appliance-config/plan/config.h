/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resolved configuration: what the Kconfig front end found for every
 * symbol, and which assignments did not take effect. It must not know what
 * a symbol means.
 */
#ifndef PLAN_CONFIG_H
#define PLAN_CONFIG_H

#include "text.h"

struct config_symbol {
	const char *name;  /* without CONFIG_ */
	const char *value;
};

/* An assignment that did not take effect. */
struct config_problem {
	const char *kind;   /* unknown, range, value, blocked, twice, again, board, version */
	const char *name;
	const char *typed;
	const char *detail; /* depends on the kind: range, condition, the other symbol ... */
};

struct config {
	struct config_symbol *symbols;
	size_t symbol_count;
	struct config_problem *problems;
	size_t problem_count;
};

/* Returns: NULL, or what is wrong with the file. */
const char *config_parse(struct config *config, struct bytes file);

/* Value of a symbol whose name is built printf-like; "" if it has none. */
const char *config_get(const struct config *config, const char *format, ...) PRINTF_LIKE(2, 3);
bool config_bool(const struct config *config, const char *format, ...) PRINTF_LIKE(2, 3);
uint64_t config_number(const struct config *config, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
