/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of the device tree. The planner wrote it for this program, so what is wrong is a mistake to be told, with the node's path, and
 * then the end. It must not know what a property is for.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include <rt/tree.h>

#include "io.h"

void read_fail(int node, const char *format, ...)
{
	char path[128];
	va_list args;

	if (fdt_get_path(tree_blob(), node, path, sizeof(path)))
		strcpy(path, "?");
	printf("io: device tree, %s: ", path);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	exit(1);
}

/* The property, and its size; NULL: not there. */
static const void *find(int node, const char *name, uint32_t *bytes)
{
	int size = 0;
	const void *at = fdt_getprop(tree_blob(), node, name, &size);

	*bytes = at && size > 0 ? (uint32_t)size : 0;
	return at;
}

static const void *find_sized(int node, const char *name, uint32_t bytes)
{
	uint32_t size;
	const void *at = find(node, name, &size);

	if (at && size != bytes)
		read_fail(node, "%s has %u bytes instead of %u", name, (unsigned)size, (unsigned)bytes);
	return at;
}

bool read_has(int node, const char *name)
{
	uint32_t bytes;

	return find(node, name, &bytes) != NULL;
}

const char *read_text(int node, const char *name)
{
	uint32_t bytes;
	const char *text = find(node, name, &bytes);

	if (!text || !bytes || text[bytes - 1])
		read_fail(node, "%s is missing, or no string", name);
	return text;
}

bool read_cells(int node, const char *name, uint32_t *to, uint32_t count)
{
	const uint8_t *at = find_sized(node, name, count * 4);

	for (uint32_t n = 0; at && n < count; n++)
		to[n] = fdt32_ld((const fdt32_t *)(const void *)(at + 4 * n));
	return at;
}

bool read_u64s(int node, const char *name, uint64_t *to, uint32_t count)
{
	const uint8_t *at = find_sized(node, name, count * 8);

	for (uint32_t n = 0; at && n < count; n++)
		to[n] = fdt64_ld((const fdt64_t *)(const void *)(at + 8 * n));
	return at;
}

uint32_t read_u32(int node, const char *name)
{
	uint32_t value = 0;

	if (!read_cells(node, name, &value, 1))
		read_fail(node, "%s is missing", name);
	return value;
}

uint32_t read_u32_or(int node, const char *name, uint32_t otherwise)
{
	uint32_t value = otherwise;

	read_cells(node, name, &value, 1);
	return value;
}

uint32_t read_bytes(int node, const char *name, uint32_t unit, const uint8_t **at)
{
	uint32_t bytes;

	*at = find(node, name, &bytes);
	if (bytes % unit)
		read_fail(node, "%s has %u bytes, which is no multiple of %u", name, (unsigned)bytes, (unsigned)unit);
	return bytes;
}
