/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A front-end that judges its device pages, with devback on the other side: what a driver of virtio-mmio may rely on, and
 * what hyp/abi/device.h says beyond. It knows no rings.
 *
 * Command line: lives=N: it resets its partition until it has run so often. limit=MS: longest wait for an answer; what
 * follows from none is tried.
 */
#include <stdio.h>
#include <string.h>

#include <abi/device.h>
#include <rt/bulkhead.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/psci.h>
#include <rt/smccc.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/trap.h>
#include <rt/tree.h>

#include "../devback/devcmd.h"
#include "../tap.h"

#define ROUNDS	200u
#define SECOND	1000000000ull
#define ALIAS	0x5000000000ull		/* a GiB of virtual addresses where the runtime maps nothing else */
#define GIB	(1ull << 30)

extern uint64_t mmu_level1[];		/* the runtime's table: device pages lie in its first GiB */

static uint64_t page, other_page;
static unsigned page_irq;
static volatile uint32_t interrupts, seen_status;
static volatile bool keeps_line;
static volatile uint64_t abort_syndrome;
static volatile bool may_abort;

static uint32_t get(uint32_t offset)
{
	return mmio_read32(page + offset);
}

static void put(uint32_t offset, uint32_t value)
{
	mmio_write32(page + offset, value);
}

static uint64_t result(void)
{
	return get(DEV_RESULT) | (uint64_t)get(DEV_RESULT + 4) << 32;
}

static void arrive(unsigned irq, void *arg)
{
	(void)irq;
	(void)arg;
	interrupts++;
	seen_status |= get(DEVICE_INTERRUPT_STATUS);
	if (keeps_line && interrupts < 3)
		return;
	put(DEVICE_INTERRUPT_ACK, get(DEVICE_INTERRUPT_STATUS));
}

static bool wait_until(bool (*is_so)(uint32_t), uint32_t arg)
{
	uint64_t end = time_ns() + 10 * SECOND;

	while (!is_so(arg) && time_ns() < end)
		cpu_relax();
	return is_so(arg);
}

static bool has_interrupts(uint32_t count)
{
	return interrupts >= count;
}

/* ---- registers ---- */

static void test_page(void)
{
	tap_check(get(0) == 0x74726976 && get(4) == 2 && get(8) != 0, "the page is that of a virtio device");
	tap_check(get(DEVICE_STATUS) == 0 && get(DEVICE_INTERRUPT_STATUS) == 0 && get(DEV_ECHO) == 0, "nothing of a former life is in it");
}

static void test_status(void)
{
	bool is_good = true;

	for (uint32_t status = 1; status <= 0xf; status = status << 1 | 1) {
		put(DEVICE_STATUS, status);
		is_good = is_good && get(DEVICE_STATUS) == status;
	}
	tap_check(is_good, "a status that is written can be read at once");
	put(DEVICE_STATUS, 0);
	tap_check(get(DEVICE_STATUS) == 0, "a reset is over when the write is");
}

static void test_widths(void)
{
	mmio_write8(page + DEV_ECHO + 1, 0xa5);
	mmio_write16(page + DEV_ECHO + 2, 0x5a69);
	put(DEV_ECHO + 4, 0x12345678);
	mmio_write64(page + DEV_ECHO + 8, 0xfedcba9876543210ull);
	tap_check(get(DEV_ECHO) == 0x5a69a500 && get(DEV_ECHO + 4) == 0x12345678 &&
			  mmio_read64(page + DEV_ECHO + 8) == 0xfedcba9876543210ull, "writes of 8, 16, 32 and 64 bits arrive");
}

/* The guest's own translation says where a write goes. */
static void test_alias(void)
{
	uint64_t kept = mmu_level1[ALIAS / GIB];

	mmu_level1[ALIAS / GIB] = mmu_level1[0];
	__asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
	mmio_write32(ALIAS + page + DEV_ECHO, 0x600d);
	mmio_write32(ALIAS + page + DEVICE_QUEUE_NOTIFY, DEV_SILENT);
	tap_check(get(DEV_ECHO) == 0x600d, "a hand-off by another virtual address arrives");
	mmio_write32(ALIAS + other_page + DEV_ECHO, 0xbad);
	tap_check(get(DEV_ECHO) == 0x600d && mmio_read32(other_page + DEV_ECHO) == 0xbad, "... at the device that it is meant for");
	mmu_level1[ALIAS / GIB] = kept;
	__asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
}

static bool on_abort(enum trap_kind kind, struct trap_frame *frame)
{
	if (kind != TRAP_SYNC || !may_abort)
		return false;
	abort_syndrome = frame->esr;
	frame->elr += 4;
	return true;
}

static bool is_external_abort(uint64_t esr)
{
	return esr >> 26 == 0x25 && (esr & 0x3f) == 0x10;
}

