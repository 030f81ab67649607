/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual interrupt controller's state, and which interrupts stand in
 * list registers. It must not know registers of the distributor.
 *
 * List registers are written when an interrupt comes and read only when
 * something needs it, so an exit that has nothing to do with interrupts does
 * not touch them. A spent one is used again when the hardware says that it is
 * empty. Everything else is one slow path, vgic_vcpu_sync(): all list
 * registers of the loaded vCPU are folded back into the words of struct
 * vgic_bank and filled again with what comes first. It runs
 *  - when more is pending or active than there are list registers
 *    (VGIC_WORK_LEFT) and one of them is spent: a maintenance interrupt;
 *  - when an emulated level interrupt is deactivated: a maintenance
 *    interrupt, after which the line is looked at again;
 *  - when another CPU changed something that a list register holds: it notes
 *    VGIC_WORK_NEW and kicks. It never waits for the answer. What it wants to
 *    know, it asks for and lets its guest come back with the same
 *    instruction (vgic_regs.c).
 * The work of one sync is bounded by the number of interrupts that a
 * partition can have.
 */
#include "gic.h"
#include "vgic_state.h"

/* Interrupts of every vCPU: SGIs, both timers, performance counters. The timers' and counters' lines are in the machine. */
#define SGIS 0xffffu
#define PPIS ((uint32_t)(BIT(GIC_PPI_VIRTUAL_TIMER) | BIT(GIC_PPI_PHYSICAL_TIMER) | BIT(GIC_PPI_PMU)))

struct vgic_bank *vgic_bank_of(struct vgic *gic, struct vgic_vcpu *vcpu, irq_t irq)
{
	return irq < VGIC_PRIVATE ? &vcpu->bank : &gic->shared[irq / 32u - 1u];
}

/* Interrupts of `bank` whose group is enabled in the distributor. */
static uint32_t group_enabled(const struct vgic *gic, const struct vgic_bank *bank)
{
	return (gic->control & 1u ? ~bank->group : 0u) | (gic->control & 2u ? bank->group : 0u);
}

uint32_t vgic_deliverable(const struct vgic *gic, const struct vgic_bank *bank)
{
	return vgic_pending(bank) & bank->enabled & group_enabled(gic, bank) & ~bank->in_lr;
}

irq_t vgic_physical(const struct vgic *gic, irq_t irq)
{
	return irq < VGIC_PRIVATE ? irq : gic->physical[irq - VGIC_PRIVATE];
}

/* IROUTER.IRM: any vCPU may take it. The first that is loaded, so that it is one that runs. */
static uint32_t target_any(const struct vgic *gic)
{
	for (uint32_t i = 0; i < gic->partition->vcpu_count; i++)
		if (gic_of(gic->partition->vcpus[i])->is_loaded)
			return i;
	return 0;
}

uint32_t vgic_target(const struct vgic *gic, irq_t irq)
{
	uint32_t spi = irq - VGIC_PRIVATE;

	return gic->route_any[spi / 32u] & bit_of(irq) ? target_any(gic) : gic->target[spi];
}

/* ---- who must look ---- */

void vgic_note(struct vgic *gic, uint32_t index)
{
	gic_of(gic->partition->vcpus[index])->work |= VGIC_WORK_NEW;
	gic->wake |= 1u << index;
}

void vgic_note_private(struct vgic *gic, uint32_t index)
{
	gic_of(gic->partition->vcpus[index])->work |= VGIC_WORK_PRIVATE;
	vgic_note(gic, index);
}

void vgic_note_all(struct vgic *gic)
{
	for (uint32_t i = 0; i < gic->partition->vcpu_count; i++)
		vgic_note(gic, i);
}

/* An active interrupt stays with the vCPU that took it: only once it is deactivated there does it go to its target. */
static void note_pending_one(struct vgic *gic, const struct vgic_bank *bank, irq_t irq)
{
	bool is_held = (bank->active | bank->in_lr) & bit_of(irq);
	uint32_t index = is_held ? gic->holder[irq - VGIC_PRIVATE] : vgic_target(gic, irq);

	if (index != VGIC_NOBODY)
		vgic_note(gic, index);
}

void vgic_note_pending(const struct vgic_ref *ref, uint32_t mask)
{
	mask &= vgic_pending(ref->bank) & ref->bank->enabled;
	if (mask && ref->owner)
		vgic_note(ref->gic, ref->owner->index);
	while (mask && !ref->owner)
		note_pending_one(ref->gic, ref->bank, ref->first + bit_take(&mask));
}

void vgic_note_holders(const struct vgic_ref *ref, uint32_t mask)
{
	mask &= ref->bank->in_lr;
	if (mask && ref->owner)
		vgic_note(ref->gic, ref->owner->index);
	while (mask && !ref->owner)
		vgic_note(ref->gic, ref->gic->holder[ref->first + bit_take(&mask) - VGIC_PRIVATE]);
}

/* ---- physical side ---- */

