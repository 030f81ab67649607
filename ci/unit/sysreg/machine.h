/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CPU's system registers on the host: each is found by the name that the hypervisor gives the assembler. It is included before
 * every file of hyp/arm64 that is tested, and takes the place of what reaches registers. It must not know what is tested.
 */
#ifndef CI_UNIT_SYSREG_MACHINE_H
#define CI_UNIT_SYSREG_MACHINE_H

#include "../../../hyp/arm64/sysreg.h"

#undef SYSREG_READ
#undef SYSREG_WRITE
#define SYSREG_READ(name) machine_read(#name)
#define SYSREG_WRITE(name, value) machine_write(#name, (uint64_t)(value))

/** The register `name` of the machine; one that was never written has machine.otherwise. */
uint64_t machine_read(const char *name);
void machine_write(const char *name, uint64_t value);

/* A vCPU is what the test says it is, and not what TPIDR_EL2 points at. */
#define this_cpu hardware_this_cpu
#define this_vcpu hardware_this_vcpu
#include "../../../hyp/arm64/arm64.h"
#undef this_cpu
#undef this_vcpu

struct vcpu *this_vcpu(void);

/** Every register from now on reads as `otherwise` until it is written. */
void machine_begin(uint64_t otherwise);

#endif
