/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 82574's two descriptor rings: frames out, buffers in. A checksum is asked for by a context descriptor in front of
 * its frame; the card is not asked to cut frames, because it would want headers changed, and those are not ours to touch.
 */

#include <rt/timer.h>

#include "e1000e.h"

#define COMMAND_LAST	(0x01u << 24)
#define COMMAND_CRC	(0x02u << 24)
#define COMMAND_REPORT	(0x08u << 24)
#define COMMAND_EXTEND	(0x20u << 24)
#define KIND_DATA	(1u << 20)
#define OPTION_CSUM	(2u << 8)	/* of status: fill in the transport's checksum */
#define STATUS_DONE	1u

static unsigned after(unsigned at, unsigned count)
{
	return (at + count) % E1000E_DEPTH;
}

static unsigned room(const struct e1000e_ring *ring)
{
	return E1000E_DEPTH - 1 - (ring->tail - ring->head + E1000E_DEPTH) % E1000E_DEPTH;
}

void e1000e_ring_bell(struct e1000e_ring *ring)
{
	if (ring->rung == ring->tail)
		return;
	ring->rung = ring->tail;
	dma_write_barrier();	/* descriptors before the tail, after which the card reads them */
	mmio_write32(ring->bell, ring->tail);
}

/* ---- out ---- */

static bool wants_csum(const struct nic_offload *offload)
{
	return offload && offload->needs_csum;
}

/* From csum_start to the frame's end, put at csum_start + csum_offset; the IP fields are there to be valid, not used. */
static struct e1000e_tx context_of(const struct nic_offload *offload)
{
	uint32_t ip = NIC_HEADER_BYTES | (NIC_HEADER_BYTES + 10u) << 8 | (uint32_t)(offload->csum_start - 1) << 16;
	uint32_t transport = offload->csum_start | (uint32_t)(offload->csum_start + offload->csum_offset) << 8;

	return (struct e1000e_tx){ ip | (uint64_t)transport << 32, COMMAND_EXTEND | (offload->csum_offset == 16 ? 1u << 24 : 0), 0 };
}

static enum nic_status check_csum(const struct nic_offload *offload)
{
	bool fits = offload->csum_start > NIC_HEADER_BYTES && offload->csum_start + offload->csum_offset < 256;

	return fits ? NIC_OK : NIC_ERR_ARGUMENT;
}

static enum nic_status put_data(struct e1000e *card, unsigned at, const struct dma_segment *segments, unsigned count, uint32_t options)
{
	const uint32_t command = COMMAND_EXTEND | COMMAND_CRC | KIND_DATA;

	for (unsigned i = 0; i < count; i++) {
		uint64_t bus;

		if (!dma_map((const void *)segments[i].at, segments[i].bytes, &bus))
			return NIC_ERR_ARGUMENT;
		card->tx.tx[after(at, i)] = (struct e1000e_tx){ bus, command | segments[i].bytes, options };
	}
	card->tx.tx[after(at, count - 1)].command |= COMMAND_LAST | COMMAND_REPORT;
	return NIC_OK;
}

enum nic_status e1000e_send(struct e1000e *card, const struct dma_segment *segments, unsigned count,
			    const struct nic_offload *offload, uint64_t cookie)
{
	struct e1000e_ring *ring = &card->tx;
	unsigned contexts = wants_csum(offload);
	uint32_t bytes;
	enum nic_status status = nic_check(&card->nic, segments, count, offload, &bytes);

	if (!status && contexts)
		status = check_csum(offload);
	if (status)
		return status;
	if (count + contexts > room(ring))
		return NIC_ERR_BUSY;
	if (contexts)
		ring->tx[ring->tail] = context_of(offload);
	status = put_data(card, after(ring->tail, contexts), segments, count, contexts ? OPTION_CSUM : 0);
	if (status)
		return status;
	if (ring->head == ring->tail)
		card->moved = time_ns();
	ring->slots[ring->tail] = (struct e1000e_slot){ cookie, bytes, after(ring->tail, contexts + count - 1) };
	ring->tail = after(ring->tail, contexts + count);
	return NIC_OK;
}

static bool frame_done(const struct e1000e_ring *ring)
{
	const volatile struct e1000e_tx *last = &ring->tx[ring->slots[ring->head].last];

	return ring->head != ring->rung && last->status & STATUS_DONE;
}

bool e1000e_tx_pending(const struct e1000e *card)
{
	return frame_done(&card->tx);
}

void e1000e_drain_tx(struct e1000e *card, unsigned budget, unsigned *done)
{
	struct e1000e_ring *ring = &card->tx;

	for (; *done < budget && !card->nic.dead && frame_done(ring); ++*done) {
		const struct e1000e_slot *slot = &ring->slots[ring->head];

		card->nic.stats.tx_frames++;
		card->nic.stats.tx_bytes += slot->bytes;
		card->moved = time_ns();
		ring->head = after(slot->last, 1);
		card->nic.sent(card->nic.arg, slot->cookie);
	}
}

/* ---- in ---- */

enum nic_status e1000e_post(struct e1000e *card, struct dma_segment buffer, uint64_t cookie)
{
	struct e1000e_ring *ring = &card->rx;
	uint64_t bus;

	if (buffer.bytes < card->nic.info.receive_bytes || !dma_map((const void *)buffer.at, buffer.bytes, &bus))
		return NIC_ERR_ARGUMENT;
	if (!room(ring))
		return NIC_ERR_BUSY;
	ring->rx[ring->tail] = (struct e1000e_rx){ .address = bus };
	ring->slots[ring->tail] = (struct e1000e_slot){ .cookie = cookie };
	ring->tail = after(ring->tail, 1);
	return NIC_OK;
}

static bool buffer_done(const struct e1000e_ring *ring)
{
	const volatile struct e1000e_rx *rx = &ring->rx[ring->head];

	return ring->head != ring->rung && rx->status & E1000E_RX_DONE;
}

bool e1000e_rx_pending(const struct e1000e *card)
{
	return buffer_done(&card->rx);
}

/* What the card says of a buffer is copied once, and its length believed up to the buffer's. Errors are said where the frame ends: before,
 * those bits mean nothing (82574 datasheet, 7.1.3.4). */
static void receive(struct e1000e *card, const struct e1000e_rx *rx, uint64_t cookie)
{
	struct nic_offload offload = { 0 };
	bool last = rx->status & E1000E_RX_LAST;
	bool good = !(last && rx->errors & E1000E_RX_BAD_FRAME) && rx->bytes <= card->nic.info.receive_bytes;

	offload.csum_good = rx->status & E1000E_RX_TRANSPORT && !(rx->status & E1000E_RX_NO_CSUM) &&
			    !(rx->errors & (E1000E_RX_BAD_TRANSPORT | E1000E_RX_BAD_IP));
	card->nic.stats.rx_errors += !good;
	card->nic.stats.rx_frames += good && last;
	card->nic.stats.rx_bytes += good ? rx->bytes : 0;
	card->nic.received(card->nic.arg, cookie, good ? rx->bytes : 0, last, &offload);
}

void e1000e_drain_rx(struct e1000e *card, unsigned budget, unsigned *done)
{
	struct e1000e_ring *ring = &card->rx;

	for (; *done < budget && !card->nic.dead && buffer_done(ring); ++*done) {
		uint64_t cookie = ring->slots[ring->head].cookie;
		struct e1000e_rx rx;

		dma_read_barrier();	/* the status before the rest: the card wrote it last */
		rx = ring->rx[ring->head];
		ring->head = after(ring->head, 1);
		receive(card, &rx, cookie);
	}
}
