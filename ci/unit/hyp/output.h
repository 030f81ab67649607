/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of output share: a clean console, and what the UART showed.
 */
#ifndef CI_UNIT_HYP_OUTPUT_H
#define CI_UNIT_HYP_OUTPUT_H

#include <hyp/console.h>

#include <string.h>

#include "appliance.h"

/* Moves everything that may be shown now. */
static inline void drain(void)
{
	for (int i = 0; i < 10000 && console_pump(); i++)
		;
}

static inline void forget(void)
{
	drain();
	fake.uart_output_count = 0;
	fake.uart_output[0] = '\0';
	fake_trace_clear();
}

/* All CPUs up, the console shows `mode`, keys go to `focus`, and nothing waits. */
static inline void output_begin(enum console_mode mode, uint32_t focus)
{
	appliance_up();
	fake.cpu = 0;
	console_show(CONSOLE_ALL, focus);
	for (uint32_t i = 0; i < PARTITIONS; i++) /* ends lines that the last test left open */
		console_write(&test_partitions[i], "\n", 1);
	drain();
	for (uint32_t i = 0; i < PARTITIONS; i++)
		test_rings[i].head = test_rings[i].tail = test_rings[i].line_end = 0;
	console_show(mode, focus);
	forget();
}

static inline void output_write(uint32_t partition, const char *text)
{
	console_write(&test_partitions[partition], text, strlen(text));
}

static inline void type(const char *keys)
{
	for (; *keys; keys++)
		console_typed((uint8_t)*keys);
}

static inline bool is_shown(const char *text)
{
	if (strcmp(fake.uart_output, text) != 0)
		printf("# the UART showed: %s\n", fake.uart_output);
	return strcmp(fake.uart_output, text) == 0;
}

static inline bool has_shown(const char *text)
{
	return strstr(fake.uart_output, text) != NULL;
}

#endif
