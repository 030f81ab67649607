/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual interrupt controller case by case: what its registers show and refuse, and lines and edges of devices. It is
 * compared with the model at every step, so a case is a sequence and what it must lead to.
 */
#include "cases.h"

/* ---- registers ---- */

static const uint32_t files[] = {
	GICD_IGROUPR, GICD_ISENABLER, GICD_ICENABLER, GICD_ISPENDR, GICD_ICPENDR, GICD_ISACTIVER, GICD_ICACTIVER, GICD_IPRIORITYR, GICD_ICFGR,
};

/* Every register of the file, up to the last interrupt that a distributor here can have. */
static void each_word(uint32_t file, bool is_write, uint32_t value)
{
	struct place at = place(file, 0);
	uint32_t first;

	for (at.word = 0; (void)world_irqs(&at, &first), first < VGIC_PRIVATE + VGIC_SPI_MAX; at.word++)
		if (is_write)
			world_write(&at, value);
		else
			(void)world_read(&at);
}

static void test_reset_values(void)
{
	begin(4);
	world_reset(ALPHA);
	for (uint32_t v = 0; v < 3u; v++)
		world_load(ALPHA, v);
	for (uint32_t n = 0; n < ARRAY_COUNT(files); n++)
		each_word(files[n], false, 0);
	CHECK(world_access(ALPHA, 0, &vgicd_block, GICD_CTLR, 0, false) == (GIC == 3 ? GICD_CTLR_ARE | GICD_CTLR_DS : 0));
	CHECK(GICD_TYPER_LINES(world_access(ALPHA, 0, &vgicd_block, GICD_TYPER, 0, false)) == 2);
	CHECK(!world_wrong);
}

/* Its own takes every bit, what is not its own takes none. */
static void test_foreign_bits(void)
{
	begin(16);
	for (uint32_t n = 0; n < ARRAY_COUNT(files); n++) {
		each_word(files[n], true, UINT32_MAX);
		world_settle();
		for (uint32_t m = 0; m < ARRAY_COUNT(files); m++)
			each_word(files[m], false, 0);
	}
	CHECK(!world_wrong);
}

static void test_routes(void)
{
	begin(4);
	world_route(ALPHA, 1, UART_IRQ, GIC == 2 ? 0xff : 2, false);
	CHECK(world_read_route(ALPHA, 0, UART_IRQ) == (GIC == 2 ? 7 : 2));
	world_route(ALPHA, 1, 50, 1, false);
	CHECK(world_read_route(ALPHA, 0, 50) == 0);
	world_route(ALPHA, 1, 287, 1, false);
	CHECK(world_read_route(ALPHA, 0, 287) == 0);
#if GIC == 3
	world_route(ALPHA, 0, UART_IRQ, 1, true);
	CHECK(world_read_route(ALPHA, 0, UART_IRQ) == (BIT(31) | 1));
	world_route(ALPHA, 0, UART_IRQ, 0x100, false);
	world_line(ALPHA, 0, UART_IRQ, true, 0);
	world_settle();
	CHECK(take(0) == NO_IRQ && take(1) == NO_IRQ); /* affinity 0.0.1.0 is nobody */
#else
	CHECK(world_read_route(ALPHA, 1, 5) == 2 && world_read_route(ALPHA, 2, 31) == 4);
	world_route(ALPHA, 1, 5, 1, false);
	CHECK(world_read_route(ALPHA, 1, 5) == 2);
	world_route(BETA, 0, UART_IRQ, 0, false); /* a single vCPU has everything */
	world_load(BETA, 0);
	world_line(BETA, 0, UART_IRQ, true, 0);
	CHECK(take(SHARED_CPU) == UART_IRQ);
#endif
	CHECK(!world_wrong);
}

/* Tables are searched by halves. */
static void test_tables_sorted(void)
{
	const struct mmio_block *blocks[] = {
		&vgicd_block,
#if GIC == 3
		&vgicr_block,
#endif
	};

	for (uint32_t b = 0; b < ARRAY_COUNT(blocks); b++)
		for (uint32_t n = 1; n < blocks[b]->reg_count; n++)
			CHECK(blocks[b]->regs[n - 1u].offset + blocks[b]->regs[n - 1u].size <= blocks[b]->regs[n].offset);
}

#if GIC == 3
static void test_redistributors(void)
{
	begin(4);
	for (uint32_t v = 0; v < 3u; v++) {
		uint32_t frames = v << GICR_FRAMES_SHIFT;

		CHECK((uint32_t)world_access(ALPHA, 0, &vgicr_block, frames + GICR_TYPER, 0, false) == (v << 8 | (v == 2u ? GICR_TYPER_LAST : 0)));
		CHECK(world_access(ALPHA, 0, &vgicr_block, frames + GICR_WAKER, 0, false) == (GICR_WAKER_SLEEP | GICR_WAKER_ASLEEP));
		(void)world_access(ALPHA, 0, &vgicr_block, frames + GICR_WAKER, 0, true);
		CHECK(world_access(ALPHA, 0, &vgicr_block, frames + GICR_WAKER, 0, false) == 0);
	}
	/* what another vCPU has still to do shows as a write that is pending */
	route_to(UART_IRQ, 1);
	world_settle();
	set(0, GICD_ISPENDR, UART_IRQ);
	CHECK(world_access(ALPHA, 0, &vgicd_block, GICD_CTLR, 0, false) & GICD_CTLR_RWP);
	CHECK(world_access(ALPHA, 0, &vgicr_block, GICR_CTLR, 0, false) & GICR_CTLR_RWP);
	world_settle();
	CHECK(!(world_access(ALPHA, 0, &vgicd_block, GICD_CTLR, 0, false) & GICD_CTLR_RWP));
	CHECK(!world_wrong);
}
#endif

