/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of vCPUs and interrupts on the fake machine. They must not know the core's reasons. */
#include "fake.h"

#include <hyp/arch.h>
#include <hyp/upcall.h>

static const char *name_of(const struct vcpu *vcpu)
{
	return vcpu->partition->name;
}

void arch_vcpu_reset(struct vcpu *vcpu)
{
	fake_note("reset %s.%u", name_of(vcpu), vcpu->index);
}

void arch_vcpu_set_entry(struct vcpu *vcpu, uint64_t entry, uint64_t argument)
{
	fake_note("entry %s.%u 0x%lx 0x%lx", name_of(vcpu), vcpu->index, entry, argument);
}

void arch_vcpu_load(struct vcpu *vcpu)
{
	fake_note("load %s.%u", name_of(vcpu), vcpu->index);
}

void arch_vcpu_save(struct vcpu *vcpu)
{
	fake_note("save %s.%u", name_of(vcpu), vcpu->index);
}

void arch_vcpu_sync(struct vcpu *vcpu)
{
	fake_note("sync %s.%u", name_of(vcpu), vcpu->index);
}

bool arch_vcpu_has_irq(struct vcpu *vcpu)
{
	return fake.irq_of == vcpu;
}

uint64_t arch_vcpu_pc(const struct vcpu *vcpu)
{
	return 0x1000u + vcpu->index;
}

uint32_t arch_vcpu_pending_count(const struct vcpu *vcpu)
{
	return fake.irq_of == vcpu;
}

void arch_vcpu_print(struct vcpu *vcpu)
{
	hyp_print("registers of %s.%u", name_of(vcpu), vcpu->index);
}

void arch_exit_print(const struct exit_record *record)
{
	hyp_print("exit at 0x%lx syndrome 0x%lx", record->pc, record->syndrome);
}

struct vcpu *arch_irq_set_level(const struct plan_partition *partition, irq_t irq, bool is_high)
{
	fake_note("irq level %s %u %d", partition->name, irq, is_high);
	return NULL;
}

void arch_irq_pend(const struct plan_partition *partition, irq_t irq)
{
	fake_note("irq pend %s %u", partition->name, irq);
}

void arch_dma_block(const struct plan_partition *partition)
{
	fake_note("dma block %s", partition->name);
}

void arch_dma_allow(const struct plan_partition *partition)
{
	fake_note("dma allow %s", partition->name);
}

void arch_irq_partition_clear(const struct plan_partition *partition)
{
	fake_note("irq clear %s", partition->name);
}

void arch_irq_partition_reset(const struct plan_partition *partition)
{
	fake_note("irq reset %s", partition->name);
}
