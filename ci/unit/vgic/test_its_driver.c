/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of the physical ITS against a model of it: registers are memory, and the hardware acts whenever the driver waits.
 * It must not know what a virtual ITS is.
 */
#include "../tap.h"
#include "machine.h"

#include "../../../hyp/arm64/gic_regs.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST, SECOND, PARTITIONS };
#define FIRST_LPI 8192u
#define SECOND_LPI 8195u

struct machine machine;

/* ---- the plan: a function of each partition, the second one's vCPU on CPU 2, which takes no messages at first ---- */

static uint8_t registers[0x20000] __attribute__((aligned(65536)));
static uint8_t redistributors[3][0x20000] __attribute__((aligned(65536)));
static struct its_memory memory;
static struct its_pending pending[2];
static struct its_table tables[2];
static struct its_pending *const pendings[] = { &pending[0], &pending[1], NULL };
static const struct plan_its_device devices[] = {
	{ .device_id = 0x18, .virtual_id = 8, .partition = FIRST, .lpi = FIRST_LPI, .event_count = 3, .table = &tables[0] },
	{ .device_id = 0x20, .virtual_id = 8, .partition = SECOND, .lpi = SECOND_LPI, .event_count = 2, .table = &tables[1] },
};
static struct plan_its unit = { .driver = &its_driver, .memory = &memory, .pending = pendings, .devices = devices, .device_count = 2 };
static const struct arch_plan arch_plan = { .its = &unit };
static struct arm64_cpu states[3];
static struct arm64_vcpu vcpus[2];
static struct vcpu *const first_vcpus[] = { &vcpus[0].core };
static struct vcpu *const second_vcpus[] = { &vcpus[1].core };
static const struct plan_cpu cpus[] = {
	{ .hardware_id = 0, .state = &states[0].core, .vcpus = first_vcpus, .vcpu_count = 1 },
	{ .hardware_id = 1, .state = &states[1].core, .vcpus = second_vcpus, .vcpu_count = 1 },
	{ .hardware_id = 2, .state = &states[2].core },
};
static struct vits vits[2];
static const struct plan_vits plan_vits[] = {
	{ .lpi = FIRST_LPI, .lpi_count = 3, .state = &vits[0] },
	{ .lpi = SECOND_LPI, .lpi_count = 2, .state = &vits[1] },
};
static const struct arch_plan_partition arch[] = { { .vits = &plan_vits[0] }, { .vits = &plan_vits[1] } };
static const struct plan_partition partitions[] = {
	[FIRST] = { .id = FIRST, .vcpus = first_vcpus, .vcpu_count = 1, .arch = &arch[0] },
	[SECOND] = { .id = SECOND, .vcpus = second_vcpus, .vcpu_count = 1, .arch = &arch[1] },
};
const struct plan plan = { .cpus = cpus, .cpu_count = 3, .partitions = partitions, .partition_count = PARTITIONS, .arch = &arch_plan };

/* ---- the hardware ---- */

static struct model {
	bool is_mapped[2];            /* devices */
	uint64_t target[3];           /* of collections; 0: none */
	struct { irq_t lpi; uint32_t collection; } event[2][ITS_EVENT_MAX];
	uint32_t read;
	uint32_t commands, syncs;
	bool is_wrong;
	uint32_t error;               /* a command with this number is one, and the ITS stands still at it */
	bool is_stalled;
} model;
static uint64_t now;
static uint32_t fired_count, fired_partition, fired_index, reset_count;

static uint64_t get(uint32_t offset)
{
	uint64_t value;

	memcpy(&value, registers + offset, 8);
	return value;
}

static void put(uint32_t offset, uint64_t value)
{
	memcpy(registers + offset, &value, 8);
}

static uint32_t device_of(const uint64_t *c)
{
	for (uint32_t d = 0; d < 2; d++)
		if (devices[d].device_id == c[0] >> 32)
			return d;
	model.is_wrong = true;
	return 0;
}

static void run_event(const uint64_t *c)
{
	uint32_t d = device_of(c), e = (uint32_t)c[1], number = c[0] & 0xffu;

	if (!model.is_mapped[d] || e >= ITS_EVENT_MAX || (number != ITS_MAPTI && !model.event[d][e].lpi)) {
		model.is_wrong = true;
		return;
	}
	if (number == ITS_DISCARD) {
		model.event[d][e].lpi = 0;
		return;
	}
	model.is_wrong |= (number == ITS_MAPTI && model.event[d][e].lpi) || (c[2] & 0xffffu) > 2u || !model.target[c[2] & 3u];
	model.event[d][e].collection = c[2] & 0xffffu;
	if (number == ITS_MAPTI)
		model.event[d][e].lpi = (irq_t)(c[1] >> 32);
}

