/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device pages between two partitions, sentence by sentence of
 * hyp/abi/device.h: alpha (two CPUs of its own) and beta (shares a CPU with
 * gamma) are front-ends, gamma is the back-end of all.
 */
#include "../tap.h"
#include "appliance.h"

#include "../../../hyp/abi/hypercall.h"

#include <hyp/device.h>
#include <hyp/pagetable.h>
#include <hyp/upcall.h>

#include <string.h>

#define GIB (1ull << 30)
#define PAGE_IPA 0xa000000ull
#define DOORBELL_IRQ 77u
#define LIMIT_US 50000u
#define WINDOW_A BACK_WINDOW_IPA
#define WINDOW_B (BACK_WINDOW_IPA + GIB)
#define POOL 0xc0000u /* of gamma's stage 2 */

enum { NET, DISK, OTHER, DEVICES }; /* alpha's two, beta's one: lines of gamma */

static struct device states[DEVICES];
static struct device_doorbells doorbells;
static const uint32_t image[] = { 0x74726976, 2, 1, 0x1234 };

#define DEVICE(n, side, at, intid)                                                                                          \
	{ .name = #n, .state = &states[n], .front = side, .back = GAMMA, .line = n, .ipa = { at }, .irq = intid,            \
	  .page = { 0xe0000 + (n) * PAGE_SIZE }, .shared = &doorbells.line[n], .image = image, .image_count = ARRAY_COUNT(image), \
	  .limit_us = LIMIT_US }
static const struct plan_device devices[DEVICES] = {
	DEVICE(NET, ALPHA, PAGE_IPA, 48),
	DEVICE(DISK, ALPHA, PAGE_IPA + PAGE_SIZE, 49),
	DEVICE(OTHER, BETA, PAGE_IPA, 48),
};
static const struct plan_device *const alpha_fronts[] = { &devices[NET], &devices[DISK] };
static const struct plan_device *const beta_fronts[] = { &devices[OTHER] };
static const struct plan_device *const gamma_backs[] = { &devices[NET], &devices[DISK], &devices[OTHER] };
static const struct plan_window window_a = { .front = ALPHA, .back = GAMMA, .ipa = { WINDOW_A }, .size = 0x28000 };
static const struct plan_window window_b = { .front = BETA, .back = GAMMA, .ipa = { WINDOW_B }, .size = 0x1000 };
static const struct plan_window *const alpha_windows[] = { &window_a };
static const struct plan_window *const beta_windows[] = { &window_b };
static const struct plan_window *const gamma_windows[] = { &window_a, &window_b };
static const struct plan_map gamma_maps[] = {
	{ .name = "ram", .ipa = { 0x40000000 }, .pa = { 0x50000 }, .size = 0x1000, .flags = PLAN_MAP_RAM },
	{ .name = "alpha", .ipa = { WINDOW_A }, .pa = { 0x10000 }, .size = 0x28000, .flags = PLAN_MAP_SHARED },
	{ .name = "beta", .ipa = { WINDOW_B }, .pa = { 0x40000 }, .size = 0x1000, .flags = PLAN_MAP_SHARED },
};

/* ---- the sides ---- */

static struct vcpu *const net_cpu = &test_vcpus[0], *const second_cpu = &test_vcpus[1];
static struct vcpu *const beta_cpu = &test_vcpus[2], *const gamma_cpu = &test_vcpus[3];

static void plan_devices(void)
{
	test_partitions[ALPHA].fronts = alpha_fronts;
	test_partitions[ALPHA].front_count = ARRAY_COUNT(alpha_fronts);
	test_partitions[ALPHA].windows = alpha_windows;
	test_partitions[ALPHA].window_count = 1;
	test_partitions[BETA].fronts = beta_fronts;
	test_partitions[BETA].front_count = ARRAY_COUNT(beta_fronts);
	test_partitions[BETA].windows = beta_windows;
	test_partitions[BETA].window_count = 1;
	test_partitions[GAMMA].backs = gamma_backs;
	test_partitions[GAMMA].back_count = ARRAY_COUNT(gamma_backs);
	test_partitions[GAMMA].windows = gamma_windows;
	test_partitions[GAMMA].window_count = ARRAY_COUNT(gamma_windows);
	test_partitions[GAMMA].maps = gamma_maps;
	test_partitions[GAMMA].map_count = ARRAY_COUNT(gamma_maps);
	test_partitions[GAMMA].doorbell_irq = DOORBELL_IRQ;
	test_partitions[GAMMA].stage2_pool = (struct pt_page *)(void *)(fake.memory + POOL);
	test_partitions[GAMMA].stage2_page_count = 7;
}

static void before_boot(void)
{
	appliance_begin();
	memset(states, 0, sizeof(states));
	memset(&doorbells, 0, sizeof(doorbells));
	plan_devices();
	stage2_build(&test_partitions[GAMMA]);
	device_boot(&test_partitions[GAMMA]);
}

/* All run, gamma has not said that it is ready. */
static void begin(void)
{
	before_boot();
	for (uint32_t cpu = 0; cpu < 3; cpu++)
		(void)appliance_boot(cpu);
	for (uint32_t i = 0; i < 6; i++) { /* until gamma has had a slot of its own to start in */
		fake.counter += 1000;
		(void)appliance_schedule(2);
	}
	fake_trace_clear();
	fake.cpu = 0;
}

static void begin_ready(void)
{
	begin();
	CHECK(device_ready(&test_partitions[GAMMA]) == OK);
	fake_trace_clear();
}

static enum verdict write_as(struct vcpu *vcpu, uint64_t ipa, uint8_t width, uint64_t value)
{
	struct vm_exit exit = { .class = EXIT_MMIO, .ipa = { ipa }, .width = width, .is_write = true, .value = value };

	fake.cpu = vcpu->cpu->state->index;
	return exit_mmio(vcpu, &exit);
}

static enum verdict net_write(uint32_t offset, uint32_t value)
{
	return write_as(net_cpu, PAGE_IPA + offset, 4, value);
}

