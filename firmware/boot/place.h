/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOOT_PLACE_H
#define BOOT_PLACE_H

/* What happens after the firmware: memory is made as the manifest says, and the hypervisor is entered. Nothing here can fail. */

#include "../../hyp/abi/handoff.h"
#include "../update/manifest.h"

struct placement {
	const struct manifest *manifest;
	uint64_t staged[MANIFEST_COMPONENT_COUNT];	/* where each component was read to */
	struct manifest_area own;			/* this program */
	struct handoff handoff;
};

_Noreturn void place_and_enter(struct placement *placement);

#endif
