/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's console UART and clock beside the hooks of arch.h.
 */
#ifndef ARM64_UART_H
#define ARM64_UART_H

#include <hyp/types.h>

/** 8 bits, FIFOs on, receive interrupts wanted; the line speed stays as firmware set it. Context: boot CPU, once stage 1 is on. */
void uart_init(void);

/** The UART's interrupt: takes what was typed, pumps what waits, in a bounded piece. Context: the CPU that it is routed to. */
void uart_irq(void);

/** Seconds of the board's real-time clock, or `otherwise` where the plan names none. */
uint32_t board_clock_s(uint32_t otherwise);

#endif
