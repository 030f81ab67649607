/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SD host controller behind PCI, and the card in it or the eMMC behind it as a disk: one transfer at a time, by ADMA2 (SD Host
 * Controller simplified specification 3.00). The interrupt is the pin. What a card is stands in sd_card.c and emmc.c.
 */

#include <stdio.h>
#include <stdlib.h>

#include <rt/sysreg.h>
#include <rt/timer.h>

#include "probe.h"
#include "sdhci.h"

#define CLASS_SDHCI		0x0805u		/* without its programming interface */
#define READ_ONE		17u
#define READ_MANY		18u
#define WRITE_ONE		24u
#define WRITE_MANY		25u
#define STOP			12u

#define CONTROL_FOUR_LINES	(1u << 1)
#define CONTROL_EIGHT_LINES	(1u << 5)
#define CONTROL_ADMA32		(2u << 3)
#define CONTROL_ADMA64		(3u << 3)
#define POWER_ON		0x01u
#define POWER_33		0x0eu
#define POWER_30		0x0cu
#define TIMEOUT_LONGEST		0x0eu
#define CAN_EIGHT_LINES		(1u << 18)	/* of a device on the board */
#define CAN_ADMA2		(1u << 19)
#define CAN_33			(1u << 24)
#define CAN_30			(1u << 25)
#define CAN_64			(1u << 28)
#define SLOT_KIND		(3u << 30)
#define SLOT_SOLDERED		(1u << 30)

/* ADMA2 descriptor, 1.13.4: attributes, length, address. */
#define ADMA_VALID		0x01u
#define ADMA_END		0x02u
#define ADMA_TRANSFER		0x20u
#define ADMA_BYTES_MAX		0x8000u
#define REQUEST_BYTES		(1u << 20)
#define ENTRY_COUNT		(BLK_SEGMENT_COUNT + REQUEST_BYTES / ADMA_BYTES_MAX)
#define ENTRY_BYTES_MAX		12u

#define MS			1000000ull
#define TRANSFER_NS		(10000 * MS)
#define OFF_NS			(1 * MS)	/* for the card to notice; then its voltage rises; then 74 clocks, or this long (physical layer, 6.4.1) */
#define RISE_NS			(35 * MS)
#define FIRST_CLOCKS_NS		(1 * MS)
#define DEBOUNCE_NS		(1000 * MS)
#define IDENTIFY_KHZ		400u
#define TRANSFER_KHZ		25000u

static struct sdhci *host_of(struct blk_device *blk)
{
	return (struct sdhci *)(void *)blk;
}

/* ---- transfers ---- */

/* False: the host cannot reach that address. */
static bool put_entry(const struct sdhci *host, unsigned n, uint64_t bus, uint32_t bytes, uint32_t end)
{
	uint32_t *entry = (uint32_t *)(void *)(host->table + (size_t)n * (host->wide ? 12 : 8));

	entry[0] = ADMA_VALID | ADMA_TRANSFER | end | bytes << 16;
	entry[1] = (uint32_t)bus;
	if (host->wide)
		entry[2] = (uint32_t)(bus >> 32);
	return host->wide || (bus + bytes - 1) >> 32 == 0;
}

static enum blk_status put_table(const struct sdhci *host, const struct blk_request *request)
{
	unsigned n = 0;

	for (unsigned i = 0; i < request->segment_count; i++) {
		const struct dma_segment *segment = &request->segments[i];
		uint64_t bus;

		if (!dma_map((const void *)segment->at, segment->bytes, &bus))
			return BLK_ERR_ARGUMENT;
		for (uint32_t done = 0; done < segment->bytes; n++) {
			uint32_t left = segment->bytes - done;
			uint32_t bytes = left < ADMA_BYTES_MAX ? left : ADMA_BYTES_MAX;
			bool last = bytes == left && i + 1 == request->segment_count;

			if (n == ENTRY_COUNT || !put_entry(host, n, bus + done, bytes, last ? ADMA_END : 0))
				return BLK_ERR_ARGUMENT;
			done += bytes;
		}
	}
	return BLK_OK;
}

