/* SPDX-License-Identifier: Apache-2.0 */
/* System registers by name: a list, searched. It must not know what any of them means. */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct { const char *name; uint64_t value; } written[64];
static uint32_t written_count;
static uint64_t otherwise;

void machine_begin(uint64_t value)
{
	written_count = 0;
	otherwise = value;
}

static uint32_t place_of(const char *name)
{
	uint32_t at = 0;

	while (at < written_count && strcmp(written[at].name, name) != 0)
		at++;
	return at;
}

uint64_t machine_read(const char *name)
{
	uint32_t at = place_of(name);

	return at < written_count ? written[at].value : otherwise;
}

void machine_write(const char *name, uint64_t value)
{
	uint32_t at = place_of(name);

	if (at == sizeof(written) / sizeof(written[0])) {
		printf("# more registers are written than there is room for\n");
		abort();
	}
	written[at].name = name;
	written[at].value = value;
	written_count += at == written_count;
}
