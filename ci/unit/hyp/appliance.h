/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small appliance on the fake machine, for unit tests of the core: alpha
 * has CPUs 0 and 1 for itself, beta and gamma share CPU 2 in two slots. It
 * must not know what is tested.
 */
#ifndef CI_UNIT_HYP_APPLIANCE_H
#define CI_UNIT_HYP_APPLIANCE_H

#include <hyp/console.h>
#include <hyp/plan.h>
#include <hyp/vcpu.h>

#include "../../../hyp/fake/fake.h"

enum { ALPHA, BETA, GAMMA, PARTITIONS };
#define BETA_SLOT_US 3000u
#define GAMMA_SLOT_US 1000u
#define RING_BYTES 4096u
#define STATE_BYTES 8192u
#define PREFIX 0x14 /* ^T */

/* What tests change between runs; the plan points at it. */
extern struct plan_partition test_partitions[PARTITIONS];
extern struct vcpu test_vcpus[4]; /* alpha.0, alpha.1, beta.0, gamma.0 */
extern struct cpu test_cpus[3];
/* The double of the seed pool has nothing left. */
extern bool test_seed_is_dry;

/* The architecture's part of the plan, the same for all; for tests of an architecture's files. */
extern const struct arch_plan_partition *test_arch;
extern struct console_ring test_rings[PARTITIONS];

/** Everything to its first state: fake machine, partitions, vCPUs, doubles. */
void appliance_begin(void);

/** Call cpu_main() on `cpu`. */
enum fake_end appliance_boot(uint32_t cpu);

/** Call cpu_schedule() on `cpu`. */
enum fake_end appliance_schedule(uint32_t cpu);

/** Boot all three CPUs; the trace is cleared. */
void appliance_up(void);

#endif
