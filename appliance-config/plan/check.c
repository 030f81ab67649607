/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the table of checks and keeps what they find. It must not know any rule. */
#include "check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void find(struct findings *findings, const char *format, ...)
{
	char message[2048];
	va_list list;

	va_start(list, format);
	vsnprintf(message, sizeof(message), format, list);
	va_end(list);
	text_add(&findings->messages, "error[%s]: %s\n", findings->id, message);
	findings->error_count++;
}

bool check_phase(const struct model *model, enum check_phase phase, const char *disabled, struct findings *findings)
{
	for (size_t i = 0; i < check_count; i++) {
		if (checks[i].phase != phase || (disabled && strcmp(disabled, checks[i].id) == 0))
			continue;
		findings->id = checks[i].id;
		checks[i].run(model, findings);
	}
	return findings->error_count == 0;
}

const char *range_text(struct range range)
{
	return mem_format("0x%" PRIx64 "..0x%" PRIx64, range.base, range.size ? range_end(range) - 1 : range.base);
}
