/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network card behind a virtio-pci function (virtio 1.2, 5.1): a ring each way, and virtio-net's header before each
 * frame in memory of our own. It must not know rings or registers.
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

static struct virtq_driver *rx_ring(struct vnet *vnet)
{
	return &vnet->virtio.queue[VIRTIO_NET_QUEUE_RECEIVE].ring;
}

static struct virtq_driver *tx_ring(struct vnet *vnet)
{
	return &vnet->virtio.queue[VIRTIO_NET_QUEUE_TRANSMIT].ring;
}

/* ---- buffers in ---- */

static struct vnet_slot *find_slot(struct vnet_ring *ring)
{
	for (unsigned i = 0; i < VNET_DEPTH && ring->under_way < VNET_DEPTH; i++) {
		struct vnet_slot *slot = &ring->slots[(ring->free + i) % VNET_DEPTH];

		if (slot->used)
			continue;
		ring->free = (ring->free + i + 1) % VNET_DEPTH;
		return slot;
	}
	return NULL;
}

static enum nic_status take_slot(struct vnet_ring *ring, struct vnet_slot *slot, enum vq_err error)
{
	if (error)
		return error == VQ_ERR_FULL ? NIC_ERR_BUSY : NIC_ERR_ARGUMENT;
	slot->used = true;
	ring->under_way++;
	return NIC_OK;
}

static void give_back(struct vnet_ring *ring, struct vnet_slot *slot)
{
	slot->used = false;
	ring->under_way--;
}

static struct virtio_net_hdr header_of(const struct nic_offload *offload)
{
	static const uint8_t kinds[] = { VIRTIO_NET_HDR_GSO_NONE, VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6 };
	struct virtio_net_hdr header = { 0 };

	if (!offload)
		return header;
	if (offload->needs_csum) {
		header.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		header.csum_start = offload->csum_start;
		header.csum_offset = offload->csum_offset;
	}
	header.gso_type = kinds[offload->gso];
	if (offload->gso) {
		header.hdr_len = offload->header_bytes;
		header.gso_size = offload->gso_bytes;
	}
	return header;
}

static enum nic_status send(struct nic_device *nic, const struct dma_segment *segments, unsigned count,
			    const struct nic_offload *offload, uint64_t cookie)
{
	struct vnet *vnet = vnet_of(nic);
	struct vqd_segment parts[NIC_SEGMENT_COUNT + 1];
	struct vnet_slot *slot = find_slot(&vnet->tx);
	uint32_t bytes;
	enum nic_status status = nic_check(nic, segments, count, offload, &bytes);

	if (status || !slot)
		return status ? status : NIC_ERR_BUSY;
	parts[0] = (struct vqd_segment){ slot->header_bus, sizeof(*slot->header) };
	for (unsigned i = 0; i < count; i++) {
		parts[i + 1].size = segments[i].bytes;
		if (!dma_map((const void *)segments[i].at, segments[i].bytes, &parts[i + 1].address))
			return NIC_ERR_ARGUMENT;
	}
	*slot->header = header_of(offload);
	slot->cookie = cookie;
	slot->bytes = bytes;
	if (!vnet->tx.under_way)
		vnet->moved = time_ns();
	return take_slot(&vnet->tx, slot, vqd_add(tx_ring(vnet), parts, count + 1, 0, slot));
}

static enum nic_status post(struct nic_device *nic, struct dma_segment buffer, uint64_t cookie)
{
	struct vnet *vnet = vnet_of(nic);
	struct vnet_slot *slot = find_slot(&vnet->rx);
	struct vqd_segment parts[2];

	if (!slot)
		return NIC_ERR_BUSY;
	if (buffer.bytes < nic->info.receive_bytes || !dma_map((const void *)buffer.at, buffer.bytes, &parts[1].address))
		return NIC_ERR_ARGUMENT;
	parts[0] = (struct vqd_segment){ slot->header_bus, sizeof(*slot->header) };
	parts[1].size = buffer.bytes;
	slot->cookie = cookie;
	slot->bytes = buffer.bytes;
	return take_slot(&vnet->rx, slot, vqd_add(rx_ring(vnet), parts, 0, 2, slot));
}