void vgic_give_back(struct vgic *gic, struct vgic_bank *bank, irq_t irq, bool is_taken)
{
	irq_t physical = vgic_physical(gic, irq);

	if (!is_taken && bank->edge & bit_of(irq))
		gic_irq_set_pending(physical, true);
	gic_irq_set_active(physical, false); /* a level that is still high becomes pending again by this */
}

static void private_settle(struct vgic *gic, struct vcpu *self)
{
	struct vgic_bank *bank = &gic_of(self)->bank;
	uint32_t posted = bank->hw & ~bank->in_lr & (bank->post_unpend | bank->post_deactivate | bank->post_activate | bank->post_pend);

	while (posted) {
		irq_t irq = bit_take(&posted);
		uint32_t bit = bit_of(irq);
		bool was_held = (bank->active | bank->latched) & bit;

		if (bank->post_deactivate & bit)
			bank->active &= ~bit;
		if (bank->post_unpend & bit) {
			bank->latched &= ~bit;
			gic_irq_set_pending(irq, false);
		}
		if (bank->post_activate & bit) {
			bank->active |= bit;
			gic_irq_set_active(irq, true);
		} else if (was_held && !((bank->active | bank->latched) & bit)) {
			vgic_give_back(gic, bank, irq, true);
		}
		if (bank->post_pend & bit)
			gic_irq_set_pending(irq, true);
		bank->post_unpend &= ~bit;
		bank->post_deactivate &= ~bit;
		bank->post_activate &= ~bit;
		bank->post_pend &= ~bit;
	}
}

/* Timers and counters of the loaded `self`: their physical interrupts are on as the guest has them. */
static void private_enable(const struct vgic_bank *bank)
{
	uint32_t off = bank->hw & ~bank->enabled;

	while (off)
		gic_irq_disable(bit_take(&off));
	if (bank->hw & bank->enabled)
		gic_irqs_enable(0, bank->hw & bank->enabled);
}

static bool can_take(const struct vcpu *vcpu)
{
	return vcpu->cpu->vcpu_count == 1 || gic_of((struct vcpu *)vcpu)->is_loaded;
}

/* While another vCPU has the CPU of its target, a shared interrupt stays in the physical GIC: a storm of it cannot take that slot's time. */
static void mask_physical(struct vgic *gic, irq_t irq, bool is_masked)
{
	struct vgic_bank *bank = &gic->shared[irq / 32u - 1u];
	uint32_t bit = bit_of(irq);

	if (!(bank->hw & bit) || !!(bank->masked & bit) == is_masked)
		return;
	bank->masked ^= bit;
	if (!(bank->enabled & bit))
		return;
	if (is_masked)
		gic_irq_disable(vgic_physical(gic, irq));
	else
		gic_irq_enable(vgic_physical(gic, irq));
}

void vgic_route_physical(struct vgic *gic, irq_t irq)
{
	uint32_t index = gic->target[irq - VGIC_PRIVATE];
	const struct vcpu *target;

	if (index == VGIC_NOBODY || !(gic->shared[irq / 32u - 1u].hw & bit_of(irq)))
		return;
	target = gic->partition->vcpus[index];
	gic_irq_route(vgic_physical(gic, irq), target->cpu);
	mask_physical(gic, irq, !can_take(target));
}

/* Those of `vcpu`, when it comes to a shared CPU or leaves it. */
static void mask_slot(struct vgic *gic, const struct vcpu *vcpu, bool is_masked)
{
	if (vcpu->cpu->vcpu_count == 1)
		return;
	for (uint32_t b = 0; b < gic->partition->arch->spi_count / 32u; b++) {
		uint32_t hw = gic->shared[b].hw;

		while (hw) {
			irq_t irq = VGIC_PRIVATE + b * 32u + bit_take(&hw);

			if (gic->target[irq - VGIC_PRIVATE] == vcpu->index)
				mask_physical(gic, irq, is_masked);
		}
	}
}

/* ---- fold: list registers to words ---- */

/* What a list register says of `irq`, after what others posted. */
static uint64_t lr_settle(struct vgic_bank *bank, uint32_t bit, uint64_t lr)
{
	if (bank->post_unpend & bit)
		lr &= ~LR_PENDING;
	if (bank->post_deactivate & bit)
		lr &= ~LR_ACTIVE;
	if (bank->post_activate & bit)
		lr |= LR_ACTIVE;
	bank->post_unpend &= ~bit;
	bank->post_deactivate &= ~bit;
	bank->post_activate &= ~bit;
	return lr;
}

/* Pending again in memory: only what was latched, since a line speaks for itself. */
static void latch_again(struct vgic_vcpu *vcpu, struct vgic_bank *bank, irq_t irq, uint64_t lr)
{
	if (!(bank->lr_latched & bit_of(irq)))
		return;
	bank->latched |= bit_of(irq);
	if (irq < VGIC_SGIS)
		vcpu->sgi_sources[irq] |= (uint8_t)(1u << LR_SOURCE(lr));
}

