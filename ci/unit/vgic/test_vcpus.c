/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual interrupt controller case by case: SGIs, more interrupts than list registers, several vCPUs, and switches of them.
 * It is compared with the model at every step, so a case is a sequence and what it must lead to.
 */
#include "cases.h"

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

/* What is ended was made inactive by a write meanwhile, and stood in no list register: that end is nobody's. */
static void test_end_of_nothing(void)
{
	begin(1);
	world_send(0, 1, 1, false);
	world_send(0, 2, 1, false);
	CHECK(take(0) == 1);
	world_settle();
	set(0, GICD_ICACTIVER, 1);
	CHECK(end(0) == 1 && take(0) == 2 && end(0) == 2 && take(0) == NO_IRQ);
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

/* The same for one that no list register had: it is ended while more urgent ones are active. */
static void test_moves_from_none(void)
{
	begin(1);
	set_priority(RTC_IRQ, NORMAL);
	set(0, GICD_ISPENDR, RTC_IRQ);
	CHECK(take(0) == RTC_IRQ);
	route_to(RTC_IRQ, 1);
	set(0, GICD_ISPENDR, RTC_IRQ);
	world_send(0, 1, 1, false);
	world_send(0, 2, 1, false);
	world_settle();
	CHECK(take(1) == NO_IRQ && end(0) == RTC_IRQ && take(1) == RTC_IRQ);
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

#if GIC == 3
/* The timer of vCPU 1, by vCPU 0. */
static void set_theirs(uint32_t file)
{
	struct place at = place(file, 27);

	at.owner = 1;
	world_write(&at, bit(27));
	world_settle();
}

static void test_private_of_others(void)
{
	begin(1);
	set_theirs(GICD_ISPENDR);
	CHECK(take(1) == 27 && end(1) == 27 && take(1) == NO_IRQ);
	set_theirs(GICD_ICENABLER); /* it waits in the physical controller */
	set_theirs(GICD_ISPENDR);
	set_theirs(GICD_ICPENDR);
	set_theirs(GICD_ISENABLER);
	CHECK(take(1) == NO_IRQ);
	world_send(0, 1, 2, false); /* it waits for a list register */
	world_settle();
	set_theirs(GICD_ISPENDR);
	set_theirs(GICD_ICPENDR);
	CHECK(take(1) == 1 && end(1) == 1 && take(1) == NO_IRQ);
	set_theirs(GICD_ISPENDR); /* what was cleared once may come again */
	CHECK(take(1) == 27 && end(1) == 27);
	set_theirs(GICD_ICENABLER);
	set_theirs(GICD_ICPENDR);
	set_theirs(GICD_ISPENDR);
	set_theirs(GICD_ISENABLER);
	CHECK(take(1) == 27 && end(1) == 27);
	set_theirs(GICD_ISACTIVER);
	world_line(ALPHA, 1, 27, true, 1);
	CHECK(take(1) == NO_IRQ);
	set_theirs(GICD_ICACTIVER);
	CHECK(take(1) == 27);
	world_line(ALPHA, 1, 27, false, 1);
	CHECK(end(1) == 27);
	set_theirs(GICD_ISACTIVER);
	(void)world_access(ALPHA, 1, &vgicr_block, (1u << GICR_FRAMES_SHIFT) + GICR_SGI_FRAME + GICD_ICACTIVER, bit(27), true);
	model_activate(&world_model[ALPHA], 1, 27, false);
	set_theirs(GICD_ICENABLER);
	set_theirs(GICD_ISENABLER);
	world_line(ALPHA, 1, 27, true, 1);
	CHECK(take(1) == 27);
	CHECK(!world_wrong);
}
#endif

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
	CHECK(arch_vcpu_pending_count(world_vcpu(ALPHA, 1)) == 5);
	CHECK(arch_vcpu_pending_count(world_vcpu(ALPHA, 0)) == 0);
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
	TEST(test_sgis);
	TEST(test_sgi_senders);
	TEST(test_sgi_again);
	TEST(test_timer_again);
	TEST(test_priority_order);
	TEST(test_nesting);
	TEST(test_end_of_nothing);
	TEST(test_pending_behind_active);
	TEST(test_moves);
	TEST(test_moves_to_busy);
	TEST(test_moves_from_none);
	TEST(test_cleared_by_others);
	TEST(test_active_writes);
#if GIC == 3
	TEST(test_private_of_others);
#endif
	TEST(test_switch);
	TEST(test_switch_leaks_nothing);
	TEST(test_pending_count);
	TEST(test_no_storm);
	return tap_done();
}
