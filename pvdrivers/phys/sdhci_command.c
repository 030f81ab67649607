/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of an SD host, one at a time, each waited for (SD Host Controller simplified specification 3.00). It must not know
 * what they mean.
 */

#include <rt/sysreg.h>
#include <rt/timer.h>

#include "sdhci.h"

#define MS		1000000ull
#define COMMAND_NS	(1000 * MS)
#define RESET_NS	(100 * MS)

uint32_t sdhci_status(const struct sdhci *host)
{
	return mmio_read32(host->regs + SDHCI_STATUS);
}

bool sdhci_reset(const struct sdhci *host, uint8_t part)
{
	uint64_t end = time_ns() + RESET_NS;

	mmio_write8(host->regs + SDHCI_RESET, part);
	while (mmio_read8(host->regs + SDHCI_RESET) & part) {
		if (time_ns() >= end)
			return false;
		cpu_relax();
	}
	return true;
}

bool sdhci_wait_free(const struct sdhci *host, uint32_t bits)
{
	uint64_t end = time_ns() + COMMAND_NS;

	while (mmio_read32(host->regs + SDHCI_PRESENT) & bits) {
		if (time_ns() >= end)
			return false;
		cpu_relax();
	}
	return true;
}

static bool wait_status(const struct sdhci *host, uint32_t wanted)
{
	uint64_t end = time_ns() + COMMAND_NS;

	for (;;) {
		uint32_t status = sdhci_status(host);

		if (status & SDHCI_ERROR || time_ns() >= end)
			return false;
		if ((status & wanted) == wanted)
			return true;
		cpu_relax();
	}
}

bool sdhci_command(const struct sdhci *host, unsigned number, unsigned kind, uint32_t argument, uint32_t answer[4])
{
	bool busy = kind == SDHCI_BUSY_ANSWER || kind == SDHCI_STOP_ANSWER;

	if (!sdhci_wait_free(host, SDHCI_PRESENT_COMMAND | (kind == SDHCI_BUSY_ANSWER ? SDHCI_PRESENT_DATA : 0)))
		return false;
	mmio_write32(host->regs + SDHCI_STATUS, UINT32_MAX);
	mmio_write32(host->regs + SDHCI_ARGUMENT, argument);
	mmio_write16(host->regs + SDHCI_MODE, 0);
	mmio_write16(host->regs + SDHCI_COMMAND, (uint16_t)(SDHCI_NUMBER(number) | kind));
	if (!wait_status(host, SDHCI_DONE_COMMAND | (busy ? SDHCI_DONE_TRANSFER : 0))) {
		sdhci_reset(host, SDHCI_RESET_LINES);
		return false;
	}
	for (unsigned i = 0; i < 4; i++)
		answer[i] = mmio_read32(host->regs + SDHCI_RESPONSE + 4 * i);
	mmio_write32(host->regs + SDHCI_STATUS, UINT32_MAX);
	return true;
}

/* By the data port, as at the start nothing may master memory yet. */
bool sdhci_read_block(const struct sdhci *host, unsigned number, uint32_t argument, uint32_t words[SDHCI_BLOCK_WORDS])
{
	if (!sdhci_wait_free(host, SDHCI_PRESENT_COMMAND | SDHCI_PRESENT_DATA))
		return false;
	mmio_write32(host->regs + SDHCI_STATUS, UINT32_MAX);
	mmio_write16(host->regs + SDHCI_BLOCK_SIZE, BLK_SECTOR_BYTES);
	mmio_write16(host->regs + SDHCI_BLOCK_COUNT, 1);
	mmio_write32(host->regs + SDHCI_ARGUMENT, argument);
	mmio_write16(host->regs + SDHCI_MODE, SDHCI_MODE_READ);
	mmio_write16(host->regs + SDHCI_COMMAND, (uint16_t)(SDHCI_NUMBER(number) | SDHCI_ANSWER | SDHCI_WITH_DATA));
	if (!wait_status(host, SDHCI_DONE_COMMAND | SDHCI_READ_READY)) {
		sdhci_reset(host, SDHCI_RESET_LINES);
		return false;
	}
	for (unsigned i = 0; i < SDHCI_BLOCK_WORDS; i++)
		words[i] = mmio_read32(host->regs + SDHCI_DATA);
	if (!wait_status(host, SDHCI_DONE_TRANSFER)) {
		sdhci_reset(host, SDHCI_RESET_LINES);
		return false;
	}
	mmio_write32(host->regs + SDHCI_STATUS, UINT32_MAX);
	return true;
}

uint32_t sdhci_field(const uint32_t answer[4], unsigned low, unsigned bits)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bits; i++) {
		unsigned at = low + i - 8;

		value |= (answer[at / 32] >> at % 32 & 1) << i;
	}
	return value;
}