static void quiesce(struct blk_device *blk);

static void start_transfer(const struct sdhci *host, const struct blk_request *request)
{
	bool many = request->sector_count > 1, reads = request->op == BLK_READ;
	unsigned number = reads ? (many ? READ_MANY : READ_ONE) : (many ? WRITE_MANY : WRITE_ONE);
	uint64_t argument = host->card.by_block ? request->sector : request->sector * BLK_SECTOR_BYTES;

	mmio_write32(host->regs + SDHCI_STATUS, UINT32_MAX);
	mmio_write32(host->regs + SDHCI_ADMA, (uint32_t)host->table_bus);
	if (host->wide)
		mmio_write32(host->regs + SDHCI_ADMA + 4, (uint32_t)(host->table_bus >> 32));
	mmio_write16(host->regs + SDHCI_BLOCK_SIZE, BLK_SECTOR_BYTES);
	mmio_write16(host->regs + SDHCI_BLOCK_COUNT, (uint16_t)request->sector_count);
	mmio_write32(host->regs + SDHCI_ARGUMENT, (uint32_t)argument);
	mmio_write16(host->regs + SDHCI_MODE, (uint16_t)(SDHCI_MODE_DMA | SDHCI_MODE_COUNT | (reads ? SDHCI_MODE_READ : 0) |
							 (many ? SDHCI_MODE_MANY | SDHCI_MODE_STOP : 0)));
	dma_write_barrier();	/* the table before the command, after which the host reads it */
	mmio_write16(host->regs + SDHCI_COMMAND, (uint16_t)(SDHCI_NUMBER(number) | SDHCI_ANSWER | SDHCI_WITH_DATA));
}

/* Complete once the device is not busy any more. */
static void start_flush(const struct sdhci *host)
{
	mmio_write32(host->regs + SDHCI_STATUS, UINT32_MAX);
	mmio_write32(host->regs + SDHCI_ARGUMENT, EMMC_FLUSH_ARGUMENT);
	mmio_write16(host->regs + SDHCI_MODE, 0);
	mmio_write16(host->regs + SDHCI_COMMAND, (uint16_t)(SDHCI_NUMBER(EMMC_SWITCH) | SDHCI_BUSY_ANSWER));
}

static enum blk_status submit(struct blk_device *blk, const struct blk_request *request)
{
	struct sdhci *host = host_of(blk);
	enum blk_status status;

	if (host->busy)
		return BLK_ERR_BUSY;
	status = request->op == BLK_FLUSH ? BLK_OK : put_table(host, request);
	if (status)
		return status;
	if (!sdhci_wait_free(host, SDHCI_PRESENT_COMMAND | SDHCI_PRESENT_DATA)) {
		quiesce(blk);
		return BLK_ERR_RESET;
	}
	host->busy = true;
	host->cookie = request->cookie;
	host->deadline = time_ns() + TRANSFER_NS;
	host->is_flush = request->op == BLK_FLUSH;
	if (host->is_flush)
		start_flush(host);
	else
		start_transfer(host, request);
	return BLK_OK;
}

static void kick(struct blk_device *blk)
{
	(void)blk;	/* a transfer begins when it is submitted */
}

static enum blk_status translate(uint32_t status, uint32_t answer)
{
	if (answer & SD_OUT_OF_RANGE)
		return BLK_ERR_ARGUMENT;
	if (answer & SD_WRITE_PROTECTED)
		return BLK_ERR_READ_ONLY;
	return status & SDHCI_ERROR || answer & SD_ERRORS ? BLK_ERR_MEDIUM : BLK_OK;
}

/* After an error: lines free, the card told to stop whatever it does, and lines free again. It refuses that when nothing runs, and says so
 * in its next answer (physical layer, 4.10.1), which must not be a transfer's. */
