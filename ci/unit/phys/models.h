/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_PHYS_MODELS_H
#define UNIT_PHYS_MODELS_H

/*
 * Devices that do what their drivers hope for, just enough of it; with machine.lies they lie in what they write to
 * memory as well. Each plugs itself into the machine.
 */

void model_nvme(void);
void model_sdhci(void);
void model_e1000e(void);
void model_virtio_blk(void);
void model_virtio_net(void);

#endif
