/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds channels in the device tree (docs/channels.md), sends signals by the hypervisor's call and sleeps for theirs. It must not know what
 * the memory holds.
 */
#include <string.h>

#include <libfdt.h>

#include <rt/bulkhead.h>
#include <rt/irq.h>
#include <rt/sysreg.h>
#include <rt/tree.h>

#include "channel_open.h"

/* The hypervisor makes the interrupt pending behind our stores. */
static void signal_peer(void *number)
{
	(void)bulkhead_call(HC_CHANNEL_SIGNAL, (uintptr_t)number, 0, 0, NULL);
}

static void on_signal(unsigned irq, void *arg)
{
	(void)irq;
	(void)arg;
}

static int node_find(const char *name)
{
	const void *tree = tree_blob();
	int node = tree ? fdt_node_offset_by_compatible(tree, -1, "bulkhead,channel") : -1;

	while (node >= 0) {
		const char *label = fdt_getprop(tree, node, "label", NULL);

		if (label && !strcmp(label, name))
			break;
		node = fdt_node_offset_by_compatible(tree, node, "bulkhead,channel");
	}
	return node;
}

static void irq_begin(unsigned irq)
{
	irq_set_edge(irq, true);
	irq_set_handler(irq, on_signal, NULL);
	irq_enable(irq);
}

enum channel_err channel_open(struct channel *channel, const char *name)
{
	struct tree_range ours, theirs;
	int node = node_find(name), irq;
	const fdt32_t *number;

	if (node < 0)
		return CHANNEL_ABSENT;
	irq = tree_irq(node, 0);
	number = fdt_getprop(tree_blob(), node, "bulkhead,channel", NULL);
	if (irq < 0 || !number || !tree_reg(node, 0, &ours) || !tree_reg(node, 1, &theirs) || ours.size != theirs.size)
		return CHANNEL_ABSENT;
	irq_begin((unsigned)irq);
	channel_start(channel, (struct channel_region *)(uintptr_t)ours.base, (const struct channel_region *)(uintptr_t)theirs.base, (uint32_t)ours.size,
		      signal_peer, (void *)(uintptr_t)fdt32_to_cpu(*number));
	return CHANNEL_OK;
}

/* A signal that comes between the question and the sleep is pending, and ends the sleep. */
void channel_wait_message(struct channel *channel)
{
	irq_mask();
	if (channel_ask_message(channel))
		cpu_wfi();
	irq_unmask();
	cpu_isb();
}

void channel_wait_room(struct channel *channel, uint32_t bytes)
{
	irq_mask();
	if (channel_ask_room(channel, bytes))
		cpu_wfi();
	irq_unmask();
	cpu_isb();
}
