/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's 82574 (QEMU's e1000e): stopped, started, its link, its filters and its interrupt, which is the pin: the card's
 * own message mode needs other causes for the same things, and shows nothing that the pin does not. It must not know
 * descriptors.
 */

#include <stdlib.h>
#include <string.h>

#include <rt/sysreg.h>
#include <rt/timer.h>

#include "e1000e.h"
#include "e1000e_regs.h"
#include "probe.h"

#define VENDOR_INTEL	0x8086u
#define DEVICE_82574	0x10d3u

#define MTU_USUAL	1500u
#define MTU_MAX		9000u
#define BUFFER_USUAL	2048u
#define BUFFER_LARGE	16384u
#define MS		1000000ull
#define MASTER_NS	(100 * MS)
#define RESET_NS	(500 * MS)
#define PHY_NS		(20 * MS)
#define CHECK_NS	(100 * MS)
#define STALL_NS	(10000 * MS)

static struct e1000e *card_of(struct nic_device *nic)
{
	return (struct e1000e *)(void *)nic;
}

static uint32_t read(const struct e1000e *card, unsigned at)
{
	return mmio_read32(card->regs + at);
}

static void write(const struct e1000e *card, unsigned at, uint32_t value)
{
	mmio_write32(card->regs + at, value);
}

static bool wait_bits(const struct e1000e *card, unsigned at, uint32_t bits, uint32_t wanted, uint64_t ns)
{
	uint64_t end = time_ns() + ns;

	while ((read(card, at) & bits) != wanted) {
		if (time_ns() >= end)
			return false;
		cpu_relax();
	}
	return true;
}

/* ---- stop ---- */

static void pause_ns(uint64_t ns)
{
	for (uint64_t end = time_ns() + ns; time_ns() < end; )
		cpu_relax();
}

/* Its firmware may be at the PHY, which a reset of the card in the middle of a word would leave hanging. Firmware that lets go of it never
 * (or is none) is not waited for: the reset takes it away. The reset clears the wish as well. */
static void take_phy(const struct e1000e *card)
{
	write(card, EXTCNF_CTRL, read(card, EXTCNF_CTRL) | EXTCNF_PHY);
	wait_bits(card, EXTCNF_CTRL, EXTCNF_PHY, EXTCNF_PHY, PHY_NS);
}

/* Requests of the card that are under way come to their end before it is reset (3.1.3.10). */
static bool stop(struct e1000e *card)
{
	bool stopped;

	pci_irq_detach(card->pci);
	pci_enable_memory(card->pci);
	write(card, IMC, UINT32_MAX);
	write(card, RCTL, 0);
	write(card, TCTL, 0);
	write(card, CTRL, read(card, CTRL) | CTRL_NO_MASTER);
	wait_bits(card, STATUS, STATUS_MASTER, 0, MASTER_NS);
	pci_enable_master(card->pci, false);
	take_phy(card);
	write(card, CTRL, read(card, CTRL) | CTRL_RESET);
	pause_ns(MS);		/* before the next access: 10.2.2.1 asks for a microsecond */
	stopped = wait_bits(card, CTRL, CTRL_RESET, 0, RESET_NS);
	write(card, IMC, UINT32_MAX);
	return stopped || pci_reset(card->pci) == PCI_OK;
}

static void quiesce(struct nic_device *nic)
{
	struct e1000e *card = card_of(nic);

	nic->dead = true;
	nic->link_up = false;
	card->armed = false;
	stop(card);
	card->rx.head = card->rx.tail = card->rx.rung = 0;
	card->tx.head = card->tx.tail = card->tx.rung = 0;
}

/* ---- start ---- */

static void start_ring(const struct e1000e *card, struct e1000e_ring *ring, unsigned base, unsigned tail)
{
	ring->bell = card->regs + tail;
	memset(ring->rx, 0, E1000E_DEPTH * sizeof(*ring->rx));
	write(card, base, (uint32_t)ring->bus);
	write(card, base + RING_HIGH, (uint32_t)(ring->bus >> 32));
	write(card, base + RING_BYTES, E1000E_DEPTH * sizeof(*ring->rx));
	write(card, base + RING_HEAD, 0);
	write(card, base + RING_TAIL, 0);
}