static void lr_fold(struct vgic *gic, struct vcpu *self, uint32_t index)
{
	struct vgic_vcpu *vcpu = gic_of(self);
	irq_t irq = vcpu->lr_irq[index];
	uint32_t bit = bit_of(irq);
	struct vgic_bank *bank = vgic_bank_of(gic, vcpu, irq);
	uint64_t was = vif_lr_get(index);
	uint64_t lr = lr_settle(bank, bit, was);
	bool is_changed = (was ^ lr) & (LR_PENDING | LR_ACTIVE);

	bank->in_lr &= ~bit;
	if (lr & LR_PENDING)
		latch_again(vcpu, bank, irq, lr);
	if (lr & LR_ACTIVE)
		bank->active |= bit;
	bank->lr_latched &= ~bit;
	if (!(bank->hw & bit))
		return;
	if (lr & LR_ACTIVE) {
		if (is_changed)
			gic_irq_set_active(vgic_physical(gic, irq), true);
	} else if (lr & LR_PENDING && !(bank->enabled & bit)) {
		bank->latched &= ~bit;
		vgic_give_back(gic, bank, irq, false);
	} else if (!(lr & LR_PENDING) && is_changed) {
		vgic_give_back(gic, bank, irq, true);
	}
}

/* What became ours to pass on: pending ones of `mask` that we held, or could not, and whose target is another vCPU. */
static void note_moved(struct vgic *gic, const struct vcpu *self, irq_t first, uint32_t mask)
{
	const struct vgic_bank *bank = &gic->shared[first / 32u - 1u];

	mask &= vgic_deliverable(gic, bank) & ~bank->active;
	while (mask) {
		uint32_t target = vgic_target(gic, first + bit_take(&mask));

		if (target != self->index && target != VGIC_NOBODY)
			vgic_note(gic, target);
	}
}

/* Active, in no list register, and with this vCPU: the one of highest priority. Returns VGIC_SPI_MAX + 32 if there is none. */
static irq_t active_first(struct vgic *gic, struct vcpu *self)
{
	irq_t best = VGIC_PRIVATE + VGIC_SPI_MAX;
	uint32_t best_priority = UINT32_MAX;

	for (irq_t first = 0; first < VGIC_PRIVATE + gic->partition->arch->spi_count; first += 32) {
		struct vgic_bank *bank = vgic_bank_of(gic, gic_of(self), first);
		uint32_t mask = bank->active & ~bank->in_lr;

		while (mask) {
			irq_t irq = first + bit_take(&mask);

			if (irq >= VGIC_PRIVATE && gic->holder[irq - VGIC_PRIVATE] != self->index)
				continue;
			if (bank->priority[irq % 32u] < best_priority) {
				best_priority = bank->priority[irq % 32u];
				best = irq;
			}
		}
	}
	return best;
}

void vgic_deactivate(struct vgic *gic, struct vcpu *self, irq_t irq)
{
	struct vgic_bank *bank = vgic_bank_of(gic, gic_of(self), irq);

	bank->active &= ~bit_of(irq);
	if (bank->hw & bit_of(irq))
		vgic_give_back(gic, bank, irq, true);
	if (irq >= VGIC_PRIVATE)
		note_moved(gic, self, irq & ~31u, bit_of(irq));
}

/* The guest ended interrupts that no list register had. Those that had none were the lowest of the active ones, and a guest
 * ends the highest first, so it is the highest of them. (With ends apart from deactivation, ICC_DIR_EL1 traps instead.) */
static void eoi_settle(struct vgic *gic, struct vcpu *self)
{
	for (uint32_t count = vif_eoi_count(); count; count--) {
		irq_t irq = active_first(gic, self);

		if (irq >= VGIC_PRIVATE + VGIC_SPI_MAX)
			return;
		vgic_deactivate(gic, self, irq);
	}
}

void vgic_fold(struct vgic *gic, struct vcpu *self)
{
	struct vgic_vcpu *vcpu = gic_of(self);
	uint32_t used = vcpu->used;

	if (vcpu->work & VGIC_WORK_LEFT)
		eoi_settle(gic, self);
	vcpu->work = (vcpu->work & VGIC_WORK_PRIVATE) | VGIC_WORK_NEW;
	while (used) {
		uint32_t index = bit_take(&used);

		lr_fold(gic, self, index);
		vif_lr_set(index, 0);
		if (vcpu->lr_irq[index] >= VGIC_PRIVATE)
			note_moved(gic, self, vcpu->lr_irq[index] & ~31u, bit_of(vcpu->lr_irq[index]));
	}
	vcpu->used = 0;
}

void vgic_look(struct vgic *gic, struct vcpu *self)
{
	struct vgic_vcpu *vcpu = gic_of(self);
	uint32_t used = vcpu->used;

	while (used) {
		uint32_t index = bit_take(&used);
		irq_t irq = vcpu->lr_irq[index];
		struct vgic_bank *bank = vgic_bank_of(gic, vcpu, irq);
		uint64_t lr = vif_lr_get(index);

		bank->seen_pending = (bank->seen_pending & ~bit_of(irq)) | (lr & LR_PENDING ? bit_of(irq) : 0);
		bank->seen_active = (bank->seen_active & ~bit_of(irq)) | (lr & LR_ACTIVE ? bit_of(irq) : 0);
	}
}

