/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_MEMORY_H
#define BOOT_MEMORY_H

/* The firmware's memory map against a plan, and room beside the plan. It must not know disks, nor the processor. */

#include "../update/manifest.h"

/* Prints each planned range that lies on memory of the firmware or of the boot stage itself. */
FW_MUST_CHECK enum fw_err memory_check(const struct manifest *m, int slot);

/* Takes pages outside of all planned ranges. */
FW_MUST_CHECK enum fw_err memory_take(const struct manifest *m, uint64_t size, uint64_t *base);
void memory_give(uint64_t base, uint64_t size);

/* Leaves the firmware's services: on success no efi_* may be used any more. */
FW_MUST_CHECK enum fw_err memory_exit_firmware(void);

/* Where this program itself is. */
struct manifest_area memory_own_image(void);

#endif
