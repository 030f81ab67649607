/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network card behind a virtio-pci function (virtio 1.2, 5.1): stopped, started, its link and its interrupts. It must
 * not know how frames become buffers.
 */

#include <stdlib.h>
#include <string.h>

#include <rt/timer.h>

#include "probe.h"
#include "virtio_net.h"

#define MS		1000000ull
#define CHECK_NS	(100 * MS)
#define STALL_NS	(10000 * MS)
#define MTU_USUAL	1500u
#define MTU_MAX		65535u
#define CONTROL_SIZE	8u
/* No packed rings: with event index QEMU 7.2 asks for a kick at a place that it then passes by itself (when a frame had to
 * wait for the network behind it), and sleeps for ever; its split rings move the place along. */
#define WANTED		(VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MTU | \
			 VIRTIO_NET_F_MAC | VIRTIO_NET_F_HOST_TSO4 | VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_STATUS | VIRTIO_NET_F_CTRL_VQ | VIRTIO_NET_F_CTRL_RX)

static struct vnet *vnet_of(struct nic_device *nic)
{
	return (struct vnet *)(void *)nic;
}

static void look_at_link(struct vnet *vnet)
{
	uint16_t status = VIRTIO_NET_S_LINK_UP;
	bool up;

	vnet->changed = false;	/* before it is read: a change from here on is another one */
	if (vnet->virtio.features & VIRTIO_NET_F_STATUS)
		status = (uint16_t)VIRTIO_PCI_FIELD(&vnet->virtio, struct virtio_net_config, status);
	up = status & VIRTIO_NET_S_LINK_UP;
	if (up == vnet->nic.link_up)
		return;
	vnet->nic.link_up = up;
	vnet->nic.stats.link_changes++;
	vnet->moved = time_ns();
	if (vnet->nic.link)
		vnet->nic.link(vnet->nic.arg, up);
}

static bool is_lost(struct vnet *vnet)
{
	uint64_t now = time_ns();

	if (now < vnet->next_check)
		return false;
	vnet->next_check = now + CHECK_NS;
	if (vnet->tx.under_way && vnet->nic.link_up && now > vnet->moved + STALL_NS)
		return true;
	return virtio_pci_is_lost(&vnet->virtio);
}

static void quiesce(struct nic_device *nic);

static unsigned poll(struct nic_device *nic, unsigned budget)
{
	struct vnet *vnet = vnet_of(nic);
	unsigned done = 0;

	if (nic->dead)
		return 0;
	if (vnet->changed)
		look_at_link(vnet);
	if (!vnet_drain(vnet, budget, &done) || (!nic->dead && is_lost(vnet)))
		quiesce(nic);
	return done;
}

/* ---- interrupts ---- */

static void wake(struct vnet *vnet)
{
	if (!vnet->armed || !vnet->nic.wake)
		return;
	vnet->armed = false;
	vnet->nic.wake(vnet->nic.arg);
}

static bool take_irq(void *arg)
{
	struct vnet *vnet = arg;
	uint8_t cause = vnet->virtio.by_pin ? virtio_pci_cause(&vnet->virtio) : 1;

	if (!cause)
		return false;
	if (cause & 2)
		vnet->changed = true;
	vqd_cancel_signal(vnet_rx(vnet));
	vqd_cancel_signal(vnet_tx(vnet));
	wake(vnet);
	return true;
}

static bool take_config_irq(void *arg)
{
	struct vnet *vnet = arg;

	if (vnet->virtio.by_pin)
		return false;
	vnet->changed = true;
	wake(vnet);
	return true;
}

static bool arm(struct nic_device *nic)
{
	struct vnet *vnet = vnet_of(nic);
	bool pending;

	if (nic->dead)
		return false;
	vnet->armed = true;
	pending = vqd_ask_signal(vnet_rx(vnet));
	pending = vqd_ask_signal(vnet_tx(vnet)) || pending;
	return pending || vnet->changed;
}

/* ---- stop and start ---- */

static void quiesce(struct nic_device *nic)
{
	struct vnet *vnet = vnet_of(nic);

	nic->dead = true;
	nic->link_up = false;
	vnet->armed = false;
	vnet->changed = false;
	virtio_pci_stop(&vnet->virtio);
	for (unsigned i = 0; i < VNET_DEPTH; i++)
		vnet->rx.slots[i].used = vnet->tx.slots[i].used = false;
	vnet->rx.under_way = vnet->tx.under_way = 0;
}

static uint32_t translate_features(uint64_t features)
{
	uint32_t can = features & VIRTIO_NET_F_GUEST_CSUM ? NIC_CAN_RX_CSUM : 0;

	if (!(features & VIRTIO_NET_F_CSUM))
		return can;
	return can | NIC_CAN_CSUM | (features & VIRTIO_NET_F_HOST_TSO4 ? NIC_CAN_TSO4 : 0) |
	       (features & VIRTIO_NET_F_HOST_TSO6 ? NIC_CAN_TSO6 : 0);
}

