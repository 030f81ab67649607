/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns a device that copies memory for whoever programs it (QEMU's `edu`), and lets it read and write where the plan
 * gives nothing. It prints TAP: DMA within its own RAM works, and of what stands at the addresses a0=, a1= ... of its
 * command line the device brings nothing back. What it wrote there is "ROGUEDMA", for the test to look for from
 * outside. With `storm=1` it then has the device write into the last page of its own RAM for ever, so that a copy is
 * always under way when somebody stops it; in its next life that page must be empty, because a stopped partition's device
 * reaches nothing. It must not know what holds the device back.
 */

#include <stdio.h>
#include <string.h>

#include <rt/bulkhead.h>
#include <rt/dma.h>
#include <rt/mmio.h>
#include <rt/pci.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "../tap.h"

#define EDU_VENDOR	0x1234u
#define EDU_DEVICE	0x11e8u
#define EDU_ID		0x00u
#define EDU_SOURCE	0x80u
#define EDU_TARGET	0x88u
#define EDU_COUNT	0x90u
#define EDU_COMMAND	0x98u
#define EDU_BUFFER	0x40000u	/* of the device's own address space, 4 KiB */

#define COMMAND_START	1u
#define COMMAND_TO_RAM	2u

#define BYTES		64u
#define COPY_NS		100000000ull	/* that it takes */
#define TIMEOUT_NS	5000000000ull
#define ADDRESS_COUNT	10u

static uint8_t given[BYTES] __attribute__((aligned(BYTES)));
static uint8_t taken[BYTES] __attribute__((aligned(BYTES)));
static uint64_t registers;

static void put(unsigned at, uint64_t value)
{
	*(volatile uint64_t *)(uintptr_t)(registers + at) = value;
}

static uint64_t get(unsigned at)
{
	return *(volatile uint64_t *)(uintptr_t)(registers + at);
}

/* False: the device did not come to an end. Its registers are left alone meanwhile: QEMU 10, with a thread for each CPU, may take a read
 * for one of another device in the moment in which the owner of the bus moves that one. */
static bool copy(uint64_t source, uint64_t target, uint64_t command)
{
	uint64_t began = time_ns();

	dma_write_barrier();
	put(EDU_SOURCE, source);
	put(EDU_TARGET, target);
	put(EDU_COUNT, BYTES);
	put(EDU_COMMAND, COMMAND_START | command);
	while (time_ns() - began < COPY_NS)
		cpu_relax();
	while (get(EDU_COMMAND) & COMMAND_START) {
		if (time_ns() - began > TIMEOUT_NS)
			return false;
	}
	dma_read_barrier();
	return true;
}

static bool is_zero(const volatile uint8_t *at, unsigned size)
{
	for (unsigned i = 0; i < size; i++) {
		if (at[i])
			return false;
	}
	return true;
}

static bool to_device(uint64_t bus)
{
	return copy(bus, EDU_BUFFER, 0);
}

static bool from_device(uint64_t bus)
{
	return copy(EDU_BUFFER, bus, COMMAND_TO_RAM);
}

static bool own_memory(uint64_t given_bus, uint64_t taken_bus)
{
	for (unsigned i = 0; i < BYTES; i++)
		given[i] = (uint8_t)(i * 3 + 1);
	memset(taken, 0, BYTES);
	return to_device(given_bus) && from_device(taken_bus) && !memcmp(given, taken, BYTES);
}

/* The device's buffer is filled with a pattern first. After a read that was refused it holds the pattern, or zeros. */
static bool reads_nothing(uint64_t at, uint64_t given_bus, uint64_t taken_bus)
{
	memset(given, 0xee, BYTES);
	memset(taken, 0xdd, BYTES);
	if (!to_device(given_bus) || !to_device(at) || !from_device(taken_bus))
		return false;
	return !memcmp(given, taken, BYTES) || is_zero(taken, BYTES);
}

static bool writes(uint64_t at, uint64_t given_bus)
{
	for (unsigned i = 0; i < BYTES; i++)
		given[i] = (uint8_t)"ROGUEDMA"[i % 8];
	return to_device(given_bus) && from_device(at);
}

static void foreign_memory(uint64_t given_bus, uint64_t taken_bus)
{
	char key[] = "a0";

	for (unsigned i = 0; i < ADDRESS_COUNT; i++) {
		key[1] = (char)('0' + i);
		uint64_t at = tree_option_number(key, 0);

		if (!at)
			continue;
		tap_check(reads_nothing(at, given_bus, taken_bus), "a DMA read at 0x%llx brings nothing", (unsigned long long)at);
		tap_check(writes(at, given_bus), "a DMA write at 0x%llx comes to its end", (unsigned long long)at);
	}
}

static bool find_device(void)
{
	struct pci_device *edu = pci_init() == PCI_OK ? pci_find(EDU_VENDOR, EDU_DEVICE, 0) : NULL;

	if (!edu)
		return false;
	pci_enable_memory(edu);
	pci_enable_master(edu, true);
	registers = pci_bar_at(edu, 0, 0, EDU_COMMAND + 8);
	return registers != 0;
}

/* The device takes its time: the copy comes while nobody waits for it. */
static void storm(uint64_t given_bus, uint64_t last_bus)
{
	for (unsigned i = 0; i < BYTES; i++)
		given[i] = (uint8_t)"ROGUEDMA"[i % 8];
	(void)to_device(given_bus);
	printf("rogue: the storm begins\n");
	for (;;)
		(void)from_device(last_bus);
}

int main(void)
{
	uint64_t given_bus, taken_bus, last_bus;
	uint8_t *last = (uint8_t *)(uintptr_t)(tree_ram().base + tree_ram().size - 4096);

	time_sleep(COPY_NS + COPY_NS / 2);	/* one that is still under way comes to its end */
	tap_check(is_zero(last, 4096), "nothing of an earlier life is in the last page");
	if (!tap_check(find_device() && dma_map(given, BYTES, &given_bus) && dma_map(taken, BYTES, &taken_bus), "the device is there"))
		return tap_end();
	tap_check(own_memory(given_bus, taken_bus), "DMA within our own memory works");
	foreign_memory(given_bus, taken_bus);
	tap_check(own_memory(given_bus, taken_bus), "DMA within our own memory still works");
	tap_end();
	bulkhead_heartbeat();
	if (tree_option_number("storm", 0) && dma_map(last, BYTES, &last_bus))
		storm(given_bus, last_bus);
	for (;;)
		cpu_wfi();
}
