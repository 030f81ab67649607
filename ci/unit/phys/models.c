/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NVMe, SDHCI and e1000e as far as their drivers look at them: every command succeeds, every frame is sent, buffers come
 * back with something in them.
 */

#include <string.h>

#include "machine.h"
#include "models.h"

static bool lying(void)
{
	return machine_random(1000) < machine.lies;
}

static uint64_t read_plain(unsigned at, unsigned bytes)
{
	uint64_t value = 0;

	memcpy(&value, machine_regs + at, bytes);
	return value;
}

/* ---- NVMe ---- */

static struct queue {
	uint64_t commands;
	uint64_t completions;
	uint32_t size;
	uint32_t head;
	uint32_t tail;		/* of completions */
	uint32_t phase;
} queues[2];
static bool queues_asked;
static uint64_t settled;	/* when it is ready, or is not any more */

static void fill_identity(uint8_t *page, uint32_t what)
{
	const uint64_t blocks = 1u << 20;

	memset(page, 0, 4096);
	if (what == 1) {
		memcpy(page + 4, "unit                ", 20);
		page[520] = 0x0c;
		page[525] = 1;
	} else {
		memcpy(page, &blocks, 8);
		page[25] = 16;		/* seventeen formats, of which the last is in use */
		page[26] = 1u << 5;
		page[128 + 2] = 12;
		page[128 + 4 * 16 + 2] = 9;
	}
	for (unsigned i = 0; lying() && i < 20; i++)
		page[machine_random(600)] = (uint8_t)machine_random(256);
}

static void run_admin(const uint32_t *command)
{
	uint64_t prp = command[6] | (uint64_t)command[7] << 32;
	uint8_t *page = machine_memory(prp, 4096);

	if ((command[0] & 0xff) == 6 && page)
		fill_identity(page, command[10]);
	if ((command[0] & 0xff) == 9)
		queues_asked = command[10] == 7;
	if ((command[0] & 0xff) == 5) {
		machine_rule(queues_asked, "how many queues is asked before one is made (7.6.1)");
		queues[1].completions = prp;
	}
	if ((command[0] & 0xff) == 1)
		queues[1] = (struct queue){ prp, queues[1].completions, (command[10] >> 16) + 1, 0, 0, 1 };
}

static void complete(struct queue *queue, uint32_t identifier)
{
	uint32_t *completion = machine_memory(queue->completions + 16ull * queue->tail, 16);
	uint32_t status = lying() ? machine_random(2048) : 0;

	if (lying())
		identifier = machine_random(machine_random(2) ? 65536 : 70);
	if (completion)
		completion[3] = identifier | (lying() ? 0 : queue->phase) << 16 | status << 17;
	if (++queue->tail == queue->size) {
		queue->tail = 0;
		queue->phase ^= 1;
	}
}

static void run_queue(struct queue *queue, uint32_t tail)
{
	while (queue->head != tail && tail < queue->size) {
		const uint32_t *command = machine_memory(queue->commands + 64ull * queue->head, 64);

		if (!command)
			return;
		if (queue == &queues[0])
			run_admin(command);
		if (!lying())
			complete(queue, command[0] >> 16);
		queue->head = (queue->head + 1) % queue->size;
	}
}

/* Ready, and not ready any more, comes a while after it was asked for: at times almost as long as CAP.TO allows, eight seconds. */
static uint64_t nvme_read(unsigned at, unsigned bytes)
{
	if (at == 0x1c && machine.time >= settled)
		put32(0x1c, get32(0x14) & 1);
	return read_plain(at, bytes);
}

static void nvme_configure(uint32_t value)
{
	uint32_t old = get32(0x14);

	machine_rule((value & 1) == (old & 1) || (get32(0x1c) & 1) == (old & 1), "the controller is as it was asked before it is asked anew (3.1.5)");
	machine_rule(!(old & 1) || ((old ^ value) & 0x3ff0) == 0, "pages, arbitration and command set are not changed while it is enabled (3.1.5)");
	put32(0x14, value);
	settled = machine.time + (machine_random(16) ? 1000000 : 7900000000ull);
	queues_asked = queues_asked && value & 1;
	queues[0] = (struct queue){ get32(0x28) | (uint64_t)get32(0x2c) << 32, get32(0x30) | (uint64_t)get32(0x34) << 32,
				    (get32(0x24) & 0xfff) + 1, 0, 0, 1 };
}

