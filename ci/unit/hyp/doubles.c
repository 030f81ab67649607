/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doubles for the core's output, that note their calls in the trace: for the
 * tests that are not about output. They must not know what is tested.
 */
#include "appliance.h"

#include <hyp/report.h>
#include <hyp/upcall.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool test_seed_is_dry;

void hyp_print(const char *format, ...)
{
	char line[256];
	va_list list;

	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	fake_note("print %s", line);
}

void console_end_line(const struct plan_partition *partition)
{
	fake_note("end line %s", partition->name);
}

void console_input_clear(const struct plan_partition *partition)
{
	fake_note("input clear %s", partition->name);
}

size_t core_seed_take(void *to, size_t size)
{
	static uint8_t next;

	fake_note("seed %zu", size);
	if (test_seed_is_dry)
		return 0;
	memset(to, ++next, size);
	return size;
}

void report_partition(struct vcpu *vcpu, const char *what)
{
	fake_note("report %s.%u: %s", vcpu->partition->name, vcpu->index, what);
}

bool report_piece(struct vcpu *vcpu, const char *what, uint32_t index)
{
	fake_note("report piece %u of %s.%u: %s", index, vcpu->partition->name, vcpu->index, what);
	return index < 3;
}

void console_panic(void)
{
	fake_note("console panic");
}

void panic_assert(const char *file, int line, const char *condition)
{
	fprintf(stderr, "# assertion at %s:%d: %s\n", file, line, condition);
	longjmp(fake.end, FAKE_PANIC);
}

uint64_t console_deadline(void)
{
	return UINT64_MAX;
}

void console_release(void)
{
}

void console_write(const struct plan_partition *partition, const char *bytes, size_t count)
{
	fake_note("console write %s %.*s", partition->name, (int)count, bytes);
}

int console_read(const struct plan_partition *partition)
{
	(void)partition;
	return -1;
}
