/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled to assembly only: the build turns its marked lines into
 * offsets.h, so that .S files use the layouts of the structs themselves.
 */
#include "plan_arm64.h"
#include "sysreg.h"
#include "vcpu.h"

#define OFFSET(name, value) __asm__ volatile("\n#define " #name " %c0 /* generated */" : : "i"(value))

void offsets(void);
void offsets(void)
{
	OFFSET(TRAP_HVC64, EC_HVC64);
	OFFSET(TRAP_DATA_ABORT, EC_DATA_ABORT);
	OFFSET(TRAP_SYSREG, EC_SYSREG);
	OFFSET(FRAME_SIZE, sizeof(struct frame));
	OFFSET(ARM64_CPU_STACK_TOP, offsetof(struct arm64_cpu, stack_top));
	OFFSET(ARM64_CPU_SERROR, offsetof(struct arm64_cpu, serror));
	OFFSET(ARM64_CPU_WORKAROUND, offsetof(struct arm64_cpu, workaround));
	OFFSET(CPU_NEEDS_SCHEDULE, offsetof(struct cpu, needs_schedule));
}
