/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's PL011 (ARM DDI 0183) on its console ring. It must not know where
 * the ring goes, nor which key was a command.
 *
 * While no input waits the guest sees a page of ours, read only, with all
 * registers in it: a byte that it prints costs the one exit of its write. A
 * read of DR takes a byte, so while input waits the page is out of stage 2
 * and reads exit too. The transmitter takes every byte at once: its FIFO is
 * always empty, and TXRIS is set as soon as the first byte is gone, so the
 * driver sends without waiting for an interrupt.
 */
#include <hyp/arch.h>
#include <hyp/console.h>
#include <hyp/pagetable.h>
#include <hyp/upcall.h>

#include "devices.h"

#define DR 0x000u
#define RSR 0x004u
#define FR 0x018u
#define RIS 0x03cu
#define MIS 0x040u
#define ICR 0x044u

#define FR_TXFE 0x80u
#define FR_RXFE 0x10u
#define INT_TX 0x20u
#define INT_INPUT 0x50u /* RX and its time-out: a byte that waits has reached both, as the trigger level cannot be known to pass time */

#define PERIPHERAL 0x00141011u /* revision 1: 16-byte FIFOs */

/* Registers that only keep what is written: field and mask in the table's argument. */
#define KEPT(field, mask) ((uint32_t)offsetof(struct pl011, field) | (mask) << 16)

static uint32_t *kept_field(struct pl011 *uart, uint32_t arg)
{
	return (uint32_t *)(void *)((char *)uart + (arg & 0xffffu));
}

static uint32_t flags(const struct plan_partition *partition)
{
	return FR_TXFE | (console_has_input(partition) ? 0 : FR_RXFE);
}

static uint32_t raw_status(const struct plan_partition *partition, const struct pl011 *uart)
{
	return uart->ris | (console_has_input(partition) ? INT_INPUT : 0);
}

static void page_put(const struct plan_partition *partition, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(partition->arch->uart_page.v + offset) = value;
}

/* The guest reads the page as device memory; the fence orders our non-cacheable stores before the reads that follow the entry
 * of this vCPU, or the interrupt of another one. */
static void page_write(const struct plan_partition *partition, const struct pl011 *uart)
{
	uint32_t status = raw_status(partition, uart);

	page_put(partition, FR, flags(partition));
	page_put(partition, 0x020, uart->ilpr);
	page_put(partition, 0x024, uart->ibrd);
	page_put(partition, 0x028, uart->fbrd);
	page_put(partition, 0x02c, uart->lcr);
	page_put(partition, 0x030, uart->cr);
	page_put(partition, 0x034, uart->ifls);
	page_put(partition, 0x038, uart->imsc);
	page_put(partition, RIS, status);
	page_put(partition, MIS, status & uart->imsc);
	page_put(partition, 0x048, uart->dmacr);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Page, its presence and the line follow from the state. Context: under the lock. */
static void update(const struct plan_partition *partition, struct pl011 *uart)
{
	bool is_hidden = console_has_input(partition);
	bool is_high = (raw_status(partition, uart) & uart->imsc) != 0;

	page_write(partition, uart);
	if (is_hidden != uart->is_hidden) {
		uart->is_hidden = is_hidden;
		stage2_page_show(partition, partition->arch->uart_ipa, !is_hidden);
	}
	if (is_high != uart->is_high) {
		uart->is_high = is_high;
		vcpu_wake(arch_irq_set_level(partition, partition->arch->uart_irq, is_high));
	}
}

static void update_locked(const struct plan_partition *partition, struct pl011 *uart)
{
	lock_take(&uart->lock);
	update(partition, uart);
	lock_drop(&uart->lock);
}

void arch_console_input(const struct plan_partition *partition)
{
	if (partition->arch->has_uart)
		update_locked(partition, &arm64_partition(partition)->uart);
}

/* ---- registers ---- */

static void data_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	int byte = console_read(vcpu->partition);

	(void)reg;
	device_answer(access, byte < 0 ? 0 : (uint32_t)byte);
	update_locked(vcpu->partition, access->state);
}

static void data_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct pl011 *uart = access->state;
	char byte = (char)access->value;

	(void)reg;
	if (!device_is_written(access))
		return;
	console_write(vcpu->partition, &byte, 1);
	if (__atomic_load_n(&uart->ris, __ATOMIC_RELAXED) & INT_TX)
		return;
	lock_take(&uart->lock);
	uart->ris |= INT_TX;
	update(vcpu->partition, uart);
	lock_drop(&uart->lock);
}