static int64_t call_as(struct vcpu *vcpu, uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
	uint64_t regs[8] = { function, x1, x2, x3 };

	fake.cpu = 2;
	CHECK(hypercall(vcpu, regs) == VERDICT_RESUME);
	return (int64_t)regs[0];
}

/* A call of gamma, made on its CPU. */
static int64_t call(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
	return call_as(gamma_cpu, function, x1, x2, x3);
}

static int64_t answer_net(uint32_t status)
{
	return call(HC_DEVICE_ANSWER, NET, doorbells.line[NET].sequence, status);
}

static uint32_t *page_word(uint32_t device, uint32_t offset)
{
	return (uint32_t *)(void *)(fake.memory + 0xe0000 + device * PAGE_SIZE + offset);
}

static bool is_window(uint64_t ipa)
{
	const uint64_t *root = (const uint64_t *)(const void *)(fake.memory + POOL);

	return root[ipa / GIB] & 1;
}

static bool waits(uint32_t device)
{
	return doorbells.line[device].sequence != doorbells.line[device].answered;
}

/* Time passes until the CPU's own timer fires, and it looks. */
static enum fake_end timer_fires(uint32_t cpu)
{
	if (fake.timer[cpu] != UINT64_MAX && fake.counter < fake.timer[cpu])
		fake.counter = fake.timer[cpu];
	return appliance_schedule(cpu);
}

static void settle(void)
{
	for (int i = 0; i < 8; i++) {
		for (uint32_t cpu = 0; cpu < 3; cpu++)
			(void)appliance_schedule(cpu);
		fake.counter += 1000;
	}
}

/* Gamma says that it is through with all lives of that device but the present one. */
static int64_t quiet(uint32_t device)
{
	return call(HC_DEVICE_QUIET, device, doorbells.line[device].life, 0);
}

/* Alpha stops, gamma is through with it at once, alpha starts. */
static void restart_alpha(void)
{
	fake.is_held = true;
	CHECK(partition_stop(test_partitions[ALPHA].state, STOP_OPERATOR, true) == OK);
	(void)appliance_schedule(0);
	(void)appliance_schedule(1);
	settle();
	CHECK(quiet(NET) == HC_OK && quiet(DISK) == HC_OK);
	settle();
	fake.is_held = false;
}

static bool in_order(const char *const *texts, size_t count)
{
	const char *at = fake.trace;

	for (size_t i = 0; i < count; i++) {
		at = strstr(at, texts[i]);
		if (!at) {
			printf("# not in this place: %s\n%s\n", texts[i], fake.trace);
			return false;
		}
	}
	return true;
}

/* ---- doorbells ---- */

static void a_doorbell_counts_and_interrupts(void)
{
	begin();
	CHECK(net_write(DEVICE_QUEUE_NOTIFY, 3) == VERDICT_ADVANCE);
	CHECK(net_write(DEVICE_QUEUE_NOTIFY, 3) == VERDICT_ADVANCE);
	CHECK(net_write(DEVICE_QUEUE_NOTIFY, DEVICE_QUEUE_MAX - 1) == VERDICT_ADVANCE);
	CHECK(doorbells.line[NET].doorbell[3] == 2 && doorbells.line[NET].doorbell[DEVICE_QUEUE_MAX - 1] == 1);
	CHECK(fake_count("irq pend gamma 77") == 3);
	CHECK(net_cpu->state == VCPU_READY && !waits(NET));
	CHECK(doorbells.line[DISK].doorbell[3] == 0);
}

static void a_doorbell_of_no_queue_is_ignored(void)
{
	struct device_line line;

	begin();
	line = doorbells.line[NET];
	CHECK(net_write(DEVICE_QUEUE_NOTIFY, DEVICE_QUEUE_MAX) == VERDICT_ADVANCE);
	CHECK(net_write(DEVICE_QUEUE_NOTIFY, UINT32_MAX) == VERDICT_ADVANCE);
	CHECK(!memcmp(&line, &doorbells.line[NET], sizeof(line)) && !fake_count("irq pend"));
}

static void a_doorbell_counts_over_its_end(void)
{
	begin();
	doorbells.line[NET].doorbell[0] = UINT32_MAX;
	CHECK(net_write(DEVICE_QUEUE_NOTIFY, 0) == VERDICT_ADVANCE);
	CHECK(doorbells.line[NET].doorbell[0] == 0);
}

static void doorbells_outlive_the_back_end(void)
{
	begin_ready();
	(void)net_write(DEVICE_QUEUE_NOTIFY, 1);
	CHECK(partition_stop(test_partitions[GAMMA].state, STOP_OPERATOR, true) == OK);
	(void)net_write(DEVICE_QUEUE_NOTIFY, 1);
	settle();
	(void)net_write(DEVICE_QUEUE_NOTIFY, 1);
	CHECK(doorbells.line[NET].doorbell[1] == 3 && test_partitions[GAMMA].state->start_count == 2);
}

/* ---- interrupts ---- */

static void the_line_is_the_word(void)
{
	begin();
	CHECK(call(HC_DEVICE_INTERRUPT, NET, DEVICE_INTERRUPT_USED, 0) == HC_OK);
	CHECK(*page_word(NET, DEVICE_INTERRUPT_STATUS) == DEVICE_INTERRUPT_USED && fake_count("irq level alpha 48 1") == 1);
	CHECK(call(HC_DEVICE_INTERRUPT, NET, DEVICE_INTERRUPT_CONFIG, 0) == HC_OK);
	CHECK(*page_word(NET, DEVICE_INTERRUPT_STATUS) == DEVICE_INTERRUPT_MASK && fake_count("irq level") == 1);
	CHECK(net_write(DEVICE_INTERRUPT_ACK, DEVICE_INTERRUPT_USED) == VERDICT_ADVANCE);
	CHECK(*page_word(NET, DEVICE_INTERRUPT_STATUS) == DEVICE_INTERRUPT_CONFIG && fake_count("irq level") == 1);
	CHECK(net_write(DEVICE_INTERRUPT_ACK, UINT32_MAX) == VERDICT_ADVANCE);
	CHECK(*page_word(NET, DEVICE_INTERRUPT_STATUS) == 0 && fake_count("irq level alpha 48 0") == 1);
	CHECK(net_write(DEVICE_INTERRUPT_ACK, UINT32_MAX) == VERDICT_ADVANCE && fake_count("irq level") == 2);
	CHECK(!waits(NET));
}

