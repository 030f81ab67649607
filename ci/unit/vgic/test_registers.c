/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual interrupt controller case by case: what its registers show and refuse, and each way of an interrupt from its
 * cause to its end. world.c compares with the model at every step, so a case is a sequence and what it must lead to.
 */
#include "../tap.h"
#include "world.h"

#define NORMAL 0x80u
#define URGENT 0x40u

static uint32_t bit(irq_t irq)
{
	return 1u << irq % 32u;
}

/* The register of `file` that has `irq` of vCPU 0 of ALPHA, and vCPU 0 asks. */
static struct place place(uint32_t file, irq_t irq)
{
	return (struct place){ ALPHA, 0, 0, file, file == GICD_IPRIORITYR ? irq / 4u : file == GICD_ICFGR ? irq / 16u : irq / 32u };
}

static void set(uint32_t asker, uint32_t file, irq_t irq)
{
	struct place at = place(file, irq);

	at.asker = asker;
	world_write(&at, bit(irq));
}

static void set_priority(irq_t irq, uint32_t priority)
{
	struct place at = place(GICD_IPRIORITYR, irq);
	uint32_t shift = 8u * (irq % 4u);

	world_write(&at, (world_read(&at) & ~(0xffu << shift)) | priority << shift);
}

static void route_to(irq_t irq, uint32_t vcpu)
{
	world_route(ALPHA, 0, irq, GIC == 2 ? 1u << vcpu : vcpu, false);
}

static irq_t take(uint32_t cpu)
{
	world_settle();
	return world_take(cpu);
}

static irq_t end(uint32_t cpu)
{
	irq_t irq = world_end(cpu);

	world_settle();
	return irq;
}

static void begin(uint32_t lr_count)
{
	world_begin(lr_count);
	world_guest_starts(BETA, NORMAL);
	world_guest_starts(ALPHA, NORMAL);
	world_settle();
}

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

/* ---- SGIs ---- */

static void test_sgis(void)
{
	begin(4);
	for (uint32_t from = 0; from < 3u; from++)
		for (irq_t irq = 0; irq < 16u; irq++) {
			world_send(from, irq, 7, false);
			for (uint32_t to = 0; to < 3u; to++)
				CHECK(take(to) == irq && end(to) == irq && take(to) == NO_IRQ);
		}
	CHECK(!world_wrong);
}

/* GICv2 keeps one for each sender, GICv3 one. */
static void test_sgi_senders(void)
{
	begin(4);
	world_send(0, 3, 4, false);
	world_send(1, 3, 4, false);
	world_send(1, 3, 4, false);
	CHECK(take(2) == 3 && end(2) == 3);
	CHECK(take(2) == (GIC == 2 ? 3u : NO_IRQ));
	if (GIC == 2)
		CHECK(end(2) == 3 && take(2) == NO_IRQ);
	CHECK(!world_wrong);
}

/* What is off stays off although its last occurrence stands in a list register. */
static void test_sgi_again(void)
{
	begin(4);
	for (uint32_t n = 0; n < 4u; n++) {
		world_send(0, 5, 1, false);
		CHECK(take(0) == 5);
		if (n == 2u && GIC == 3)
			set(0, GICD_ICENABLER, 5);
		if (n == 3u)
			world_control(ALPHA, 0, 2);
		world_settle();
		CHECK(end(0) == 5);
		world_send(0, 5, 1, false);
		CHECK(take(0) == (n == 3u || (n == 2u && GIC == 3) ? NO_IRQ : 5u));
		if (n == 2u && GIC == 3) {
			set(0, GICD_ISENABLER, 5);
			CHECK(take(0) == 5);
		}
		if (n < 3u)
			CHECK(end(0) == 5);
	}
	CHECK(!world_wrong);
}

/* The same for a timer: its group goes off while it is active, and its condition holds after its end. */
static void test_timer_again(void)
{
	begin(4);
	world_line(ALPHA, 0, 27, true, 0);
	CHECK(take(0) == 27);
	world_control(ALPHA, 0, 2);
	world_settle();
	CHECK(end(0) == 27 && take(0) == NO_IRQ);
	world_control(ALPHA, 0, 3);
	CHECK(take(0) == 27);
	CHECK(!world_wrong);
}