static void flags_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)reg;
	device_answer(access, flags(vcpu->partition));
}

static void status_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	const struct pl011 *uart = access->state;
	uint32_t mask = reg->offset == MIS ? uart->imsc : UINT32_MAX;

	device_answer(access, raw_status(vcpu->partition, uart) & mask);
}

static void clear_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct pl011 *uart = access->state;

	(void)reg;
	if (!device_is_written(access))
		return;
	lock_take(&uart->lock);
	uart->ris &= ~(uint32_t)access->value;
	update(vcpu->partition, uart);
	lock_drop(&uart->lock);
}

static void kept_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	device_answer(access, *kept_field(access->state, reg->arg));
}

static void kept_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct pl011 *uart = access->state;

	if (!device_is_written(access))
		return;
	lock_take(&uart->lock);
	*kept_field(uart, reg->arg) = (uint32_t)access->value & reg->arg >> 16;
	update(vcpu->partition, uart);
	lock_drop(&uart->lock);
}

void primecell_id_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	device_answer(access, primecell_id(reg->arg, access->offset));
}

static const struct mmio_reg regs[] = {
	{ DR, 4, PRIMECELL_WIDTHS, data_read, data_write, 0, "UARTDR" },
	{ RSR, 4, PRIMECELL_WIDTHS, NULL, NULL, 0, "UARTRSR: no byte ever arrives with an error" },
	{ FR, 4, PRIMECELL_WIDTHS, flags_read, NULL, 0, "UARTFR: read only; no modem lines" },
	{ 0x020, 4, PRIMECELL_WIDTHS, kept_read, kept_write, KEPT(ilpr, 0xffu), "UARTILPR: no infrared" },
	{ 0x024, 4, PRIMECELL_WIDTHS, kept_read, kept_write, KEPT(ibrd, 0xffffu), "UARTIBRD: no line, no speed" },
	{ 0x028, 4, PRIMECELL_WIDTHS, kept_read, kept_write, KEPT(fbrd, 0x3fu), "UARTFBRD" },
	{ 0x02c, 4, PRIMECELL_WIDTHS, kept_read, kept_write, KEPT(lcr, 0xffu), "UARTLCR_H" },
	{ 0x030, 4, PRIMECELL_WIDTHS, kept_read, kept_write, KEPT(cr, 0xff87u), "UARTCR: no loopback; disabled, it still prints" },
	{ 0x034, 4, PRIMECELL_WIDTHS, kept_read, kept_write, KEPT(ifls, 0x3fu), "UARTIFLS" },
	{ 0x038, 4, PRIMECELL_WIDTHS, kept_read, kept_write, KEPT(imsc, 0x7ffu), "UARTIMSC" },
	{ RIS, 4, PRIMECELL_WIDTHS, status_read, NULL, 0, "UARTRIS: read only" },
	{ MIS, 4, PRIMECELL_WIDTHS, status_read, NULL, 0, "UARTMIS: read only" },
	{ ICR, 4, PRIMECELL_WIDTHS, NULL, clear_write, 0, "UARTICR: write only" },
	{ 0x048, 4, PRIMECELL_WIDTHS, kept_read, kept_write, KEPT(dmacr, 7u), "UARTDMACR: no DMA" },
	{ PRIMECELL_ID, 32, PRIMECELL_WIDTHS, primecell_id_read, NULL, PERIPHERAL, "UARTPeriphID, UARTPCellID: read only" },
};

const struct mmio_block pl011_block = { .name = "PL011", .regs = regs, .reg_count = ARRAY_COUNT(regs), .rest_is_zero = true };

void pl011_reset(const struct plan_partition *partition)
{
	struct pl011 *uart = &arm64_partition(partition)->uart;

	lock_take(&uart->lock);
	uart->cr = 0x300;
	uart->ifls = 0x12;
	uart->ilpr = uart->ibrd = uart->fbrd = uart->lcr = uart->imsc = uart->ris = uart->dmacr = 0;
	uart->is_high = false;
	arch_clear(partition->arch->uart_page, PAGE_SIZE);
	for (uint32_t offset = PRIMECELL_ID; offset < PAGE_SIZE; offset += 4)
		page_put(partition, offset, primecell_id(PERIPHERAL, offset));
	update(partition, uart);
	lock_drop(&uart->lock);
}
