/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of names that a user gives to ports, disks, cables and channels. */
#include "check_names.h"

#include <string.h>

#include "check_list.h"

static const char *name_of(const struct names *names, uint32_t i)
{
	const char *name;

	memcpy(&name, (const char *)names->first + i * names->stride + names->name_at, sizeof(name));
	return name;
}

static uint32_t number_of(const struct names *names, uint32_t i)
{
	uint32_t number;

	memcpy(&number, (const char *)names->first + i * names->stride + names->number_at, sizeof(number));
	return number;
}

void names_bad(struct names names, struct findings *f)
{
	for (uint32_t i = 0; i < names.count; i++)
		if (!io_name_is_good(name_of(&names, i)))
			find(f, "CONFIG_%s%u_NAME=\"%s\": a name begins with a small letter and has small letters, digits and '-', at most %d; change it", names.kind,
			     number_of(&names, i), name_of(&names, i), IO_NAME_MAX_BYTES);
}

/* A name of one list against those of another, from `from` on. */
static void find_same(const struct names *names, uint32_t i, const struct names *others, uint32_t from, struct findings *f)
{
	for (uint32_t j = from; j < others->count; j++)
		if (strcmp(name_of(names, i), name_of(others, j)) == 0)
			find(f, "CONFIG_%s%u_NAME and CONFIG_%s%u_NAME are both \"%s\"; give one of them another name", names->kind, number_of(names, i), others->kind,
			     number_of(others, j), name_of(names, i));
}

void names_twice(struct names names, struct findings *f)
{
	for (uint32_t i = 0; i < names.count; i++)
		find_same(&names, i, &names, i + 1, f);
}

void names_shared(struct names names, struct names others, struct findings *f)
{
	for (uint32_t i = 0; i < names.count; i++)
		find_same(&names, i, &others, 0, f);
}