static bool learn(struct e1000e *card)
{
	struct nic_info *info = &card->nic.info;
	uint32_t low = read(card, RAL), high = read(card, RAH);
	uint16_t mtu = card->nic.mtu ? card->nic.mtu : MTU_USUAL;

	memcpy(info->mac, &low, 4);
	memcpy(info->mac + 4, &high, 2);
	info->mtu_max = mtu < MTU_MAX ? mtu : MTU_MAX;
	info->can = NIC_CAN_CSUM | NIC_CAN_RX_CSUM;
	info->send_depth = info->receive_depth = E1000E_DEPTH - 1;
	info->receive_bytes = NIC_FRAME_BYTES(info->mtu_max) > BUFFER_USUAL ? BUFFER_LARGE : BUFFER_USUAL;
	return high & RAH_VALID;
}

static uint32_t receive_control(const struct e1000e *card, const struct nic_filter *filter)
{
	uint32_t control = RCTL_ENABLE | RCTL_BROADCAST | RCTL_NO_CRC;

	if (card->nic.info.mtu_max > MTU_USUAL)
		control |= RCTL_LONG;
	if (card->nic.info.receive_bytes == BUFFER_LARGE)
		control |= RCTL_16384;
	if (filter->promiscuous)
		control |= RCTL_UNICAST | RCTL_MULTICAST;
	if (filter->all_multicast || filter->multicast_count > NIC_MULTICAST_COUNT)
		control |= RCTL_MULTICAST;
	return control;
}

/* Groups by twelve bits of their address, the upper ones: others of the same bits come as well. */
static void apply_filter(struct e1000e *card, const struct nic_filter *filter)
{
	uint32_t table[MTA_COUNT] = { 0 };

	for (unsigned i = 0; i < filter->multicast_count && i < NIC_MULTICAST_COUNT; i++) {
		const uint8_t *mac = filter->multicast[i];
		uint32_t hash = (uint32_t)(mac[4] >> 4 | mac[5] << 4);

		table[hash >> 5 & (MTA_COUNT - 1)] |= 1u << (hash & 31);
	}
	for (unsigned i = 0; i < MTA_COUNT; i++)
		write(card, MTA + 4 * i, table[i]);
	write(card, RCTL, receive_control(card, filter));
}

static void look_at_link(struct e1000e *card)
{
	bool up = read(card, STATUS) & STATUS_LINK;

	if (up == card->nic.link_up)
		return;
	card->nic.link_up = up;
	card->nic.stats.link_changes++;
	card->moved = time_ns();
	if (card->nic.link)
		card->nic.link(card->nic.arg, up);
}

/* It is ours if it was asked for and has a cause; it stays away until arm(). */
static bool take_irq(void *arg)
{
	struct e1000e *card = arg;

	if (!card->armed || !(read(card, ICR) & CAUSES))
		return false;
	write(card, IMC, UINT32_MAX);
	card->armed = false;
	card->nic.wake(card->nic.arg);
	return true;
}

static void change(const struct e1000e *card, unsigned at, uint32_t off, uint32_t on)
{
	write(card, at, (read(card, at) & ~off) | on);
}

/* What no document explains, and Intel's own drivers for Linux and DPDK do: the last two are cures for errata of its PCI Express. */
static void set_as_its_maker_does(const struct e1000e *card)
{
	change(card, TXDCTL, 0, TXDCTL_ONE);
	change(card, TARC0, 15u << 27, 1u << 26);
	change(card, CTRL_EXT, 1u << 23, 1u << 22);
	change(card, GCR, 0, 1u << 22 | 1u << 27);
	change(card, GCR2, 0, 1u << 0);
}

static bool start(struct e1000e *card)
{
	const struct nic_filter own = { 0 };

	if (!wait_bits(card, EECD, EECD_LOADED, EECD_LOADED, RESET_NS) || !learn(card))
		return false;
	pci_enable_master(card->pci, true);
	change(card, CTRL, CTRL_NO_MASTER | CTRL_INVERT | CTRL_FORCE | CTRL_UNWANTED, CTRL_LINK_UP);
	write(card, RFCTL, 0);
	write(card, RXCSUM, RXCSUM_ALL);
	write(card, RDTR, 0);
	write(card, RADV, 0);
	write(card, TIDV, 0);
	write(card, TADV, 0);
	start_ring(card, &card->rx, RDBAL, E1000E_RDT);
	start_ring(card, &card->tx, TDBAL, E1000E_TDT);
	set_as_its_maker_does(card);
	write(card, TIPG, TIPG_USUAL);
	apply_filter(card, &own);
	write(card, TCTL, TCTL_ENABLE | TCTL_REST);
	return !card->nic.wake || pci_irq_attach_pin(card->pci, take_irq, card) == PCI_OK;
}

