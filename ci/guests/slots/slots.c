/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest for time slots and for neighbours under stress. It fills every register that a switch must keep with a
 * pattern of its own, does what the command line says, and counts what it got.
 *
 *   do=spin      nothing but instructions, which it counts
 *   do=sleep     sleeps a millisecond, again and again
 *   do=storm     interrupts itself as fast as it can
 *   do=fault     reads where nothing is
 *   do=mute      the same as spin, without a sign of life
 *   do=beat      wakes every millisecond, and tells the longest gap from the window's start to a waking or between two
 *   pattern=N    its pattern (default 1)       ms=N         length of a window (default 5000)     windows=N  (default 1)
 *
 * After each window one line: `SLOTS do=.. window=.. chunks=.. instructions=.. ns=.. foreign=.. beats=.. gap_ns=..`.
 * foreign counts checks that found a register changed. This file is compiled without floating point.
 */

#include <stdio.h>
#include <string.h>

#include <rt/bulkhead.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/proof.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/trap.h>
#include <rt/tree.h>

#define MILLISECOND	1000000ull
#define SPINS		50000u
#define SGI		9u
#define HOLE		0x7f00000000ull		/* neither RAM nor a device, in `virt` and in a partition */

void slots_fill(uint64_t pattern);
uint64_t slots_check(uint64_t pattern, uint64_t spins);
extern const char slots_fixed[];	/* an absolute symbol: state.S */

static volatile uint64_t beats;
static volatile uint64_t last_beat;
static volatile uint64_t longest_gap;
static volatile uint64_t next_beat;

static void beat(void *arg)
{
	uint64_t now = time_ns();

	beats++;
	if (now - last_beat > longest_gap)
		longest_gap = now - last_beat;
	last_beat = now;
	bulkhead_heartbeat();
	while (next_beat <= now)
		next_beat += MILLISECOND;
	timer_set(next_beat, beat, arg);
}

static void nothing(unsigned irq, void *arg)
{
	(void)irq;
	(void)arg;
}

static bool skip_fault(enum trap_kind kind, struct trap_frame *frame)
{
	if (kind != TRAP_SYNC || frame->far != HOLE)
		return false;
	frame->elr += 4;
	return true;
}

static uint64_t act_spin(void)
{
	return SPINS;
}

static uint64_t act_mute(void)
{
	return SPINS;
}

static uint64_t act_sleep(void)
{
	time_sleep(MILLISECOND);
	return 1;
}

static uint64_t act_storm(void)
{
	for (unsigned i = 0; i < 100; i++)
		irq_send(SGI, cpu_index());
	return 1;
}

static uint64_t act_fault(void)
{
	for (unsigned i = 0; i < 100; i++)
		__asm__ volatile("ldr x0, [%0]" : : "r"(HOLE) : "x0", "memory");
	return 1;
}

static uint64_t act_beat(void)
{
	irq_mask();
	cpu_wfi();
	irq_unmask();
	cpu_isb();
	return 1;
}

static const struct {
	const char *name;
	uint64_t (*act)(void);		/* returns how long to spin afterwards */
} modes[] = {
	{ "spin", act_spin },
	{ "sleep", act_sleep },
	{ "storm", act_storm },
	{ "fault", act_fault },
	{ "mute", act_mute },
	{ "beat", act_beat },
};

static void run_window(unsigned mode, unsigned window, uint64_t pattern, uint64_t length)
{
	uint64_t chunks = 0, foreign = 0, instructions = 0;
	uint64_t start, now;

	longest_gap = 0;
	beats = 0;
	start = now = last_beat = time_ns();
	if (modes[mode].act == act_beat) {
		next_beat = start + MILLISECOND;
		timer_set(next_beat, beat, NULL);
	}
	for (; now - start < length; now = time_ns()) {
		if (modes[mode].act != act_beat && modes[mode].act != act_mute)
			bulkhead_heartbeat();
		slots_fill(pattern);	/* what went before may have used registers for itself */

		uint64_t spins = modes[mode].act();

		foreign += slots_check(pattern, spins) != 0;
		instructions += 2 * spins + (uintptr_t)slots_fixed;
		chunks++;
	}
	sysreg_write(cntv_ctl_el0, 2);
	printf("SLOTS do=%s window=%u chunks=%llu instructions=%llu ns=%llu foreign=%llu beats=%llu gap_ns=%llu\n",
	       modes[mode].name, window, (unsigned long long)chunks, (unsigned long long)instructions,
	       (unsigned long long)(now - start), (unsigned long long)foreign, (unsigned long long)beats,
	       (unsigned long long)longest_gap);
}

int main(void)
{
	char name[8] = "spin";
	unsigned mode = 0;
	uint64_t pattern = tree_option_number("pattern", 1);
	uint64_t length = tree_option_number("ms", 5000) * MILLISECOND;
	uint64_t windows = tree_option_number("windows", 1);

	tree_option("do", name, sizeof(name));
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!strcmp(name, modes[i].name))
			mode = i;
	}
	proof_print("slots 1.0");
	irq_set_handler(SGI, nothing, NULL);
	trap_set_hook(skip_fault);
	for (unsigned window = 0; window < windows; window++)
		run_window(mode, window, pattern, length);
	printf("SLOTS done\n");
	return 0;
}