static void kick(struct nic_device *nic)
{
	if (nic->dead)
		return;
	virtio_pci_kick(&vnet_of(nic)->virtio, VIRTIO_NET_QUEUE_RECEIVE);
	virtio_pci_kick(&vnet_of(nic)->virtio, VIRTIO_NET_QUEUE_TRANSMIT);
}

/* ---- buffers out ---- */

/* The header is the device's word; it is read once, and what it says of the frame must lie within it. */
static struct nic_offload offload_of(struct vnet *vnet, const struct vnet_slot *slot, uint32_t bytes)
{
	struct virtio_net_hdr header;
	struct nic_offload offload = { 0 };

	memcpy(&header, slot->header, sizeof(header));
	offload.csum_good = header.flags & VIRTIO_NET_HDR_F_DATA_VALID;
	if (!(header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return offload;
	if ((uint32_t)header.csum_start + header.csum_offset + 2 > bytes) {
		vnet->nic.stats.rx_errors++;
		return offload;
	}
	offload.needs_csum = true;
	offload.csum_start = header.csum_start;
	offload.csum_offset = header.csum_offset;
	return offload;
}

static void receive(struct vnet *vnet, struct vnet_slot *slot, uint32_t written)
{
	uint32_t bytes = written > sizeof(*slot->header) ? written - (uint32_t)sizeof(*slot->header) : 0;
	struct nic_offload offload = offload_of(vnet, slot, bytes);

	if (bytes < NIC_HEADER_BYTES) {
		bytes = 0;
		vnet->nic.stats.rx_errors++;
	} else {
		vnet->nic.stats.rx_frames++;
		vnet->nic.stats.rx_bytes += bytes;
	}
	give_back(&vnet->rx, slot);
	vnet->nic.received(vnet->nic.arg, slot->cookie, bytes, true, &offload);
}

static void finish_send(struct vnet *vnet, struct vnet_slot *slot)
{
	vnet->nic.stats.tx_frames++;
	vnet->nic.stats.tx_bytes += slot->bytes;
	vnet->moved = time_ns();
	give_back(&vnet->tx, slot);
	vnet->nic.sent(vnet->nic.arg, slot->cookie);
}

static enum vq_err drain(struct vnet *vnet, struct virtq_driver *ring, unsigned budget, unsigned *done)
{
	enum vq_err error = VQ_OK;

	for (; *done < budget; ++*done) {
		uint32_t written;
		void *cookie;

		error = vqd_get(ring, &cookie, &written);
		if (error)
			break;
		if (ring == rx_ring(vnet))
			receive(vnet, cookie, written);
		else
			finish_send(vnet, cookie);
		if (vnet->nic.dead)	/* by what was called */
			return VQ_ERR_EMPTY;
	}
	return error == VQ_ERR_EMPTY ? VQ_OK : error;
}

static void look_at_link(struct vnet *vnet)
{
	uint16_t status = VIRTIO_NET_S_LINK_UP;
	bool up;

	vnet->changed = false;	/* before it is read: a change from here on is another one */
	if (vnet->virtio.features & VIRTIO_NET_F_STATUS)
		virtio_pci_read_config(&vnet->virtio, offsetof(struct virtio_net_config, status), &status, sizeof(status));
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
	if (drain(vnet, tx_ring(vnet), budget, &done) < VQ_ERR_EMPTY || nic->dead ||
	    drain(vnet, rx_ring(vnet), budget, &done) < VQ_ERR_EMPTY || nic->dead || is_lost(vnet))
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
	vqd_cancel_signal(rx_ring(vnet));
	vqd_cancel_signal(tx_ring(vnet));
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
	pending = vqd_ask_signal(rx_ring(vnet));
	pending = vqd_ask_signal(tx_ring(vnet)) || pending;
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
	struct virtio_net_config config;
	uint64_t features = vnet->virtio.features;

	virtio_pci_read_config(&vnet->virtio, 0, &config, sizeof(config));
	memcpy(info->mac, config.mac, NIC_MAC_BYTES);
	info->mtu_max = features & VIRTIO_NET_F_MTU ? config.mtu : MTU_USUAL;
	info->can = translate_features(features);
	info->send_depth = tx_ring(vnet)->has_indirect ? tx_ring(vnet)->size : tx_ring(vnet)->size / 2u;
	info->receive_depth = rx_ring(vnet)->has_indirect ? rx_ring(vnet)->size : rx_ring(vnet)->size / 2u;
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
