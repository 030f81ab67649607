/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RT_MMU_H
#define RT_MMU_H

/*
 * Address translation of a unikernel: everything at its own address; RAM cached; what hyp/abi/device.h shares with other
 * partitions as that says, never executable; all else as device memory. It gives no protection of a program from itself;
 * the hypervisor protects everybody else.
 */

#include <stdint.h>

/** (start code) Fills the first tables, with the MMU off. */
void mmu_build(void);

/** (runtime) Makes exactly the RAM at [base, base + size) cached. The image lies in its first GiB. */
void mmu_set_ram(uint64_t base, uint64_t size);

#endif
