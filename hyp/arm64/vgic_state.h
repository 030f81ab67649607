/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the virtual interrupt controller share: the way to an
 * interrupt's state, and what must be done once it changed. For vgic*.c only.
 */
#ifndef ARM64_VGIC_STATE_H
#define ARM64_VGIC_STATE_H

#include "arm64.h"
#include "vif.h"

static inline struct vgic_vcpu *gic_of(struct vcpu *vcpu)
{
	return &arm64_vcpu_of(vcpu)->gic;
}

static inline struct vgic *vgic_of(const struct plan_partition *partition)
{
	return &((struct arm64_partition *)(void *)partition->state)->gic;
}

static inline uint32_t bit_of(irq_t irq)
{
	return 1u << (irq % 32u);
}

/* Number of the lowest bit that is set, and the mask without it. */
static inline uint32_t bit_take(uint32_t *mask)
{
	uint32_t bit = (uint32_t)__builtin_ctz(*mask);

	*mask &= *mask - 1u;
	return bit;
}

/* The vCPU of `gic` that is loaded on this CPU, or null. */
static inline struct vcpu *vgic_self(const struct vgic *gic)
{
	struct vcpu *vcpu = this_vcpu();

	return vcpu && vcpu->partition == gic->partition ? vcpu : NULL;
}

/* 32 interrupts as one vCPU sees them: `owner` is that vCPU for private ones, null for shared ones. */
struct vgic_ref {
	struct vgic *gic;
	struct vcpu *self;  /* loaded on this CPU */
	struct vcpu *owner;
	struct vgic_bank *bank;
	irq_t first;
};

/** Pending in memory. An edge-triggered one remembers in `latched` alone. */
static inline uint32_t vgic_pending(const struct vgic_bank *bank)
{
	return bank->latched | (bank->level & ~bank->edge);
}

/** Interrupts of `bank` whose group is enabled in the distributor. */
static inline uint32_t vgic_group_enabled(const struct vgic *gic, const struct vgic_bank *bank)
{
	return (gic->control & 1u ? ~bank->group : 0u) | (gic->control & 2u ? bank->group : 0u);
}

/** Bank of `irq`; `vcpu`: whose, if it is private. */
struct vgic_bank *vgic_bank_of(struct vgic *gic, struct vgic_vcpu *vcpu, irq_t irq);

/** Interrupts of `bank` that are pending, enabled and in an enabled group. Not those in list registers. */
uint32_t vgic_deliverable(const struct vgic *gic, const struct vgic_bank *bank);

/** vCPU that shared interrupt `irq` goes to when it becomes pending, or VGIC_NOBODY. */
uint32_t vgic_target(const struct vgic *gic, irq_t irq);

/** List registers of vCPU `index` are out of date: it folds and fills, at vgic_drop() if it is loaded here, else when it is kicked. */
void vgic_note(struct vgic *gic, uint32_t index);

/** The same, and its physical private interrupts are. */
void vgic_note_private(struct vgic *gic, uint32_t index);

/** All vCPUs are. */
void vgic_note_all(struct vgic *gic);

/** Some of `mask` became pending or deliverable: note who gets them. */
void vgic_note_pending(const struct vgic_ref *ref, uint32_t mask);

/** Some of `mask` are in list registers, whose contents are out of date: note who holds them. */
void vgic_note_holders(const struct vgic_ref *ref, uint32_t mask);

/** Pending ones of `mask` of a shared bank that `self` held, or could not: note those whose target is another vCPU. */
void vgic_note_moved(struct vgic *gic, const struct vcpu *self, irq_t first, uint32_t mask);

/** What our own list registers hold of `mask` comes back into memory; other holders are noted. Returns: those of others. */
uint32_t vgic_take_back(const struct vgic_ref *ref, uint32_t mask);

/** Shared interrupt `irq` is routed as the guest wrote. */
void vgic_retarget(struct vgic *gic, struct vcpu *self, irq_t irq, uint8_t route, bool is_any);