/* One writer a word: what the back-end writes into the hypervisor's words is not believed, and not kept. */
static void the_page_is_never_believed(void)
{
	begin_ready();
	*page_word(NET, DEVICE_INTERRUPT_STATUS) = 0xffffffff;
	CHECK(call(HC_DEVICE_INTERRUPT, NET, DEVICE_INTERRUPT_USED, 0) == HC_OK);
	CHECK(*page_word(NET, DEVICE_INTERRUPT_STATUS) == DEVICE_INTERRUPT_USED && fake_traced("irq level alpha 48 1", NULL));
	*page_word(NET, DEVICE_INTERRUPT_STATUS) = 0xffffffff;
	(void)net_write(DEVICE_INTERRUPT_ACK, DEVICE_INTERRUPT_USED);
	CHECK(*page_word(NET, DEVICE_INTERRUPT_STATUS) == 0 && fake_traced("irq level alpha 48 0", NULL));
	(void)net_write(DEVICE_STATUS, 1);
	*page_word(NET, DEVICE_STATUS) = DEVICE_STATUS_NEEDS_RESET;
	CHECK(answer_net(1) == HC_OK && *page_word(NET, DEVICE_STATUS) == 1);
}

static void a_back_end_can_mark_it_broken(void)
{
	begin();
	CHECK(call(HC_DEVICE_INTERRUPT, NET, 0, DEVICE_STATUS_NEEDS_RESET) == HC_OK);
	CHECK(*page_word(NET, DEVICE_STATUS) == DEVICE_STATUS_NEEDS_RESET);
	CHECK(*page_word(NET, DEVICE_INTERRUPT_STATUS) == DEVICE_INTERRUPT_CONFIG && fake_traced("irq level alpha 48 1", NULL));
	CHECK(doorbells.line[NET].flags & DEVICE_LINE_BROKEN);
	CHECK(!(doorbells.line[DISK].flags & DEVICE_LINE_BROKEN) && *page_word(DISK, DEVICE_STATUS) == 0);
}

static void calls_are_checked(void)
{
	begin_ready();
	(void)net_write(DEVICE_STATUS, 1);
	CHECK(call(HC_DEVICE_ANSWER, DEVICES, 1, 1) == HC_ERR_INVALID);
	CHECK(call(HC_DEVICE_ANSWER, UINT64_MAX, 1, 1) == HC_ERR_INVALID);
	CHECK(call(HC_DEVICE_ANSWER, NET, 1, 0x100) == HC_ERR_INVALID);
	CHECK(call(HC_DEVICE_ANSWER, NET, 1ull << 32 | 1, 1) == HC_ERR_STATE);
	CHECK(call(HC_DEVICE_INTERRUPT, DEVICES, 1, 0) == HC_ERR_INVALID);
	CHECK(call(HC_DEVICE_INTERRUPT, NET, 4, 0) == HC_ERR_INVALID);
	CHECK(call(HC_DEVICE_INTERRUPT, NET, 1, 1) == HC_ERR_INVALID);
	CHECK(waits(NET) && *page_word(NET, DEVICE_INTERRUPT_STATUS) == 0 && *page_word(NET, DEVICE_STATUS) == 0);
	CHECK(call(HC_DEVICE_QUIET, DEVICES, 0, 0) == HC_ERR_INVALID);
	CHECK(call(HC_DEVICE_QUIET, NET, 1ull << 32 | 1, 0) == HC_ERR_STATE);
	for (uint64_t function = HC_DEVICE_ANSWER; function <= HC_DEVICE_QUIET; function++) /* a front-end has no lines */
		CHECK(function == HC_CHANNEL_SIGNAL || call_as(beta_cpu, function, 0, 1, 0) == HC_ERR_INVALID);
}

/* ---- hand-offs ---- */

static void a_hand_off_waits_for_its_answer(void)
{
	begin_ready();
	CHECK(write_as(net_cpu, PAGE_IPA + 0x104, 2, 0xabcd) == VERDICT_ADVANCE);
	CHECK(doorbells.line[NET].sequence == 1 && waits(NET));
	CHECK(doorbells.line[NET].offset == 0x104 && doorbells.line[NET].width == 2 && doorbells.line[NET].value == 0xabcd);
	CHECK(fake_count("irq pend gamma 77") == 1);
	CHECK(net_cpu->state == VCPU_WAITING && test_cpus[0].needs_schedule);
	fake.timer[0] = UINT64_MAX;
	fake.kicked[0] = true;
	CHECK(call(HC_DEVICE_ANSWER, NET, 1, 0x0f) == HC_OK);
	CHECK(!waits(NET) && net_cpu->state == VCPU_READY && fake.kicked[0]);
	CHECK(*page_word(NET, DEVICE_STATUS) == 0x0f);
	CHECK(appliance_schedule(0) == FAKE_RETURNED && test_cpus[0].current == net_cpu);
}

static void doorbells_of_other_widths_are_hand_offs(void)
{
	begin_ready();
	CHECK(write_as(net_cpu, PAGE_IPA + DEVICE_QUEUE_NOTIFY, 2, 1) == VERDICT_ADVANCE);
	CHECK(doorbells.line[NET].doorbell[1] == 0 && waits(NET) && doorbells.line[NET].width == 2);
	CHECK(answer_net(0) == HC_OK);
	CHECK(write_as(net_cpu, PAGE_IPA + DEVICE_INTERRUPT_ACK, 1, 1) == VERDICT_ADVANCE && waits(NET));
	CHECK(answer_net(0) == HC_OK);
	CHECK(write_as(net_cpu, PAGE_IPA + DEVICE_QUEUE_NOTIFY, 8, 1) == VERDICT_ADVANCE && waits(NET));
}

