/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_CONSOLE_H
#define BOOT_CONSOLE_H

/* Words on the firmware's console, until the firmware is left. */

#include <stddef.h>
#include <stdint.h>

/* %s text, %x 64-bit hexadecimal with 0x, %u 64-bit decimal, %c a character given as int, %% itself. Every number is a uint64_t. */
void console_print(const char *format, ...);

/* Waits for a line: printable ASCII, echoed. */
void console_read_line(char *to, size_t size);

#endif
