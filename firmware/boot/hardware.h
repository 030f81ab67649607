/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_HARDWARE_H
#define BOOT_HARDWARE_H

/* The live machine, as its firmware's device tree tells, and whether a plan fits it. It must not know slots or disks. */

#include "../../hyp/abi/handoff.h"
#include "../update/manifest.h"

struct hardware {
	const void *fdt;
	struct handoff_ram ram[HANDOFF_RAM_COUNT];
	uint32_t ram_count;
};

/* Finds the device tree and its RAM. Prints why it cannot. */
FW_MUST_CHECK enum fw_err hardware_find(struct hardware *out);

/* Compares with what the manifest wants; prints each difference, with `slot` ('a' or 'b') before it. */
FW_MUST_CHECK enum fw_err hardware_check(const struct hardware *hw, const struct manifest *m, int slot);

/* Random bytes from EFI_RNG, or stretched from the device tree's seeds. Returns how many; 0 without a source. */
uint32_t hardware_seed(const struct hardware *hw, uint8_t seed[HANDOFF_SEED_BYTES]);

#endif
