/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices that the device tree lists, made and attached: from here on their state pages rule. It must not know how they are served.
 */

#include <stdlib.h>
#include <string.h>

#include <libfdt.h>

#include <rt/tree.h>
#include <virtio/virtio_blk.h>
#include <virtio/virtio_console.h>
#include <virtio/virtio_net.h>

#include "io.h"

union config {
	struct virtio_net_config net;
	struct virtio_blk_config blk;
	struct virtio_console_config console;
	uint8_t bytes[DEVICE_CONFIG_MAX];
};

static void *get(int node, size_t size)
{
	void *at = calloc(1, size);

	if (!at)
		read_fail(node, "no memory is left for it: give the partition more");
	return at;
}

static void make_net(int node, struct io_device *d, struct device_setup *setup, struct virtio_net_config *config)
{
	uint32_t port = port_number(read_u32(node, "bulkhead,port"));

	if (port == VSWITCH_NO_PORT)
		read_fail(node, "bulkhead,port names no port of the switch");
	d->net = get(node, sizeof(*d->net));
	vnet_init(d->net, &d->device, &io.net, port, &setup->features, config);
	setup->kind = &vnet_kind;
	setup->self = d->net;
	setup->config_bytes = sizeof(*config);
}

static void make_blk(int node, struct io_device *d, struct device_setup *setup, struct virtio_blk_config *config)
{
	const struct io_disk *disk = disk_by_phandle(read_u32(node, "bulkhead,disk"));

	if (!disk)
		read_fail(node, "bulkhead,disk names no disk");
	d->blk = get(node, sizeof(*d->blk));
	vblk_init(d->blk, &d->device, &disk->disk, &setup->features, config);
	setup->kind = &vblk_kind;
	setup->self = d->blk;
	setup->config_bytes = sizeof(*config);
}

/* Both ends are devices of this list; the other one may not be made yet. */
static void make_console(int node, struct io_device *d, struct device_setup *setup, struct virtio_console_config *config)
{
	uint32_t other = read_u32(node, "bulkhead,other");

	if (other >= io.device_count || &io.devices[other] == d)
		read_fail(node, "bulkhead,other is the line of no other device");
	vconsole_init(&d->console, &d->device, &io.devices[other].console, &setup->features, config);
	setup->kind = &vconsole_kind;
	setup->self = &d->console;
	setup->config_bytes = sizeof(*config);
}

static struct window read_window(int node)
{
	uint64_t window[3];

	if (!read_u64s(node, "bulkhead,window", window, 3))
		read_fail(node, "bulkhead,window is missing");
	return (struct window){ window[0], window[1], (uint8_t *)(uintptr_t)window[2] };
}

static void make(int node, const volatile struct device_doorbells *doorbells, struct io_device *d)
{
	struct tree_range page, state;
	union config config = { .bytes = { 0 } };
	struct device_setup setup = { .line = read_u32(node, "bulkhead,line"), .poll_ns = io.poll_ns };

	if (!tree_reg(node, 0, &page) || !tree_reg(node, 1, &state) || setup.line >= DEVICE_MAX || state.size < sizeof(struct device_state))
		read_fail(node, "its reg or line is not one of a device");
	d->label = setup.label = read_text(node, "label");
	d->front = read_text(node, "bulkhead,front");
	setup.page = (volatile void *)(uintptr_t)page.base;
	setup.state = (struct device_state *)(uintptr_t)state.base;
	setup.shared = &doorbells->line[setup.line];
	setup.window = read_window(node);
	if (fdt_getprop(tree_blob(), node, "bulkhead,pool", NULL))
		setup.demanded = VIRTIO_F_ACCESS_PLATFORM;
	if (!fdt_node_check_compatible(tree_blob(), node, "bulkhead,virtio-net"))
		make_net(node, d, &setup, &config.net);
	else if (!fdt_node_check_compatible(tree_blob(), node, "bulkhead,virtio-blk"))
		make_blk(node, d, &setup, &config.blk);
	else if (!fdt_node_check_compatible(tree_blob(), node, "bulkhead,virtio-console"))
		make_console(node, d, &setup, &config.console);
	else
		read_fail(node, "a device of a kind that this program does not know");
	device_attach(&d->device, &setup, config.bytes);
}

void devices_read(void)
{
	int root = tree_find("bulkhead,io"), node, irq = root < 0 ? -1 : tree_irq(root, 0);
	struct tree_range doorbells;
	uint32_t at = 0;

	if (root < 0)
		return;
	if (irq < 0 || !tree_reg(root, 0, &doorbells))
		read_fail(root, "reg or interrupts is missing");
	io.doorbell_irq = (unsigned)irq;
	fdt_for_each_subnode(node, tree_blob(), root)
		io.device_count++;
	io.devices = get(root, io.device_count * sizeof(*io.devices));
	fdt_for_each_subnode(node, tree_blob(), root)
		make(node, (const volatile struct device_doorbells *)(uintptr_t)doorbells.base, &io.devices[at++]);
}
