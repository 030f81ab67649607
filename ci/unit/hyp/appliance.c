/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The appliance of the core's unit tests. It must not know what is tested.
 */
#include "appliance.h"

#include <hyp/console.h>
#include <hyp/pci.h>
#include <hyp/upcall.h>

#include <string.h>

struct vcpu test_vcpus[4];
struct cpu test_cpus[3];
static union {
	struct partition core;
	uint8_t room[STATE_BYTES]; /* an architecture's state of a partition begins with the core's */
} states[PARTITIONS];
const struct arch_plan_partition *test_arch;
static char outputs[PARTITIONS][RING_BYTES];
struct console_ring test_rings[PARTITIONS];
static struct vcpu *const alpha_vcpus[] = { &test_vcpus[0], &test_vcpus[1] };
static struct vcpu *const beta_vcpus[] = { &test_vcpus[2] };
static struct vcpu *const gamma_vcpus[] = { &test_vcpus[3] };
static struct vcpu *const shared_vcpus[] = { &test_vcpus[2], &test_vcpus[3] };

/* RAM of 160 KiB in two and a half pieces of work, and a device map that no scrub may touch. */
static const struct plan_map alpha_maps[] = {
	{ .name = "device", .ipa = { 0x9000000 }, .pa = { 0xf0000 }, .size = 0x1000, .flags = PLAN_MAP_DEVICE },
	{ .name = "ram", .ipa = { 0x40000000 }, .pa = { 0x10000 }, .size = 0x28000, .flags = PLAN_MAP_RAM },
};
static const struct plan_load alpha_loads[] = {
	{ .source = { 0x80000 }, .target = { 0x10000 }, .size = 0x11000, .clear = 0x12000 },
	{ .source = { 0xa0000 }, .target = { 0x30000 }, .size = 0x100, .clear = 0x100 },
};
static const struct plan_seed alpha_seeds[] = {
	{ .target = { 0x30010 }, .size = 32, .header = 12, .blank = 0x04000000 },
};
static const struct plan_map beta_maps[] = {
	{ .name = "ram", .ipa = { 0x40000000 }, .pa = { 0x40000 }, .size = 0x1000, .flags = PLAN_MAP_RAM },
};
static const struct plan_map gamma_maps[] = {
	{ .name = "ram", .ipa = { 0x40000000 }, .pa = { 0x50000 }, .size = 0x1000, .flags = PLAN_MAP_RAM },
};

static const struct plan_partition first_partitions[PARTITIONS] = {
	[ALPHA] = { .id = ALPHA, .name = "alpha", .state = &states[ALPHA].core, .console = &test_rings[ALPHA],
		    .vcpus = alpha_vcpus, .vcpu_count = 2, .maps = alpha_maps, .map_count = 2, .loads = alpha_loads, .load_count = 2, .seeds = alpha_seeds,
		    .seed_count = 1, .entry = 0x40200000, .entry_arg = 0x40000000, .is_auto = true, .has_restart = true },
	[BETA] = { .id = BETA, .name = "beta", .state = &states[BETA].core, .console = &test_rings[BETA], .vcpus = beta_vcpus, .vcpu_count = 1,
		   .maps = beta_maps, .map_count = 1, .is_auto = true, .has_restart = true },
	[GAMMA] = { .id = GAMMA, .name = "gamma", .state = &states[GAMMA].core, .console = &test_rings[GAMMA], .vcpus = gamma_vcpus, .vcpu_count = 1,
		    .maps = gamma_maps, .map_count = 1, .is_auto = true, .has_restart = true },
};
struct plan_partition test_partitions[PARTITIONS];

static const struct plan_slot shared_slots[] = {
	{ .vcpu = 0, .length_us = BETA_SLOT_US },
	{ .vcpu = 1, .length_us = GAMMA_SLOT_US },
};
static const struct plan_cpu cpus[] = {
	{ .hardware_id = 0, .state = &test_cpus[0], .vcpus = &alpha_vcpus[0], .vcpu_count = 1 },
	{ .hardware_id = 1, .state = &test_cpus[1], .vcpus = &alpha_vcpus[1], .vcpu_count = 1 },
	{ .hardware_id = 2, .state = &test_cpus[2], .vcpus = shared_vcpus, .vcpu_count = 2,
	  .slots = shared_slots, .slot_count = 2 },
};

static const struct plan_pci pci = { .config = { 0xf8000 }, .bus_count = 1, .driver = &pci_driver };

const struct plan plan = {
	.appliance = "unit test", .board = "fake",
	.cpus = cpus, .cpu_count = 3,
	.partitions = test_partitions, .partition_count = PARTITIONS,
	.pci = &pci,
	.console_prefix_key = PREFIX,
};

/* ---- setting up ---- */

static void vcpu_begin(uint32_t index, uint32_t partition, uint32_t in_partition, uint32_t cpu)
{
	test_vcpus[index] = (struct vcpu){
		.partition = &test_partitions[partition], .cpu = &cpus[cpu], .index = in_partition,
	};
}

void appliance_begin(void)
{
	fake_begin();
	memset(states, 0, sizeof(states));
	memcpy(test_partitions, first_partitions, sizeof(test_partitions));
	for (uint32_t i = 0; i < PARTITIONS; i++) {
		states[i].core.plan = &test_partitions[i];
		test_partitions[i].arch = test_arch;
		test_rings[i] = (struct console_ring){ .output = outputs[i], .output_size = RING_BYTES };
	}
	vcpu_begin(0, ALPHA, 0, 0);
	vcpu_begin(1, ALPHA, 1, 1);
	vcpu_begin(2, BETA, 0, 2);
	vcpu_begin(3, GAMMA, 0, 2);
	for (uint32_t i = 0; i < 3; i++)
		test_cpus[i] = (struct cpu){ .plan = &cpus[i], .index = i };
}

static void do_main(void *cpu)
{
	cpu_main(cpu);
}

static void do_schedule(void *cpu)
{
	cpu_schedule(cpu);
}

enum fake_end appliance_boot(uint32_t cpu)
{
	return fake_run(cpu, do_main, &test_cpus[cpu]);
}

enum fake_end appliance_schedule(uint32_t cpu)
{
	fake.kicked[cpu] = false;
	return fake_run(cpu, do_schedule, &test_cpus[cpu]);
}

void appliance_up(void)
{
	appliance_begin();
	(void)appliance_boot(0);
	(void)appliance_boot(1);
	(void)appliance_boot(2);
	fake_trace_clear();
}
