/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A back-end for tests of device pages: answers every hand-off, counts doorbells, and does what devcmd.h says. It knows no
 * rings. It is written against docs/io-tree.md and hyp/abi/device.h, as an I/O partition is.
 */
#include <stdbool.h>
#include <stdio.h>

#include <libfdt.h>

#include <abi/device.h>
#include <rt/bulkhead.h>
#include <rt/cpu.h>
#include <rt/irq.h>
#include <rt/sysreg.h>
#include <rt/trap.h>
#include <rt/tree.h>

#include "devcmd.h"

#define DEVICES 8u

struct back {
	const volatile struct device_line *line;
	volatile uint8_t *page;
	uint64_t front, size, window;	/* what the window shows */
	uint32_t number;
	uint32_t served[DEVICE_QUEUE_MAX];
	uint32_t handoffs;
	uint32_t withheld;		/* sequence of the hand-off that was not answered */
	uint32_t life;			/* that was told of */
	bool is_mute, is_busy;		/* busy: with that hand-off */
};

static struct back backs[DEVICES];
static unsigned back_count;
static uint32_t wakes;
static volatile bool has_aborted, may_abort;

static volatile uint32_t *word(const struct back *b, uint32_t offset)
{
	return (volatile uint32_t *)(b->page + offset);
}

static uint64_t cell64(const fdt64_t *cells, unsigned n)
{
	return fdt64_to_cpu(cells[n]);
}

static void find_devices(void)
{
	const void *tree = tree_blob();
	int io = tree_find("bulkhead,io");
	struct tree_range doorbells = { 0, 0 }, page;
	int node;

	tree_reg(io, 0, &doorbells);
	fdt_for_each_subnode(node, tree, io) {
		struct back *b = &backs[back_count];
		const fdt64_t *window = fdt_getprop(tree, node, "bulkhead,window", NULL);
		const fdt32_t *line = fdt_getprop(tree, node, "bulkhead,line", NULL);

		if (back_count == DEVICES || !window || !line || !tree_reg(node, 0, &page))
			continue;
		b->number = fdt32_to_cpu(*line);
		b->line = &((const volatile struct device_doorbells *)(uintptr_t)doorbells.base)->line[b->number];
		b->page = (volatile uint8_t *)(uintptr_t)page.base;
		b->front = cell64(window, 0);
		b->size = cell64(window, 1);
		b->window = cell64(window, 2);
		back_count++;
	}
}

/* ---- commands ---- */

static bool on_abort(enum trap_kind kind, struct trap_frame *frame)
{
	if (kind != TRAP_SYNC || !may_abort)
		return false;
	has_aborted = true;
	frame->elr += 4;
	return true;
}

/* What stands at an address of ours; DEV_ABORTED: nothing answers. */
static uint64_t read_here(uint64_t at)
{
	uint64_t value = DEV_ABORTED;

	has_aborted = false;
	may_abort = true;
	__asm__ volatile("ldr %0, [%1]\n\tdsb sy\n\tisb" : "+r"(value) : "r"(at) : "memory");
	may_abort = false;
	return has_aborted ? DEV_ABORTED : value;
}

static uint64_t read_window(const struct back *b, uint64_t at)
{
	if (at < b->front || at - b->front > b->size - sizeof(uint64_t))
		return DEV_ABORTED;
	return read_here(b->window + (at - b->front));
}

static uint64_t count_window(const struct back *b, uint64_t pages)
{
	uint64_t count = 0;

	for (uint64_t page = 0; page < pages; page++) {
		(void)read_here(b->window + page * 4096);
		count += !has_aborted;
	}
	return count;
}

static void put64(const struct back *b, uint32_t offset, uint64_t value)
{
	*word(b, offset) = (uint32_t)value;
	*word(b, offset + 4) = (uint32_t)(value >> 32);
}

static uint64_t get64(const struct back *b, uint32_t offset)
{
	return *word(b, offset) | (uint64_t)*word(b, offset + 4) << 32;
}

/* Nothing here goes on by itself: it is through with a life as soon as it sees that there is another one. */
static int64_t life_end(struct back *b)
{
	b->is_busy = false;
	b->life = b->line->life;
	return bulkhead_call(HC_DEVICE_QUIET, b->number, b->life, 0, NULL);
}

