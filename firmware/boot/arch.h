/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_ARCH_H
#define BOOT_ARCH_H

/* What the boot stage asks of a processor. It must not know plans or firmware. */

#include "../../hyp/abi/handoff.h"
#include "../update/fw_err.h"

/* Name in manifests. */
extern const char arch_name[];

/* Whether the hypervisor can be started from the state that we run in; prints why not. */
FW_MUST_CHECK enum fw_err arch_check_state(void);

/* Prepares page tables that map this RAM one to one, and nothing else. */
FW_MUST_CHECK enum fw_err arch_prepare(const struct handoff_ram *ram, uint32_t count);

/* After the firmware: masks interrupts, and calls `run` on a stack and page tables of our own. [image, image + size) is this program. */
_Noreturn void arch_leave_firmware(void (*run)(void), uint64_t image, uint64_t size);

/* Bytes reach the point of coherency; no cache holds them afterwards. Ranges are extended to whole cache lines. */
void arch_clear(uint64_t base, uint64_t size);
void arch_copy(uint64_t to, uint64_t from, uint64_t size);
void arch_clean(uint64_t base, uint64_t size);

_Noreturn void arch_enter(uint64_t entry, uint64_t handoff);

/* Instructions of our privilege level since arch_count_begin. To be called at least once in 2^32 instructions. */
void arch_count_begin(void);
void arch_count_sample(void);
uint64_t arch_count_read(int *valid);

uint64_t arch_ticks(void);

#endif