static void test_aborts(void)
{
	uint32_t before = get(DEV_HANDOFFS);

	may_abort = true;
	abort_syndrome = 0;
	__asm__ volatile("stp wzr, wzr, [%0]" : : "r"(page + DEV_ECHO + 8) : "memory");
	tap_check(is_external_abort(abort_syndrome), "a write whose syndrome does not describe it is an external abort");
	abort_syndrome = 0;
	__asm__ volatile("str wzr, [%0], #4" : "+r"((uint64_t){ page + DEV_ECHO + 8 }) : : "memory");
	tap_check(is_external_abort(abort_syndrome), "so is one that writes its address back");
	may_abort = false;
	tap_check(get(DEV_HANDOFFS) == before && get(DEV_ECHO + 8) == 0x76543210, "... and nothing was written");
}

/* ---- doorbells and interrupts ---- */

static bool has_doorbells(uint32_t count)
{
	return get(DEV_DOORBELLS + 4 * DEV_SILENT) == count;
}

static void test_doorbells(void)
{
	uint32_t before = get(DEV_DOORBELLS + 4 * DEV_SILENT);

	for (unsigned i = 0; i < ROUNDS; i++)
		put(DEVICE_QUEUE_NOTIFY, DEV_SILENT);
	put(DEVICE_QUEUE_NOTIFY, DEVICE_QUEUE_MAX);
	tap_check(wait_until(has_doorbells, before + ROUNDS), "no doorbell is lost");
	tap_check(interrupts == 0 && get(DEVICE_INTERRUPT_STATUS) == 0, "... and no interrupt comes of itself");
}

static bool is_used(uint32_t unused)
{
	(void)unused;
	return get(DEVICE_INTERRUPT_STATUS) == DEVICE_INTERRUPT_USED;
}

static void test_interrupts(void)
{
	bool is_good = true;

	for (uint32_t i = 1; i <= ROUNDS && is_good; i++) {
		put(DEVICE_QUEUE_NOTIFY, 0);
		is_good = wait_until(has_interrupts, i);
	}
	time_sleep(SECOND / 50);
	tap_check(is_good && interrupts == ROUNDS && seen_status == DEVICE_INTERRUPT_USED, "each interrupt comes once (%u of %u)", interrupts,
		  ROUNDS);
	tap_check(get(DEVICE_INTERRUPT_STATUS) == 0, "an acknowledgement clears its bit");
	interrupts = 0;
	keeps_line = true;
	put(DEVICE_QUEUE_NOTIFY, 0);
	tap_check(wait_until(has_interrupts, 3), "an interrupt that is not acknowledged comes again");
	keeps_line = false;
	time_sleep(SECOND / 50);
	tap_check(interrupts == 3, "... until it is");
}

static bool is_pending(uint32_t unused)
{
	(void)unused;
	return mmio_read32(irq_gic()->dist + 0x200 + page_irq / 32 * 4) >> page_irq % 32 & 1;
}

static void test_polling(void)
{
	irq_mask();
	interrupts = 0;
	put(DEVICE_QUEUE_NOTIFY, 0);
	tap_check(wait_until(is_used, 0) && wait_until(is_pending, 0), "a masked interrupt is pending, and the page says why");
	put(DEVICE_INTERRUPT_ACK, DEVICE_INTERRUPT_CONFIG);
	tap_check(get(DEVICE_INTERRUPT_STATUS) == DEVICE_INTERRUPT_USED && is_pending(0), "acknowledging another bit changes nothing");
	put(DEVICE_INTERRUPT_ACK, DEVICE_INTERRUPT_USED);
	tap_check(get(DEVICE_INTERRUPT_STATUS) == 0 && !is_pending(0), "once acknowledged, it is no longer pending");
	irq_unmask();
	time_sleep(SECOND / 50);
	tap_check(interrupts == 0, "... and does not come");
}

/* ---- two vCPUs ---- */

static volatile bool go, is_second_done;
static volatile uint32_t second_bad;

static uint32_t write_rounds(uint32_t offset)
{
	uint32_t bad = 0;

	for (uint32_t i = 1; i <= ROUNDS; i++) {
		put(offset, i);
		bad += get(offset) != i;
	}
	return bad;
}

static void second_main(void *unused)
{
	(void)unused;
	while (!go)
		cpu_relax();
	second_bad = write_rounds(DEV_ECHO + 0x20);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	is_second_done = true;
}

static bool is_done(uint32_t unused)
{
	(void)unused;
	return is_second_done;
}

static void test_two(void)
{
	uint32_t before = get(DEV_HANDOFFS), bad;

	if (cpu_count() < 2)
		return;
	cpu_start(1, second_main, NULL);
	go = true;
	bad = write_rounds(DEV_ECHO + 0x10);
	tap_check(wait_until(is_done, 0) && !bad && !second_bad, "two vCPUs write one device at once: each write is done when it returns");
	tap_check(get(DEV_HANDOFFS) == before + 2 * ROUNDS, "... and was handed over once");
}

