/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_PHYS_MACHINE_H
#define UNIT_PHYS_MACHINE_H

/*
 * A machine for drivers on the host: a device tree with one host bridge, one PCI function whose configuration space and
 * registers a test plays, time that passes when it is looked at, and a heap whose pieces devices may write to. It must
 * not know any driver.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MACHINE_BAR		0x10000000ull
#define MACHINE_BAR_BYTES	0x8000u
#define MACHINE_CONFIG_BYTES	0x1000u
#define MACHINE_END_NS		3600000000000ull
#define MACHINE_ENDLESS		99	/* exit status of a run that waits without end */

/* What a test plays. Offsets are those in BAR 0. */
struct machine_device {
	uint64_t (*read)(unsigned at, unsigned bytes);
	void (*write)(unsigned at, uint64_t value, unsigned bytes);
};

struct machine {
	const struct machine_device *device;
	uint8_t config[MACHINE_CONFIG_BYTES];	/* of the one function, slot 1 */
	bool wild_config;	/* configuration space answers at random as well */
	unsigned lies;		/* of 1,000 answers, so many are at random */
	uint64_t accesses;
	uint64_t time;
	unsigned broken;	/* rules of the device's own document that its driver did not keep */
};

extern struct machine machine;

/* What a device with plain registers keeps in them: all bytes of BAR 0. */
extern uint8_t machine_regs[MACHINE_BAR_BYTES];

static inline uint32_t get32(unsigned at)
{
	uint32_t value;

	memcpy(&value, machine_regs + at, 4);
	return value;
}

static inline void put32(unsigned at, uint32_t value)
{
	memcpy(machine_regs + at, &value, 4);
}

/* A device tree and an empty machine, once a process: `dma` is a list of {here, bus, bytes} for dma-ranges. */
void machine_init(const uint64_t (*dma)[3], unsigned dma_count);

/* The function's identity; BAR 0 is of MACHINE_BAR_BYTES. */
void machine_set_function(uint16_t vendor, uint16_t device, uint32_t class);

/* Calls the handler of the function's pin, if there is one. */
void machine_interrupt(void);

/* Memory of the program that a device may write, by its bus address; NULL: none of it. */
void *machine_memory(uint64_t bus, uint64_t bytes);

/* Random bytes over some of the memory that was given to devices. */
void machine_scribble(unsigned places);

/* A rule that real devices rely on and emulators forgive. Who tells lies has no rules. */
void machine_rule(bool is_kept, const char *rule);

void machine_seed(uint64_t seed);
uint32_t machine_random(uint32_t below);

#endif
