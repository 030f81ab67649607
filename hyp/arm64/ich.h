/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GICv3's hypervisor control registers (Arm IHI 0069, ICH_*), and nothing
 * else: unit tests put simulated ones in this file's place.
 */
#ifndef ARM64_ICH_H
#define ARM64_ICH_H

#include "sysreg.h"

#define ICH_HCR_EL2 S3_4_C12_C11_0
#define ICH_VTR_EL2 S3_4_C12_C11_1
#define ICH_ELRSR_EL2 S3_4_C12_C11_5
#define ICH_VMCR_EL2 S3_4_C12_C11_7

static inline uint64_t ich_vtr(void)
{
	return SYSREG_READ(S3_4_C12_C11_1);
}

static inline uint64_t ich_elrsr(void)
{
	return SYSREG_READ(S3_4_C12_C11_5);
}

static inline uint64_t ich_hcr(void)
{
	return SYSREG_READ(S3_4_C12_C11_0);
}

static inline void ich_hcr_set(uint64_t value)
{
	SYSREG_WRITE(S3_4_C12_C11_0, value);
}

static inline uint64_t ich_vmcr(void)
{
	return SYSREG_READ(S3_4_C12_C11_7);
}

static inline void ich_vmcr_set(uint64_t value)
{
	SYSREG_WRITE(S3_4_C12_C11_7, value);
}

/* A register's number is part of the instruction, so an array of them is a switch. */
#define ICH_ARRAY_READ(n, name)       \
	case n:                       \
		return SYSREG_READ(name);
#define ICH_ARRAY_WRITE(n, name, value)     \
	case n:                             \
		SYSREG_WRITE(name, value);  \
		return;
#define ICH_EIGHT(op, base, crm, ...)                                                                                                  \
	op(base + 0, S3_4_C12_##crm##_0, ##__VA_ARGS__) op(base + 1, S3_4_C12_##crm##_1, ##__VA_ARGS__)                                \
	op(base + 2, S3_4_C12_##crm##_2, ##__VA_ARGS__) op(base + 3, S3_4_C12_##crm##_3, ##__VA_ARGS__)                                \
	op(base + 4, S3_4_C12_##crm##_4, ##__VA_ARGS__) op(base + 5, S3_4_C12_##crm##_5, ##__VA_ARGS__)                                \
	op(base + 6, S3_4_C12_##crm##_6, ##__VA_ARGS__) op(base + 7, S3_4_C12_##crm##_7, ##__VA_ARGS__)

static inline uint64_t ich_lr(uint32_t index)
{
	switch (index) {
		ICH_EIGHT(ICH_ARRAY_READ, 0, C12)
		ICH_EIGHT(ICH_ARRAY_READ, 8, C13)
	}
	return 0;
}

static inline void ich_lr_set(uint32_t index, uint64_t value)
{
	switch (index) {
		ICH_EIGHT(ICH_ARRAY_WRITE, 0, C12, value)
		ICH_EIGHT(ICH_ARRAY_WRITE, 8, C13, value)
	}
}

/* ICH_AP0R<n>_EL2 and ICH_AP1R<n>_EL2, as index n and 4 + n. */
static inline uint64_t ich_apr(uint32_t index)
{
	switch (index) {
		ICH_ARRAY_READ(0, S3_4_C12_C8_0)
		ICH_ARRAY_READ(1, S3_4_C12_C8_1)
		ICH_ARRAY_READ(2, S3_4_C12_C8_2)
		ICH_ARRAY_READ(3, S3_4_C12_C8_3)
		ICH_ARRAY_READ(4, S3_4_C12_C9_0)
		ICH_ARRAY_READ(5, S3_4_C12_C9_1)
		ICH_ARRAY_READ(6, S3_4_C12_C9_2)
		ICH_ARRAY_READ(7, S3_4_C12_C9_3)
	}
	return 0;
}

static inline void ich_apr_set(uint32_t index, uint64_t value)
{
	switch (index) {
		ICH_ARRAY_WRITE(0, S3_4_C12_C8_0, value)
		ICH_ARRAY_WRITE(1, S3_4_C12_C8_1, value)
		ICH_ARRAY_WRITE(2, S3_4_C12_C8_2, value)
		ICH_ARRAY_WRITE(3, S3_4_C12_C8_3, value)
		ICH_ARRAY_WRITE(4, S3_4_C12_C9_0, value)
		ICH_ARRAY_WRITE(5, S3_4_C12_C9_1, value)
		ICH_ARRAY_WRITE(6, S3_4_C12_C9_2, value)
		ICH_ARRAY_WRITE(7, S3_4_C12_C9_3, value)
	}
}

#endif
