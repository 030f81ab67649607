/* SPDX-License-Identifier: Apache-2.0 */
/* What the two files of the virtual ITS share: its events. For vits*.c only; all with the vgic lock held. */
#ifndef ARM64_VITS_H
#define ARM64_VITS_H

#include "vgic_state.h"

#define VITS_NONE UINT32_MAX

struct vits_ref {
	struct vgic *gic;
	struct vcpu *self; /* loaded on this CPU and of this partition, or null */
	const struct plan_vits *plan;
	struct vits *vits;
};

/** Guest memory at `ipa`: RAM of `partition` alone. Null if any of it is not. */
const volatile void *vits_memory(const struct plan_partition *partition, uint64_t ipa, uint64_t size);

/** Place in the plan's list of the partition's device with the guest's DeviceID `id`; VITS_NONE: it has none. */
uint32_t vits_device(const struct vits_ref *ref, uint32_t id);

/** Number in the partition of an event of a device that is mapped; VITS_NONE: there is none. */
uint32_t vits_event(const struct vits_ref *ref, uint32_t id, uint32_t event);

/** Read the property byte of mapped event `index` from the guest's table: once. */
void vits_property_load(const struct vits_ref *ref, uint32_t index);

/** Property, collection and redistributor of mapped event `index` decide anew. `is_moved`: and where the physical one goes. */
void vits_apply(const struct vits_ref *ref, uint32_t index, bool is_moved);

/** Event `index` is not pending. */
void vits_forget(const struct vits_ref *ref, uint32_t index);

/** It is mapped no more. All events of a device, and the device. */
void vits_unmap(const struct vits_ref *ref, uint32_t index);
void vits_unmap_device(const struct vits_ref *ref, uint32_t device);

#endif