static enum nic_status reset(struct nic_device *nic)
{
	struct e1000e *card = card_of(nic);

	quiesce(nic);
	if (!start(card)) {
		stop(card);
		return NIC_ERR_RESET;
	}
	nic->dead = false;
	card->moved = time_ns();
	card->next_check = card->moved + CHECK_NS;
	look_at_link(card);
	return NIC_OK;
}

/* ---- work ---- */

static enum nic_status send(struct nic_device *nic, const struct dma_segment *segments, unsigned count,
			    const struct nic_offload *offload, uint64_t cookie)
{
	return e1000e_send(card_of(nic), segments, count, offload, cookie);
}

static enum nic_status post(struct nic_device *nic, struct dma_segment buffer, uint64_t cookie)
{
	return e1000e_post(card_of(nic), buffer, cookie);
}

static void kick(struct nic_device *nic)
{
	if (nic->dead)
		return;
	e1000e_ring_bell(&card_of(nic)->rx);
	e1000e_ring_bell(&card_of(nic)->tx);
}

/* Ten times a second: the link, what the card counts (and forgets when read), and whether it is still there. */
static bool is_lost(struct e1000e *card)
{
	uint64_t now = time_ns();

	if (now < card->next_check)
		return false;
	card->next_check = now + CHECK_NS;
	if (read(card, STATUS) == UINT32_MAX)
		return true;
	look_at_link(card);
	card->nic.stats.rx_dropped += read(card, MPC);
	card->nic.stats.rx_errors += read(card, CRCERRS) + read(card, RXERRC);
	return card->tx.head != card->tx.rung && card->nic.link_up && now > card->moved + STALL_NS;
}

static unsigned poll(struct nic_device *nic, unsigned budget)
{
	struct e1000e *card = card_of(nic);
	unsigned done = 0;

	if (nic->dead)
		return 0;
	e1000e_drain_tx(card, budget, &done);
	e1000e_drain_rx(card, budget, &done);
	if (!nic->dead && is_lost(card))
		quiesce(nic);
	return done;
}

/* Old causes go before the rings are looked at: what comes then is a new one. */
static bool arm(struct nic_device *nic)
{
	struct e1000e *card = card_of(nic);
	bool up;

	if (nic->dead)
		return false;
	write(card, ICR, UINT32_MAX);
	card->armed = nic->wake != NULL;
	write(card, IMS, card->armed ? CAUSES : 0);
	up = read(card, STATUS) & STATUS_LINK;	/* and all writes are there */
	if (up != nic->link_up)
		card->next_check = 0;
	return up != nic->link_up || e1000e_rx_pending(card) || e1000e_tx_pending(card);
}

static enum nic_status set_filter(struct nic_device *nic, const struct nic_filter *filter)
{
	apply_filter(card_of(nic), filter);
	return NIC_OK;
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

static bool alloc_ring(struct e1000e_ring *ring)
{
	ring->rx = dma_alloc(E1000E_DEPTH * sizeof(*ring->rx), 4096, &ring->bus);
	return ring->rx;
}

struct nic_device *e1000e_probe(struct pci_device *pci)
{
	uint64_t regs = pci_bar_at(pci, 0, 0, REGISTER_BYTES);
	struct e1000e *card;

	if (pci->vendor != VENDOR_INTEL || pci->device != DEVICE_82574 || !regs)
		return NULL;
	card = calloc(1, sizeof(*card));
	if (!card || !alloc_ring(&card->rx) || !alloc_ring(&card->tx))
		return NULL;
	card->nic.ops = &ops;
	card->nic.info.driver = "e1000e";
	card->pci = pci;
	card->regs = regs;
	quiesce(&card->nic);
	return &card->nic;
}
