/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine: registers to the test's device, with lies in between; time; the heap by the linker's --wrap. What an
 * access hits that no function has is all ones, as on a bus.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libfdt.h>

#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "machine.h"

#define ECAM		0x4010000000ull
#define ECAM_BYTES	0x10000000ull
#define SLOT_SHIFT	15u
#define SLOT		1u
#define PIECE_COUNT	256u
#define TREE_BYTES	4096u

struct machine machine;
uint8_t machine_regs[MACHINE_BAR_BYTES];

static struct piece {
	uint8_t *at;
	size_t bytes;
	bool shared;		/* aligned: made for a device */
} pieces[PIECE_COUNT];
static unsigned piece_count;
static uint64_t random_state;
static irq_handler_t pin_handler;
static uint8_t tree[TREE_BYTES];

/* ---- chance ---- */

void machine_seed(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ull + 1;
}

uint32_t machine_random(uint32_t below)
{
	random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(random_state >> 33) % below;
}

static uint64_t any_word(void)
{
	switch (machine_random(4)) {
	case 0: return UINT64_MAX;
	case 1: return 0;
	case 2: return 1ull << machine_random(64);
	default: return (uint64_t)machine_random(UINT32_MAX) << 32 ^ machine_random(UINT32_MAX);
	}
}

void machine_rule(bool is_kept, const char *rule)
{
	if (is_kept || machine.lies)
		return;
	if (!machine.broken++)
		printf("# not kept: %s\n", rule);
	fflush(stdout);
}

/* ---- registers ---- */

static uint64_t read_bytes(const uint8_t *from, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, from, bytes);
	return value;
}

/* Of the header only the command, BAR 0 and the ROM's place can be written; the rest is the test's. Of capabilities everything can. */
static void write_config(unsigned at, uint64_t value, unsigned bytes)
{
	uint32_t bar = (uint32_t)value & ~(MACHINE_BAR_BYTES - 1);

	if (at == 0x10)
		memcpy(machine.config + at, &bar, 4);
	else if (at == 4 || at == 0x30 || at >= 0x40)
		memcpy(machine.config + at, &value, bytes);
}

uint64_t fake_read(uint64_t at, unsigned bytes)
{
	uint64_t config = ECAM + (SLOT << SLOT_SHIFT);

	machine.accesses++;
	if (at >= config && at - config < MACHINE_CONFIG_BYTES - 8)
		return machine.wild_config && machine_random(4) == 0 ? any_word() : read_bytes(machine.config + (at - config), bytes);
	if (at < MACHINE_BAR || at - MACHINE_BAR >= MACHINE_BAR_BYTES || !machine.device)
		return UINT64_MAX;
	if (machine_random(1000) < machine.lies)
		return any_word();
	return machine.device->read((unsigned)(at - MACHINE_BAR), bytes);
}

void fake_write(uint64_t at, uint64_t value, unsigned bytes)
{
	uint64_t config = ECAM + (SLOT << SLOT_SHIFT);

	machine.accesses++;
	if (at >= config && at - config < MACHINE_CONFIG_BYTES - 8)
		write_config((unsigned)(at - config), value, bytes);
	else if (at >= MACHINE_BAR && at - MACHINE_BAR < MACHINE_BAR_BYTES && machine.device)
		machine.device->write((unsigned)(at - MACHINE_BAR), value, bytes);
}

/* A tenth of a millisecond a look; who looks for an hour waits without end. */
uint64_t time_ns(void)
{
	if (machine.time > MACHINE_END_NS)
		_exit(MACHINE_ENDLESS);
	machine.time += 100000;
	return machine.time;
}

void fake_relax(void)
{
	machine.time += 900000;
}

/* ---- interrupts ---- */

void irq_set_handler(unsigned irq, irq_handler_t handler, void *arg)
{
	(void)arg;
	if (irq == 36)
		pin_handler = handler;
}

void irq_enable(unsigned irq) { (void)irq; }
void irq_disable(unsigned irq) { (void)irq; }
void irq_set_edge(unsigned irq, bool edge) { (void)irq; (void)edge; }

void machine_interrupt(void)
{
	if (pin_handler)
		pin_handler(36, NULL);
}

/* ---- memory ---- */

