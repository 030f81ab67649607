/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual interfaces by Arm IHI 0048 (GICH, GICV) and IHI 0069 (ICH, ICV). It must not know how the hypervisor
 * uses them.
 */
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>

#define HCR_ENABLE 1u
#define HCR_EOI_UNKNOWN (1u << 2)
#define HCR_NO_PENDING (1u << 3)
#define HCR_TRAP_DIR (1u << 14)
#define HCR_EOI_ONE (1u << 27)
#define SPLIT (1u << 9)


/* ---- list registers ---- */

struct field {
	uint32_t shift, bits;
};

#if GIC == 3
static const struct field f_irq = { 0, 32 }, f_physical = { 32, 13 }, f_eoi = { 41, 1 }, f_source = { 32, 3 }, f_priority = { 48, 8 },
			  f_group = { 60, 1 }, f_hw = { 61, 1 }, f_pending = { 62, 1 }, f_active = { 63, 1 };
#define PRIORITY_SHIFT 0
#else
static const struct field f_irq = { 0, 10 }, f_physical = { 10, 10 }, f_eoi = { 19, 1 }, f_source = { 10, 3 }, f_priority = { 23, 5 },
			  f_group = { 30, 1 }, f_hw = { 31, 1 }, f_pending = { 28, 1 }, f_active = { 29, 1 };
#define PRIORITY_SHIFT 3
#endif

static uint32_t get(uint64_t lr, struct field f)
{
	return (uint32_t)(lr >> f.shift & ((1ull << f.bits) - 1u));
}

static void put(uint64_t *lr, struct field f, uint64_t value)
{
	*lr = (*lr & ~(((1ull << f.bits) - 1u) << f.shift)) | value << f.shift;
}

static uint32_t priority_of(uint64_t lr)
{
	return get(lr, f_priority) << PRIORITY_SHIFT;
}

static bool is_valid(uint64_t lr)
{
	return get(lr, f_pending) || get(lr, f_active);
}

static bool wants_service(uint64_t lr)
{
	return !is_valid(lr) && !get(lr, f_hw) && get(lr, f_eoi);
}

static uint32_t empty(const struct interface *i)
{
	uint32_t mask = 0;

	for (uint32_t n = 0; n < machine.lr_count; n++)
		mask |= !is_valid(i->lr[n]) && !wants_service(i->lr[n]) ? 1u << n : 0;
	return mask;
}

static struct interface *here(void)
{
	return &machine.cpu[machine.now];
}

void machine_must(bool good, const char *what)
{
	if (good)
		return;
	printf("# the machine was used wrongly: %s\n", what);
	fflush(stdout);
	abort();
}

#if GIC == 3
uint64_t ich_vtr(void) { return (machine.priority_bits - 1ull) * (1ull << 29 | 1ull << 26) | (machine.lr_count - 1u); }
uint64_t ich_elrsr(void) { return empty(here()); }
uint64_t ich_hcr(void) { return here()->hcr; }
void ich_hcr_set(uint64_t value) { here()->hcr = (uint32_t)value; }
uint64_t ich_vmcr(void) { return here()->vmcr; }
void ich_vmcr_set(uint64_t value) { here()->vmcr = value; }
uint64_t ich_apr(uint32_t index) { return here()->apr[index]; }
void ich_apr_set(uint32_t index, uint64_t value) { here()->apr[index] = value; }

uint64_t ich_lr(uint32_t index)
{
	machine_must(index < machine.lr_count, "a list register that is not there is read");
	return here()->lr[index];
}

void ich_lr_set(uint32_t index, uint64_t value)
{
	machine_must(index < machine.lr_count, "a list register that is not there is written");
	for (uint32_t n = 0; n < machine.lr_count; n++)
		machine_must(n == index || !is_valid(value) || !is_valid(here()->lr[n]) || get(here()->lr[n], f_irq) != get(value, f_irq),
			     "two list registers hold one interrupt");
	here()->lr[index] = value;
}
#else
uint32_t gich_read(uint32_t offset)
{
	const struct interface *i = here();

	switch (offset) {
	case GICH_HCR:
		return i->hcr;
	case GICH_VTR:
		return 4u << 29 | 4u << 26 | (machine.lr_count - 1u);
	case GICH_VMCR:
		return (uint32_t)i->vmcr;
	case GICH_ELRSR:
		return empty(i);
	case GICH_APR:
		return (uint32_t)i->apr[0];
	}
	machine_must(offset >= GICH_LR && offset < GICH_LR + 4u * machine.lr_count, "a list register that is not there is read");
	return (uint32_t)i->lr[(offset - GICH_LR) / 4u];
}

void gich_write(uint32_t offset, uint32_t value)
{
	struct interface *i = here();

	if (offset == GICH_HCR)
		i->hcr = value;
	else if (offset == GICH_VMCR)
		i->vmcr = value;
	else if (offset == GICH_APR)
		i->apr[0] = value;
	else {
		machine_must(offset >= GICH_LR && offset < GICH_LR + 4u * machine.lr_count, "a list register that is not there is written");
		i->lr[(offset - GICH_LR) / 4u] = value;
	}
}
#endif

/* ---- the guest's side ---- */

/* Active priorities, 32 a register: GICv3 has registers for each group, GICv2 for both. */
static uint64_t *apr_of(struct interface *i, bool is_group1, uint32_t level)
{
	return &i->apr[(GIC == 3 && is_group1 ? 4u : 0) + level / 32u];
}

static uint32_t level_of(uint32_t priority)
{
	return priority >> (8u - machine.priority_bits);
}

static bool is_running(struct interface *i, bool is_group1, uint32_t level)
{
	return *apr_of(i, is_group1, level) >> level % 32u & 1u;
}