/** An edge of shared interrupt `irq` came: to `self` at once if it can be. Context: lock held. */
void vgic_edge(struct vgic *gic, struct vcpu *self, irq_t irq);

/** Is another vCPU still to act on something that was written? What RWP means. */
bool vgic_is_settling(const struct vgic *gic, const struct vcpu *self);

/** Ends what lock_take(&gic->lock) began. `self`: loaded on this CPU and of this partition, or null. */
void vgic_drop(struct vgic *gic, struct vcpu *self);

/** Make SGI `irq` pending on `self`, whose list register still has the last one, spent. Returns: false if it is not so. Context: lock held. */
bool vgic_sgi_again(struct vcpu *self, irq_t irq);

/** Make SGI `irq` pending on the vCPUs of `targets`. Only those of group 0 if `is_group0`. Context: lock held. */
void vgic_sgi_pend(struct vgic *gic, struct vcpu *self, irq_t irq, uint32_t targets, bool is_group0);

/* ---- vgic_lr.c: list registers ---- */

/** Bring what the list registers of `self` hold back into the words. vgic_drop() fills them again. */
void vgic_fold(struct vgic *gic, struct vcpu *self);

/** Fill the list registers of `self`, which are folded, with what comes first. */
void vgic_fill(struct vgic *gic, struct vcpu *self);

/** Put `irq`, which just became pending, into a list register of `self`. Returns: false, and nothing is done, if that needs thought. */
bool vgic_lr_place(struct vgic *gic, struct vcpu *self, struct vgic_bank *bank, irq_t irq);

/** Bring `seen` of the list registers of `self` up to date, and leave them as they are. */
void vgic_look(struct vgic *gic, struct vcpu *self);

/** Active `irq`, in no list register and with `self`, is so no more. */
void vgic_deactivate(struct vgic *gic, struct vcpu *self, irq_t irq);

/* ---- vgic_physical.c: physical interrupts ---- */

/** Physical interrupt behind `irq`, the same for a private one. */
irq_t vgic_physical(const struct vgic *gic, irq_t irq);

/** Interrupt `irq` with hw is no longer pending or active here: the physical one is idle again, and pending if it is an edge that was not taken. */
void vgic_give_back(struct vgic *gic, struct vgic_bank *bank, irq_t irq, bool is_taken);

/** Shared interrupt `irq` goes to the CPU of its target, and only while that CPU can take it. */
void vgic_route_physical(struct vgic *gic, irq_t irq);

/** Can the CPU of `vcpu` take its interrupts now? */
bool vgic_can_take(const struct vcpu *vcpu);

/** Physical shared interrupts of `vcpu`, when it comes to a shared CPU or leaves it. */
void vgic_mask_slot(struct vgic *gic, const struct vcpu *vcpu, bool is_masked);

/** A physical shared interrupt at a start: nothing of it is pending or active anywhere, and it goes to vCPU 0. */
void vgic_shared_reset(struct vgic *gic, const struct plan_irq *irq);

/** Timers and counters of the loaded `self`: what others posted is done. */
void vgic_private_settle(struct vgic *gic, struct vcpu *self);

/** Their physical interrupts are on as the guest has them. */
void vgic_private_enable(const struct vgic_bank *bank);

/** They come with the vCPU, and leave nothing behind when it goes. */
void vgic_private_load(struct vgic_bank *bank);
void vgic_private_save(struct vgic_bank *bank);

/* ---- vgic_regs.c: registers that both versions have; reg->arg says where ---- */

enum vgic_frame {
	VGIC_DISTRIBUTOR,   /* private interrupts are those of the vCPU that asks */
	VGIC_REDISTRIBUTOR, /* those of the vCPU whose frames these are */
};

mmio_fn vgic_group_read, vgic_group_write, vgic_enable_read, vgic_enable_set, vgic_enable_clear, vgic_pending_read, vgic_pending_set,
	vgic_pending_clear, vgic_active_read, vgic_active_set, vgic_active_clear, vgic_priority_read, vgic_priority_write,
	vgic_config_read, vgic_config_write, vgic_control_write, vgic_id_read;

#endif