static void its_cpu_does_something_else_meanwhile(void)
{
	begin();
	(void)net_write(DEVICE_STATUS, 1);
	fake.irq_of = net_cpu; /* an interrupt stays pending, and does not end the wait */
	CHECK(appliance_schedule(0) == FAKE_IDLE_FOREVER);
	CHECK(fake_traced("save alpha.0", NULL) && test_cpus[0].current != net_cpu);
}

/* On a shared CPU the next slot is served on time, and the back-end that runs there answers. */
static void a_shared_cpu_serves_its_next_slot(void)
{
	uint64_t end;

	begin_ready();
	while (test_cpus[2].current != beta_cpu)
		(void)timer_fires(2);
	end = test_cpus[2].slot_end;
	CHECK(write_as(beta_cpu, PAGE_IPA + DEVICE_STATUS, 4, 1) == VERDICT_ADVANCE && beta_cpu->state == VCPU_WAITING);
	CHECK(appliance_schedule(2) == FAKE_RETURNED);
	CHECK(test_cpus[2].current == gamma_cpu && fake.counter == end);
	CHECK(call(HC_DEVICE_ANSWER, OTHER, doorbells.line[OTHER].sequence, 1) == HC_OK && beta_cpu->state == VCPU_READY);
	CHECK(appliance_schedule(2) == FAKE_RETURNED && test_cpus[2].current == gamma_cpu);
	CHECK(timer_fires(2) == FAKE_RETURNED && test_cpus[2].current == beta_cpu);
}

static void late_and_wrong_answers_are_dropped(void)
{
	begin_ready();
	CHECK(call(HC_DEVICE_ANSWER, NET, 0, 7) == HC_ERR_STATE); /* nothing was asked */
	(void)net_write(DEVICE_STATUS, 1);
	CHECK(call(HC_DEVICE_ANSWER, NET, 2, 7) == HC_ERR_STATE && call(HC_DEVICE_ANSWER, NET, 0, 7) == HC_ERR_STATE);
	CHECK(call(HC_DEVICE_ANSWER, DISK, 1, 7) == HC_ERR_STATE);
	CHECK(waits(NET) && net_cpu->state == VCPU_WAITING && *page_word(NET, DEVICE_STATUS) == 0);
	CHECK(answer_net(1) == HC_OK && answer_net(7) == HC_ERR_STATE);
	CHECK(*page_word(NET, DEVICE_STATUS) == 1);
}

static void a_second_vcpu_waits_its_turn(void)
{
	begin_ready();
	CHECK(vcpu_power_on(second_cpu, 0, 0) == OK);
	(void)appliance_schedule(1);
	CHECK(net_write(DEVICE_STATUS, 1) == VERDICT_ADVANCE);
	CHECK(write_as(second_cpu, PAGE_IPA + 0x30, 4, 5) == VERDICT_RESUME); /* it stays at its instruction */
	CHECK(second_cpu->state == VCPU_WAITING && doorbells.line[NET].offset == DEVICE_STATUS && doorbells.line[NET].sequence == 1);
	CHECK(fake_count("irq pend gamma 77") == 1);
	CHECK(answer_net(1) == HC_OK);
	CHECK(net_cpu->state == VCPU_READY && second_cpu->state == VCPU_READY && !waits(NET));
	CHECK(write_as(second_cpu, PAGE_IPA + 0x30, 4, 5) == VERDICT_ADVANCE);
	CHECK(doorbells.line[NET].offset == 0x30 && doorbells.line[NET].sequence == 2);
	CHECK(net_cpu->state == VCPU_READY && second_cpu->state == VCPU_WAITING);
}

static void a_second_device_does_not_wait_for_the_first(void)
{
	begin_ready();
	CHECK(vcpu_power_on(second_cpu, 0, 0) == OK);
	CHECK(net_write(DEVICE_STATUS, 1) == VERDICT_ADVANCE);
	CHECK(write_as(second_cpu, PAGE_IPA + PAGE_SIZE + DEVICE_STATUS, 4, 2) == VERDICT_ADVANCE);
	CHECK(waits(DISK) && doorbells.line[DISK].value == 2);
	CHECK(write_as(second_cpu, PAGE_IPA + DEVICE_QUEUE_NOTIFY, 4, 2) == VERDICT_ADVANCE);
	CHECK(doorbells.line[NET].doorbell[2] == 1); /* nor a doorbell for a hand-off */
}

static void what_no_register_takes_is_an_abort(void)
{
	struct vm_exit blind = { .class = EXIT_MMIO, .ipa = { PAGE_IPA + DEVICE_STATUS }, .is_write = true };

	begin_ready();
	CHECK(exit_mmio(net_cpu, &blind) == VERDICT_FAULT);
	CHECK(fake_traced("an instruction that cannot be emulated", NULL));
	CHECK(write_as(net_cpu, PAGE_IPA + 0x71, 2, 0) == VERDICT_FAULT && fake_traced("unaligned", NULL));
	CHECK(write_as(net_cpu, PAGE_IPA + 2 * PAGE_SIZE, 4, 0) == VERDICT_FAULT && write_as(net_cpu, PAGE_IPA - 4, 4, 0) == VERDICT_FAULT);
	CHECK(test_partitions[ALPHA].state->fault_count == 4 && !waits(NET));
}

/* ---- limits ---- */