uint32_t vgic_take_back(const struct vgic_ref *ref, uint32_t mask)
{
	if (!(mask & ref->bank->in_lr))
		return 0;
	if (!ref->owner || ref->owner == ref->self)
		vgic_fold(ref->gic, ref->self);
	vgic_note_holders(ref, mask);
	return mask & ref->bank->in_lr;
}

void vgic_retarget(struct vgic *gic, struct vcpu *self, irq_t irq, uint8_t route, bool is_any)
{
	uint32_t spi = irq - VGIC_PRIVATE;
	uint32_t bit = bit_of(irq);
	struct vgic_ref ref = { .gic = gic, .self = self, .bank = &gic->shared[spi / 32u], .first = irq & ~31u };

	(void)vgic_take_back(&ref, bit);
	gic->route[spi] = route;
	gic->target[spi] = is_any ? 0 : (uint8_t)vif_route_target(gic->partition, route);
	gic->route_any[spi / 32u] = (gic->route_any[spi / 32u] & ~bit) | (is_any ? bit : 0);
	vgic_route_physical(gic, irq);
	vgic_note_pending(&ref, bit);
}

bool vgic_is_settling(const struct vgic *gic, const struct vcpu *self)
{
	for (uint32_t i = 0; i < gic->partition->vcpu_count; i++) {
		const struct vgic_vcpu *vcpu = gic_of(gic->partition->vcpus[i]);

		if (i != self->index && vcpu->is_loaded && vcpu->work & VGIC_WORK_NEW)
			return true;
	}
	return false;
}

/* ---- fill: words to list registers ---- */

/* The first few of many, in order. A smaller rank comes first. */
struct choice {
	uint32_t rank[VGIC_LR_MAX];
	uint32_t count, room;
	uint32_t seen; /* how many there were */
};

#define RANK_GROUP_OFF (1u << 20) /* the guest's CPU interface has that group off */
#define RANK(priority, irq) ((uint32_t)(priority) << 10 | (irq))
#define RANK_IRQ(rank) ((rank) & 0x3ffu)

static void choice_add(struct choice *c, uint32_t rank)
{
	uint32_t at;

	c->seen++;
	if (c->count == c->room) {
		if (c->room == 0 || rank >= c->rank[c->count - 1u])
			return;
		c->count--;
	}
	for (at = c->count++; at > 0 && c->rank[at - 1u] > rank; at--)
		c->rank[at] = c->rank[at - 1u];
	c->rank[at] = rank;
}

struct fill {
	struct vgic *gic;
	struct vcpu *self;
	uint32_t groups; /* that its CPU interface has on */
	struct choice active, pending;
};

static void gather_active(struct fill *f, const struct vgic_bank *bank, irq_t first)
{
	uint32_t mask = bank->active & ~bank->in_lr;

	while (mask) {
		irq_t irq = first + bit_take(&mask);

		if (irq < VGIC_PRIVATE || f->gic->holder[irq - VGIC_PRIVATE] == f->self->index)
			choice_add(&f->active, RANK(bank->priority[irq % 32u], irq));
	}
}

static void gather_pending(struct fill *f, const struct vgic_bank *bank, irq_t first)
{
	uint32_t mask = vgic_deliverable(f->gic, bank) & ~bank->active;

	while (mask) {
		irq_t irq = first + bit_take(&mask);
		uint32_t rank = RANK(bank->priority[irq % 32u], irq);

		if (irq >= VGIC_PRIVATE && vgic_target(f->gic, irq) != f->self->index)
			continue;
		if (!(f->groups & (bank->group & bit_of(irq) ? 2u : 1u)))
			rank |= RANK_GROUP_OFF;
		choice_add(&f->pending, rank);
	}
}

static void gather(struct fill *f)
{
	f->active.room = f->pending.room = vif_lr_count();
	for (irq_t first = 0; first < VGIC_PRIVATE + f->gic->partition->arch->spi_count; first += 32) {
		const struct vgic_bank *bank = vgic_bank_of(f->gic, gic_of(f->self), first);

		gather_active(f, bank, first);
		gather_pending(f, bank, first);
	}
}

/* Takes one source of an SGI; GICv3 has the only one, 0. */
static uint32_t source_take(struct vgic_vcpu *vcpu, irq_t irq)
{
	uint32_t sources = vcpu->sgi_sources[irq];
	uint32_t source = sources ? bit_take(&sources) : 0;

	vcpu->sgi_sources[irq] = (uint8_t)sources;
	return source;
}

/* The pending half of a list register; what the register cannot tell stays behind in memory. */
static uint64_t lr_pend(struct vgic_vcpu *vcpu, struct vgic_bank *bank, irq_t irq)
{
	uint32_t bit = bit_of(irq);
	uint64_t lr = LR_PENDING;

	if (!(bank->latched & bit))
		return lr;
	bank->latched &= ~bit;
	bank->lr_latched |= bit;
	if (irq < VGIC_SGIS) {
		uint32_t source = source_take(vcpu, irq);

		lr |= (uint64_t)source << LR_PHYSICAL_SHIFT;
		vcpu->sgi_active[irq] = (uint8_t)source;
		if (vcpu->sgi_sources[irq]) {
			bank->latched |= bit; /* of the other sources */
			lr |= LR_EOI;
		}
	}
	return lr;
}

