/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Before anything else, reads all RAM outside its image and finds no byte of an earlier life or of somebody else: all
 * must be zero. Then it leaves a mark in every word, for its next life to find if nobody clears it.
 *
 * What is left out: the image with its stacks, the device tree and the initrd; with `plain=1` also the first page,
 * where QEMU's own loader lies. `then=reset` resets until it has lived `lives=N` times (by the hypervisor's count;
 * without one, for ever), with `wait=1` not before a key was typed in its first one; `then=off` powers off; otherwise it
 * gives signs of life.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include <rt/bulkhead.h>
#include <rt/console.h>
#include <rt/proof.h>
#include <rt/psci.h>
#include <rt/smccc.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#define PAGE		4096ull
#define MARK		0x6c696665206c6f6eull
#define GAP_COUNT	4u

extern char __image_start[], __image_end[];

struct gap {
	uint64_t start;
	uint64_t end;
};

/* Walks RAM from its base: what lies between the used ranges, which are few and may touch. */
static unsigned find_gaps(struct gap gaps[GAP_COUNT + 1])
{
	struct tree_range ram = tree_ram();
	struct tree_range initrd = tree_initrd();
	struct gap used[GAP_COUNT] = {
		{ ram.base, ram.base + (tree_option_number("plain", 0) ? PAGE : 0) },
		{ (uintptr_t)__image_start, (uintptr_t)__image_end },
		{ (uintptr_t)tree_blob(), (uintptr_t)tree_blob() + fdt_totalsize(tree_blob()) },
		{ initrd.base, initrd.base + initrd.size },
	};
	uint64_t at = ram.base;
	unsigned count = 0;

	while (at < ram.base + ram.size && count <= GAP_COUNT) {
		uint64_t next = ram.base + ram.size;
		bool inside = false;

		for (unsigned i = 0; i < GAP_COUNT; i++) {
			if (used[i].start <= at && at < used[i].end) {
				at = (used[i].end + 7) & ~7ull;
				inside = true;
			} else if (used[i].start > at && used[i].start < next && used[i].end > used[i].start) {
				next = used[i].start & ~7ull;
			}
		}
		if (inside)
			continue;
		gaps[count++] = (struct gap){ at, next };
		at = next;
	}
	return count;
}

static uint64_t scan(const struct gap *gap, uint64_t *first)
{
	uint64_t dirty = 0;

	for (const volatile uint64_t *at = (const volatile uint64_t *)(uintptr_t)gap->start; (uintptr_t)at < gap->end; at++) {
		if (!*at)
			continue;
		if (!*first)
			*first = (uintptr_t)at;
		dirty++;
	}
	return dirty;
}

static void mark(const struct gap *gap)
{
	for (volatile uint64_t *at = (volatile uint64_t *)(uintptr_t)gap->start; (uintptr_t)at < gap->end; at++)
		*at = MARK;
	cache_flush((const void *)(uintptr_t)gap->start, gap->end - gap->start);
}

static uint64_t lives(void)
{
	struct smccc call = { { HC_PARTITION_INFO, PARTITION_SELF } };

	return bulkhead_present() && !smccc_call(&call) ? call.x[2] : 1;
}

static void wait_for_key(void)
{
	printf("RAMSCAN waits\n");
	while (console_poll() < 0)
		time_sleep(1000000);
}

int main(void)
{
	struct gap gaps[GAP_COUNT + 1];
	uint64_t bytes = 0, dirty = 0, first = 0;
	unsigned count = find_gaps(gaps);
	char then[8] = "";

	for (unsigned i = 0; i < count; i++) {
		bytes += gaps[i].end - gaps[i].start;
		dirty += scan(&gaps[i], &first);
	}
	for (unsigned i = 0; i < count; i++)
		mark(&gaps[i]);
	printf("RAMSCAN life=%llu bytes=%llu dirty=%llu first=%#llx\n", (unsigned long long)lives(),
	       (unsigned long long)bytes, (unsigned long long)dirty * 8, (unsigned long long)first);
	proof_print("ramscan 1.0");
	bulkhead_heartbeat();
	tree_option("then", then, sizeof(then));
	if (!strcmp(then, "off"))
		return 0;
	if (tree_option_number("wait", 0) && lives() == 1)
		wait_for_key();
	if (!strcmp(then, "reset") && lives() < tree_option_number("lives", UINT64_MAX))
		psci_system_reset();
	printf("RAMSCAN rests\n");
	for (;;) {
		time_sleep(100000000);
		bulkhead_heartbeat();
	}
}
