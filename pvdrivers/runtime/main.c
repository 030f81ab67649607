/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From start.S to main(), and what the C library asks of its machine: exit, memory for malloc. It must not know any
 * program.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libfdt.h>

#include <rt/console.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/mmu.h>
#include <rt/psci.h>
#include <rt/timer.h>
#include <rt/tree.h>

#define RESERVED_MAX	8u

extern char __image_start[], __image_end[];
extern void (*__init_array_start[])(void), (*__init_array_end[])(void);

int main(void);
_Noreturn void rt_main(const void *blob);

static char *heap_next;
static char *heap_end;

/* The largest run of RAM that neither image, nor device tree, nor initrd uses, nor is reserved. */
static void heap_init(void)
{
	struct tree_range ram = tree_ram();
	struct tree_range initrd = tree_initrd();
	uint64_t ram_end = ram.base + ram.size;
	uint64_t used[4 + RESERVED_MAX][2] = {
		{ ram.base, ram.base },
		{ (uintptr_t)__image_start, (uintptr_t)__image_end },
		{ (uintptr_t)tree_blob(), (uintptr_t)tree_blob() + fdt_totalsize(tree_blob()) },
		{ initrd.base, initrd.base + initrd.size },
	};
	size_t count = 4;
	uint64_t best = 0;

	for (unsigned n = 0; n < RESERVED_MAX && tree_reserved(n).size; n++, count++) {
		used[count][0] = tree_reserved(n).base;
		used[count][1] = tree_reserved(n).base + tree_reserved(n).size;
	}

	for (size_t i = 0; i < count; i++) {
		uint64_t start = (used[i][1] + 4095) & ~4095ull;
		uint64_t end = ram_end;

		for (size_t j = 0; j < count; j++) {
			if (used[j][0] < used[j][1] && used[j][1] > start && used[j][0] < end)
				end = used[j][0];
		}
		if (start >= ram.base && end > start && end - start > best) {	/* no initrd ends at 0 */
			best = end - start;
			heap_next = (char *)(uintptr_t)start;
			heap_end = (char *)(uintptr_t)end;
		}
	}
}

void *sbrk(ptrdiff_t size)
{
	char *old = heap_next;

	if (size > heap_end - heap_next) {
		errno = ENOMEM;
		return (void *)-1;
	}
	heap_next += size;
	return old;
}

void _exit(int status)
{
	(void)status;
	psci_system_off();
}

void rt_main(const void *blob)
{
	if (!tree_init(blob))
		psci_system_off();
	mmu_set_ram(tree_ram().base, tree_ram().size);
	heap_init();
	cpu_init();
	console_init();
	irq_init();
	irq_init_cpu();
	timer_init_cpu();
	console_init_irq();
	irq_unmask();
	for (void (**init)(void) = __init_array_start; init < __init_array_end; init++)
		(*init)();
	exit(main());
}
