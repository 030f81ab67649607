/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The board's console: a PL011 (ARM DDI 0183); and its clock. It must not
 * know who prints, nor what is typed.
 */
#include <hyp/arch.h>
#include <hyp/upcall.h>

#include "gic.h"
#include "plan_arm64.h"
#include "uart.h"

#define UARTDR 0x000u
#define UARTFR 0x018u
#define UARTLCR_H 0x02cu
#define UARTCR 0x030u
#define UARTIMSC 0x038u
#define UARTICR 0x044u

#define DR_BAD 0xf00u /* overrun, break, parity, framing */
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define LCR_8BIT_FIFO 0x70u
#define CR_ENABLE 0x301u /* UART, transmitter, receiver */
#define INT_RX 0x50u     /* receive and its time-out */
#define INT_TX 0x20u

#define TYPED_PIECE 32u /* bytes taken in one interrupt: the largest FIFO */

static struct lock typed_lock;

static uint32_t uart_read(uint32_t offset)
{
	return *(volatile uint32_t *)(plan.arch->uart.v + offset);
}

static void uart_write(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(plan.arch->uart.v + offset) = value;
}

void uart_init(void)
{
	uart_write(UARTIMSC, 0);
	uart_write(UARTLCR_H, LCR_8BIT_FIFO);
	uart_write(UARTCR, CR_ENABLE);
	uart_write(UARTICR, INT_RX);
	uart_write(UARTIMSC, INT_RX);
}

bool arch_uart_put(uint8_t byte)
{
	if (uart_read(UARTFR) & FR_TXFF)
		return false;
	uart_write(UARTDR, byte);
	return true;
}

int arch_uart_get(void)
{
	uint32_t value;

	while (!(uart_read(UARTFR) & FR_RXFE)) {
		value = uart_read(UARTDR);
		if (!(value & DR_BAD))
			return (int)(value & 0xffu);
	}
	return -1;
}

/* The transmit interrupt is never cleared by hand: it goes when the FIFO is filled over its mark, and comes back when it
 * drains. Cleared while the FIFO is below the mark it would never come back. */
void arch_uart_want_room(bool is_wanted)
{
	uart_write(UARTIMSC, is_wanted ? INT_RX | INT_TX : INT_RX);
}

void arch_uart_route(const struct plan_cpu *cpu)
{
	gic_irq_configure(plan.arch->uart_irq, false);
	gic_irq_route(plan.arch->uart_irq, cpu);
	gic_irq_enable(plan.arch->uart_irq);
}

/* An interrupt that a key has sent to another CPU may come there before this handler ends (QEMU's GICv2 counts it as active
 * where it was taken, and nowhere else): the lock keeps the look at FR and the read of DR together, and bytes in order. */
void uart_irq(void)
{
	int byte;

	lock_take(&typed_lock);
	for (uint32_t i = 0; i < TYPED_PIECE && (byte = arch_uart_get()) >= 0; i++)
		console_typed((uint8_t)byte);
	lock_drop(&typed_lock);
	console_pump();
}

uint32_t board_clock_s(uint32_t otherwise)
{
	return plan.arch->rtc.v ? *(volatile uint32_t *)plan.arch->rtc.v : otherwise; /* PL031 RTCDR, its first register */
}