/* ---- lines ---- */

static void test_level_again(void)
{
	begin(4);
	world_line(ALPHA, 0, UART_IRQ, true, 2);
	for (uint32_t n = 0; n < 3u; n++)
		CHECK(take(0) == UART_IRQ && end(0) == UART_IRQ);
	world_line(ALPHA, 0, UART_IRQ, false, 2);
	CHECK(take(0) == NO_IRQ);
	world_line(ALPHA, 0, UART_IRQ, true, 1);
	world_settle();
	world_line(ALPHA, 0, UART_IRQ, false, 1); /* fell before it was taken */
	CHECK(take(0) == NO_IRQ);
	CHECK(!world_wrong);
}

static void test_physical_level_again(void)
{
	static const irq_t irqs[] = { 27, LEVEL_IRQ };

	for (uint32_t n = 0; n < ARRAY_COUNT(irqs); n++) {
		begin(4);
		world_line(ALPHA, 0, irqs[n], true, 0);
		CHECK(take(0) == irqs[n] && end(0) == irqs[n]);
		CHECK(take(0) == irqs[n]);
		world_line(ALPHA, 0, irqs[n], false, 0);
		CHECK(end(0) == irqs[n] && take(0) == NO_IRQ);
		CHECK(!world_wrong);
	}
}

static void test_edges(void)
{
	begin(4);
	world_pulse(ALPHA, EDGE_IRQ, 0);
	CHECK(take(0) == EDGE_IRQ);
	world_pulse(ALPHA, EDGE_IRQ, 0);
	CHECK(take(0) == NO_IRQ && end(0) == EDGE_IRQ);
	CHECK(take(0) == EDGE_IRQ && end(0) == EDGE_IRQ && take(0) == NO_IRQ);
	set(0, GICD_ICENABLER, EDGE_IRQ);
	world_pulse(ALPHA, EDGE_IRQ, 0);
	CHECK(take(0) == NO_IRQ);
	set(0, GICD_ISENABLER, EDGE_IRQ);
	CHECK(take(0) == EDGE_IRQ);
	CHECK(!world_wrong);
}

static void test_doorbell(void)
{
	begin(4);
	for (uint32_t ringer = 0; ringer < 3u; ringer++) {
		world_pulse(ALPHA, DOORBELL_IRQ, ringer);
		world_settle();
		world_pulse(ALPHA, DOORBELL_IRQ, ringer); /* before it was taken: one */
		CHECK(take(0) == DOORBELL_IRQ);
		world_pulse(ALPHA, DOORBELL_IRQ, ringer); /* and after: another */
		CHECK(take(0) == NO_IRQ && end(0) == DOORBELL_IRQ);
		CHECK(take(0) == DOORBELL_IRQ && end(0) == DOORBELL_IRQ && take(0) == NO_IRQ);
	}
	CHECK(!world_wrong);
}

/* A front-end that rings and rings does not take its back-end's CPU: from the third ring on nobody is kicked until the guest took
 * what it has. It may come once more than it would from wires. */
static void test_doorbell_storm(void)
{
	uint32_t before;

	begin(4);
	for (int round = 0; round < 3; round++) {
		before = machine.syncs;
		for (int i = 0; i < 100; i++) {
			world_pulse(ALPHA, DOORBELL_IRQ, 1);
			world_settle();
		}
		CHECK(machine.syncs - before <= 2);
		CHECK(take(0) == DOORBELL_IRQ);
		for (int i = 0; i < 100; i++) {
			world_pulse(ALPHA, DOORBELL_IRQ, 1);
			world_settle();
		}
		CHECK(end(0) == DOORBELL_IRQ && take(0) == DOORBELL_IRQ && end(0) == DOORBELL_IRQ);
		CHECK(machine.syncs - before <= 4);
		CHECK(take(0) == NO_IRQ);
		world_pulse(ALPHA, DOORBELL_IRQ, 1);
		CHECK(take(0) == DOORBELL_IRQ && end(0) == DOORBELL_IRQ && take(0) == NO_IRQ);
	}
}

int main(void)
{
	TEST(test_reset_values);
	TEST(test_foreign_bits);
	TEST(test_routes);
	TEST(test_tables_sorted);
#if GIC == 3
	TEST(test_redistributors);
#endif
	TEST(test_level_again);
	TEST(test_physical_level_again);
	TEST(test_edges);
	TEST(test_doorbell);
	TEST(test_doorbell_storm);
	return tap_done();
}
