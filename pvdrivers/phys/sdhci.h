/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHYS_SDHCI_H
#define PHYS_SDHCI_H

/*
 * What the files of the SD host driver tell one another: the host's registers, its commands, and the card. Source: SD Host
 * Controller simplified specification 3.00, 2.2 (registers) and 1.13 (ADMA2), and SD physical layer simplified specification, 4.7 to 4.10
 * (commands, card status), by what U-Boot's sdhci.h and mmc.h, FreeBSD's sdhci.c and Linux's core/core.c have: each number stands in two of
 * them at least.
 */

#include <rt/mmio.h>
#include <rt/pci.h>

#include "blk.h"

#define SDHCI_BLOCK_SIZE	0x04u
#define SDHCI_BLOCK_COUNT	0x06u
#define SDHCI_ARGUMENT		0x08u
#define SDHCI_MODE		0x0cu
#define SDHCI_COMMAND		0x0eu
#define SDHCI_RESPONSE		0x10u
#define SDHCI_DATA		0x20u
#define SDHCI_PRESENT		0x24u
#define SDHCI_CONTROL		0x28u
#define SDHCI_POWER		0x29u
#define SDHCI_CLOCK		0x2cu
#define SDHCI_TIMEOUT		0x2eu
#define SDHCI_RESET		0x2fu
#define SDHCI_STATUS		0x30u	/* normal; the upper half: errors */
#define SDHCI_STATUS_ENABLE	0x34u
#define SDHCI_SIGNAL_ENABLE	0x38u
#define SDHCI_CAPABILITIES	0x40u
#define SDHCI_ADMA		0x58u
#define SDHCI_VERSION		0xfeu
#define SDHCI_REGISTER_BYTES	0x100u

#define SDHCI_PRESENT_COMMAND	(1u << 0)	/* no command can be given */
#define SDHCI_PRESENT_DATA	(1u << 1)	/* none that uses the data lines */
#define SDHCI_PRESENT_CARD	(1u << 16)
#define SDHCI_PRESENT_STABLE	(1u << 17)	/* it is known whether there is one */
#define SDHCI_PRESENT_WRITABLE	(1u << 19)

#define SDHCI_DONE_COMMAND	(1u << 0)
#define SDHCI_DONE_TRANSFER	(1u << 1)
#define SDHCI_READ_READY	(1u << 5)	/* a block waits in the data port */
#define SDHCI_ERROR		(1u << 15)
#define SDHCI_ERRORS		0xffff0000u

#define SDHCI_RESET_ALL		(1u << 0)
#define SDHCI_RESET_LINES	(3u << 1)

/* A command: its number, and what answers it. */
#define SDHCI_NO_ANSWER		0x00u
#define SDHCI_LONG_ANSWER	0x09u	/* 136 bits, CRC checked */
#define SDHCI_ANSWER		0x1au	/* 48 bits, CRC and number checked */
#define SDHCI_BUSY_ANSWER	0x1bu
#define SDHCI_OPEN_ANSWER	0x02u	/* 48 bits without either: R3 */
#define SDHCI_STOP_ANSWER	0xdbu	/* the same, of the command that ends a transfer: it may come while the data lines are in use */
#define SDHCI_WITH_DATA		0x20u
#define SDHCI_NUMBER(n)		((uint16_t)((n) << 8))

/* Transfer mode. */
#define SDHCI_MODE_DMA		(1u << 0)
#define SDHCI_MODE_COUNT	(1u << 1)
#define SDHCI_MODE_STOP		(1u << 2)	/* CMD12 by itself at the end */
#define SDHCI_MODE_READ		(1u << 4)
#define SDHCI_MODE_MANY		(1u << 5)

/* Card status in an R1 answer (SD physical layer simplified specification, 4.10.1). */
#define SD_OUT_OF_RANGE		(1u << 31)
#define SD_WRITE_PROTECTED	(1u << 26)
#define SD_ERRORS		0xfdf90008u
#define SD_SEND_STATUS		13u

#define SDHCI_BLOCK_WORDS	(BLK_SECTOR_BYTES / 4)

/* eMMC: a byte of its configuration is written by CMD6. */
#define EMMC_SWITCH		6u
#define EMMC_WRITE_BYTE(index, value)	(3u << 24 | (uint32_t)(index) << 16 | (uint32_t)(value) << 8 | 1u)
#define EMMC_FLUSH_CACHE	32u
#define EMMC_FLUSH_ARGUMENT	EMMC_WRITE_BYTE(EMMC_FLUSH_CACHE, 1)

/* What the card said of itself. */
struct sd_card {
	uint32_t address;	/* RCA, in the upper half */
	bool by_block;		/* SDHC and later: arguments count blocks, not bytes */
	bool write_protected;
	bool eight_lines;	/* four, otherwise */
	bool is_soldered;	/* an eMMC: nobody can take it out, or turn its switch */
	bool has_cache;		/* and it is on: what is complete is durable after a flush only */
	uint64_t sector_count;
	uint32_t serial;
};

struct sdhci {
	struct blk_device blk;	/* first: what consumers see */
	struct pci_device *pci;
	uint64_t regs;
	struct sd_card card;
	bool wide;		/* 64-bit ADMA descriptors */
	uint8_t *table;		/* of them */
	uint64_t table_bus;
	bool busy;		/* a request is under way */
	bool is_flush;
	uint64_t cookie;
	uint64_t deadline;
	volatile bool armed;	/* (handler clears) */
};

/** Its status registers, normal and error. */
uint32_t sdhci_status(const struct sdhci *host);

/** Resets parts of the host, SDHCI_RESET_*. False: not within its time. */
bool sdhci_reset(const struct sdhci *host, uint8_t part);

/** Waits until none of these bits of SDHCI_PRESENT is set. False: not within its time. */
bool sdhci_wait_free(const struct sdhci *host, uint32_t bits);

/** Gives a command without data and waits for its answer, four words. False: none came, or a wrong one. */
bool sdhci_command(const struct sdhci *host, unsigned number, unsigned kind, uint32_t argument, uint32_t answer[4]);

/** Gives a command that reads one block of 512 bytes, and reads it. False: it did not come. */
bool sdhci_read_block(const struct sdhci *host, unsigned number, uint32_t argument, uint32_t words[SDHCI_BLOCK_WORDS]);

/** Bits `low`.. of a register that came as a long answer, whose last byte is left out. */
uint32_t sdhci_field(const uint32_t answer[4], unsigned low, unsigned bits);

/** A card clock of at most `khz`. False: it does not become stable. */
bool sdhci_set_clock(const struct sdhci *host, uint32_t khz);

/** Finds out what the memory card is, and selects it: identification and transfer mode. False: it is not one that we know. */
bool sd_card_start(const struct sdhci *host, struct sd_card *card);

/** The same for an eMMC, whose cache is turned on if it has one. */
bool emmc_start(const struct sdhci *host, struct sd_card *card, bool eight_lines);

/** Whether the last CMD6 did what it should, and nothing else is wrong. */
bool emmc_is_well(const struct sdhci *host, const struct sd_card *card);

#endif