/* ---- more than list registers ---- */

static void test_priority_order(void)
{
	for (uint32_t lr_count = 1; lr_count <= 4u; lr_count++) {
		begin(lr_count);
		for (irq_t irq = 0; irq < 16u; irq++) {
			set_priority(irq, 0xf0u - 8u * irq);
			world_send(0, irq, 1, false);
		}
		for (irq_t n = 0; n < 16u; n++)
			CHECK(take(0) == 15u - n && end(0) == 15u - n);
		CHECK(take(0) == NO_IRQ && !world_wrong);
	}
}

/* Each preempts the last: with one list register, all but one of the active ones are in none. */
static void test_nesting(void)
{
	begin(1);
	for (irq_t irq = 0; irq < 16u; irq++) {
		set_priority(irq, 0xf0u - 8u * irq);
		world_send(0, irq, 1, false);
		CHECK(take(0) == irq);
	}
	for (irq_t n = 0; n < 16u; n++)
		CHECK(end(0) == 15u - n && take(0) == NO_IRQ);
	CHECK(!world_wrong);
}

/* Active and pending again is not what keeps the rest waiting. */
static void test_pending_behind_active(void)
{
	begin(2);
	world_set_split(0, true);
	for (irq_t irq = 1; irq < 4u; irq++)
		world_send(0, irq, 1, false);
	CHECK(take(0) == 1 && end(0) == 1);
	world_send(0, 1, 1, false);
	CHECK(take(0) == 2 && end(0) == 2);
	CHECK(take(0) == 3);
	CHECK(!world_wrong);
}

/* ---- several vCPUs ---- */

static void test_moves(void)
{
	begin(4);
	set(0, GICD_ISPENDR, UART_IRQ);
	world_settle();
	route_to(UART_IRQ, 1);
	CHECK(take(0) == NO_IRQ && take(1) == UART_IRQ);
	route_to(UART_IRQ, 0); /* active, it stays */
	set(0, GICD_ISPENDR, UART_IRQ);
	CHECK(take(0) == NO_IRQ && end(1) == UART_IRQ);
	CHECK(take(0) == UART_IRQ && end(0) == UART_IRQ);
	CHECK(!world_wrong);
}

/* Ended here with its line high, it belongs to a vCPU whose list registers are full of what is less urgent. */
static void test_moves_to_busy(void)
{
	begin(1);
	set_priority(LEVEL_IRQ, URGENT);
	world_line(ALPHA, 0, LEVEL_IRQ, true, 0);
	CHECK(take(0) == LEVEL_IRQ);
	route_to(LEVEL_IRQ, 1);
	world_send(0, 1, 2, false);
	world_send(0, 2, 2, false);
	world_settle();
	CHECK(end(0) == LEVEL_IRQ && take(1) == LEVEL_IRQ);
	CHECK(!world_wrong);
}

/* Taken back by another vCPU, both from the list register and from what waits behind it. */
static void test_cleared_by_others(void)
{
	begin(4);
	set(0, GICD_ISPENDR, RTC_IRQ);
	CHECK(take(0) == RTC_IRQ);
	set(0, GICD_ISPENDR, RTC_IRQ);
	world_settle();
	set(1, GICD_ICPENDR, RTC_IRQ);
	CHECK(end(0) == RTC_IRQ && take(0) == NO_IRQ);
	set(0, GICD_ISPENDR, RTC_IRQ);
	world_settle();
	set(1, GICD_ICPENDR, RTC_IRQ);
	CHECK(take(0) == NO_IRQ);
	set(0, GICD_ISPENDR, RTC_IRQ);
	world_settle();
	set(1, GICD_ICENABLER, RTC_IRQ);
	CHECK(take(0) == NO_IRQ);
	CHECK(!world_wrong);
}

