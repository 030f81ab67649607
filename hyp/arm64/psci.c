/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSCI 1.1 for one partition: its vCPUs' power, its own end and restart. It
 * must not know the machine's PSCI: cpu.c has that.
 */
#include "smccc.h"

#define SUSPEND_STATE_VALID 0x0301fffful /* power level, type, identifier: the original format */
#define MPIDR_AFFINITY 0xff00fffffful

typedef int64_t psci_fn(struct vcpu *vcpu, uint64_t a1, uint64_t a2, uint64_t a3);

struct psci_line {
	uint32_t function; /* of the 32-bit calls; bit 30 is the 64-bit one's, where there is one */
	bool has_64;
	psci_fn *call;
};

static struct vcpu *vcpu_of(const struct plan_partition *partition, uint64_t target)
{
	for (uint32_t i = 0; i < partition->vcpu_count; i++)
		if ((arm64_vcpu_of(partition->vcpus[i])->vmpidr & MPIDR_AFFINITY) == target)
			return partition->vcpus[i];
	return NULL;
}

static bool is_ram(const struct plan_partition *partition, uint64_t ipa)
{
	for (uint32_t i = 0; i < partition->map_count; i++)
		if ((partition->maps[i].flags & PLAN_MAP_RAM) && ipa - partition->maps[i].ipa.v < partition->maps[i].size)
			return true;
	return false;
}

/* An idle state that keeps everything: a power-down may be less deep than asked for. Any interrupt ends it. */
static int64_t cpu_suspend(struct vcpu *vcpu, uint64_t state, uint64_t entry, uint64_t argument)
{
	(void)entry, (void)argument;
	if ((state & ~SUSPEND_STATE_VALID) != 0)
		return PSCI_INVALID_PARAMETERS;
	(void)vcpu_wait_irq(vcpu);
	return PSCI_SUCCESS;
}

static int64_t cpu_off(struct vcpu *vcpu, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)a1, (void)a2, (void)a3;
	vcpu_power_off(vcpu);
	return PSCI_SUCCESS; /* seen by nobody: it does not come back */
}

static int64_t cpu_on(struct vcpu *vcpu, uint64_t target_id, uint64_t entry, uint64_t argument)
{
	struct vcpu *target = vcpu_of(vcpu->partition, target_id);

	if (target == NULL)
		return PSCI_INVALID_PARAMETERS;
	if ((entry & 3u) != 0 || !is_ram(vcpu->partition, entry))
		return PSCI_INVALID_ADDRESS;
	return vcpu_power_on(target, entry, argument) == OK ? PSCI_SUCCESS : PSCI_ALREADY_ON;
}

static int64_t affinity_info(struct vcpu *vcpu, uint64_t target_id, uint64_t level, uint64_t a3)
{
	struct vcpu *target = vcpu_of(vcpu->partition, target_id);

	(void)a3;
	if (target == NULL || level != 0)
		return PSCI_INVALID_PARAMETERS;
	return __atomic_load_n(&target->state, __ATOMIC_RELAXED) == VCPU_OFF ? 1 : 0;
}

static int64_t migrate_info_type(struct vcpu *vcpu, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)vcpu, (void)a1, (void)a2, (void)a3;
	return 2; /* no trusted OS that would have to move */
}

/* ERR_STATE: another vCPU was first, and its wish stands. */
static int64_t system_off(struct vcpu *vcpu, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)a1, (void)a2, (void)a3;
	return partition_stop(vcpu->partition->state, STOP_GUEST_OFF, false) == OK ? PSCI_SUCCESS : PSCI_INTERNAL_FAILURE;
}

static int64_t system_reset(struct vcpu *vcpu, uint64_t a1, uint64_t a2, uint64_t a3)
{
	(void)a1, (void)a2, (void)a3;
	return partition_stop(vcpu->partition->state, STOP_GUEST_RESET, true) == OK ? PSCI_SUCCESS : PSCI_INTERNAL_FAILURE;
}

static int64_t features(struct vcpu *vcpu, uint64_t function, uint64_t a2, uint64_t a3);

static const struct psci_line lines[] = {
	{ PSCI_CPU_SUSPEND, true, cpu_suspend },
	{ PSCI_CPU_OFF, false, cpu_off },
	{ PSCI_CPU_ON, true, cpu_on },
	{ PSCI_AFFINITY_INFO, true, affinity_info },
	{ PSCI_MIGRATE_INFO_TYPE, false, migrate_info_type },
	{ PSCI_SYSTEM_OFF, false, system_off },
	{ PSCI_SYSTEM_RESET, false, system_reset },
	{ PSCI_FEATURES, false, features },
};

static const struct psci_line *line_of(uint32_t function)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(lines); i++)
		if (lines[i].function == (lines[i].has_64 ? function & ~SMCCC_64 : function))
			return &lines[i];
	return NULL;
}

static int64_t features(struct vcpu *vcpu, uint64_t function, uint64_t a2, uint64_t a3)
{
	uint32_t asked = (uint32_t)function;

	(void)vcpu, (void)a2, (void)a3;
	if (asked == PSCI_VERSION || asked == SMCCC_VERSION)
		return PSCI_SUCCESS;
	return line_of(asked) != NULL ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

int64_t psci_call(struct vcpu *vcpu, uint32_t function, const uint64_t x[31])
{
	const struct psci_line *line;
	uint64_t mask = function & SMCCC_64 ? ~0ul : UINT32_MAX;

	if (function == PSCI_VERSION)
		return PSCI_VERSION_1_1;
	line = line_of(function);
	if (line == NULL)
		return PSCI_NOT_SUPPORTED;
	return line->call(vcpu, x[1] & mask, x[2] & mask, x[3] & mask);
}