static void nvme_write(unsigned at, uint64_t value, unsigned bytes)
{
	if (at == 0x14) {
		nvme_configure((uint32_t)value);
		return;
	}
	memcpy(machine_regs + at, &value, bytes);
	if (at == 0x1000)
		run_queue(&queues[0], (uint32_t)value);
	if (at == 0x1008 && queues[1].size)
		run_queue(&queues[1], (uint32_t)value);
}

void model_nvme(void)
{
	static const struct machine_device device = { nvme_read, nvme_write };

	machine.device = &device;
	machine_set_function(0x1b36, 0x0010, 0x010802);
	put32(0x00, 0x100000ff);
	put32(0x04, 0x20);
	put32(0x14, 0x00460801);	/* somebody enabled it just before, by another arbitration */
	settled = 3000000;
}

/* ---- SDHCI ---- */

static unsigned bouncing;	/* looks until it is known that a card is in */

static void sd_answer(uint16_t command)
{
	memset(machine_regs + 0x10, 0, 16);
	put32(0x10, 0x900);
	switch (command >> 8) {
	case 8: put32(0x10, 0x1aa); break;
	case 41: put32(0x10, 0xc0ff8000); break;
	case 3: put32(0x10, 0x12340000); break;
	case 9:
		put32(0x14, 0x1fff << 8);
		put32(0x1c, 1u << 22);
		break;
	}
	put32(0x30, command & 0x20 || (command & 0x1f) == 0x1b ? 3 : 1);
	if (lying())
		put32(0x30, get32(0x30) | 1u << 15 | 1u << machine_random(32));
}

static uint64_t power_since, clock_since;

/* Power and clock, and what must pass before they count (physical layer, 6.4.1). */
static void sd_power(uint8_t value)
{
	machine_rule(!(value & 1) || machine_regs[0x29] == (value & ~1), "the voltage is chosen before it is turned on");
	machine_rule(!(value & 1) || value == 0x0f, "a voltage that the host has");
	machine_regs[0x29] = value;
	power_since = machine.time;
}

static void sd_clock(uint16_t value)
{
	memcpy(machine_regs + 0x2c, &value, 2);
	machine_regs[0x2c] |= 2;
	if (value & 4)
		clock_since = machine.time;
	else
		clock_since = 0;
}

static void sd_command(uint16_t command)
{
	machine_rule(machine_regs[0x29] & 1 && machine.time >= power_since + 35000000, "no command before the voltage is there");
	machine_rule(clock_since && machine.time >= clock_since + (command >> 8 ? 0 : 200000), "no command before 74 clocks");
	machine_rule(command >> 8 != 12 || (command & 0xc0) == 0xc0, "the command that stops a transfer is one that aborts");
	sd_answer(command);
}

static uint64_t sdhci_read(unsigned at, unsigned bytes)
{
	if (at == 0x24 && bouncing && !--bouncing)
		put32(0x24, 0x000f0000);
	return read_plain(at, bytes);
}

static void sdhci_write(unsigned at, uint64_t value, unsigned bytes)
{
	if (at == 0x30)
		put32(0x30, get32(0x30) & ~(uint32_t)value);
	else if (at == 0x29)
		sd_power((uint8_t)value);
	else if (at == 0x2c)
		sd_clock((uint16_t)value);
	else
		memcpy(machine_regs + at, &value, bytes);
	if (at == 0x0e)
		sd_command((uint16_t)value);
	if (at == 0x2f && value & 1)
		machine_regs[0x29] = 0;
	if (at == 0x2f)
		machine_regs[0x2f] = 0;
}

void model_sdhci(void)
{
	static const struct machine_device device = { sdhci_read, sdhci_write };

	machine.device = &device;
	machine_set_function(0x1b36, 0x0007, 0x080501);
	bouncing = 5;
	put32(0x40, 1u << 28 | 1u << 24 | 1u << 19 | 52u << 8);
}