static bool learn(struct vnet *vnet)
{
	struct nic_info *info = &vnet->nic.info;
	uint64_t features = vnet->virtio.features;

	for (unsigned i = 0; i < NIC_MAC_BYTES; i++)
		info->mac[i] = (uint8_t)virtio_pci_read_config(&vnet->virtio, (unsigned)offsetof(struct virtio_net_config, mac) + i, 1);
	info->mtu_max = features & VIRTIO_NET_F_MTU ? (uint16_t)VIRTIO_PCI_FIELD(&vnet->virtio, struct virtio_net_config, mtu) : MTU_USUAL;
	info->can = translate_features(features);
	info->send_depth = vnet_tx(vnet)->has_indirect ? vnet_tx(vnet)->size : vnet_tx(vnet)->size / 2u;
	info->receive_depth = vnet_rx(vnet)->has_indirect ? vnet_rx(vnet)->size : vnet_rx(vnet)->size / 2u;
	info->receive_bytes = NIC_FRAME_BYTES(info->mtu_max);
	return features & VIRTIO_NET_F_MAC && info->mtu_max >= 68 && info->mtu_max <= MTU_MAX - NIC_FRAME_BYTES(0);
}

static bool start(struct vnet *vnet)
{
	struct virtio_pci *virtio = &vnet->virtio;
	bool signal = vnet->nic.wake != NULL;
	const struct nic_filter own = { 0 };
	enum nic_status status;

	if (!virtio_pci_negotiate(virtio, WANTED))
		return false;
	if (signal && !virtio_pci_attach(virtio, take_irq, take_config_irq, vnet))
		return false;
	if (!virtio_pci_start_queue(virtio, VIRTIO_NET_QUEUE_RECEIVE, signal) ||
	    !virtio_pci_start_queue(virtio, VIRTIO_NET_QUEUE_TRANSMIT, signal) || !learn(vnet))
		return false;
	if (virtio->features & VIRTIO_NET_F_CTRL_VQ && !virtio_pci_start_queue(virtio, VIRTIO_NET_QUEUE_CONTROL, false))
		return false;
	virtio_pci_go(virtio);
	status = vnet_set_filter(vnet, &own);
	return status == NIC_OK || status == NIC_ERR_UNSUPPORTED;
}

static enum nic_status reset(struct nic_device *nic)
{
	struct vnet *vnet = vnet_of(nic);

	quiesce(nic);
	if (!start(vnet)) {
		virtio_pci_stop(&vnet->virtio);
		return NIC_ERR_RESET;
	}
	nic->dead = false;
	vnet->moved = time_ns();
	vnet->next_check = vnet->moved + CHECK_NS;
	look_at_link(vnet);
	return NIC_OK;
}

static enum nic_status set_filter(struct nic_device *nic, const struct nic_filter *filter)
{
	enum nic_status status = vnet_set_filter(vnet_of(nic), filter);

	if (status == NIC_ERR_RESET)
		quiesce(nic);
	return status;
}

static enum nic_status send(struct nic_device *nic, const struct dma_segment *segments, unsigned count,
			    const struct nic_offload *offload, uint64_t cookie)
{
	return vnet_send(vnet_of(nic), segments, count, offload, cookie);
}

static enum nic_status post(struct nic_device *nic, struct dma_segment buffer, uint64_t cookie)
{
	return vnet_post(vnet_of(nic), buffer, cookie);
}

static void kick(struct nic_device *nic)
{
	if (nic->dead)
		return;
	virtio_pci_kick(&vnet_of(nic)->virtio, VIRTIO_NET_QUEUE_RECEIVE);
	virtio_pci_kick(&vnet_of(nic)->virtio, VIRTIO_NET_QUEUE_TRANSMIT);
}

static const struct nic_ops ops = {
	.send = send,
	.post = post,
	.kick = kick,
	.poll = poll,
	.arm = arm,
	.set_filter = set_filter,
	.quiesce = quiesce,
	.reset = reset,
};

static bool alloc_headers(struct vnet_ring *ring)
{
	uint64_t bus;
	uint8_t *headers = dma_alloc(VNET_DEPTH * 16, 4096, &bus);

	for (unsigned i = 0; headers && i < VNET_DEPTH; i++) {
		ring->slots[i].header = (struct virtio_net_hdr *)(void *)(headers + 16 * i);
		ring->slots[i].header_bus = bus + 16 * i;
	}
	return headers;
}

static bool alloc_memory(struct vnet *vnet)
{
	vnet->control = dma_alloc(sizeof(*vnet->control), 256, &vnet->control_bus);
	return vnet->control && alloc_headers(&vnet->rx) && alloc_headers(&vnet->tx) &&
	       virtio_pci_alloc(&vnet->virtio, VIRTIO_NET_QUEUE_RECEIVE, VNET_DEPTH, 2) &&
	       virtio_pci_alloc(&vnet->virtio, VIRTIO_NET_QUEUE_TRANSMIT, VNET_DEPTH, NIC_SEGMENT_COUNT + 1) &&
	       virtio_pci_alloc(&vnet->virtio, VIRTIO_NET_QUEUE_CONTROL, CONTROL_SIZE, 3);
}

struct nic_device *virtio_net_probe(struct pci_device *pci)
{
	struct virtio_pci found = { 0 };
	struct vnet *vnet;

	if (!virtio_pci_find(&found, pci, VIRTIO_ID_NET) || !found.config)
		return NULL;
	vnet = calloc(1, sizeof(*vnet));
	if (!vnet)
		return NULL;
	vnet->virtio = found;
	vnet->nic.ops = &ops;
	vnet->nic.info.driver = "virtio-net";
	if (!alloc_memory(vnet))
		return NULL;
	quiesce(&vnet->nic);
	return &vnet->nic;
}