static void an_unanswered_device_is_broken(void)
{
	begin_ready();
	(void)net_write(0x30, 1);
	CHECK(timer_fires(0) == FAKE_RETURNED && fake.counter >= LIMIT_US && fake.counter < LIMIT_US + 10000);
	CHECK(net_cpu->state == VCPU_READY && !waits(NET) && test_cpus[0].current == net_cpu);
	CHECK(*page_word(NET, DEVICE_STATUS) == DEVICE_STATUS_NEEDS_RESET);
	CHECK(*page_word(NET, DEVICE_INTERRUPT_STATUS) == DEVICE_INTERRUPT_CONFIG && fake_traced("irq level alpha 48 1", NULL));
	CHECK(doorbells.line[NET].flags == (DEVICE_LINE_BROKEN | DEVICE_LINE_WINDOW) && is_window(WINDOW_A));
	CHECK(answer_net(7) == HC_ERR_STATE && *page_word(NET, DEVICE_STATUS) == DEVICE_STATUS_NEEDS_RESET);
}

static void one_tick_early_is_still_in_time(void)
{
	begin_ready();
	(void)net_write(0x30, 1);
	fake.counter += LIMIT_US - 1;
	fake.kicked[0] = true;
	fake.cpu = 0;
	device_expire(net_cpu);
	CHECK(waits(NET) && net_cpu->state == VCPU_WAITING);
	CHECK(answer_net(1) == HC_OK && !(doorbells.line[NET].flags & DEVICE_LINE_BROKEN));
	fake.counter += LIMIT_US;
	(void)appliance_schedule(0);
	CHECK(!(doorbells.line[NET].flags & DEVICE_LINE_BROKEN));
}

static void broken_until_a_reset_is_answered(void)
{
	begin_ready();
	CHECK(call(HC_DEVICE_INTERRUPT, NET, DEVICE_INTERRUPT_USED, DEVICE_STATUS_NEEDS_RESET) == HC_OK);
	(void)net_write(DEVICE_STATUS, 3);
	CHECK(answer_net(3) == HC_OK && *page_word(NET, DEVICE_STATUS) == (DEVICE_STATUS_NEEDS_RESET | 3));
	CHECK(doorbells.line[NET].flags & DEVICE_LINE_BROKEN);
	(void)net_write(DEVICE_STATUS, 0);
	CHECK(answer_net(DEVICE_STATUS_NEEDS_RESET) == HC_OK && *page_word(NET, DEVICE_STATUS) == 0);
	CHECK(*page_word(NET, DEVICE_INTERRUPT_STATUS) == 0 && fake_traced("irq level alpha 48 0", NULL));
	CHECK(!(doorbells.line[NET].flags & DEVICE_LINE_BROKEN));
}

static void no_limit_before_the_first_ready(void)
{
	begin();
	(void)net_write(0x30, 1);
	CHECK(appliance_schedule(0) == FAKE_IDLE_FOREVER); /* no timer runs */
	fake.counter += 100 * LIMIT_US;
	CHECK(appliance_schedule(0) == FAKE_IDLE_FOREVER && waits(NET));
	CHECK(call(HC_DEVICE_READY, 0, 0, 0) == HC_OK);
	CHECK(fake.kicked[0]); /* its CPU sets its timer */
	fake.kicked[0] = false;
	CHECK(timer_fires(0) == FAKE_RETURNED && doorbells.line[NET].flags & DEVICE_LINE_BROKEN);
}

/* A back-end that says again and again that it is ready gains no time, and kicks nobody. */
static void ready_again_gains_no_time(void)
{
	begin_ready();
	(void)net_write(0x30, 1);
	fake.counter += LIMIT_US - 1;
	fake.kicked[0] = false;
	CHECK(call(HC_DEVICE_READY, 0, 0, 0) == HC_OK && !fake.kicked[0]);
	fake.counter += 1;
	fake.cpu = 0;
	device_expire(net_cpu);
	CHECK(!waits(NET) && doorbells.line[NET].flags & DEVICE_LINE_BROKEN);
}

static void no_limit_while_the_back_end_is_restarted(void)
{
	begin_ready();
	(void)net_write(0x30, 1);
	CHECK(partition_stop(test_partitions[GAMMA].state, STOP_FAULT, true) == OK);
	CHECK(appliance_schedule(0) == FAKE_IDLE_FOREVER);
	CHECK(call(HC_DEVICE_READY, 0, 0, 0) == HC_ERR_STATE); /* the last word of the life that ends */
	settle();
	CHECK(test_partitions[GAMMA].state->state == PARTITION_RUNNING && waits(NET));
	fake.counter += 100 * LIMIT_US;
	CHECK(appliance_schedule(0) == FAKE_IDLE_FOREVER && waits(NET));
	CHECK(call(HC_DEVICE_READY, 0, 0, 0) == HC_OK && answer_net(1) == HC_OK);
	CHECK(net_cpu->state == VCPU_READY && !(doorbells.line[NET].flags & DEVICE_LINE_BROKEN));
}

static void a_back_end_stopped_for_good_is_late(void)
{
	begin(); /* it never said ready */
	(void)net_write(0x30, 1);
	CHECK(partition_stop(test_partitions[GAMMA].state, STOP_FAULT, false) == OK);
	settle();
	CHECK(timer_fires(0) == FAKE_RETURNED && doorbells.line[NET].flags & DEVICE_LINE_BROKEN);
	CHECK(net_write(0x30, 1) == VERDICT_ADVANCE && timer_fires(0) == FAKE_RETURNED && net_cpu->state == VCPU_READY);
	CHECK(partition_start(test_partitions[GAMMA].state) == OK); /* somebody starts it again */
	CHECK(net_write(0x30, 1) == VERDICT_ADVANCE && appliance_schedule(0) == FAKE_IDLE_FOREVER);
}

/* ---- windows ---- */

static uint32_t state_at_flush;

static void look_at_flush(void)
{
	state_at_flush = net_cpu->state;
}

