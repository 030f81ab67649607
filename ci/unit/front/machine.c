/* SPDX-License-Identifier: Apache-2.0 */
/* The device tree and the registers of a partition. */

#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include <rt/mmio.h>
#include <rt/sysreg.h>
#include <rt/tree.h>
#include <virtio/virtio.h>

#include "machine.h"

#define DEVICES		0x0a000000ull
#define PAGE_BYTES	4096u
#define POOL_PHANDLE	7u

static char blob[16384];
static uint8_t pool[MACHINE_POOL_MAX] __attribute__((aligned(4096)));
static size_t pool_bytes;
static struct front *fronts[FRONT_MAX];
static unsigned front_count;
static void (*run_round)(void);
static unsigned long sleeps;

uint8_t *machine_pool(void)
{
	return pool;
}

uint64_t machine_noise_state;

uint8_t machine_noise(void)
{
	machine_noise_state = machine_noise_state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint8_t)(machine_noise_state >> 56);
}

void machine_fill(uint8_t *at, size_t bytes, uint64_t seed)
{
	machine_noise_state = seed;
	for (size_t n = 0; n < bytes; n++)
		at[n] = machine_noise();
}

void machine_begin(size_t bytes)
{
	memset(pool, 0x5a, sizeof(pool));
	pool_bytes = bytes;
	front_count = 0;
	sleeps = 0;
}

/* The reset first: what its other driver set up lies where the new window does not reach. */
void machine_add(struct front *f, uint32_t type)
{
	front_write(f, VIRTIO_MMIO_STATUS, 4, 0);
	f->page[VIRTIO_MMIO_DEVICE_ID / 4] = type;
	f->setup.window = pool_bytes ? (struct window){ (uintptr_t)pool, pool_bytes, pool } : (struct window){ PAGE_BYTES, 1ull << 48, (uint8_t *)PAGE_BYTES };
	f->setup.demanded = pool_bytes ? VIRTIO_F_ACCESS_PLATFORM : 0;
	front_attach(f);
	fronts[front_count++] = f;
}

static void must(int error)
{
	if (error < 0)
		abort();
}

static void put_reg(uint64_t base, uint64_t size)
{
	const fdt64_t reg[] = { cpu_to_fdt64(base), cpu_to_fdt64(size) };

	must(fdt_property(blob, "reg", reg, sizeof(reg)));
}

static void put_pool(void)
{
	must(fdt_begin_node(blob, "reserved-memory"));
	must(fdt_property_u32(blob, "#address-cells", 2));
	must(fdt_property_u32(blob, "#size-cells", 2));
	must(fdt_begin_node(blob, "pool"));
	must(fdt_property_string(blob, "compatible", "restricted-dma-pool"));
	must(fdt_property_u32(blob, "phandle", POOL_PHANDLE));
	put_reg((uintptr_t)pool, pool_bytes);
	must(fdt_end_node(blob));
	must(fdt_end_node(blob));
}

static void put_device(unsigned n)
{
	const fdt32_t interrupts[] = { 0, cpu_to_fdt32(16 + n), cpu_to_fdt32(4) };

	must(fdt_begin_node(blob, (const char[]){ 'v', (char)('0' + n), 0 }));
	must(fdt_property_string(blob, "compatible", "virtio,mmio"));
	put_reg(DEVICES + n * PAGE_BYTES, PAGE_BYTES);
	must(fdt_property(blob, "interrupts", interrupts, sizeof(interrupts)));
	if (pool_bytes)
		must(fdt_property_u32(blob, "memory-region", POOL_PHANDLE));
	must(fdt_end_node(blob));
}

void machine_ready(void (*round)(void))
{
	run_round = round;
	must(fdt_create(blob, sizeof(blob)));
	must(fdt_finish_reservemap(blob));
	must(fdt_begin_node(blob, ""));
	must(fdt_property_u32(blob, "#address-cells", 2));
	must(fdt_property_u32(blob, "#size-cells", 2));
	if (pool_bytes)
		put_pool();
	for (unsigned n = front_count; n-- > 0; )
		put_device(n);
	must(fdt_end_node(blob));
	must(fdt_finish(blob));
	if (!tree_init(blob))
		abort();
}

/* ---- what the runtime's headers lead to ---- */

static struct front *front_at(uint64_t at)
{
	uint64_t n = (at - DEVICES) / PAGE_BYTES;

	if (at < DEVICES || n >= front_count)
		abort();
	return fronts[n];
}

uint64_t fake_read(uint64_t at, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, (const uint8_t *)front_at(at)->page + at % PAGE_BYTES, bytes);
	return value;
}

void fake_write(uint64_t at, uint64_t value, unsigned bytes)
{
	struct front *f = front_at(at);
	uint32_t offset = at % PAGE_BYTES;

	if (offset == VIRTIO_MMIO_QUEUE_NOTIFY)
		f->line.doorbell[value % DEVICE_QUEUE_MAX]++;
	else if (offset == VIRTIO_MMIO_INTERRUPT_ACK)
		f->page[VIRTIO_MMIO_INTERRUPT_STATUS / 4] &= ~(uint32_t)value;
	else if (!front_write(f, offset, bytes, value))
		abort();
}

void fake_sleep(void)
{
	if (++sleeps > 1000000)
		abort();	/* nobody will wake it */
	run_round();
}