void *__real_calloc(size_t count, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_aligned_alloc(size_t align, size_t bytes);

static void *remember(void *at, size_t bytes, bool shared)
{
	if (!at || piece_count == PIECE_COUNT)
		abort();
	pieces[piece_count++] = (struct piece){ at, bytes, shared };
	return at;
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return remember(__real_calloc(count, bytes), count * bytes, false);
}

void *__wrap_aligned_alloc(size_t align, size_t bytes)
{
	return remember(__real_aligned_alloc(align, bytes), bytes, true);
}

void *machine_memory(uint64_t bus, uint64_t bytes)
{
	for (unsigned i = 0; i < piece_count; i++) {
		uint64_t base = (uintptr_t)pieces[i].at;

		if (pieces[i].shared && bus >= base && bus - base <= pieces[i].bytes && bytes <= pieces[i].bytes - (bus - base))
			return pieces[i].at + (bus - base);
	}
	return NULL;
}

void machine_scribble(unsigned places)
{
	for (unsigned n = 0; n < places && piece_count; n++) {
		const struct piece *piece = &pieces[machine_random(piece_count)];
		uint64_t word = any_word();
		size_t size = piece->bytes < 8 ? piece->bytes : 8;

		/* Most of what matters stands in front. */
		if (piece->shared)
			memcpy(piece->at + machine_random((uint32_t)(piece->bytes - size + 1) >> machine_random(8)), &word, size);
	}
}

/* ---- the tree ---- */

static void put_cells(const char *name, const uint32_t *cells, unsigned count)
{
	fdt32_t big[64];

	for (unsigned i = 0; i < count; i++)
		big[i] = cpu_to_fdt32(cells[i]);
	fdt_property(tree, name, big, (int)count * 4);
}

#define PUT(name, ...) put_cells(name, (const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4)

static void put_dma(const uint64_t (*dma)[3], unsigned count)
{
	uint32_t cells[64];
	unsigned n = 0;

	for (unsigned i = 0; i < count; i++) {
		cells[n++] = 0x43000000;
		cells[n++] = (uint32_t)(dma[i][1] >> 32);
		cells[n++] = (uint32_t)dma[i][1];
		cells[n++] = (uint32_t)(dma[i][0] >> 32);
		cells[n++] = (uint32_t)dma[i][0];
		cells[n++] = (uint32_t)(dma[i][2] >> 32);
		cells[n++] = (uint32_t)dma[i][2];
	}
	if (count)
		put_cells("dma-ranges", cells, n);
}

static void put_bridge(const uint64_t (*dma)[3], unsigned count)
{
	fdt_begin_node(tree, "pcie@10000000");
	fdt_property_string(tree, "compatible", "pci-host-ecam-generic");
	PUT("reg", ECAM >> 32, (uint32_t)ECAM, 0, (uint32_t)ECAM_BYTES);
	PUT("#address-cells", 3);
	PUT("#size-cells", 2);
	PUT("#interrupt-cells", 1);
	PUT("ranges", 0x02000000, 0, 0x10000000, 0, 0x10000000, 0, 0x100000);
	PUT("interrupt-map-mask", 0x1800, 0, 0, 7);
	PUT("interrupt-map", 0x800, 0, 0, 1, 1, 0, 0, 0, 4, 4);
	fdt_property(tree, "dma-coherent", NULL, 0);
	put_dma(dma, count);
	fdt_end_node(tree);
}

/* Takes messages, as interrupts 80 to 83. */
static void put_frame(void)
{
	fdt_begin_node(tree, "v2m");
	fdt_property_string(tree, "compatible", "arm,gic-v2m-frame");
	PUT("reg", 0, 0x08020000, 0, 0x1000);
	PUT("arm,msi-base-spi", 80);
	PUT("arm,msi-num-spis", 4);
	fdt_end_node(tree);
}

void machine_init(const uint64_t (*dma)[3], unsigned dma_count)
{
	memset(&machine, 0, sizeof(machine));
	pin_handler = NULL;
	fdt_create(tree, sizeof(tree));
	fdt_finish_reservemap(tree);
	fdt_begin_node(tree, "");
	PUT("#address-cells", 2);
	PUT("#size-cells", 2);
	fdt_begin_node(tree, "intc");
	PUT("phandle", 1);
	PUT("#address-cells", 2);
	PUT("#interrupt-cells", 3);
	fdt_end_node(tree);
	put_bridge(dma, dma_count);
	put_frame();
	fdt_end_node(tree);
	fdt_finish(tree);
	tree_init(tree);
}

void machine_set_function(uint16_t vendor, uint16_t device, uint32_t class)
{
	uint32_t revised = class << 8;

	memcpy(machine.config + 0, &vendor, 2);
	memcpy(machine.config + 2, &device, 2);
	memcpy(machine.config + 8, &revised, 4);
	machine.config[0x3d] = 1;
}