/* May an active list register of `self` be pending too? Hardware says no for hw ones, a line is looked at when it ends, SGIs
 * of GICv2 may come from another source, it may belong to another vCPU meanwhile, and while more is left it could pass for the
 * pending one whose absence VIF_NO_PENDING tells. */
static bool lr_may_pend(const struct vgic *gic, const struct vcpu *self, const struct vgic_bank *bank, irq_t irq)
{
	if ((bank->hw | ~bank->edge) & bit_of(irq) || (irq < VGIC_SGIS && vif_fixed_enables) || gic_of((struct vcpu *)self)->work)
		return false;
	return irq < VGIC_PRIVATE || vgic_target(gic, irq) == self->index;
}

static uint64_t lr_common(const struct vgic *gic, const struct vgic_bank *bank, irq_t irq)
{
	uint64_t lr = irq | (uint64_t)bank->priority[irq % 32u] << LR_PRIORITY_SHIFT;

	if (bank->group & bit_of(irq))
		lr |= LR_GROUP1;
	if (bank->hw & bit_of(irq))
		lr |= LR_HW | (uint64_t)vgic_physical(gic, irq) << LR_PHYSICAL_SHIFT;
	return lr;
}

static void lr_own(struct vgic *gic, struct vcpu *self, struct vgic_bank *bank, irq_t irq, uint32_t index)
{
	struct vgic_vcpu *vcpu = gic_of(self);

	vcpu->used |= 1u << index;
	vcpu->lr_irq[index] = (uint16_t)irq;
	vcpu->lr_again[index] = lr_common(gic, bank, irq) | LR_PENDING;
	bank->lr[irq % 32u] = (uint8_t)index;
	bank->in_lr |= bit_of(irq);
	if (irq >= VGIC_PRIVATE)
		gic->holder[irq - VGIC_PRIVATE] = (uint8_t)self->index;
}

static uint64_t lr_active(struct vgic *gic, struct vcpu *self, struct vgic_bank *bank, irq_t irq)
{
	uint32_t bit = bit_of(irq);
	uint64_t lr = LR_ACTIVE;

	bank->active &= ~bit;
	if (irq < VGIC_SGIS)
		lr |= (uint64_t)gic_of(self)->sgi_active[irq] << LR_PHYSICAL_SHIFT;
	if (vgic_deliverable(gic, bank) & bit && lr_may_pend(gic, self, bank, irq))
		lr |= lr_pend(gic_of(self), bank, irq);
	else if (!(bank->hw & bit) && vgic_pending(bank) & bit)
		lr |= LR_EOI; /* then look again */
	return lr;
}

static void lr_fill(struct vgic *gic, struct vcpu *self, irq_t irq, uint32_t index, bool is_active)
{
	struct vgic_bank *bank = vgic_bank_of(gic, gic_of(self), irq);
	uint32_t bit = bit_of(irq);
	uint64_t lr = lr_common(gic, bank, irq);

	lr |= is_active ? lr_active(gic, self, bank, irq) : lr_pend(gic_of(self), bank, irq);
	if (!((bank->edge | bank->hw) & bit))
		lr |= LR_EOI;
	bank->seen_pending = (bank->seen_pending & ~bit) | (lr & LR_PENDING ? bit : 0);
	bank->seen_active = (bank->seen_active & ~bit) | (lr & LR_ACTIVE ? bit : 0);
	lr_own(gic, self, bank, irq, index);
	if (!(bank->enabled & group_enabled(gic, bank) & bit))
		bank->lr[irq % 32u] = VGIC_LR_UNFIT;
	vif_lr_set(index, lr);
}

/* What the maintenance interrupt shall tell while something is left. It is quiet once the list registers are filled: there is
 * a pending one in them, and a group's bit asks for the state that it does not have. */
static uint64_t left_control(uint32_t groups, uint64_t vmcr, bool is_pending_left, bool is_active_left)
{
	uint64_t control = 0;

	if (is_pending_left)
		control |= VIF_NO_PENDING | (groups & 1u ? VIF_GROUP0_OFF : VIF_GROUP0_ON) |
			   (groups & 2u ? VIF_GROUP1_OFF : VIF_GROUP1_ON);
	if (is_active_left)
		control |= VIF_EOI_UNKNOWN | (vmcr & VMCR_SPLIT_EOI ? VIF_TRAP_DIR : 0);
	return control;
}

