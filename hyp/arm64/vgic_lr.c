/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which interrupts stand in list registers. It must not know registers of
 * the distributor, nor why an interrupt came.
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
	/* a doorbell that rang again before it was served: from now on it waits for the end, so a storm does not take the CPU */
	bank->tells = (bank->tells & ~bit) | (lr & (LR_PENDING | LR_ACTIVE) ? bank->latched & bit : 0);
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

#define NONE (VGIC_PRIVATE + VGIC_SHARED_MAX)

/* Active, in no list register, and with this vCPU: the one of highest priority. Returns NONE if there is none. */
static irq_t active_first(struct vgic *gic, struct vcpu *self)
{
	irq_t best = NONE;
	uint32_t best_priority = UINT32_MAX;

	for (irq_t first = 0; first < gic->end; first += 32) {
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
		vgic_note_moved(gic, self, irq & ~31u, bit_of(irq));
}

/* The guest ended interrupts that no list register had. Those that had none were the lowest of the active ones, and a guest
 * ends the highest first, so it is the highest of them. (With ends apart from deactivation, ICC_DIR_EL1 traps instead.) */
static void eoi_settle(struct vgic *gic, struct vcpu *self)
{
	for (uint32_t count = vif_eoi_count(); count; count--) {
		irq_t irq = active_first(gic, self);

		if (irq == NONE)
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
			vgic_note_moved(gic, self, vcpu->lr_irq[index] & ~31u, bit_of(vcpu->lr_irq[index]));
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
	for (irq_t first = 0; first < f->gic->end; first += 32) {
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
	irq_t intid = irq < VGIC_LPI ? irq : gic->intids[irq - VGIC_LPI];
	uint64_t lr = intid | (uint64_t)bank->priority[irq % 32u] << LR_PRIORITY_SHIFT;

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
	bank->tells &= ~bit_of(irq);
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
	if (!((bank->edge | bank->hw) & bit) || (irq >= VGIC_PRIVATE && bank->tells & ~bank->hw & bit))
		lr |= LR_EOI;
	bank->seen_pending = (bank->seen_pending & ~bit) | (lr & LR_PENDING ? bit : 0);
	bank->seen_active = (bank->seen_active & ~bit) | (lr & LR_ACTIVE ? bit : 0);
	lr_own(gic, self, bank, irq, index);
	bank->tells |= lr & LR_EOI ? bit & ~bank->hw : 0;
	if (!(bank->enabled & vgic_group_enabled(gic, bank) & bit))
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
void vgic_fill(struct vgic *gic, struct vcpu *self)
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

/* A list register for `irq`, when that needs no thought: nothing else waits, and it is in none or in one of ours that is spent. A
 * level is looked at again when it ends. */
bool vgic_lr_place(struct vgic *gic, struct vcpu *self, struct vgic_bank *bank, irq_t irq)
{
	struct vgic_vcpu *vcpu = gic_of(self);
	uint32_t empty = vif_empty();
	uint32_t bit = bit_of(irq);
	uint32_t index;

	if (vcpu->work || !vcpu->is_loaded)
		return false;
	if (bank->in_lr & bit) {
		index = bank->lr[irq % 32u];
		if (!(empty & 1u << index) || (irq >= VGIC_PRIVATE && gic->holder[irq - VGIC_PRIVATE] != self->index))
			return false;
	} else {
		if (!empty)
			return false;
		index = (uint32_t)__builtin_ctz(empty);
		if (vcpu->used & 1u << index)
			vgic_bank_of(gic, vcpu, vcpu->lr_irq[index])->in_lr &= ~bit_of(vcpu->lr_irq[index]);
		lr_own(gic, self, bank, irq, index);
	}
	if ((bank->edge | bank->hw) & bit) {
		bank->lr_latched |= bit;
		vif_lr_set(index, vcpu->lr_again[index]);
	} else {
		bank->lr_latched = (bank->lr_latched & ~bit) | (bank->latched & bit);
		bank->tells |= bit;
		vif_lr_set(index, vcpu->lr_again[index] | LR_EOI);
	}
	bank->latched &= ~bit;
	return true;
}