static void run(const uint64_t *c)
{
	model.commands++;
	switch (c[0] & 0xffu) {
	case ITS_MAPD:
		model.is_wrong |= c[2] != (GITS_VALID | (uint64_t)devices[device_of(c)].table) || c[1] != 4;
		model.is_mapped[device_of(c)] = true;
		break;
	case ITS_MAPC:
		model.target[c[2] & 3u] = c[2] & 0xfffffffff0000ul;
		break;
	case ITS_MAPTI:
	case ITS_MOVI:
	case ITS_DISCARD:
		run_event(c);
		break;
	case ITS_INVALL:
		break;
	case ITS_SYNC:
		model.syncs++;
		model.is_wrong |= c[2] == 0;
		break;
	default:
		model.is_wrong = true;
	}
}

/* The driver waits: whatever it told is done. */
void arch_relax(void)
{
	put(GITS_CTLR, get(GITS_CTLR) & GITS_CTLR_ENABLED ? get(GITS_CTLR) : GITS_CTLR_QUIESCENT);
	if (get(GITS_CWRITER) & 1u)
		model.is_stalled = false; /* retry */
	put(GITS_CWRITER, get(GITS_CWRITER) & ~1ull);
	while (get(GITS_CTLR) & GITS_CTLR_ENABLED && !model.is_stalled && model.read != get(GITS_CWRITER)) {
		model.is_stalled = model.error && (memory.commands[model.read / 32u][0] & 0xffu) == model.error;
		if (model.is_stalled)
			break;
		run(memory.commands[model.read / 32u]);
		model.read = (model.read + 32u) % sizeof(memory.commands);
	}
	put(GITS_CREADR, model.read | model.is_stalled);
	now++;
}

uint64_t arch_counter(void) { return now; }
uint64_t arch_counter_hz(void) { return 1000000u; }

void lock_wait(const struct lock *lock, uint32_t ticket)
{
	(void)lock;
	(void)ticket;
	abort();
}

static char said[160];
static uint32_t said_count;

void hyp_print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	said_count++;
}

void panic_assert(const char *file, int line, const char *condition)
{
	printf("# %s:%d: %s\n", file, line, condition);
	abort();
}

void vits_fired(const struct plan_partition *partition, uint32_t index)
{
	fired_count++;
	fired_partition = partition->id;
	fired_index = index;
}

void vits_reset(const struct plan_partition *partition)
{
	(void)partition;
	reset_count++;
}

void vits_redistributor_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	(void)reg;
	(void)access;
}

void vits_redistributor_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	vits_redistributor_read(vcpu, reg, access);
}

/* ---- cases ---- */

static void machine_prepare(void)
{
	memset(registers, 0, sizeof(registers));
	memset(redistributors, 0, sizeof(redistributors));
	unit.base.v = (uint64_t)(uintptr_t)registers;
	put(GITS_CTLR, GITS_CTLR_ENABLED); /* as firmware may leave it */
	put(GITS_TYPER, 1u | 11u << 4 | 15u << 8 | 15u << 13);
	put(GITS_BASER, 1ull << 56 | 7ull << 48);
	put(GITS_BASER + 8, 4ull << 56 | 7ull << 48);
	put(GITS_BASER + 16, 2ull << 56 | 7ull << 48 | GITS_VALID);
	for (uint32_t n = 0; n < 3; n++) {
		states[n].core.index = n;
		redistributors[n][GICR_TYPER + 1] = (uint8_t)(n + 1u); /* processor numbers 1.. */
	}
	for (uint32_t n = 0; n < 2; n++) {
		vcpus[n].core.partition = &partitions[n];
		vcpus[n].core.cpu = &cpus[n];
	}
}

static enum err cpu_up(uint32_t cpu)
{
	machine.now = cpu;
	return its_driver.cpu_init((uint64_t)(uintptr_t)redistributors[cpu]);
}

static uint64_t redistributor(uint32_t cpu, uint32_t offset)
{
	uint64_t value;

	memcpy(&value, redistributors[cpu] + offset, 8);
	return value;
}

static void refuses_other_hardware(void)
{
	machine_prepare();
	put(GITS_TYPER, get(GITS_TYPER) & ~1ull); /* no physical LPIs */
	CHECK(its_driver.init() == ERR_HARDWARE);
	machine_prepare();
	put(GITS_TYPER, 1u | 11u << 4 | 3u << 8); /* 16 events a device */
	CHECK(its_driver.init() == ERR_HARDWARE);
	machine_prepare();
	put(GITS_BASER, 1ull << 56 | 15ull << 48); /* entries of 16 bytes */
	CHECK(its_driver.init() == ERR_HARDWARE);
}

static void points_at_memory(void)
{
	machine_prepare();
	CHECK(its_driver.init() == OK);
	CHECK((get(GITS_BASER) & 0xfffffffff000ul) == (uint64_t)memory.devices && (get(GITS_BASER + 8) & 0xfffffffff000ul) == (uint64_t)memory.collections);
	CHECK(get(GITS_BASER + 16) == 0 && (get(GITS_CBASER) & 0xfffffffff000ul) == (uint64_t)memory.commands && get(GITS_CBASER) & GITS_VALID);
	CHECK(get(GITS_CTLR) == GITS_CTLR_ENABLED && memory.properties[0] == 0xa1 && memory.properties[sizeof(memory.properties) - 1] == 0xa1);
}