static void command(struct back *b, uint64_t what)
{
	switch (what) {
	case DEV_MUTE:
		b->is_mute = true;
		break;
	case DEV_LATE:
		put64(b, DEV_RESULT, (uint64_t)bulkhead_call(HC_DEVICE_ANSWER, b->number, b->withheld, 0xf, NULL));
		b->is_busy = false;
		break;
	case DEV_QUIET:
		put64(b, DEV_RESULT, (uint64_t)life_end(b));
		break;
	case DEV_QUIET_OLD:
		put64(b, DEV_RESULT, (uint64_t)bulkhead_call(HC_DEVICE_QUIET, b->number, b->line->life - 1u, 0, NULL));
		break;
	case DEV_BREAK:
		put64(b, DEV_RESULT, (uint64_t)bulkhead_call(HC_DEVICE_INTERRUPT, b->number, 0, DEVICE_STATUS_NEEDS_RESET, NULL));
		break;
	case DEV_READ_WINDOW:
		put64(b, DEV_RESULT, read_window(b, get64(b, DEV_ADDRESS)));
		break;
	case DEV_COUNT_WINDOW:
		put64(b, DEV_RESULT, count_window(b, get64(b, DEV_ADDRESS)));
		break;
	}
}

/* ---- hand-offs ---- */

struct handoff_copy {
	uint32_t sequence, offset, width;
	uint64_t value;
};

/* As hyp/abi/device.h says. False: none waits. */
static bool handoff_read(const struct back *b, struct handoff_copy *copy)
{
	const volatile struct device_line *line = b->line;

	for (;;) {
		copy->sequence = __atomic_load_n(&line->sequence, __ATOMIC_ACQUIRE);
		copy->offset = line->offset;
		copy->width = line->width;
		copy->value = line->value;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (line->answered == copy->sequence)
			return false;
		if (line->sequence == copy->sequence)
			return true;
	}
}

static void register_write(struct back *b, const struct handoff_copy *w)
{
	if (w->offset >= DEV_ECHO && w->offset + w->width <= DEV_COMMAND)
		for (uint32_t i = 0; i < w->width; i++)
			b->page[w->offset + i] = (uint8_t)(w->value >> 8 * i);
	else if (w->offset == DEV_ADDRESS && w->width == 8)
		put64(b, DEV_ADDRESS, w->value);
	else if (w->offset == DEV_COMMAND)
		command(b, w->value);
}

static void handoff_serve(struct back *b)
{
	struct handoff_copy w;
	uint64_t status;
	int64_t said;

	if (!handoff_read(b, &w) || w.sequence == b->withheld)
		return;
	if (b->is_mute) {
		b->is_mute = false;
		b->is_busy = true;
		b->withheld = w.sequence;
		return;
	}
	register_write(b, &w);
	*word(b, DEV_HANDOFFS) = ++b->handoffs;
	status = w.offset == DEVICE_STATUS ? w.value & DEVICE_STATUS_MASK : *word(b, DEVICE_STATUS);
	said = bulkhead_call(HC_DEVICE_ANSWER, b->number, w.sequence, status, NULL);
	if (said != HC_OK)
		printf("devback: line %u: answer: %lld\n", b->number, (long long)said);
}

static void doorbells_serve(struct back *b)
{
	bool is_used = false;

	for (uint32_t queue = 0; queue < DEVICE_QUEUE_MAX; queue++) {
		uint32_t count = __atomic_load_n(&b->line->doorbell[queue], __ATOMIC_ACQUIRE);

		if (count == b->served[queue])
			continue;
		b->served[queue] = count;
		*word(b, DEV_DOORBELLS + 4 * queue) = count;
		is_used = is_used || queue != DEV_SILENT;
	}
	if (is_used)
		bulkhead_call(HC_DEVICE_INTERRUPT, b->number, DEVICE_INTERRUPT_USED, 0, NULL);
}

static void on_doorbell(unsigned irq, void *arg)
{
	(void)irq;
	(void)arg;
	wakes++;
}

static void serve_all(void)
{
	for (unsigned i = 0; i < back_count; i++) {
		*word(&backs[i], DEV_WAKES) = wakes;
		if (backs[i].life != backs[i].line->life && !backs[i].is_busy)
			(void)life_end(&backs[i]);
		doorbells_serve(&backs[i]);
		handoff_serve(&backs[i]);
	}
}

int main(void)
{
	unsigned irq;

	if (tree_find("bulkhead,io") < 0) {
		printf("devback: no devices\n");
		return 0;
	}
	find_devices();
	trap_set_hook(on_abort);
	irq = (unsigned)tree_irq(tree_find("bulkhead,io"), 0);
	irq_set_edge(irq, true);
	irq_set_handler(irq, on_doorbell, NULL);
	irq_enable(irq);
	for (unsigned i = 0; i < back_count; i++) {
		for (uint32_t queue = 0; queue < DEVICE_QUEUE_MAX; queue++)
			backs[i].served[queue] = backs[i].line->doorbell[queue];
		backs[i].withheld = backs[i].line->answered;
		(void)life_end(&backs[i]);
	}
	printf("devback: %u devices, ready: %lld\n", back_count, (long long)bulkhead_call(HC_DEVICE_READY, 0, 0, 0, NULL));
	for (uint32_t seen = wakes - 1;;) {
		irq_mask();
		if (seen == wakes)
			cpu_wfi();
		seen = wakes;
		irq_unmask();
		cpu_isb();
		serve_all();
	}
}
