/* SPDX-License-Identifier: Apache-2.0 */
/* The reference: one plain state machine an interrupt. */
#include "model.h"

#include <string.h>

struct m_irq *model_irq(struct model *m, uint32_t vcpu, uint32_t irq)
{
	if (irq >= 32u)
		return &m->shared[irq % MODEL_IRQS];
	return &m->vcpu[vcpu].private[irq];
}

bool model_is_pending(const struct m_irq *irq)
{
	return irq->is_latched || (irq->is_high && !irq->is_edge);
}

/* GICv2: the first that is named, and a single vCPU gets everything. */
uint32_t model_target(const struct model *m, uint32_t irq)
{
	const struct m_irq *i = &m->shared[irq];

	if (m->version == 3)
		return i->is_any ? MODEL_ANY : i->route < m->vcpu_count ? i->route : MODEL_NOBODY;
	if (m->vcpu_count == 1)
		return 0;
	return i->route ? (uint32_t)__builtin_ctz(i->route) : MODEL_NOBODY;
}

bool model_is_deliverable(struct model *m, uint32_t vcpu, uint32_t irq)
{
	const struct m_irq *i = model_irq(m, vcpu, irq);
	uint32_t group = i->is_group1 ? 2u : 1u;

	if (!i->is_owned || !i->is_enabled || i->is_active || !model_is_pending(i) || !(m->control & group) || !(m->vcpu[vcpu].groups & group))
		return false;
	return irq < 32u || model_target(m, irq) == vcpu || model_target(m, irq) == MODEL_ANY;
}

uint32_t model_limit(const struct m_vcpu *vcpu)
{
	uint32_t running = vcpu->taken_count ? vcpu->taken[vcpu->taken_count - 1u].priority : MODEL_IDLE;

	return running < vcpu->mask ? running : vcpu->mask;
}

uint32_t model_next_priority(struct model *m, uint32_t vcpu)
{
	uint32_t best = MODEL_IDLE;

	for (uint32_t irq = 0; irq < MODEL_IRQS; irq++) {
		const struct m_irq *i = model_irq(m, vcpu, irq);

		if ((irq < 32u || model_target(m, irq) == vcpu) && model_is_deliverable(m, vcpu, irq) && i->priority < best)
			best = i->priority;
	}
	return best < model_limit(&m->vcpu[vcpu]) ? best : MODEL_IDLE;
}

void model_acknowledge(struct model *m, uint32_t vcpu, uint32_t irq, uint32_t source)
{
	struct m_irq *i = model_irq(m, vcpu, irq);
	struct m_vcpu *v = &m->vcpu[vcpu];

	if (irq < 16u)
		i->sources = (uint8_t)(i->sources & ~(1u << source));
	i->is_latched = irq < 16u && i->sources;
	i->is_active = true;
	i->holder = vcpu;
	i->active_source = source;
	v->taken[v->taken_count].irq = irq;
	v->taken[v->taken_count++].priority = i->priority;
}

uint32_t model_end(struct model *m, uint32_t vcpu)
{
	struct m_vcpu *v = &m->vcpu[vcpu];
	uint32_t irq = v->taken[--v->taken_count].irq;

	if (!v->is_split)
		model_deactivate(m, vcpu, irq);
	return irq;
}

void model_deactivate(struct model *m, uint32_t vcpu, uint32_t irq)
{
	model_irq(m, vcpu, irq)->is_active = false;
}

uint32_t model_active_count(struct model *m, uint32_t vcpu)
{
	uint32_t count = 0;

	for (uint32_t irq = 0; irq < MODEL_IRQS; irq++) {
		const struct m_irq *i = model_irq(m, vcpu, irq);

		count += i->is_active && (irq < 32u || i->holder == vcpu);
	}
	return count;
}

void model_pend(struct model *m, uint32_t vcpu, uint32_t irq, bool is_pending)
{
	struct m_irq *i = model_irq(m, vcpu, irq);

	if (!i->is_owned || (irq < 16u && m->version == 2))
		return;
	i->is_latched = is_pending;
	i->sources = is_pending;
}

void model_activate(struct model *m, uint32_t vcpu, uint32_t irq, bool is_active)
{
	struct m_irq *i = model_irq(m, vcpu, irq);

	if (!i->is_owned || i->is_active == is_active)
		return;
	i->is_active = is_active;
	i->active_source = MODEL_ANY;
	if (is_active)
		i->holder = irq < 32u ? vcpu : model_target(m, irq);
}

void model_set_level(struct m_irq *irq, bool is_high)
{
	if (is_high && !irq->is_high && irq->is_edge)
		irq->is_latched = true;
	irq->is_high = is_high;
}

void model_send(struct model *m, uint32_t from, uint32_t irq, uint32_t targets, bool is_group0)
{
	for (uint32_t v = 0; v < m->vcpu_count; v++) {
		struct m_irq *i = &m->vcpu[v].private[irq];

		if (!(targets >> v & 1u) || (is_group0 && i->is_group1))
			continue;
		i->is_latched = true;
		i->sources = (uint8_t)(i->sources | (m->version == 2 ? 1u << from : 1u));
	}
}

/* SGIs are edges and, on GICv2, always on; both timers and the counters are physical levels. */
void model_vcpu_reset(struct model *m, uint32_t vcpu)
{
	static const uint32_t ppis[] = { 23, 27, 30 };
	struct m_vcpu *v = &m->vcpu[vcpu];
	bool lines[32];

	for (uint32_t irq = 0; irq < 32u; irq++)
		lines[irq] = v->private[irq].is_high;
	*v = (struct m_vcpu){ 0 };
	for (uint32_t irq = 0; irq < 16u; irq++)
		v->private[irq] = (struct m_irq){ .is_owned = true, .is_edge = true, .is_enabled = m->version == 2 };
	for (uint32_t n = 0; n < 3u; n++)
		v->private[ppis[n]] = (struct m_irq){ .is_owned = true, .is_physical = true, .is_high = lines[ppis[n]] };
}

void model_reset(struct model *m)
{
	m->control = 0;
	for (uint32_t v = 0; v < m->vcpu_count; v++)
		model_vcpu_reset(m, v);
	for (uint32_t irq = 32; irq < MODEL_IRQS; irq++) {
		struct m_irq *i = &m->shared[irq];

		*i = (struct m_irq){
			.is_owned = i->is_owned, .is_physical = i->is_physical, .is_wired_edge = i->is_wired_edge,
			.is_edge = i->is_wired_edge, .is_high = i->is_high,
		};
	}
}

void model_begin(struct model *m, uint32_t version, uint32_t vcpu_count)
{
	memset(m, 0, sizeof(*m));
	m->version = version;
	m->vcpu_count = vcpu_count;
	m->priority_mask = 0xf8;
	model_reset(m);
}