/* What the driver now takes for its own is out of reach before the driver knows. */
static void ends_with_window_gone(uint32_t offset, uint32_t value, bool is_gone)
{
	begin_ready();
	state_at_flush = UINT32_MAX;
	fake.on_flush = look_at_flush;
	(void)net_write(offset, value);
	CHECK(timer_fires(0) == FAKE_RETURNED);
	CHECK(is_window(WINDOW_A) == !is_gone && !(doorbells.line[NET].flags & DEVICE_LINE_WINDOW) == is_gone);
	CHECK(!(doorbells.line[DISK].flags & DEVICE_LINE_WINDOW) == is_gone); /* the same RAM */
	CHECK(state_at_flush == (is_gone ? VCPU_WAITING : UINT32_MAX));
	CHECK(is_window(WINDOW_B) && doorbells.line[OTHER].flags & DEVICE_LINE_WINDOW);
	fake.on_flush = NULL;
}

static void an_unanswered_reset_ends_the_window(void)
{
	ends_with_window_gone(DEVICE_STATUS, 0, true);
	ends_with_window_gone(DEVICE_STATUS, 1, false);
}

static void an_unanswered_queue_stop_ends_the_window(void)
{
	ends_with_window_gone(DEVICE_QUEUE_READY, 0, true);
	ends_with_window_gone(DEVICE_QUEUE_READY, 1, false);
	ends_with_window_gone(DEVICE_QUEUE_RESET, 1, true);
	ends_with_window_gone(0x30, 0, false);
}

static void a_byte_can_reset_too(void)
{
	begin_ready();
	(void)write_as(net_cpu, PAGE_IPA + DEVICE_STATUS, 1, 0);
	CHECK(timer_fires(0) == FAKE_RETURNED && !is_window(WINDOW_A));
	begin_ready();
	(void)write_as(net_cpu, PAGE_IPA + 0x40, 8, 1ull << 32); /* QUEUE_READY = 1 */
	CHECK(timer_fires(0) == FAKE_RETURNED && is_window(WINDOW_A));
	begin_ready();
	(void)write_as(net_cpu, PAGE_IPA + 0x40, 8, 1); /* QUEUE_READY = 0 */
	CHECK(timer_fires(0) == FAKE_RETURNED && !is_window(WINDOW_A));
}

static void a_start_of_the_back_end_brings_it_back(void)
{
	ends_with_window_gone(DEVICE_STATUS, 0, true);
	CHECK(partition_stop(test_partitions[GAMMA].state, STOP_OPERATOR, true) == OK);
	settle();
	CHECK(is_window(WINDOW_A) && doorbells.line[NET].flags & DEVICE_LINE_WINDOW);
}

static void no_window_before_the_front_end_runs(void)
{
	before_boot();
	CHECK(!is_window(WINDOW_A) && !is_window(WINDOW_B));
	(void)appliance_boot(0);
	CHECK(is_window(WINDOW_A) && !is_window(WINDOW_B));
	CHECK(doorbells.line[NET].flags == DEVICE_LINE_WINDOW && doorbells.line[OTHER].flags == 0);
	CHECK(doorbells.line[NET].life == 1 && doorbells.line[OTHER].life == 0);
}

static void no_window_onto_a_stopped_partition(void)
{
	begin_ready();
	CHECK(partition_stop(test_partitions[ALPHA].state, STOP_OPERATOR, false) == OK);
	settle();
	CHECK(!is_window(WINDOW_A) && !(doorbells.line[DISK].flags & DEVICE_LINE_WINDOW));
	CHECK(partition_stop(test_partitions[GAMMA].state, STOP_OPERATOR, true) == OK);
	settle();
	CHECK(test_partitions[GAMMA].state->start_count == 2 && !is_window(WINDOW_A) && is_window(WINDOW_B));
}

static void the_order_of_stop_and_start(void)
{
	static const char *const order[] = {
		"dma block alpha", "flush gamma", "irq pend gamma 77", "irq clear alpha", "kick 0", "clear 0x10000", "copy 0x10000", "clean 0x10000", "clean 0x30000+0x8000 code",
		"flush alpha", "irq reset alpha", "devices reset alpha", "irq level alpha 48 0", "irq pend gamma 77", "flush gamma", "irq pend gamma 77", "reset alpha.0", "load alpha.0",
	};

	begin_ready();
	CHECK(call(HC_DEVICE_INTERRUPT, NET, DEVICE_INTERRUPT_USED, 0) == HC_OK);
	restart_alpha();
	CHECK(in_order(order, ARRAY_COUNT(order)));
	CHECK(doorbells.line[NET].life == 3 && doorbells.line[DISK].life == 3 && doorbells.line[OTHER].life == 1);
	CHECK(is_window(WINDOW_A) && doorbells.line[NET].flags == DEVICE_LINE_WINDOW);
}

/* The windows' memory belongs to others: a start of the back-end leaves it alone. */
static void a_window_is_not_scrubbed(void)
{
	begin_ready();
	fake.memory[0x10000] = 0x5a;
	CHECK(partition_stop(test_partitions[GAMMA].state, STOP_OPERATOR, true) == OK);
	settle();
	CHECK(fake.memory[0x10000] == 0x5a && fake_traced("clear 0x50000", NULL) && !fake_traced("clear 0x10000", NULL));
	CHECK(!fake_traced("clean 0x10000", NULL));
}

static void a_hidden_window_is_nobodys_mistake(void)
{
	struct vm_exit exit = { .class = EXIT_MMIO, .ipa = { WINDOW_A + 8 }, .width = 4 };

	begin();
	CHECK(exit_mmio(gamma_cpu, &exit) == VERDICT_FAULT && test_partitions[GAMMA].state->fault_count == 0);
	exit.ipa.v = WINDOW_A + 0x28000;
	CHECK(exit_mmio(gamma_cpu, &exit) == VERDICT_FAULT && test_partitions[GAMMA].state->fault_count == 1);
	exit.ipa.v = WINDOW_A + 8;
	CHECK(exit_mmio(net_cpu, &exit) == VERDICT_FAULT && test_partitions[ALPHA].state->fault_count == 1);
}

/* ---- lives ---- */

