/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_CONSOLE_H
#define RT_CONSOLE_H

/*
 * The console under stdio: the PL011 that the device tree's stdout-path names, or Bulkhead's console calls where the
 * command line says `console=hvc`, or there is no PL011. Output waits for room; input is kept in a small ring.
 */

#include <stdbool.h>
#include <stddef.h>

/** (runtime) Finds it; before that, output is lost. Then, with interrupts up: input by interrupt. */
void console_init(void);
void console_init_irq(void);

void console_put(char c);

/** The next character of input, or -1 if none waits. */
int console_poll(void);

#endif