/* Active ones keep their list registers as far as one remains for the first pending one. */
static void fill(struct vgic *gic, struct vcpu *self)
{
	struct vgic_vcpu *vcpu = gic_of(self);
	uint64_t vmcr = vif_vmcr();
	struct fill f = { .gic = gic, .self = self, .groups = VMCR_GROUPS(vmcr) };
	uint32_t room = vif_lr_count();
	uint32_t active, waiting, index = 0;

	gather(&f);
	active = f.active.count;
	if (active == room && f.pending.count)
		active--;
	waiting = f.pending.count < room - active ? f.pending.count : room - active;
	vcpu->work = f.active.seen > active || f.pending.seen > waiting ? VGIC_WORK_LEFT : 0;
	for (uint32_t i = 0; i < active; i++)
		lr_fill(gic, self, RANK_IRQ(f.active.rank[i]), index++, true);
	for (uint32_t i = 0; i < waiting; i++)
		lr_fill(gic, self, RANK_IRQ(f.pending.rank[i]), index++, false);
	vcpu->answered = UINT32_MAX;
	vif_control(VIF_ENABLE | left_control(f.groups, vmcr, f.pending.seen > waiting, f.active.seen > active));
}

static void sync(struct vgic *gic, struct vcpu *self)
{
	vgic_fold(gic, self);
	if (gic_of(self)->work & VGIC_WORK_PRIVATE) {
		private_settle(gic, self);
		private_enable(&gic_of(self)->bank);
	}
	fill(gic, self);
}

void vgic_drop(struct vgic *gic, struct vcpu *self)
{
	uint32_t wake;

	if (self && gic_of(self)->work & VGIC_WORK_NEW)
		sync(gic, self);
	wake = gic->wake;
	gic->wake = 0;
	lock_drop(&gic->lock);
	if (self)
		wake &= ~(1u << self->index);
	while (wake)
		vcpu_wake(gic->partition->vcpus[bit_take(&wake)]);
}

void vgic_vcpu_sync(struct vcpu *vcpu)
{
	struct vgic *gic = vgic_of(vcpu->partition);

	lock_take(&gic->lock);
	gic_of(vcpu)->work |= VGIC_WORK_NEW;
	vgic_drop(gic, vcpu);
}

/* ---- arrivals ---- */

/* A list register for `irq`, when that needs no thought: nothing else waits, and it is in none or in one of ours that is spent. */
static bool lr_place(struct vgic *gic, struct vcpu *self, struct vgic_bank *bank, irq_t irq)
{
	struct vgic_vcpu *vcpu = gic_of(self);
	uint32_t empty = vif_empty();
	uint32_t index;

	if (vcpu->work || !vcpu->is_loaded)
		return false;
	if (bank->in_lr & bit_of(irq)) {
		index = bank->lr[irq % 32u];
		if (irq >= VGIC_PRIVATE && gic->holder[irq - VGIC_PRIVATE] != self->index)
			return false;
		if (!(empty & 1u << index))
			return false;
	} else {
		if (!empty)
			return false;
		index = (uint32_t)__builtin_ctz(empty);
		if (vcpu->used & 1u << index)
			vgic_bank_of(gic, vcpu, vcpu->lr_irq[index])->in_lr &= ~bit_of(vcpu->lr_irq[index]);
		lr_own(gic, self, bank, irq, index);
	}
	bank->lr_latched |= bit_of(irq);
	vif_lr_set(index, vcpu->lr_again[index]);
	return true;
}

/* The same for a private interrupt whose last occurrence is spent in the list register that it still has: whatever changes its
 * configuration, or what the list registers should hold, takes it out of there or leaves work. */
static inline __attribute__((always_inline)) bool deliver_again(struct vgic_vcpu *vcpu, struct vgic_bank *bank, irq_t irq)
{
	uint32_t index = bank->lr[irq];

	if (!(bank->in_lr & bit_of(irq)) || vcpu->work || !(vif_empty() >> index & 1u))
		return false;
	bank->lr_latched |= bit_of(irq);
	vif_lr_set(index, vcpu->lr_again[index]);
	return true;
}

/* Latched interrupt `irq`, hw or edge, for `self` itself: at once if it can be. Returns: false if it is neither delivered nor latched yet. */
static bool deliver_now(struct vgic *gic, struct vcpu *self, struct vgic_bank *bank, irq_t irq)
{
	uint32_t bit = bit_of(irq);

	return bank->enabled & group_enabled(gic, bank) & ~bank->active & bit && lr_place(gic, self, bank, irq);
}

void vgic_private_fired(struct vcpu *vcpu, irq_t irq)
{
	struct vgic *gic = vgic_of(vcpu->partition);
	struct vgic_bank *bank = &gic_of(vcpu)->bank;

	lock_take(&gic->lock);
	if (deliver_again(gic_of(vcpu), bank, irq) || deliver_now(gic, vcpu, bank, irq)) {
		lock_drop(&gic->lock);
		return;
	}
	if (bank->enabled & bit_of(irq)) {
		bank->latched |= bit_of(irq);
		gic_of(vcpu)->work |= VGIC_WORK_NEW;
	} else {
		vgic_give_back(gic, bank, irq, false);
	}
	vgic_drop(gic, vcpu);
}

