/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest of `make bench` for device pages, with devback on another CPU: rings a doorbell while the back-end sleeps, and
 * acknowledges an interrupt in its handler, between marks that the harness finds in this program's symbols. It must not
 * measure anything itself, nor know what the operations cost.
 */
#include <assert.h>
#include <stdio.h>

#include <abi/device.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "../devback/devcmd.h"

#define REPEAT		64u	/* the harness knows it by the symbol below */
#define SETTLE_TICKS	20000u	/* until the back-end sleeps again */

__asm__(".globl bench_repeat\n.set bench_repeat, 64");
static_assert(REPEAT == 64, "the symbol above");

static uint64_t page;
static volatile bool arrived;

/* begin_<figure> and end_<figure>: one instruction each that nothing else executes. */
#define MARKS(name)											\
	__attribute__((noinline)) static void begin_##name(void) { __asm__ volatile("nop // begin " #name); }	\
	__attribute__((noinline)) static void end_##name(void) { __asm__ volatile("nop // end " #name); }

MARKS(doorbell_el2_instructions)
MARKS(virtio_ack_el2_instructions)

static void settle(void)
{
	uint64_t end = time_ticks() + SETTLE_TICKS;

	while (time_ticks() < end)
		cpu_relax();
}

static void ring(uint32_t queue)
{
	uint32_t wakes = mmio_read32(page + DEV_WAKES);

	begin_doorbell_el2_instructions();
	mmio_write32(page + DEVICE_QUEUE_NOTIFY, queue);
	end_doorbell_el2_instructions();
	while (mmio_read32(page + DEV_WAKES) == wakes)
		cpu_relax();
	settle();
}

static void arrive(unsigned irq, void *arg)
{
	(void)irq;
	(void)arg;
	begin_virtio_ack_el2_instructions();
	mmio_write32(page + DEVICE_INTERRUPT_ACK, DEVICE_INTERRUPT_USED);
	end_virtio_ack_el2_instructions();
	arrived = true;
}

static void ring_and_wait(void)
{
	arrived = false;
	mmio_write32(page + DEVICE_QUEUE_NOTIFY, 0);
	while (!arrived)
		cpu_relax();
	settle();
}

int main(void)
{
	int node = tree_find("virtio,mmio");
	struct tree_range regs = { 0, 0 };

	tree_reg(node, 0, &regs);
	page = regs.base;
	irq_set_handler((unsigned)tree_irq(node, 0), arrive, NULL);
	irq_enable((unsigned)tree_irq(node, 0));
	mmio_write32(page + DEVICE_STATUS, 1);	/* answered: the back-end is up */

	printf("BENCH ready\n");
	getchar();		/* until the harness has its trace on */
	for (unsigned i = 0; i < REPEAT; i++)
		ring(DEV_SILENT);
	for (unsigned i = 0; i < REPEAT; i++)
		ring_and_wait();
	printf("\nBENCH done\n");
	return 0;
}
