/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SD host with an eMMC behind it: it goes from state to state by the commands that lead there, and does not answer to others. What it was told
 * to write to its configuration can be asked. Data of transfers does not move. It must not know the driver.
 */

#include <string.h>

#include "machine.h"
#include "models.h"

enum { IDLE, READY, IDENTIFICATION, STANDBY, TRANSFER };

#define STATUS		0x30u
#define DONE		1u
#define DONE_ALL	3u
#define READ_READY	(1u << 5)
#define NO_ANSWER	(1u << 16 | 1u << 15)
#define DATA_CRC	(1u << 21 | 1u << 15)
#define ILLEGAL		(1u << 22)	/* in its status */

struct model_emmc_state model_emmc_state;

static unsigned state, asked, word;
static bool is_wrong;		/* the last switch */
static bool is_illegal;		/* the last command; said in the next answer */

/* Powered up when it is asked for the second time. */
static uint32_t op_cond(uint32_t argument)
{
	put32(0x10, 0x00ff8080u | (asked++ ? 1u << 31 : 0) | (model_emmc_state.counts_blocks && argument >> 30 ? 2u << 29 : 0));
	state = asked > 1 ? READY : IDLE;
	return DONE;
}

static uint32_t switch_byte(uint32_t argument)
{
	struct model_emmc_state *s = &model_emmc_state;
	unsigned index = argument >> 16 & 0xff;

	is_wrong = argument >> 24 != 3 || (int)index == s->refuses;
	if (!is_wrong)
		s->ext_csd[index] = (uint8_t)(argument >> 8);
	s->flushes += !is_wrong && index == 32;
	return DONE_ALL;
}

static uint32_t in_transfer(unsigned number, uint32_t argument, bool has_data)
{
	switch (number) {
	case 6:
		return switch_byte(argument);
	case 8:
		word = 0;
		return has_data ? DONE | READ_READY : NO_ANSWER;
	case 13:
		put32(0x10, 0x900 | (is_wrong ? 1u << 7 : 0) | (is_illegal ? ILLEGAL : 0));
		is_wrong = is_illegal = false;
		return DONE;
	case 17: case 18: case 24: case 25:
		put32(0x10, 0x900 | (is_illegal ? ILLEGAL : 0));
		is_illegal = false;
		if (!model_emmc_state.fails)
			return DONE_ALL;
		model_emmc_state.fails--;
		return DONE | DATA_CRC;
	case 16:
		return DONE;
	default:	/* to stop what does not run is illegal as well */
		is_illegal = true;
		return NO_ANSWER;
	}
}

static uint32_t obey(unsigned number, uint32_t argument, bool has_data)
{
	memset(machine_regs + 0x10, 0, 16);
	if (number == 0) {
		state = IDLE;
		asked = 0;
		return DONE;
	}
	if (number == 1 && state == IDLE)
		return op_cond(argument);
	if (number == 2 && state == READY) {
		state = IDENTIFICATION;
		put32(0x10, 0xadbeef00u);	/* the serial number, in bits 47 to 16 */
		put32(0x14, 0xde);
		return DONE;
	}
	if (number == 3 && state == IDENTIFICATION && argument >> 16) {
		state = STANDBY;
		return DONE;
	}
	if (number == 9 && state == STANDBY) {
		put32(0x14, 0x3ffu << 22);	/* 4096 times 512 blocks of 512 bytes: the count's low bits, its multiplier, the block's length */
		put32(0x18, 0x3u | 9u << 8);
		put32(0x14, get32(0x14) | 7u << 7);
		return DONE;
	}
	if (number == 7 && state == STANDBY) {
		state = TRANSFER;
		return DONE_ALL;
	}
	return state == TRANSFER ? in_transfer(number, argument, has_data) : NO_ANSWER;
}

static void emmc_write(unsigned at, uint64_t value, unsigned bytes)
{
	if (at == STATUS) {
		put32(STATUS, get32(STATUS) & ~(uint32_t)value);
		return;
	}
	memcpy(machine_regs + at, &value, bytes);
	if (at == 0x0e)
		put32(STATUS, obey((unsigned)value >> 8, get32(0x08), value & 0x20));
	if (at == 0x2c)
		machine_regs[0x2c] |= 2;
	if (at == 0x2f)
		machine_regs[0x2f] = 0;
}

static uint64_t emmc_read(unsigned at, unsigned bytes)
{
	uint64_t value = 0;

	if (at != 0x20) {
		memcpy(&value, machine_regs + at, bytes);
		return value;
	}
	memcpy(&value, model_emmc_state.ext_csd + 4 * (word % 128), 4);
	if (++word == 128)
		put32(STATUS, 2);
	return value;
}

void model_emmc_soldered(void)
{
	put32(0x24, 0);
	put32(0x40, get32(0x40) | 1u << 30);
}

void model_emmc(void)
{
	static const struct machine_device device = { emmc_read, emmc_write };
	struct model_emmc_state *s = &model_emmc_state;
	const uint32_t sectors = 1u << 24, cache = 512;

	machine.device = &device;
	machine_set_function(0x1b36, 0x0007, 0x080501);
	put32(0x24, 0x000f0000);
	put32(0x40, 1u << 28 | 1u << 24 | 1u << 19 | 1u << 18 | 52u << 8);
	*s = (struct model_emmc_state){ .counts_blocks = true, .refuses = -1 };
	s->ext_csd[192] = 8;
	memcpy(s->ext_csd + 212, &sectors, 4);
	memcpy(s->ext_csd + 249, &cache, 4);
}
