/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An eMMC, from its idle state to the one where it reads and writes (JEDEC JESD84, extended CSD from version 4 on; its
 * numbers by U-Boot's mmc.h and Linux's mmc.h, which agree). Unlike a memory card it
 * answers CMD1, is given its address, and tells of itself in a block of 512 bytes, of which some can be written by CMD6. Its boot and
 * replay-protected partitions are not touched. It must not know the host's registers.
 */

#include <rt/sysreg.h>
#include <rt/timer.h>

#include "sdhci.h"

#define GO_IDLE			0u
#define SEND_OP_COND		1u
#define ALL_SEND_CID		2u
#define SET_RELATIVE_ADDRESS	3u
#define SELECT			7u
#define SEND_EXT_CSD		8u
#define SEND_CSD		9u
#define SET_BLOCK_LENGTH	16u

#define OP_COND			0x40ff8000u	/* 2.7 to 3.6 V, and that we count in blocks */
#define OP_COND_READY		(1u << 31)
#define OP_COND_COUNTS		(3u << 29)
#define OP_COND_BLOCKS		(2u << 29)
#define POWER_UP_NS		2000000000ull	/* one second at most */
#define ADDRESS			(1u << 16)
#define SWITCH_ERROR		(1u << 7)	/* in its status */

/* Bytes of the extended CSD. */
#define CACHE_CONTROL		33u
#define BUS_WIDTH		183u
#define REVISION		192u
#define SECTOR_COUNT		212u	/* 4 bytes */
#define CACHE_SIZE		249u	/* 4 bytes, KiB */
#define REVISION_CACHE		6u	/* that of version 4.5, the first with a cache */
#define WIDTH_FOUR		1u
#define WIDTH_EIGHT		2u

static uint32_t read_byte(const uint32_t *words, unsigned at)
{
	return words[at / 4] >> 8 * (at % 4) & 0xff;
}

static uint32_t read_four(const uint32_t *words, unsigned at)
{
	return read_byte(words, at) | read_byte(words, at + 1) << 8 | read_byte(words, at + 2) << 16 | read_byte(words, at + 3) << 24;
}

static bool power_up(const struct sdhci *host, struct sd_card *card)
{
	uint64_t end = time_ns() + POWER_UP_NS;
	uint32_t answer[4] = { 0 };

	if (!sdhci_command(host, GO_IDLE, SDHCI_NO_ANSWER, 0, answer))
		return false;
	do {
		if (!sdhci_command(host, SEND_OP_COND, SDHCI_OPEN_ANSWER, OP_COND, answer))
			return false;
		cpu_relax();
	} while (!(answer[0] & OP_COND_READY) && time_ns() < end);
	card->by_block = (answer[0] & OP_COND_COUNTS) == OP_COND_BLOCKS;
	return answer[0] & OP_COND_READY;
}

/* Up to 2 GiB the CSD counts, as that of an old memory card; then the extended CSD. */
static uint64_t small_size(const uint32_t csd[4])
{
	uint32_t shift = sdhci_field(csd, 47, 3) + 2 + sdhci_field(csd, 80, 4);

	return shift < 9 ? 0 : (uint64_t)(sdhci_field(csd, 62, 12) + 1) << (shift - 9);
}

static bool identify(const struct sdhci *host, struct sd_card *card)
{
	uint32_t answer[4];

	if (!sdhci_command(host, ALL_SEND_CID, SDHCI_LONG_ANSWER, 0, answer))
		return false;
	card->serial = sdhci_field(answer, 16, 32);
	card->address = ADDRESS;
	if (!sdhci_command(host, SET_RELATIVE_ADDRESS, SDHCI_ANSWER, ADDRESS, answer) ||
	    !sdhci_command(host, SEND_CSD, SDHCI_LONG_ANSWER, ADDRESS, answer))
		return false;
	card->write_protected = sdhci_field(answer, 12, 2) != 0;
	card->sector_count = small_size(answer);
	return sdhci_command(host, SELECT, SDHCI_BUSY_ANSWER, ADDRESS, answer);
}

bool emmc_is_well(const struct sdhci *host, const struct sd_card *card)
{
	uint32_t answer[4];

	return sdhci_command(host, SD_SEND_STATUS, SDHCI_ANSWER, card->address, answer) && !(answer[0] & (SWITCH_ERROR | SD_ERRORS));
}

static bool write_byte(const struct sdhci *host, const struct sd_card *card, unsigned index, unsigned value)
{
	uint32_t answer[4];

	return sdhci_command(host, EMMC_SWITCH, SDHCI_BUSY_ANSWER, EMMC_WRITE_BYTE(index, value), answer) && emmc_is_well(host, card);
}

static bool configure(const struct sdhci *host, struct sd_card *card)
{
	uint32_t words[SDHCI_BLOCK_WORDS];

	if (!sdhci_read_block(host, SEND_EXT_CSD, 0, words))
		return false;
	if (card->by_block)
		card->sector_count = read_four(words, SECTOR_COUNT);
	card->has_cache = read_byte(words, REVISION) >= REVISION_CACHE && read_four(words, CACHE_SIZE);
	if (card->has_cache && !write_byte(host, card, CACHE_CONTROL, 1))
		return false;	/* on or off? what is complete must be durable or flushed, and which is not known */
	return write_byte(host, card, BUS_WIDTH, card->eight_lines ? WIDTH_EIGHT : WIDTH_FOUR);
}

bool emmc_start(const struct sdhci *host, struct sd_card *card, bool eight_lines)
{
	uint32_t answer[4];

	*card = (struct sd_card){ .eight_lines = eight_lines, .is_soldered = true };
	if (!power_up(host, card) || !identify(host, card) || !configure(host, card))
		return false;
	return card->sector_count && (card->by_block || sdhci_command(host, SET_BLOCK_LENGTH, SDHCI_ANSWER, BLK_SECTOR_BYTES, answer));
}
