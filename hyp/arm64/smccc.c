/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of the SMC Calling Convention (Arm DEN0028) that are not ours: its
 * own discovery, and CPU workarounds as the machine's firmware answers.
 * Anything unknown is NOT_SUPPORTED, and nothing of a guest reaches firmware.
 */
#include "smccc.h"

#define FN_OWNER(function) ((function) & 0xbf000000u)
#define OWNER_STANDARD_FAST 0x84000000u

static bool is_workaround(uint32_t function)
{
	return function == SMCCC_WORKAROUND_1 || function == SMCCC_WORKAROUND_2 || function == SMCCC_WORKAROUND_3;
}

static int64_t arch_features(uint32_t function)
{
	if (function == SMCCC_VERSION || function == SMCCC_ARCH_FEATURES)
		return 0;
	if (is_workaround(function))
		return (int32_t)firmware_call(SMCCC_ARCH_FEATURES, function, 0, 0);
	return SMCCC_NOT_SUPPORTED;
}

/* Firmware serves a workaround on any CPU if it has it; the arguments that it takes are passed. */
static int64_t workaround_call(uint32_t function, uint64_t argument)
{
	if (arch_features(function) < 0)
		return SMCCC_NOT_SUPPORTED;
	return (int64_t)firmware_call(function, argument, 0, 0);
}

static int64_t call(struct vcpu *vcpu, uint32_t function, const uint64_t x[31])
{
	if (FN_OWNER(function) == OWNER_STANDARD_FAST)
		return psci_call(vcpu, function, x);
	if (function == SMCCC_VERSION)
		return SMCCC_VERSION_1_1;
	if (function == SMCCC_ARCH_FEATURES)
		return arch_features((uint32_t)x[1]);
	if (is_workaround(function))
		return workaround_call(function, x[1]);
	return SMCCC_NOT_SUPPORTED;
}

void smccc_call(struct vcpu *vcpu, uint64_t x[31])
{
	x[0] = (uint64_t)call(vcpu, (uint32_t)x[0], x);
}
