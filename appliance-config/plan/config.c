/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the front end's output: a line a symbol ("=", name, value) or a
 * problem ("!", kind, name, typed, detail), fields separated by tabs.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *take_field(char **at)
{
	char *field = *at ? *at : "";

	if (*at) {
		char *tab = strchr(*at, '\t');

		if (tab)
			*tab++ = 0;
		*at = tab;
	}
	return field;
}

static bool parse_line(struct config *config, char *line)
{
	const char *kind = take_field(&line);

	if (strcmp(kind, "=") == 0 && line) {
		struct config_symbol *s = &config->symbols[config->symbol_count++];

		s->name = take_field(&line);
		s->value = line ? line : "";
		return true;
	}
	if (strcmp(kind, "!") == 0 && line) {
		struct config_problem *p = &config->problems[config->problem_count++];

		p->kind = take_field(&line);
		p->name = take_field(&line);
		p->typed = take_field(&line);
		p->detail = line ? line : "";
		return true;
	}
	return false;
}

static int compare_symbols(const void *a, const void *b)
{
	return strcmp(((const struct config_symbol *)a)->name, ((const struct config_symbol *)b)->name);
}

const char *config_parse(struct config *config, struct bytes file)
{
	char *copy = mem_get(file.size + 1), *next;
	size_t lines = 1;

	memcpy(copy, file.at, file.size);
	for (size_t i = 0; i < file.size; i++)
		lines += copy[i] == '\n';
	config->symbols = mem_get(lines * sizeof(*config->symbols));
	config->problems = mem_get(lines * sizeof(*config->problems));
	for (char *line = copy; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		if (*line && !parse_line(config, line))
			return mem_format("not a line of a resolved configuration: %.40s", line);
	}
	qsort(config->symbols, config->symbol_count, sizeof(*config->symbols), compare_symbols);
	return NULL;
}

static const char *find_value(const struct config *config, const char *format, va_list list)
{
	char name[128];
	struct config_symbol key = { .name = name }, *found;

	vsnprintf(name, sizeof(name), format, list);
	found = config->symbol_count == 0 ? NULL :
		bsearch(&key, config->symbols, config->symbol_count, sizeof(key), compare_symbols);
	return found ? found->value : "";
}

const char *config_get(const struct config *config, const char *format, ...)
{
	const char *value;
	va_list list;

	va_start(list, format);
	value = find_value(config, format, list);
	va_end(list);
	return value;
}

bool config_bool(const struct config *config, const char *format, ...)
{
	const char *value;
	va_list list;

	va_start(list, format);
	value = find_value(config, format, list);
	va_end(list);
	return strcmp(value, "y") == 0;
}

uint64_t config_number(const struct config *config, const char *format, ...)
{
	const char *value;
	va_list list;

	va_start(list, format);
	value = find_value(config, format, list);
	va_end(list);
	return strtoull(value, NULL, 0);
}