/* ---- e1000e ---- */

#define CTRL_ONES	(1u << 3 | 1u << 20)

static unsigned loading;	/* looks until the EEPROM is read */

static uint64_t ring_base(unsigned at)
{
	return get32(at) | (uint64_t)get32(at + 4) << 32;
}

static void send_frames(uint32_t tail)
{
	uint32_t at = get32(0x3810);

	for (; at != tail && at < 256 && tail < 256; at = (at + 1) % 256) {
		uint8_t *entry = machine_memory(ring_base(0x3800) + 16ull * at, 16);

		if (entry && !lying())
			entry[12] |= 1;
	}
	put32(0x3810, at);
}

/* Errors are said where a frame ends, and nothing sensible before (82574 datasheet, 7.1.3). */
static void receive_frames(uint32_t tail)
{
	uint32_t at = get32(0x2810);

	for (; at != tail && at < 256 && tail < 256; at = (at + 1) % 256) {
		uint8_t *entry = machine_memory(ring_base(0x2800) + 16ull * at, 16);
		uint16_t bytes = (uint16_t)(lying() ? machine_random(65536) : 60 + machine_random(1400));
		bool last = machine_random(8);

		if (!entry)
			return;
		memcpy(entry + 8, &bytes, 2);
		entry[12] = (uint8_t)(lying() ? machine_random(256) : last ? 3 : 1);
		entry[13] = (uint8_t)(lying() || !last ? machine_random(256) : 0);
	}
	put32(0x2810, at);
}

/* What reset leaves of the registers that matter here; its EEPROM is read a while later. */
static void e1000e_reset(void)
{
	machine_rule(get32(0) & 4 && !(get32(0x08) & 1u << 19), "no reset while the card may master the bus (82574 datasheet, 3.1.3.10)");
	machine_rule(!(get32(0x100) & 2) && !(get32(0x400) & 2), "no reset while it sends or receives");
	machine_rule(get32(0xf00) & 1u << 5, "no reset while its firmware may use the PHY (4.5.2)");
	memset(machine_regs, 0, 0x5400);
	put32(0x00, CTRL_ONES);
	put32(0x400, 1u << 28);
	loading = 3;
}

static void e1000e_control(uint32_t value)
{
	machine_rule((value & CTRL_ONES) == CTRL_ONES, "bits 3 and 20 of the control register stay one (10.2.2.1)");
	if (value & 1u << 26) {
		e1000e_reset();
		return;
	}
	put32(0x00, value);
	put32(0x08, value & 4 ? 2 : 2 | 1u << 19);
}

static uint64_t e1000e_read(unsigned at, unsigned bytes)
{
	if (at == 0x10 && loading && !--loading)
		put32(0x10, 1u << 9);
	if (at == 0x5400)
		machine_rule(get32(0x10) & 1u << 9, "its address is there once the EEPROM is read");
	return read_plain(at, bytes);
}

static void e1000e_write(unsigned at, uint64_t value, unsigned bytes)
{
	if (at == 0x00) {
		e1000e_control((uint32_t)value);
		return;
	}
	memcpy(machine_regs + at, &value, bytes);
	if (at == 0x400 && value & 2) {
		machine_rule(value & 1u << 28, "several requests to memory at once, as its reset has it");
		machine_rule(get32(0x3840) & 1u << 26 && get32(0x5b00) & 1u << 22 && get32(0x5b64) & 1, "what Intel's own drivers set for this card");
	}
	if (at == 0xc0)
		put32(0xc0, 0x80);
	if (at == 0x3818)
		send_frames((uint32_t)value);
	if (at == 0x2818)
		receive_frames((uint32_t)value);
}

void model_e1000e(void)
{
	static const struct machine_device device = { e1000e_read, e1000e_write };

	machine.device = &device;
	machine_set_function(0x8086, 0x10d3, 0x020000);
	put32(0x00, CTRL_ONES);
	put32(0x08, 2 | 1u << 19);
	put32(0x10, 1u << 9);
	put32(0x5400, 0x12005452);
	put32(0x5404, 1u << 31 | 0x5634);
}
