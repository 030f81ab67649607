/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a virtio network card is to receive, told through its control queue (virtio 1.2, 5.1.6.5). One command at a time.
 */

#include <string.h>

#include <rt/sysreg.h>
#include <rt/timer.h>

#include "virtio_net.h"

#define ANSWER_NS	1000000000ull
#define NO_ANSWER	0xffu

static enum nic_status wait_answer(struct vnet *vnet)
{
	uint64_t end = time_ns() + ANSWER_NS;
	enum vq_err error;
	uint32_t written;
	void *cookie;

	do {
		error = virtio_pci_get(&vnet->virtio, VIRTIO_NET_QUEUE_CONTROL, &cookie, &written);
		cpu_relax();
	} while (error == VQ_ERR_EMPTY && time_ns() < end);
	if (error)
		return NIC_ERR_RESET;
	return *(volatile uint8_t *)&vnet->control->answer == VIRTIO_NET_OK ? NIC_OK : NIC_ERR_UNSUPPORTED;
}

static enum nic_status run(struct vnet *vnet, uint8_t class, uint8_t command, uint32_t bytes)
{
	struct vnet_control *control = vnet->control;
	const struct vqd_segment segments[] = {
		{ vnet->control_bus, sizeof(control->command) },
		{ vnet->control_bus + offsetof(struct vnet_control, data), bytes },
		{ vnet->control_bus + offsetof(struct vnet_control, answer), 1 },
	};

	control->command = (struct virtio_net_ctrl){ class, command };
	control->answer = NO_ANSWER;
	if (vqd_add(&vnet->virtio.queue[VIRTIO_NET_QUEUE_CONTROL].ring, segments, 2, 1, vnet))
		return NIC_ERR_RESET;
	virtio_pci_kick(&vnet->virtio, VIRTIO_NET_QUEUE_CONTROL);
	return wait_answer(vnet);
}

static enum nic_status set_flag(struct vnet *vnet, uint8_t command, bool on)
{
	vnet->control->data[0] = on;
	return run(vnet, VIRTIO_NET_CTRL_RX, command, 1);
}

/* Two tables: no unicast addresses beside its own, then the multicast ones. */
static enum nic_status set_table(struct vnet *vnet, const struct nic_filter *filter)
{
	uint32_t count = filter->multicast_count <= NIC_MULTICAST_COUNT ? filter->multicast_count : 0;

	memset(vnet->control->data, 0, 4);
	memcpy(vnet->control->data + 4, &count, 4);
	if (count)
		memcpy(vnet->control->data + 8, filter->multicast, count * NIC_MAC_BYTES);
	return run(vnet, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, 8 + count * NIC_MAC_BYTES);
}

enum nic_status vnet_set_filter(struct vnet *vnet, const struct nic_filter *filter)
{
	enum nic_status status;

	if (!(vnet->virtio.features & VIRTIO_NET_F_CTRL_RX))
		return NIC_ERR_UNSUPPORTED;
	status = set_flag(vnet, VIRTIO_NET_CTRL_RX_PROMISC, filter->promiscuous);
	if (!status)
		status = set_flag(vnet, VIRTIO_NET_CTRL_RX_ALLMULTI, filter->all_multicast || filter->multicast_count > NIC_MULTICAST_COUNT);
	return status ? status : set_table(vnet, filter);
}