/* ---- a back-end that does not answer ---- */

static uint64_t secret;

static void read_window(void)
{
	mmio_write64(page + DEV_ADDRESS, (uint64_t)&secret);
	put(DEV_COMMAND, DEV_READ_WINDOW);
}

static void test_window(void)
{
	secret = time_ticks() | 1;
	read_window();
	tap_check(result() == secret, "the back-end sees this memory");
}

/* The write comes back, though not before the limit. */
static bool unanswered(uint32_t offset, uint32_t value, uint64_t limit_ns)
{
	uint64_t begin, took;

	put(DEV_COMMAND, DEV_MUTE);
	begin = time_ns();
	put(offset, value);
	took = time_ns() - begin;
	return took >= limit_ns && took < limit_ns + 10 * SECOND;
}

static void test_limit(uint64_t limit_ns)
{
	interrupts = seen_status = 0;
	put(DEVICE_STATUS, 3);
	tap_check(unanswered(DEV_ECHO + 0x30, 5, limit_ns), "a write that is not answered ends after the limit");
	tap_check(get(DEVICE_STATUS) == (DEVICE_STATUS_NEEDS_RESET | 3) && wait_until(has_interrupts, 1) && seen_status == DEVICE_INTERRUPT_CONFIG,
		  "the device says that it needs a reset");
	put(DEV_COMMAND, DEV_LATE);
	tap_check((int64_t)result() == HC_ERR_STATE && get(DEVICE_STATUS) == (DEVICE_STATUS_NEEDS_RESET | 3), "a late answer is dropped");
	read_window();
	tap_check(result() == secret, "the window is still there: no queue was stopped");
	put(DEVICE_STATUS, 0);
	tap_check(get(DEVICE_STATUS) == 0 && get(DEVICE_INTERRUPT_STATUS) == 0, "a reset that is answered makes it whole");
	put(DEV_COMMAND, DEV_BREAK);
	tap_check(result() == HC_OK && get(DEVICE_STATUS) == DEVICE_STATUS_NEEDS_RESET, "the back-end can say that it is broken");
	put(DEVICE_STATUS, 0);
}

static void test_window_gone(uint64_t limit_ns)
{
	tap_check(unanswered(DEVICE_QUEUE_READY, 0, limit_ns), "the stop of a queue that is not answered ends after the limit");
	read_window();
	tap_check(result() == DEV_ABORTED, "... and the back-end no longer sees this memory");
	put(DEV_COMMAND, DEV_QUIET_OLD);
	tap_check((int64_t)result() == HC_ERR_STATE, "that it is through with the life before is no news");
	read_window();
	tap_check(result() == DEV_ABORTED, "... and does not show it this memory");
	put(DEV_COMMAND, DEV_QUIET);
	tap_check(result() == HC_OK, "that it is through with this one is");
	read_window();
	tap_check(result() == secret, "... and it sees this memory again");
	put(DEVICE_STATUS, 0);
	tap_check(get(DEVICE_STATUS) == 0 && get(DEVICE_INTERRUPT_STATUS) == 0, "a reset makes the device whole");
}

static bool find(void)
{
	struct tree_range regs;
	int node = tree_find("virtio,mmio");

	if (node < 0 || !tree_reg(node, 0, &regs))
		return false;
	page = GUEST_VIRTIO_IPA;
	other_page = page + 0x1000;
	page_irq = (unsigned)tree_irq(node, 0);
	if (regs.base == page)
		return true;
	page_irq -= (unsigned)((regs.base - page) / 0x1000);	/* nodes may stand in any order; numbers go with pages */
	return true;
}

static uint64_t life(void)
{
	struct smccc call = { { HC_PARTITION_INFO, PARTITION_SELF } };

	smccc_hvc(&call);
	return call.x[2];
}

int main(void)
{
	uint64_t limit_ns = tree_option_number("limit", 0) * 1000000;

	if (!find()) {
		printf("devfront: no device\n");
		return 0;
	}
	printf("devfront: life %llu\n", (unsigned long long)life());
	trap_set_hook(on_abort);
	test_page();
	irq_set_handler(page_irq, arrive, NULL);
	irq_enable(page_irq);
	test_status();
	test_widths();
	test_alias();
	test_aborts();
	test_doorbells();
	test_interrupts();
	test_polling();
	test_two();
	test_window();
	if (limit_ns) {
		test_limit(limit_ns);
		test_window_gone(limit_ns);
	}
	(void)tap_end();
	if (life() < tree_option_number("lives", 1))
		psci_call(PSCI_SYSTEM_RESET, 0, 0, 0);
	return 0;
}