void vgic_shared_fired(const struct plan_partition *partition, irq_t irq)
{
	struct vgic *gic = vgic_of(partition);
	struct vcpu *self = vgic_self(gic);
	struct vgic_ref ref = { .gic = gic, .self = self, .bank = &gic->shared[irq / 32u - 1u], .first = irq & ~31u };

	lock_take(&gic->lock);
	if (!(ref.bank->enabled & ~ref.bank->masked & bit_of(irq))) {
		vgic_give_back(gic, ref.bank, irq, false); /* it was under way when it was disabled */
	} else if (!self || vgic_target(gic, irq) != self->index || !deliver_now(gic, self, ref.bank, irq)) {
		ref.bank->latched |= bit_of(irq);
		vgic_note_pending(&ref, bit_of(irq));
	}
	vgic_drop(gic, self);
}

bool vgic_sgi_again(struct vcpu *self, irq_t irq)
{
	return !vif_fixed_enables && deliver_again(gic_of(self), &gic_of(self)->bank, irq);
}

static void sgi_pend_one(struct vgic *gic, struct vcpu *self, struct vcpu *target, irq_t irq)
{
	struct vgic_vcpu *vcpu = gic_of(target);
	struct vgic_ref ref = { .gic = gic, .self = self, .owner = target, .bank = &vcpu->bank };

	if (self == target && !vif_fixed_enables && deliver_now(gic, self, ref.bank, irq))
		return;
	ref.bank->latched |= bit_of(irq);
	/* GICv3 has no sources: always 0 */
	vcpu->sgi_sources[irq] |= (uint8_t)(vif_fixed_enables ? 1u << self->index : 1u);
	vgic_note_pending(&ref, bit_of(irq));
}

void vgic_sgi_pend(struct vgic *gic, struct vcpu *self, irq_t irq, uint32_t targets, bool is_group0)
{
	while (targets) {
		struct vcpu *target = gic->partition->vcpus[bit_take(&targets)];

		if (!is_group0 || !(gic_of(target)->bank.group & bit_of(irq)))
			sgi_pend_one(gic, self, target, irq);
	}
}

/* ---- switches and resets ---- */

/* The guest's physical timers and counters belong to whoever is loaded: active here means active there. */
static void private_load(struct vgic_bank *bank)
{
	uint32_t held = bank->hw & (bank->active | bank->latched);

	while (held)
		gic_irq_set_active(bit_take(&held), true);
}

/* A pending line comes back by itself when its timer does; what is active must not hold back the next vCPU's, and what was
 * made pending by a write must not reach it. */
static void private_save(struct vgic_bank *bank)
{
	uint32_t hw = bank->hw;
	uint32_t held = bank->hw & (bank->active | bank->latched);

	while (hw) {
		irq_t irq = bit_take(&hw);

		gic_irq_disable(irq);
		gic_irq_set_pending(irq, false);
	}
	bank->latched &= ~bank->hw;
	while (held)
		gic_irq_set_active(bit_take(&held), false);
}

void vgic_vcpu_load(struct vcpu *vcpu)
{
	struct vgic *gic = vgic_of(vcpu->partition);

	lock_take(&gic->lock);
	vif_load(gic_of(vcpu));
	gic_of(vcpu)->is_loaded = true;
	gic_of(vcpu)->work = VGIC_WORK_NEW | VGIC_WORK_PRIVATE;
	private_load(&gic_of(vcpu)->bank);
	mask_slot(gic, vcpu, false);
	vgic_drop(gic, vcpu);
}

void vgic_vcpu_save(struct vcpu *vcpu)
{
	struct vgic *gic = vgic_of(vcpu->partition);

	lock_take(&gic->lock);
	vgic_fold(gic, vcpu);
	private_settle(gic, vcpu);
	private_save(&gic_of(vcpu)->bank);
	mask_slot(gic, vcpu, true);
	vif_save(gic_of(vcpu));
	vif_control(0);
	gic_of(vcpu)->is_loaded = false;
	gic_of(vcpu)->work = 0;
	gic_of(vcpu)->answered = UINT32_MAX;
	for (irq_t first = VGIC_PRIVATE; first < VGIC_PRIVATE + gic->partition->arch->spi_count; first += 32)
		note_moved(gic, vcpu, first, UINT32_MAX);
	vgic_drop(gic, NULL);
}

bool vgic_vcpu_has_irq(struct vcpu *vcpu)
{
	uint32_t used, groups, mask;
	uint64_t vmcr;

	vgic_vcpu_sync(vcpu);
	vmcr = vif_vmcr();
	groups = VMCR_GROUPS(vmcr);
	mask = VMCR_PRIORITY(vmcr);
	used = gic_of(vcpu)->used;
	while (used) {
		uint64_t lr = vif_lr_get(bit_take(&used));

		if ((lr & (LR_PENDING | LR_ACTIVE)) == LR_PENDING && groups & (lr & LR_GROUP1 ? 2u : 1u) && LR_PRIORITY(lr) < mask)
			return true;
	}
	return false;
}

