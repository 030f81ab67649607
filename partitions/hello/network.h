/* SPDX-License-Identifier: Apache-2.0 */
/* hello's network; without a port all of it does nothing. */
#ifndef HELLO_NETWORK_H
#define HELLO_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

/** Takes the port, if there is one, and an address; serves the web page on it. Prints what it does, or why it cannot. */
void network_start(void);

/** What came is served. Returns: nanoseconds until it wants to be called again. */
uint64_t network_serve(void);

/** Asks for an interrupt with the next frame. Returns: whether one waits already, so that nobody should sleep. Context: interrupts masked. */
bool network_arm(void);

#endif
