/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest may expect of its interrupt controller, by Arm IHI 0048 and IHI 0069 and nothing else: a GIC per partition that
 * has no list registers, no exits and no other CPUs to wait for. It must not know the hypervisor's code.
 */
#ifndef CI_UNIT_VGIC_MODEL_H
#define CI_UNIT_VGIC_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_IRQS 96u
#define MODEL_VCPUS 3u
#define MODEL_NOBODY 0xffu
#define MODEL_ANY 0xfeu
#define MODEL_IDLE 0x100u

struct m_irq {
	bool is_owned, is_physical, is_wired_edge; /* never change */
	bool is_enabled, is_group1, is_edge;
	bool is_latched, is_high, is_active;
	uint8_t priority;
	uint8_t sources; /* GICv2 SGI: who sent it; otherwise 1 */
	uint32_t holder; /* shared and active: the vCPU */
	uint32_t active_source; /* active SGI: who sent it; MODEL_ANY: it was made active by a write */
	uint32_t route;  /* as written */
	bool is_any;     /* GICv3: to any */
};

struct m_vcpu {
	struct m_irq private[32];
	uint32_t mask, groups;
	bool is_split;
	struct { uint32_t irq, priority; } taken[32]; /* whose priority is not dropped yet; the last is the highest */
	uint32_t taken_count;
};

struct model {
	uint32_t version, vcpu_count, control;
	uint32_t priority_mask; /* bits that a priority has */
	struct m_vcpu vcpu[MODEL_VCPUS];
	struct m_irq shared[MODEL_IRQS]; /* from 32 on */
};

struct m_irq *model_irq(struct model *m, uint32_t vcpu, uint32_t irq);
bool model_is_pending(const struct m_irq *irq);

/** vCPU that shared `irq` goes to, MODEL_NOBODY or MODEL_ANY. */
uint32_t model_target(const struct model *m, uint32_t irq);

/** Would it interrupt `vcpu` if nothing else were there? All but priorities. For MODEL_ANY: every vCPU. */
bool model_is_deliverable(struct model *m, uint32_t vcpu, uint32_t irq);

/** Priority that a new interrupt of `vcpu` must be above. */
uint32_t model_limit(const struct m_vcpu *vcpu);

/** Priority of what `vcpu` must take next; MODEL_IDLE: nothing. Not counting those to any. */
uint32_t model_next_priority(struct model *m, uint32_t vcpu);

void model_acknowledge(struct model *m, uint32_t vcpu, uint32_t irq, uint32_t source);
/** Returns: the interrupt that was ended, the last one that was taken. */
uint32_t model_end(struct model *m, uint32_t vcpu);
void model_deactivate(struct model *m, uint32_t vcpu, uint32_t irq);
uint32_t model_active_count(struct model *m, uint32_t vcpu);

void model_pend(struct model *m, uint32_t vcpu, uint32_t irq, bool is_pending);
void model_activate(struct model *m, uint32_t vcpu, uint32_t irq, bool is_active);
void model_set_level(struct m_irq *irq, bool is_high);
void model_send(struct model *m, uint32_t from, uint32_t irq, uint32_t targets, bool is_group0);

void model_vcpu_reset(struct model *m, uint32_t vcpu);
/** All but which interrupts exist, and their lines. */
void model_reset(struct model *m);
void model_begin(struct model *m, uint32_t version, uint32_t vcpu_count);

#endif