static bool recover(const struct sdhci *host)
{
	uint32_t answer[4];

	if (!sdhci_reset(host, SDHCI_RESET_LINES))
		return false;
	sdhci_command(host, STOP, SDHCI_STOP_ANSWER, 0, answer);
	return sdhci_reset(host, SDHCI_RESET_LINES) && sdhci_command(host, SD_SEND_STATUS, SDHCI_ANSWER, host->card.address, answer);
}

static void finish(struct sdhci *host, enum blk_status status)
{
	host->busy = false;
	host->blk.done(host->blk.arg, host->cookie, status);
}

static unsigned poll(struct blk_device *blk, unsigned budget)
{
	struct sdhci *host = host_of(blk);
	uint32_t status;
	enum blk_status result;

	if (blk->dead || !host->busy || !budget)
		return 0;
	status = sdhci_status(host);
	if (!(status & (SDHCI_DONE_TRANSFER | SDHCI_ERROR))) {
		if (time_ns() > host->deadline)
			quiesce(blk);
		return 0;
	}
	result = translate(status, mmio_read32(host->regs + SDHCI_RESPONSE));
	mmio_write32(host->regs + SDHCI_STATUS, UINT32_MAX);
	dma_read_barrier();	/* the end before the data that the host wrote */
	if (status & SDHCI_ERROR && !recover(host)) {
		quiesce(blk);
		return 1;
	}
	if (host->is_flush && !result && !emmc_is_well(host, &host->card))
		result = BLK_ERR_MEDIUM;
	finish(host, result);
	return 1;
}

/* ---- interrupts ---- */

static bool take_irq(void *arg)
{
	struct sdhci *host = arg;

	if (!host->armed || !(sdhci_status(host) & (SDHCI_DONE_TRANSFER | SDHCI_ERROR)))
		return false;
	mmio_write32(host->regs + SDHCI_SIGNAL_ENABLE, 0);
	host->armed = false;
	host->blk.wake(host->blk.arg);
	return true;
}

static bool arm(struct blk_device *blk)
{
	struct sdhci *host = host_of(blk);

	if (blk->dead || !host->busy)
		return false;
	host->armed = blk->wake != NULL;
	if (host->armed)
		mmio_write32(host->regs + SDHCI_SIGNAL_ENABLE, SDHCI_DONE_TRANSFER | SDHCI_ERRORS);
	return sdhci_status(host) & (SDHCI_DONE_TRANSFER | SDHCI_ERROR) || pci_irq_is_lost(host->pci);
}

/* ---- stop and start ---- */

static bool stop(struct sdhci *host)
{
	bool stopped;

	pci_irq_detach(host->pci);
	pci_enable_memory(host->pci);
	stopped = sdhci_reset(host, SDHCI_RESET_ALL);
	pci_enable_master(host->pci, false);
	return stopped || pci_reset(host->pci) == PCI_OK;
}

static void quiesce(struct blk_device *blk)
{
	struct sdhci *host = host_of(blk);

	blk->dead = true;
	host->armed = false;
	stop(host);
	if (host->busy)
		finish(host, BLK_ERR_RESET);
}

static void learn(struct sdhci *host)
{
	struct blk_info *info = &host->blk.info;
	bool writable = host->card.is_soldered || mmio_read32(host->regs + SDHCI_PRESENT) & SDHCI_PRESENT_WRITABLE;

	snprintf(info->serial, sizeof(info->serial), "%08x", (unsigned)host->card.serial);
	info->sector_count = host->card.sector_count;
	info->block_bytes = info->physical_bytes = BLK_SECTOR_BYTES;
	info->can = (!writable || host->card.write_protected ? BLK_IS_READ_ONLY : 0) | (host->card.has_cache ? BLK_CAN_FLUSH : 0);
	info->queue_depth = 1;
	info->bytes_max = REQUEST_BYTES;
	info->segment_count_max = BLK_SEGMENT_COUNT;
	info->segment_align = 4;
}

/* A memory card, or an eMMC, which does not answer to a card's commands. */
static bool start_card(struct sdhci *host, uint32_t can)
{
	return sd_card_start(host, &host->card) || emmc_start(host, &host->card, can & CAN_EIGHT_LINES);
}

