/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_PHYS_MODELS_H
#define UNIT_PHYS_MODELS_H

/*
 * Devices that do what their drivers hope for, just enough of it; with machine.lies they lie in what they write to
 * memory as well. Each plugs itself into the machine.
 */

#include <stdbool.h>
#include <stdint.h>

void model_nvme(void);
void model_emmc(void);
void model_sdhci(void);
void model_e1000e(void);
void model_virtio_blk(void);
void model_virtio_net(void);

/* What an eMMC is, after model_emmc() one of 8 GiB with a cache; and what it was told. */
struct model_emmc_state {
	bool counts_blocks;
	int refuses;			/* to write this byte of its configuration */
	uint8_t ext_csd[512];
	unsigned flushes;
	unsigned fails;			/* so many transfers, on their way */
};

extern struct model_emmc_state model_emmc_state;

/* After model_emmc(): on the board, where nothing tells of a card in a slot or of its switch. */
void model_emmc_soldered(void);

#endif
