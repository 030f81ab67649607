/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console: a PL011, or Bulkhead's console calls; and stdio's three streams over it. It must not know who prints.
 */

#include <stdio.h>
#include <string.h>

#include <libfdt.h>

#include <rt/bulkhead.h>
#include <rt/console.h>
#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/sysreg.h>
#include <rt/tree.h>

#define UART_DR		0x00
#define UART_FR		0x18
#define UART_CR		0x30
#define UART_IMSC	0x38
#define UART_ICR	0x44
#define UART_LCR_H	0x2c

#define FR_TXFF		(1u << 5)
#define FR_RXFE		(1u << 4)
#define INT_RX		(1u << 4 | 1u << 6)	/* receive, receive timeout */

static struct {
	uint64_t uart;		/* 0: none */
	int irq;
	bool calls;		/* by Bulkhead's calls */
	bool by_irq;		/* input comes to the ring by interrupt */
	char ring[256];
	volatile unsigned head;	/* (handler) next free */
	volatile unsigned tail;	/* (reader) next to read */
} console;

void console_init(void)
{
	struct tree_range regs;
	const char *path = tree_string("/chosen", "stdout-path");
	int node = path ? fdt_path_offset_namelen(tree_blob(), path, (int)strcspn(path, ":")) : -1;
	char wanted[8] = "";

	tree_option("console", wanted, sizeof(wanted));
	if (node >= 0 && !fdt_node_check_compatible(tree_blob(), node, "arm,pl011") && strcmp(wanted, "hvc")) {
		tree_reg(node, 0, &regs);
		console.uart = regs.base;
		console.irq = tree_irq(node, 0);
		mmio_write32(console.uart + UART_LCR_H, 3u << 5 | 1u << 4);	/* 8 bits, FIFOs */
		mmio_write32(console.uart + UART_CR, 1u << 9 | 1u << 8 | 1u);	/* receive, transmit, enable */
	} else {
		console.calls = bulkhead_present();
	}
}

static int read_device(void)
{
	char c;

	if (console.calls)
		return bulkhead_console_read(&c, 1) == 1 ? (unsigned char)c : -1;
	if (!console.uart || mmio_read32(console.uart + UART_FR) & FR_RXFE)
		return -1;
	return (int)(mmio_read32(console.uart + UART_DR) & 0xff);
}

static void take_input(unsigned irq, void *arg)
{
	(void)irq;
	(void)arg;
	mmio_write32(console.uart + UART_ICR, INT_RX);
	for (int c = read_device(); c >= 0; c = read_device()) {
		if (console.head - console.tail < sizeof(console.ring))
			console.ring[console.head++ % sizeof(console.ring)] = (char)c;
	}
}

void console_init_irq(void)
{
	if (!console.uart || console.irq < 0 || !irq_gic()->version)
		return;
	irq_set_handler((unsigned)console.irq, take_input, NULL);
	irq_enable((unsigned)console.irq);
	mmio_write32(console.uart + UART_IMSC, INT_RX);
	console.by_irq = true;
}

void console_put(char c)
{
	if (console.calls) {
		while (bulkhead_console_write(&c, 1) == 0)
			cpu_relax();
	} else if (console.uart) {
		while (mmio_read32(console.uart + UART_FR) & FR_TXFF)
			cpu_relax();
		mmio_write32(console.uart + UART_DR, (unsigned char)c);
	}
}

int console_poll(void)
{
	if (!console.by_irq)
		return read_device();
	if (console.tail == console.head)
		return -1;
	return (unsigned char)console.ring[console.tail++ % sizeof(console.ring)];
}

static int stream_put(char c, FILE *stream)
{
	(void)stream;
	if (c == '\n')
		console_put('\r');
	console_put(c);
	return (unsigned char)c;
}

/* Masked between the look and the WFI, so that an interrupt which comes then still wakes it. */
static int stream_get(FILE *stream)
{
	int c;

	(void)stream;
	irq_mask();
	for (c = console_poll(); c < 0; c = console_poll()) {
		if (console.by_irq)
			cpu_wfi();
		irq_unmask();
		cpu_relax();
		irq_mask();
	}
	irq_unmask();
	return c;
}

static FILE stream = FDEV_SETUP_STREAM(stream_put, stream_get, NULL, _FDEV_SETUP_RW);

FILE *const stdin = &stream;
FILE *const stdout = &stream;
FILE *const stderr = &stream;