uint32_t vgic_vcpu_pending_count(const struct vcpu *vcpu)
{
	struct vgic *gic = vgic_of(vcpu->partition);
	struct vgic_vcpu *own = &((struct arm64_vcpu *)(void *)vcpu)->gic;
	uint32_t count = 0;

	lock_take(&gic->lock);
	for (irq_t first = 0; first < VGIC_PRIVATE + gic->partition->arch->spi_count; first += 32) {
		const struct vgic_bank *bank = vgic_bank_of(gic, own, first);
		uint32_t mask = (vgic_pending(bank) | (bank->in_lr & bank->seen_pending)) & bank->owned;

		while (mask) {
			irq_t irq = first + bit_take(&mask);

			count += irq < VGIC_PRIVATE || vgic_target(gic, irq) == vcpu->index;
		}
	}
	lock_drop(&gic->lock);
	return count;
}

void vgic_vcpu_reset(struct vcpu *vcpu)
{
	struct vgic *gic = vgic_of(vcpu->partition);
	struct vgic_vcpu *own = gic_of(vcpu);

	lock_take(&gic->lock);
	*own = (struct vgic_vcpu){
		.bank = { .owned = SGIS | PPIS, .hw = PPIS, .enabled = vif_fixed_enables, .edge = SGIS },
		.answered = UINT32_MAX,
	};
	lock_drop(&gic->lock);
}

/* Nothing of them is pending or active anywhere, and they go to vCPU 0. */
static void shared_reset_physical(struct vgic *gic, const struct plan_irq *irq)
{
	gic_irq_disable(irq->physical);
	gic_irq_configure(irq->physical, irq->is_edge);
	gic_irq_set_active(irq->physical, false);
	gic_irq_set_pending(irq->physical, false);
	gic_irq_route(irq->physical, gic->partition->vcpus[0]->cpu);
}

static void bank_reset(struct vgic_bank *bank)
{
	uint32_t owned = bank->owned, hw = bank->hw, level = bank->level & ~hw;

	*bank = (struct vgic_bank){ .owned = owned, .hw = hw, .level = level };
}

/* What the partition's shared interrupts are at reset: GICv3 routes to affinity 0, GICv2 nowhere. */
static void routes_reset(struct vgic *gic)
{
	for (uint32_t spi = 0; spi < VGIC_SPI_MAX; spi++) {
		gic->route[spi] = vif_route_reset();
		gic->target[spi] = (uint8_t)vif_route_target(gic->partition, gic->route[spi]);
		gic->holder[spi] = 0;
	}
}

void vgic_partition_reset(const struct plan_partition *partition)
{
	struct vgic *gic = vgic_of(partition);

	lock_take(&gic->lock);
	gic->control = 0;
	gic->wake = 0;
	for (uint32_t b = 0; b < ARRAY_COUNT(gic->shared); b++) {
		bank_reset(&gic->shared[b]);
		gic->route_any[b] = 0;
	}
	routes_reset(gic);
	for (uint32_t i = 0; i < partition->irq_count; i++) {
		const struct plan_irq *irq = &partition->irqs[i];

		shared_reset_physical(gic, irq);
		if (irq->is_edge)
			gic->shared[irq->virtual / 32u - 1u].edge |= bit_of(irq->virtual);
		if (!can_take(partition->vcpus[0]))
			gic->shared[irq->virtual / 32u - 1u].masked |= bit_of(irq->virtual);
	}
	if (partition->doorbell_irq)
		gic->shared[partition->doorbell_irq / 32u - 1u].edge |= bit_of(partition->doorbell_irq);
	lock_drop(&gic->lock);
}

/* An emulated device's interrupt. */
static void own_emulated(struct vgic *gic, irq_t irq)
{
	ASSERT(irq >= VGIC_PRIVATE && irq < VGIC_PRIVATE + gic->partition->arch->spi_count);
	gic->shared[irq / 32u - 1u].owned |= bit_of(irq);
}

static void own_physical(struct vgic *gic, const struct plan_irq *irq)
{
	own_emulated(gic, irq->virtual);
	gic->shared[irq->virtual / 32u - 1u].hw |= bit_of(irq->virtual);
	gic->physical[irq->virtual - VGIC_PRIVATE] = irq->physical;
	gic->has_offsets |= irq->physical != irq->virtual;
}

static void partition_init(const struct plan_partition *partition)
{
	struct vgic *gic = vgic_of(partition);
	const struct arch_plan_partition *arch = partition->arch;

	ASSERT(arch->spi_count <= VGIC_SPI_MAX && arch->spi_count % 32u == 0);
	gic->partition = partition;
	if (arch->has_uart)
		own_emulated(gic, arch->uart_irq);
	if (arch->has_rtc)
		own_emulated(gic, arch->rtc_irq);
	if (partition->doorbell_irq)
		own_emulated(gic, partition->doorbell_irq);
	for (uint32_t i = 0; i < partition->front_count; i++)
		own_emulated(gic, partition->fronts[i]->irq);
	for (uint32_t i = 0; i < partition->irq_count; i++)
		own_physical(gic, &partition->irqs[i]);
}

void vgic_init(void)
{
	for (uint32_t i = 0; i < plan.partition_count; i++)
		partition_init(&plan.partitions[i]);
}
