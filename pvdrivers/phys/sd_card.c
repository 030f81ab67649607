/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SD memory card, from its idle state to the one where it reads and writes (SD physical layer simplified
 * specification, 4.2 and 5.3). eMMC answers other commands: emmc.c. It must not know the host's registers.
 */

#include <rt/sysreg.h>
#include <rt/timer.h>

#include "sdhci.h"

#define GO_IDLE			0u
#define ALL_SEND_CID		2u
#define SEND_RELATIVE_ADDRESS	3u
#define SET_BUS_WIDTH		6u	/* after APP */
#define SELECT			7u
#define SEND_IF_COND		8u
#define SEND_CSD		9u
#define SET_BLOCK_LENGTH	16u
#define SEND_OP_COND		41u	/* after APP */
#define APP			55u

#define IF_COND			0x1aau	/* 2.7 to 3.6 V, and a pattern that comes back */
#define OP_COND			0x00ff8000u
#define OP_COND_LARGE		(1u << 30)
#define OP_COND_READY		(1u << 31)
#define POWER_UP_NS		2000000000ull	/* 4.2.3: one second at most */

static bool app_command(const struct sdhci *host, uint32_t address, unsigned number, unsigned kind, uint32_t argument, uint32_t answer[4])
{
	return sdhci_command(host, APP, SDHCI_ANSWER, address, answer) && sdhci_command(host, number, kind, argument, answer);
}

static bool power_up(const struct sdhci *host, struct sd_card *card)
{
	uint64_t end = time_ns() + POWER_UP_NS;
	uint32_t answer[4] = { 0 };
	uint32_t argument = OP_COND;

	if (!sdhci_command(host, GO_IDLE, SDHCI_NO_ANSWER, 0, answer))
		return false;
	if (sdhci_command(host, SEND_IF_COND, SDHCI_ANSWER, IF_COND, answer) && (answer[0] & 0xfff) == IF_COND)
		argument |= OP_COND_LARGE;	/* an old card does not answer */
	do {
		if (!app_command(host, 0, SEND_OP_COND, SDHCI_OPEN_ANSWER, argument, answer))
			return false;
		cpu_relax();
	} while (!(answer[0] & OP_COND_READY) && time_ns() < end);
	card->by_block = answer[0] & OP_COND_LARGE;
	return answer[0] & OP_COND_READY;
}

/* Card-specific data, 5.3: two versions count the capacity in two ways. */
static bool read_csd(const struct sdhci *host, struct sd_card *card)
{
	uint32_t csd[4];

	if (!sdhci_command(host, SEND_CSD, SDHCI_LONG_ANSWER, card->address, csd))
		return false;
	card->write_protected = sdhci_field(csd, 12, 2) != 0;
	if (sdhci_field(csd, 126, 2) == 1) {
		card->sector_count = ((uint64_t)sdhci_field(csd, 48, 22) + 1) << 10;
		return true;
	}
	if (sdhci_field(csd, 126, 2) != 0 || sdhci_field(csd, 80, 4) < 9)
		return false;
	card->sector_count = ((uint64_t)sdhci_field(csd, 62, 12) + 1) << (sdhci_field(csd, 47, 3) + 2 + sdhci_field(csd, 80, 4) - 9);
	return true;
}

bool sd_card_start(const struct sdhci *host, struct sd_card *card)
{
	uint32_t answer[4];

	*card = (struct sd_card){ 0 };
	if (!power_up(host, card) || !sdhci_command(host, ALL_SEND_CID, SDHCI_LONG_ANSWER, 0, answer))
		return false;
	card->serial = sdhci_field(answer, 24, 32);
	if (!sdhci_command(host, SEND_RELATIVE_ADDRESS, SDHCI_ANSWER, 0, answer))
		return false;
	card->address = answer[0] & 0xffff0000u;
	if (!read_csd(host, card) || !sdhci_command(host, SELECT, SDHCI_BUSY_ANSWER, card->address, answer))
		return false;
	if (!app_command(host, card->address, SET_BUS_WIDTH, SDHCI_ANSWER, 2, answer))
		return false;	/* four lines: every memory card has them */
	return card->by_block || sdhci_command(host, SET_BLOCK_LENGTH, SDHCI_ANSWER, BLK_SECTOR_BYTES, answer);
}