static void each_start_begins_with_the_plans_page(void)
{
	begin_ready();
	CHECK(*page_word(NET, 0) == image[0] && *page_word(NET, 12) == image[3] && *page_word(NET, 16) == 0);
	memset(page_word(NET, 0), 0xff, PAGE_SIZE);
	CHECK(call(HC_DEVICE_INTERRUPT, NET, 1, DEVICE_STATUS_NEEDS_RESET) == HC_OK);
	restart_alpha();
	CHECK(*page_word(NET, 0) == image[0] && *page_word(NET, 12) == image[3]);
	for (uint32_t at = 16; at < PAGE_SIZE; at += 4)
		CHECK(*page_word(NET, at) == 0);
	CHECK(doorbells.line[NET].flags == DEVICE_LINE_WINDOW && fake_traced("irq level alpha 48 0", "devices reset alpha"));
}

static void a_stop_ends_the_wait(void)
{
	begin();
	CHECK(vcpu_power_on(second_cpu, 0, 0) == OK);
	(void)appliance_schedule(1);
	(void)net_write(DEVICE_STATUS, 0);
	(void)write_as(second_cpu, PAGE_IPA + 0x30, 4, 5);
	restart_alpha();
	CHECK(test_partitions[ALPHA].state->state == PARTITION_RUNNING && !waits(NET) && doorbells.line[NET].life == 3);
	CHECK(answer_net(0) == HC_ERR_STATE);
	CHECK(net_cpu->state == VCPU_READY && second_cpu->state == VCPU_OFF);
	CHECK(net_write(DEVICE_STATUS, 1) == VERDICT_ADVANCE && doorbells.line[NET].sequence == 2 && waits(NET));
}

static void a_stop_ends_the_limit(void)
{
	begin_ready();
	(void)net_write(DEVICE_STATUS, 0);
	restart_alpha();
	CHECK(!fake_traced("irq level alpha 48 1", NULL) && doorbells.line[NET].flags == DEVICE_LINE_WINDOW);
	fake.counter += 100 * LIMIT_US;
	settle();
	CHECK(doorbells.line[NET].flags == DEVICE_LINE_WINDOW && is_window(WINDOW_A));
}

static void a_stopped_vcpu_is_not_woken_by_an_answer(void)
{
	begin_ready();
	(void)net_write(DEVICE_STATUS, 0);
	CHECK(partition_stop(test_partitions[ALPHA].state, STOP_OPERATOR, false) == OK);
	(void)appliance_schedule(0); /* it is out, its CPU has not gone further */
	net_cpu->state = VCPU_STOPPED;
	(void)answer_net(0);
	CHECK(net_cpu->state == VCPU_STOPPED);
	settle();
	CHECK(test_partitions[ALPHA].state->state == PARTITION_STOPPED && net_cpu->state == VCPU_STOPPED);
}

/* ---- what a back-end still does for an earlier life ---- */

#define QUIET_TICKS (DEVICE_QUIET_LIMIT_US * (FAKE_HZ / 1000000))

static uint32_t alpha_state(void)
{
	return test_partitions[ALPHA].state->state;
}

/* Alpha is asked to start again, and gamma has said nothing yet. */
static void begin_waiting(void)
{
	begin_ready();
	fake.is_held = true;
	CHECK(partition_stop(test_partitions[ALPHA].state, STOP_OPERATOR, true) == OK);
	(void)appliance_schedule(1);
	settle();
	CHECK(alpha_state() == PARTITION_STARTING && !fake_traced("clear 0x10000", NULL) && !is_window(WINDOW_A));
}

static void nothing_is_cleared_before_its_past_is_over(void)
{
	begin_waiting();
	CHECK(doorbells.line[NET].life == 2 && doorbells.line[DISK].life == 2 && doorbells.line[OTHER].life == 1);
	CHECK(call(HC_DEVICE_QUIET, NET, 1, 0) == HC_ERR_STATE && call(HC_DEVICE_QUIET, DISK, 1, 0) == HC_ERR_STATE);
	CHECK(quiet(NET) == HC_OK && quiet(OTHER) == HC_OK);
	settle();
	CHECK(alpha_state() == PARTITION_STARTING && !fake_traced("clear 0x10000", NULL)); /* of the disk it has not said so */
	fake.kicked[0] = false;
	CHECK(quiet(DISK) == HC_OK && fake.kicked[0] && !is_window(WINDOW_A));
	settle();
	CHECK(alpha_state() == PARTITION_RUNNING && fake_traced("clear 0x10000", NULL) && is_window(WINDOW_A));
	CHECK(doorbells.line[NET].life == 3 && doorbells.line[NET].flags == DEVICE_LINE_WINDOW && !fake_traced("print alpha: a back-end", NULL));
}

static void the_wait_has_an_end(void)
{
	begin_waiting();
	CHECK(fake.timer[0] > fake.counter && fake.timer[0] <= fake.counter + QUIET_TICKS);
	fake.counter = fake.timer[0] - 1;
	(void)appliance_schedule(0);
	CHECK(alpha_state() == PARTITION_STARTING && !fake_traced("clear 0x10000", NULL));
	fake.counter++;
	settle();
	CHECK(alpha_state() == PARTITION_RUNNING && fake_traced("clear 0x10000", "print alpha: a back-end"));
	CHECK(fake_count("print alpha: a back-end is not through") == 1);
	CHECK(!is_window(WINDOW_A) && !(doorbells.line[NET].flags & DEVICE_LINE_WINDOW));
	CHECK(call(HC_DEVICE_QUIET, DISK, 2, 0) == HC_ERR_STATE && quiet(DISK) == HC_OK && !is_window(WINDOW_A));
	CHECK(call(HC_DEVICE_QUIET, NET, 2, 0) == HC_ERR_STATE && !is_window(WINDOW_A));
	CHECK(quiet(NET) == HC_OK && is_window(WINDOW_A) && doorbells.line[DISK].flags == DEVICE_LINE_WINDOW);
}