static uint32_t running(struct interface *i)
{
	for (uint32_t level = 0; level < 1u << machine.priority_bits; level++)
		if (is_running(i, false, level) || is_running(i, true, level))
			return level << (8u - machine.priority_bits);
	return 0x100u;
}

static uint64_t *highest(struct interface *i)
{
	uint32_t limit = (uint32_t)(i->vmcr >> 24) & 0xffu;
	uint64_t *best = NULL;

	if (running(i) < limit)
		limit = running(i);
	for (uint32_t n = 0; n < machine.lr_count && i->hcr & HCR_ENABLE; n++) {
		uint64_t *lr = &i->lr[n];

		if (!get(*lr, f_pending) || get(*lr, f_active) || !(i->vmcr >> get(*lr, f_group) & 1u))
			continue;
		if (priority_of(*lr) < limit || (best && machine.is_last_first && priority_of(*lr) == limit)) {
			limit = priority_of(*lr);
			best = lr;
		}
	}
	return best;
}

static struct taken taken_of(const uint64_t *lr)
{
	if (!lr)
		return (struct taken){ .irq = NO_IRQ };
	return (struct taken){ get(*lr, f_irq), get(*lr, f_hw) ? 0 : get(*lr, f_source), priority_of(*lr) };
}

struct taken machine_highest(uint32_t cpu)
{
	return taken_of(highest(&machine.cpu[cpu]));
}

struct taken machine_acknowledge(uint32_t cpu)
{
	struct interface *i = &machine.cpu[cpu];
	uint64_t *lr = highest(i);

	if (lr) {
		put(lr, f_pending, 0);
		put(lr, f_active, get(*lr, f_irq) < ITS_FIRST_LPI || machine.has_active_lpis);
		*apr_of(i, get(*lr, f_group), level_of(priority_of(*lr))) |= 1ull << level_of(priority_of(*lr)) % 32u;
	}
	return taken_of(lr);
}

static void physical_deactivate(uint32_t cpu, irq_t irq)
{
	if (irq >= 32u)
		machine.shared[irq % PHYSICAL_IRQS].is_active = false;
	else
		machine.cpu[cpu].private[irq].is_active = false;
}

static bool is_from(uint64_t lr, uint32_t source)
{
	return GIC == 3 || source == ANY_SOURCE || get(lr, f_irq) >= VGIC_SGIS || get(lr, f_source) == source;
}

static void deactivate(uint32_t cpu, irq_t irq, uint32_t source)
{
	struct interface *i = &machine.cpu[cpu];

	for (uint32_t n = 0; n < machine.lr_count; n++) {
		if (get(i->lr[n], f_irq) != irq || !get(i->lr[n], f_active) || !is_from(i->lr[n], source))
			continue;
		put(&i->lr[n], f_active, 0);
		if (get(i->lr[n], f_hw))
			physical_deactivate(cpu, get(i->lr[n], f_physical));
		return;
	}
	if (irq < ITS_FIRST_LPI)
		i->hcr += HCR_EOI_ONE;
}

void machine_end(uint32_t cpu, irq_t irq, uint32_t source)
{
	struct interface *i = &machine.cpu[cpu];
	uint32_t level = level_of(running(i));

	machine_must(running(i) < 0x100u, "an end without an active priority");
	*apr_of(i, !is_running(i, false, level), level) &= ~(1ull << level % 32u);
	if (!(i->vmcr & SPLIT))
		deactivate(cpu, irq, source);
}

void machine_deactivate(uint32_t cpu, irq_t irq, uint32_t source)
{
	machine.now = cpu;
#if GIC == 3
	if (machine.cpu[cpu].hcr & HCR_TRAP_DIR) {
		vgic_dir_write(machine.cpu[cpu].loaded, irq);
		return;
	}
#endif
	deactivate(cpu, irq, source);
}

void machine_set_mask(uint32_t cpu, uint32_t priority)
{
	machine.cpu[cpu].vmcr = (machine.cpu[cpu].vmcr & 0xffffffu) | (uint64_t)priority << 24;
}

void machine_set_groups(uint32_t cpu, uint32_t groups)
{
	machine.cpu[cpu].vmcr = (machine.cpu[cpu].vmcr & ~3ull) | groups;
}

void machine_set_split(uint32_t cpu, bool is_split)
{
	machine.cpu[cpu].vmcr = (machine.cpu[cpu].vmcr & ~(uint64_t)SPLIT) | (is_split ? SPLIT : 0);
}

bool machine_holds(uint32_t cpu, irq_t irq)
{
	for (uint32_t n = 0; n < machine.lr_count; n++)
		if (is_valid(machine.cpu[cpu].lr[n]) && get(machine.cpu[cpu].lr[n], f_irq) == irq)
			return true;
	return false;
}

bool machine_has_pending(uint32_t cpu)
{
	for (uint32_t n = 0; n < machine.lr_count; n++)
		if (get(machine.cpu[cpu].lr[n], f_pending))
			return true;
	return false;
}

bool machine_wants_maintenance(uint32_t cpu)
{
	const struct interface *i = &machine.cpu[cpu];
	bool is_pending = false, is_done = false;

	for (uint32_t n = 0; n < machine.lr_count; n++) {
		is_pending |= get(i->lr[n], f_pending) && (machine.is_both_pending || !get(i->lr[n], f_active));
		is_done |= wants_service(i->lr[n]);
	}
	return i->hcr & HCR_ENABLE && (is_done || (i->hcr & HCR_NO_PENDING && !is_pending) || (i->hcr & HCR_EOI_UNKNOWN && i->hcr >> 27) ||
		(i->vmcr & 1u ? i->hcr >> 4 : i->hcr >> 5) & 1u || (i->vmcr & 2u ? i->hcr >> 6 : i->hcr >> 7) & 1u);
}
