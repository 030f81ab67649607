/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake machine itself: trace, and the jump back to the test. It must not
 * know the hooks.
 */
#include "fake.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct fake fake;

void fake_begin(void)
{
	memset(&fake, 0, sizeof(fake));
	for (uint32_t i = 0; i < PLAN_CPU_MAX; i++)
		fake.timer[i] = UINT64_MAX;
	fake.device_deadline = UINT64_MAX;
	fake.uart_room = UINT32_MAX;
}

void fake_trace_clear(void)
{
	fake.trace_length = 0;
	fake.trace[0] = '\0';
}

void fake_note(const char *format, ...)
{
	va_list list;
	int count;

	va_start(list, format);
	count = vsnprintf(fake.trace + fake.trace_length, sizeof(fake.trace) - fake.trace_length - 2, format, list);
	va_end(list);
	if (count > 0 && fake.trace_length + (size_t)count + 2 < sizeof(fake.trace)) {
		fake.trace_length += (size_t)count;
		fake.trace[fake.trace_length++] = '\n';
		fake.trace[fake.trace_length] = '\0';
	}
}

bool fake_traced(const char *text, const char *after)
{
	const char *from = after ? strstr(fake.trace, after) : fake.trace;

	return from && strstr(from, text);
}

uint32_t fake_count(const char *text)
{
	uint32_t count = 0;

	for (const char *at = strstr(fake.trace, text); at; at = strstr(at + 1, text))
		count++;
	return count;
}

enum fake_end fake_run(uint32_t cpu, void (*function)(void *), void *argument)
{
	int end;

	fake.cpu = cpu;
	fake.end_is_set = true;
	end = setjmp(fake.end);
	if (end == 0)
		function(argument);
	fake.end_is_set = false;
	return (enum fake_end)end;
}