static void what_is_not_due_shows_nothing(void)
{
	begin_ready();
	CHECK(partition_stop(test_partitions[ALPHA].state, STOP_OPERATOR, false) == OK);
	(void)appliance_schedule(1);
	settle();
	CHECK(quiet(NET) == HC_OK && quiet(DISK) == HC_OK && !is_window(WINDOW_A));
	fake_trace_clear();
	CHECK(quiet(NET) == HC_OK && quiet(OTHER) == HC_OK && !fake_traced("flush gamma", NULL) && !fake_traced("kick 0", NULL));
	CHECK(partition_start(test_partitions[ALPHA].state) == OK);
	settle();
	CHECK(alpha_state() == PARTITION_RUNNING && is_window(WINDOW_A));
}

static void a_back_end_that_stops_is_through(void)
{
	begin_waiting();
	CHECK(partition_stop(test_partitions[GAMMA].state, STOP_FAULT, false) == OK);
	settle();
	CHECK(alpha_state() == PARTITION_RUNNING && fake_traced("clear 0x10000", "dma block gamma"));
	CHECK(!fake_traced("print alpha: a back-end", NULL));
}

static void a_back_end_that_is_stopped_is_not_waited_for(void)
{
	begin_ready();
	CHECK(partition_stop(test_partitions[GAMMA].state, STOP_FAULT, false) == OK);
	settle();
	CHECK(partition_stop(test_partitions[ALPHA].state, STOP_OPERATOR, true) == OK);
	(void)appliance_schedule(1);
	settle();
	CHECK(alpha_state() == PARTITION_RUNNING && doorbells.line[NET].life == 3);
	CHECK(partition_start(test_partitions[GAMMA].state) == OK);
	settle();
	CHECK(is_window(WINDOW_A) && doorbells.line[NET].flags == DEVICE_LINE_WINDOW);
}

/* Its own back-end has the next slot of that CPU. */
static void who_waits_leaves_the_cpu_to_others(void)
{
	begin_ready();
	fake.is_held = true;
	CHECK(partition_stop(test_partitions[BETA].state, STOP_OPERATOR, true) == OK);
	for (int i = 0; i < 10; i++) {
		fake.counter += 1000;
		(void)appliance_schedule(2);
		CHECK(test_cpus[2].current != beta_cpu);
	}
	CHECK(test_partitions[BETA].state->state == PARTITION_STARTING && fake_traced("load gamma.0", NULL) && !fake_traced("clear 0x40000", NULL));
	CHECK(quiet(OTHER) == HC_OK);
	settle();
	CHECK(test_partitions[BETA].state->state == PARTITION_RUNNING && is_window(WINDOW_B) && fake_traced("clear 0x40000", NULL));
}

static void an_unanswered_reset_ends_a_life(void)
{
	ends_with_window_gone(DEVICE_STATUS, 0, true);
	CHECK(doorbells.line[NET].life == 2 && doorbells.line[DISK].life == 1 && doorbells.line[OTHER].life == 1);
	CHECK(call(HC_DEVICE_QUIET, NET, 1, 0) == HC_ERR_STATE && quiet(DISK) == HC_OK && !is_window(WINDOW_A));
	CHECK(quiet(NET) == HC_OK && is_window(WINDOW_A) && doorbells.line[DISK].flags == DEVICE_LINE_WINDOW);
	CHECK(doorbells.line[NET].flags == (DEVICE_LINE_WINDOW | DEVICE_LINE_BROKEN));
	(void)net_write(DEVICE_STATUS, 0);
	CHECK(answer_net(0) == HC_OK && doorbells.line[NET].flags == DEVICE_LINE_WINDOW);
}

int main(void)
{
	TEST(nothing_is_cleared_before_its_past_is_over);
	TEST(the_wait_has_an_end);
	TEST(what_is_not_due_shows_nothing);
	TEST(a_back_end_that_stops_is_through);
	TEST(a_back_end_that_is_stopped_is_not_waited_for);
	TEST(who_waits_leaves_the_cpu_to_others);
	TEST(an_unanswered_reset_ends_a_life);
	TEST(a_doorbell_counts_and_interrupts);
	TEST(a_doorbell_of_no_queue_is_ignored);
	TEST(a_doorbell_counts_over_its_end);
	TEST(doorbells_outlive_the_back_end);
	TEST(the_line_is_the_word);
	TEST(the_page_is_never_believed);
	TEST(a_back_end_can_mark_it_broken);
	TEST(calls_are_checked);
	TEST(a_hand_off_waits_for_its_answer);
	TEST(doorbells_of_other_widths_are_hand_offs);
	TEST(its_cpu_does_something_else_meanwhile);
	TEST(a_shared_cpu_serves_its_next_slot);
	TEST(late_and_wrong_answers_are_dropped);
	TEST(a_second_vcpu_waits_its_turn);
	TEST(a_second_device_does_not_wait_for_the_first);
	TEST(what_no_register_takes_is_an_abort);
	TEST(an_unanswered_device_is_broken);
	TEST(one_tick_early_is_still_in_time);
	TEST(broken_until_a_reset_is_answered);
	TEST(no_limit_before_the_first_ready);
	TEST(ready_again_gains_no_time);
	TEST(no_limit_while_the_back_end_is_restarted);
	TEST(a_back_end_stopped_for_good_is_late);
	TEST(an_unanswered_reset_ends_the_window);
	TEST(an_unanswered_queue_stop_ends_the_window);
	TEST(a_byte_can_reset_too);
	TEST(a_start_of_the_back_end_brings_it_back);
	TEST(no_window_before_the_front_end_runs);
	TEST(no_window_onto_a_stopped_partition);
	TEST(the_order_of_stop_and_start);
	TEST(a_window_is_not_scrubbed);
	TEST(a_hidden_window_is_nobodys_mistake);
	TEST(each_start_begins_with_the_plans_page);
	TEST(a_stop_ends_the_wait);
	TEST(a_stop_ends_the_limit);
	TEST(a_stopped_vcpu_is_not_woken_by_an_answer);
	return tap_done();
}