static void pause_ns(uint64_t ns)
{
	for (uint64_t end = time_ns() + ns; time_ns() < end; )
		cpu_relax();
}

/* The reset turned it off. The voltage is chosen before it is turned on (3.3). False: not one that a card starts with. */
static bool power_up(const struct sdhci *host, uint32_t can)
{
	uint8_t voltage = can & CAN_33 ? POWER_33 : can & CAN_30 ? POWER_30 : 0;

	pause_ns(OFF_NS);
	mmio_write8(host->regs + SDHCI_POWER, voltage);
	mmio_write8(host->regs + SDHCI_POWER, voltage | POWER_ON);
	pause_ns(RISE_NS);
	return voltage;
}

/* What was put in just now bounces, and until it does no more the host says that there is none (2.2.9). */
static bool has_card(const struct sdhci *host, uint32_t can)
{
	uint64_t end = time_ns() + DEBOUNCE_NS;
	uint32_t present;

	if ((can & SLOT_KIND) == SLOT_SOLDERED)
		return true;
	do {
		present = mmio_read32(host->regs + SDHCI_PRESENT);
		cpu_relax();
	} while (!(present & SDHCI_PRESENT_STABLE) && time_ns() < end);
	return present & SDHCI_PRESENT_CARD;
}

static bool clock_up(const struct sdhci *host)
{
	if (!sdhci_set_clock(host, IDENTIFY_KHZ))
		return false;
	pause_ns(FIRST_CLOCKS_NS);
	return true;
}

static bool start(struct sdhci *host)
{
	uint32_t can = mmio_read32(host->regs + SDHCI_CAPABILITIES);

	if (!(can & CAN_ADMA2) || !has_card(host, can))
		return false;
	host->wide = can & CAN_64;
	if (!host->wide && host->table_bus >> 32)
		return false;
	mmio_write8(host->regs + SDHCI_TIMEOUT, TIMEOUT_LONGEST);
	mmio_write32(host->regs + SDHCI_SIGNAL_ENABLE, 0);
	mmio_write32(host->regs + SDHCI_STATUS_ENABLE, SDHCI_DONE_COMMAND | SDHCI_DONE_TRANSFER | SDHCI_READ_READY | SDHCI_ERRORS);
	if (!power_up(host, can) || !clock_up(host) || !start_card(host, can) || !sdhci_set_clock(host, TRANSFER_KHZ))
		return false;
	mmio_write8(host->regs + SDHCI_CONTROL,
		    (uint8_t)((host->card.eight_lines ? CONTROL_EIGHT_LINES : CONTROL_FOUR_LINES) | (host->wide ? CONTROL_ADMA64 : CONTROL_ADMA32)));
	learn(host);
	pci_enable_master(host->pci, true);
	return !host->blk.wake || pci_irq_attach_pin(host->pci, take_irq, host) == PCI_OK;
}

static enum blk_status reset(struct blk_device *blk)
{
	struct sdhci *host = host_of(blk);

	quiesce(blk);
	if (!start(host)) {
		stop(host);
		return BLK_ERR_RESET;
	}
	blk->dead = false;
	return BLK_OK;
}

static const struct blk_ops ops = {
	.submit = submit,
	.kick = kick,
	.poll = poll,
	.arm = arm,
	.quiesce = quiesce,
	.reset = reset,
};

struct blk_device *sdhci_probe(struct pci_device *pci)
{
	uint64_t regs = pci_bar_at(pci, 0, 0, SDHCI_REGISTER_BYTES);
	struct sdhci *host;

	if (pci->class >> 8 != CLASS_SDHCI || !regs)
		return NULL;
	host = calloc(1, sizeof(*host));
	if (!host)
		return NULL;
	host->table = dma_alloc((size_t)ENTRY_COUNT * ENTRY_BYTES_MAX, 4096, &host->table_bus);
	if (!host->table)
		return NULL;
	host->blk.ops = &ops;
	host->blk.info.driver = "sdhci";
	host->pci = pci;
	host->regs = regs;
	quiesce(&host->blk);
	return &host->blk;
}
