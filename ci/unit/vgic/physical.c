/* SPDX-License-Identifier: Apache-2.0 */
/* The physical GIC, with split ends, and the loop that brings what wants attention to the hypervisor. */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 300u /* until it counts as endless */

struct machine machine;
static struct { struct vcpu *vcpu[8]; uint32_t count; } woken;

/* ---- the physical GIC ---- */

struct physical_irq *machine_private(uint32_t cpu, irq_t irq)
{
	return &machine.cpu[cpu].private[irq];
}

static struct physical_irq *physical(irq_t irq)
{
	bool is_private = irq == GIC_PPI_PMU || irq == GIC_PPI_VIRTUAL_TIMER || irq == GIC_PPI_PHYSICAL_TIMER;

	machine_must(is_private || (irq < PHYSICAL_IRQS && machine.owner[irq].partition), "a physical interrupt that is no guest's");
	if (irq >= 32u)
		return &machine.shared[irq % PHYSICAL_IRQS];
	return machine_private(machine.now, irq);
}

bool machine_is_pending(const struct physical_irq *irq)
{
	return irq->is_latched || (irq->is_high && !irq->is_edge);
}

void gic_irq_disable(irq_t irq) { physical(irq)->is_enabled = false; }
void gic_irq_configure(irq_t irq, bool is_edge) { physical(irq)->is_edge = is_edge; }
void gic_irq_set_pending(irq_t irq, bool is_pending) { physical(irq)->is_latched = is_pending; }
void gic_irq_set_active(irq_t irq, bool is_active) { physical(irq)->is_active = is_active; }
bool gic_irq_is_pending(irq_t irq) { return machine_is_pending(physical(irq)); }

void gic_irqs_enable(irq_t first, uint32_t mask)
{
	for (uint32_t bit = 0; bit < 32u; bit++)
		if (mask >> bit & 1u)
			physical(first + bit)->is_enabled = true;
}

void gic_irq_route(irq_t irq, const struct plan_cpu *cpu)
{
	physical(irq)->cpu = (uint32_t)cpu->hardware_id;
}

/* ---- who wants the hypervisor ---- */

void vcpu_wake(struct vcpu *vcpu)
{
	if (!vcpu)
		return;
	machine_must(woken.count < 8u, "more vCPUs woken than there are");
	for (uint32_t n = 0; n < woken.count; n++)
		if (woken.vcpu[n] == vcpu)
			return;
	woken.vcpu[woken.count++] = vcpu;
}

void lock_wait(const struct lock *lock, uint32_t ticket)
{
	(void)lock;
	(void)ticket;
	machine_must(false, "a lock is taken twice");
}

void panic_assert(const char *file, int line, const char *condition)
{
	printf("# %s:%d: %s\n", file, line, condition);
	abort();
}

static bool serve_woken(void)
{
	struct vcpu *vcpu;
	uint32_t cpu;

	if (!woken.count)
		return false;
	vcpu = woken.vcpu[--woken.count];
	cpu = (uint32_t)vcpu->cpu->hardware_id;
	if (machine.cpu[cpu].loaded == vcpu) {
		machine.now = cpu;
		machine.syncs++;
		vgic_vcpu_sync(vcpu, 0);
	}
	return true;
}

static bool serve_maintenance(uint32_t cpu)
{
	if (!machine.cpu[cpu].loaded || !machine_wants_maintenance(cpu))
		return false;
	machine.now = cpu;
	machine.syncs++;
	vgic_vcpu_sync(machine.cpu[cpu].loaded, VGIC_WORK_NEW);
	return true;
}

static bool fires(const struct physical_irq *irq)
{
	return irq->is_enabled && !irq->is_active && machine_is_pending(irq);
}

static void take(struct physical_irq *irq)
{
	irq->is_active = true;
	irq->is_latched = false;
}

static bool serve_private(uint32_t cpu, irq_t irq)
{
	struct physical_irq *p = machine_private(cpu, irq);

	if (!fires(p))
		return false;
	machine.now = cpu;
	take(p);
	machine_must(machine.cpu[cpu].loaded, "a guest's private interrupt is on while none is loaded");
	vgic_private_fired(machine.cpu[cpu].loaded, irq);
	return true;
}

static bool serve_shared(irq_t irq)
{
	if (!fires(&machine.shared[irq]))
		return false;
	machine.now = machine.shared[irq].cpu;
	take(&machine.shared[irq]);
	vgic_shared_fired(machine.owner[irq].partition, machine.owner[irq].virtual);
	return true;
}

bool machine_round(void)
{
	bool any = serve_woken();

	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		any |= serve_maintenance(cpu);
		for (irq_t irq = 16; irq < 32u; irq++)
			any |= serve_private(cpu, irq);
	}
	for (irq_t irq = 32; irq < PHYSICAL_IRQS; irq++)
		any |= serve_shared(irq);
	return any;
}

bool machine_settle(void)
{
	for (uint32_t n = 0; n < ROUNDS; n++)
		if (!machine_round())
			return true;
	return false;
}

void machine_begin(uint32_t lr_count)
{
	memset(&machine, 0, sizeof(machine));
	woken.count = 0;
	machine.lr_count = lr_count;
	machine.priority_bits = 5;
	machine.is_both_pending = true;
}