static void test_active_writes(void)
{
	begin(16);
	set(1, GICD_ISACTIVER, RTC_IRQ);
	set(1, GICD_ISPENDR, RTC_IRQ);
	CHECK(take(0) == NO_IRQ);
	set(1, GICD_ICACTIVER, RTC_IRQ);
	CHECK(take(0) == RTC_IRQ);
	if (GIC == 3) { /* of a vCPU that is not loaded, and may not be for long */
		struct place at = place(GICD_ISACTIVER, 27);

		at.owner = 2;
		world_save(SHARED_CPU);
		world_write(&at, bit(27));
		CHECK(world_read(&at) & bit(27));
		world_load(ALPHA, 2);
		world_settle();
		CHECK(world_read(&at) & bit(27));
	}
	CHECK(!world_wrong);
}

/* ---- switches ---- */

static void test_switch(void)
{
	begin(2);
	route_to(UART_IRQ, 2);
	route_to(EDGE_IRQ, 2);
	for (irq_t irq = 0; irq < 4u; irq++)
		world_send(2, irq, 4, false);
	CHECK(take(2) < 4u);
	world_line(ALPHA, 2, 27, true, 2);
	world_settle();
	world_load(BETA, 0);
	world_settle();
	CHECK(take(2) == NO_IRQ);
	world_pulse(ALPHA, EDGE_IRQ, 0);
	world_line(ALPHA, 2, UART_IRQ, true, 0);
	world_settle();
	world_load(ALPHA, 2);
	world_settle();
	for (uint32_t n = 0; n < 6u; n++) {
		(void)end(2);
		CHECK(take(2) != NO_IRQ);
	}
	CHECK(!world_wrong);
}

/* A timer's interrupt that was made pending by a write, while it is off, is nothing to the next vCPU on its CPU. */
static void test_switch_leaks_nothing(void)
{
	begin(4);
	for (uint32_t file = GICD_ISPENDR; file <= GICD_ISACTIVER; file += GICD_ISACTIVER - GICD_ISPENDR) {
		world_load(ALPHA, 2);
		(void)world_access(ALPHA, 2, &vgicd_block, GICD_ICENABLER, bit(27), true);
#if GIC == 3
		(void)world_access(ALPHA, 2, &vgicr_block, (2u << GICR_FRAMES_SHIFT) + GICR_SGI_FRAME + GICD_ICENABLER, bit(27), true);
		(void)world_access(ALPHA, 2, &vgicr_block, (2u << GICR_FRAMES_SHIFT) + GICR_SGI_FRAME + file, bit(27), true);
#else
		(void)world_access(ALPHA, 2, &vgicd_block, file, bit(27), true);
#endif
		world_load(BETA, 0);
		(void)machine_settle();
		CHECK(machine_highest(SHARED_CPU).irq == NO_IRQ);
	}
	CHECK(!world_wrong);
}

static void test_pending_count(void)
{
	begin(2);
	for (irq_t irq = 0; irq < 5u; irq++)
		world_send(0, irq, 2, false);
	world_settle();
	CHECK(vgic_vcpu_pending_count(world_vcpu(ALPHA, 1)) == 5);
	CHECK(vgic_vcpu_pending_count(world_vcpu(ALPHA, 0)) == 0);
}

/* Exits that interrupts cost: bounded by how many there are. */
static void test_no_storm(void)
{
	begin(2);
	machine.syncs = 0;
	for (uint32_t n = 0; n < 100u; n++) {
		for (irq_t irq = 0; irq < 8u; irq++)
			world_send(n % 2u, irq, 7, false);
		for (uint32_t cpu = 0; cpu < CPUS; cpu++)
			for (uint32_t m = 0; take(cpu) != NO_IRQ && m < 32u; m++)
				(void)end(cpu);
	}
	CHECK(machine.syncs < 100u * 3u * 8u * 4u);
	CHECK(!world_wrong);
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
	TEST(test_sgis);
	TEST(test_sgi_senders);
	TEST(test_sgi_again);
	TEST(test_timer_again);
	TEST(test_priority_order);
	TEST(test_nesting);
	TEST(test_pending_behind_active);
	TEST(test_moves);
	TEST(test_moves_to_busy);
	TEST(test_cleared_by_others);
	TEST(test_active_writes);
	TEST(test_switch);
	TEST(test_switch_leaks_nothing);
	TEST(test_pending_count);
	TEST(test_no_storm);
	return tap_done();
}
