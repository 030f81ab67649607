/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens once, on the boot CPU, before any CPU serves partitions: the
 * run-time state learns its place in the plan. It must not know how CPUs or
 * devices are started.
 */
#include "../abi/handoff.h"

#include <hyp/arch.h>
#include <hyp/device.h>
#include <hyp/pci.h>
#include <hyp/pagetable.h>
#include <hyp/upcall.h>

#include "sched.h"

static bool is_same_plan(const struct handoff *handoff)
{
	for (uint32_t i = 0; i < HANDOFF_PLAN_ID_BYTES; i++)
		if (handoff->plan_id[i] != plan.id[i])
			return false;
	return true;
}

/* Entered by anything but the boot stage of this image, nothing below can hold. */
static void handoff_check(const struct handoff *handoff)
{
	ASSERT(handoff->magic == HANDOFF_MAGIC && handoff->version == HANDOFF_VERSION);
	ASSERT(handoff->size >= sizeof(*handoff) && handoff->seed_bytes <= HANDOFF_SEED_BYTES);
	ASSERT(is_same_plan(handoff));
}

static void partition_link(const struct plan_partition *partition)
{
	partition->state->plan = partition;
	for (uint32_t i = 0; i < partition->vcpu_count; i++) {
		partition->vcpus[i]->partition = partition;
		partition->vcpus[i]->index = i;
	}
}

static void cpu_link(const struct plan_cpu *plan_cpu)
{
	plan_cpu->state->plan = plan_cpu;
	plan_cpu->state->index = (uint32_t)(plan_cpu - plan.cpus);
	for (uint32_t i = 0; i < plan_cpu->vcpu_count; i++)
		plan_cpu->vcpus[i]->cpu = plan_cpu;
}

void core_link(void)
{
	for (uint32_t i = 0; i < plan.partition_count; i++)
		partition_link(&plan.partitions[i]);
	for (uint32_t i = 0; i < plan.cpu_count; i++)
		cpu_link(&plan.cpus[i]);
}

static void banner_print(const struct handoff *handoff)
{
	hyp_print("Bulkhead: %s on %s, slot %c, %u partitions on %u CPUs", plan.appliance, plan.board,
		  handoff->slot == HANDOFF_SLOT_A ? 'A' : 'B', plan.partition_count, plan.cpu_count);
	if (plan.is_development || (handoff->flags & HANDOFF_DEVELOPMENT_KEYS))
		hyp_print("signed with development keys: they protect nothing");
	if (!(handoff->flags & HANDOFF_SEED_VALID))
		hyp_print("no source of random numbers: guests get no seed");
}

#define CONSOLE_HOLD_US 1000u /* the first partitions are entered before the first line is shown */

void core_boot(const struct handoff *handoff)
{
	handoff_check(handoff);
	console_hold(arch_counter() + ticks_of_us(CONSOLE_HOLD_US));
	core_seed_add(handoff->seed, handoff->seed_bytes);
	banner_print(handoff);
	for (uint32_t i = 0; i < plan.partition_count; i++) {
		stage2_build(&plan.partitions[i]);
		device_boot(&plan.partitions[i]);
	}
	if (plan.pci)
		plan.pci->driver->boot();
	console_boot();
}
