/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows the manifest's clears and loads, on our own stack and tables. Everything was checked before the firmware was left: the staged
 * components lie outside of all targets, so the order among loads does not matter. It must not know firmware or disks.
 */

#include "place.h"

#include "arch.h"

static struct placement *current;

static void run_loads(const struct placement *p)
{
	const struct manifest *m = p->manifest;

	for (uint32_t i = 0; i < m->load_count; i++) {
		const struct manifest_load *load = &m->load[i];

		arch_copy(load->target, p->staged[load->component] + load->source, load->size);
		if (load->clear > load->size)
			arch_clear(load->target + load->size, load->clear - load->size);
		arch_count_sample();
	}
}

static void write_handoff(struct placement *p)
{
	int valid;

	p->handoff.boot_stage_instructions = arch_count_read(&valid);
	if (valid)
		p->handoff.flags |= HANDOFF_INSTRUCTIONS_VALID;
	p->handoff.jump_ticks = arch_ticks();
	arch_copy(p->manifest->handoff, (uint64_t)(uintptr_t)&p->handoff, sizeof(p->handoff));
	/* The seed is nobody's any more: the hypervisor has the one copy. */
	arch_clear((uint64_t)(uintptr_t)p->handoff.seed, sizeof(p->handoff.seed));
}

static void run(void)
{
	const struct manifest *m = current->manifest;

	for (uint32_t i = 0; i < m->clear_count; i++) {
		arch_clear(m->clear[i].base, m->clear[i].size);
		arch_count_sample();
	}
	run_loads(current);
	write_handoff(current);
	arch_enter(m->entry, m->handoff);
}

void place_and_enter(struct placement *placement)
{
	current = placement;
	arch_leave_firmware(run, placement->own.base, placement->own.size);
}