static void cpus_take_messages(void)
{
	CHECK(cpu_up(0) == OK && model.is_mapped[0] && model.is_mapped[1] && model.target[0] == 1u << 16);
	CHECK(cpu_up(2) == OK && redistributor(2, GICR_CTLR) == 0 && model.target[2] == 0); /* the plan sends it none */
	CHECK((redistributor(0, GICR_PROPBASER) & 0xfffffffff000ul) == (uint64_t)memory.properties && (redistributor(0, GICR_PROPBASER) & 31u) == 13);
	CHECK((redistributor(0, GICR_PENDBASER) & 0xfffffffff000ul) == (uint64_t)&pending[0] && (redistributor(0, GICR_CTLR) & 1u));
	CHECK(!model.is_wrong);
}

static void partition_lives(void)
{
	uint32_t before = model.commands;

	its_driver.clear(&partitions[FIRST]); /* before it ever ran */
	CHECK(model.commands == before);
	its_driver.reset(&partitions[FIRST]);
	for (uint32_t e = 0; e < 3; e++)
		CHECK(model.event[0][e].lpi == FIRST_LPI + e && model.event[0][e].collection == 0);
	CHECK(model.event[0][3].lpi == 0 && model.event[1][0].lpi == 0 && reset_count == 1 && model.syncs >= 2);
	its_move(&devices[0], 1, &cpus[1]); /* which takes none yet */
	CHECK(model.event[0][1].collection == 0);
	CHECK(cpu_up(1) == OK && model.target[1] == 2u << 16);
	its_move(&devices[0], 1, &cpus[1]);
	CHECK(model.event[0][1].collection == 1);
	its_move(&devices[0], 1, &cpus[2]);
	CHECK(model.event[0][1].collection == 1 && !model.is_wrong);
}

static void stop_discards(void)
{
	its_driver.reset(&partitions[SECOND]);
	CHECK(model.event[1][1].lpi == SECOND_LPI + 1 && model.event[1][1].collection == 1);
	its_driver.clear(&partitions[FIRST]);
	for (uint32_t e = 0; e < 3; e++)
		CHECK(model.event[0][e].lpi == 0);
	CHECK(model.event[1][0].lpi == SECOND_LPI); /* the neighbour's stay */
	its_driver.clear(&partitions[FIRST]);
	for (uint32_t n = 0; n < 100; n++) /* around the queue */
		its_driver.reset(&partitions[FIRST]);
	CHECK(model.event[0][2].lpi == FIRST_LPI + 2 && !model.is_wrong);
}

static void message_finds_its_partition(void)
{
	its_driver.fired(FIRST_LPI + 2);
	CHECK(fired_count == 1 && fired_partition == FIRST && fired_index == 2);
	its_driver.fired(SECOND_LPI);
	CHECK(fired_count == 2 && fired_partition == SECOND && fired_index == 0);
	its_driver.fired(SECOND_LPI + 2);
	its_driver.fired(FIRST_LPI - 1u);
	CHECK(fired_count == 2);
}

/* The ITS stands still at what it takes for an error: that is told, and what comes behind it is done, at once. */
static void refused_command_is_told(void)
{
	uint64_t began = now;
	uint32_t syncs = model.syncs;

	model.error = ITS_MOVI;
	its_move(&devices[0], 1, &cpus[1]);
	CHECK(said_count == 1 && strcmp(said, "ITS: command 0x1800000001, 0x1, 0x1 refused (1)") == 0);
	CHECK(model.event[0][1].collection == 0 && model.syncs == syncs + 2u && model.read == get(GITS_CWRITER));
	model.error = ITS_DISCARD;
	its_driver.clear(&partitions[FIRST]);
	CHECK(said_count == 3 && model.event[0][2].lpi == FIRST_LPI + 2); /* the second and the fourth in all */
	for (uint32_t n = 0; n < 100; n++)
		its_move(&devices[0], 1, &cpus[1]);
	model.error = ITS_MOVI;
	for (uint32_t n = 0; n < 1000; n++)
		its_move(&devices[0], 1, &cpus[0]);
	CHECK(said_count == 10 && model.event[0][1].collection == 1 && now - began < 5000);
	model.error = 0;
	its_move(&devices[0], 1, &cpus[0]);
	CHECK(said_count == 10 && model.event[0][1].collection == 0 && !model.is_wrong);
}

int main(void)
{
	TEST(refuses_other_hardware);
	TEST(points_at_memory);
	TEST(cpus_take_messages);
	TEST(partition_lives);
	TEST(stop_discards);
	TEST(message_finds_its_partition);
	TEST(refused_command_is_told);
	return tap_done();
}
