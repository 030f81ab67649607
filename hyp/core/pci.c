/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host bridge of a partition that drives PCI functions by itself: what
 * it sees of their configuration space, register by register. Addresses
 * are the plan's and stay where they are; what resets, wakes or routes is
 * ours. pci_start.c has functions before their partition runs. It must not
 * know how a message becomes an interrupt.
 */
#include <hyp/arch.h>
#include <hyp/pci.h>

#include "pci.h"

enum kind {
	PLAIN,
	COMMAND,      /* memory enable is remembered, the function always answers; the rest is written through */
	BAR,
	FIRST,        /* pointer to the first capability that is shown */
	NEXT,         /* the same in each capability */
	MSIX_CONTROL, /* NEXT, and the number of vectors */
	PIN,
};

/* A word of configuration space, within the header or within a capability. */
struct line {
	uint8_t offset;
	uint8_t kind;    /* enum kind */
	uint32_t read;   /* bits that come from the function; others read as zero */
	uint32_t write;  /* bits that go to the function; writes of others are ignored */
	const char *why; /* the register's name, and the reason for what is hidden */
};

static const struct line header[] = {
	{ 0x00, PLAIN, 0xffffffff, 0, "vendor and device" },
	{ 0x04, COMMAND, 0x00180000, 0, "command: memory, bus master, pin off, no I/O space, no error reports; status: capabilities, pin's state" },
	{ 0x08, PLAIN, 0xffffffff, 0, "revision and class" },
	{ 0x0c, PLAIN, 0x007f0000, 0, "header type, of a device with one function; no cache line, timer, self-test" },
	{ 0x10, BAR, 0, 0, "BAR 0: the plan's address; all ones for its size" },
	{ 0x14, BAR, 0, 0, "BAR 1" },
	{ 0x18, BAR, 0, 0, "BAR 2" },
	{ 0x1c, BAR, 0, 0, "BAR 3" },
	{ 0x20, BAR, 0, 0, "BAR 4" },
	{ 0x24, BAR, 0, 0, "BAR 5" },
	{ 0x2c, PLAIN, 0xffffffff, 0, "subsystem" },
	{ 0x34, FIRST, 0, 0, "first capability" },
	{ 0x3c, PIN, 0, 0, "pin, if it leads to an interrupt of the partition; no line, no latencies" },
	/* 0x28 CardBus, 0x30 expansion ROM: firmware's */
};

static const struct line power[] = {
	{ 0x00, NEXT, 0x00070000, 0, "power management: version; no wake-up events, no D1, D2" },
	{ 0x04, PLAIN, 0x00000008, 0, "status: D0 for ever" },
};

static const struct line express[] = {
	{ 0x00, NEXT, 0x3eff0000, 0, "version and type; no slot" },
	{ 0x04, PLAIN, 0xefffffff, 0, "device: no function-level reset, which would take the addresses with it" },
	{ 0x08, PLAIN, 0x00207fff, 0x00007010, "device control: size of read requests, relaxed ordering; the rest is the bridge's too" },
	{ 0x0c, PLAIN, 0xffffffff, 0, "link" },
	{ 0x10, PLAIN, 0xffffffff, 0, "link control: of both ends" },
	/* slot, root: of bridges. Second device and link words: completion timeouts, groups, atomic operations: of the way between */
};

static const struct line msix[] = {
	{ 0x00, MSIX_CONTROL, 0xc7ff0000, 0xc0000000, "MSI-X control: enable, mask; as many vectors as the plan has events" },
	{ 0x04, PLAIN, 0xffffffff, 0, "place of the table" },
	{ 0x08, PLAIN, 0xffffffff, 0, "place of the pending bits" },
};

/* What is shown, in the order of the chain. Hidden: MSI, vendor's own, vital product data, advanced features; and the extended space. */
static const struct {
	const struct line *lines;
	uint32_t count, bytes;
	uint8_t id;
} capabilities[PCI_CAP_COUNT] = {
	[PCI_CAP_PM] = { power, ARRAY_COUNT(power), 8, PCI_ID_PM },
	[PCI_CAP_EXPRESS] = { express, ARRAY_COUNT(express), 0x3c, PCI_ID_EXPRESS },
	[PCI_CAP_MSIX] = { msix, ARRAY_COUNT(msix), 12, PCI_ID_MSIX },
};

/* A line found for an access. */
struct place {
	const struct line *line;
	uint32_t base;               /* of the header or of the capability */
	uint32_t capability;         /* PCI_CAP_COUNT: the header */
};

static const struct line *line_find(const struct line *lines, uint32_t count, uint32_t offset)
{
	for (uint32_t i = 0; i < count; i++)
		if (lines[i].offset == offset)
			return &lines[i];
	return NULL;
}

static struct place place_find(const struct pci_function *state, uint32_t offset)
{
	struct place place = { .line = line_find(header, ARRAY_COUNT(header), offset), .capability = PCI_CAP_COUNT };

	for (uint32_t c = 0; c < PCI_CAP_COUNT && !place.line; c++) {
		uint32_t base = state->capability[c];

		if (base && offset - base < capabilities[c].bytes)
			place = (struct place){ line_find(capabilities[c].lines, capabilities[c].count, offset - base), base, c };
	}
	return place;
}

/* The pointer in capability `after`: to the next that is shown. */
static uint32_t next_of(const struct pci_function *state, uint32_t after)
{
	for (uint32_t c = after + 1u; c < PCI_CAP_COUNT; c++)
		if (state->capability[c])
			return state->capability[c];
	return 0;
}

/* A BAR of 64 bits takes two registers. */
static bool is_upper(const struct plan_pci_function *function, uint32_t index)
{
	return index > 0 && function->bars[index - 1u].size &&
	       (arch_pci_read(function->requester, PCI_BAR(index - 1u)) & PCI_BAR_WIDTH) == PCI_BAR_WIDE;
}

static uint32_t bar_read(const struct plan_pci_function *function, uint32_t index)
{
	bool upper = is_upper(function, index);
	const struct plan_pci_bar *bar = &function->bars[upper ? index - 1u : index];
	uint64_t value = function->state->sizing & 1u << index ? ~(bar->size - 1u) : bar->ipa.v;

	if (!bar->size)
		return 0;
	if (upper)
		return (uint32_t)(value >> 32);
	return (uint32_t)value | (arch_pci_read(function->requester, PCI_BAR(index)) & PCI_BAR_FLAGS);
}

static void bar_write(const struct plan_pci_function *function, uint32_t index, uint32_t value, uint32_t lanes)
{
	uint32_t bit = 1u << index;

	if (lanes != UINT32_MAX)
		return;
	function->state->sizing &= ~bit;
	if ((value | PCI_BAR_FLAGS) == UINT32_MAX)
		function->state->sizing |= bit;
}

static uint32_t vectors_clip(uint32_t control, uint32_t count)
{
	uint32_t last = PCI_MSIX_LAST(control);

	if (last >= count)
		last = count - 1u;
	return (control & ~PCI_MSIX_LAST_MASK) | last << 16;
}

static uint32_t line_read(const struct plan_pci_function *function, const struct place *place)
{
	const struct pci_function *state = function->state;
	const struct line *line = place->line;
	uint32_t value = line->read ? arch_pci_read(function->requester, place->base + line->offset) & line->read : 0;

	switch ((enum kind)line->kind) {
	case PLAIN:
		return value;
	case COMMAND:
		return value | state->command;
	case BAR:
		return bar_read(function, (line->offset - PCI_BAR(0)) / 4u);
	case FIRST:
		return next_of(state, UINT32_MAX);
	case MSIX_CONTROL:
		value = vectors_clip(value, function->message_count);
		break;
	case NEXT:
		break;
	case PIN:
		return (uint32_t)function->pin << 8;
	}
	return value | capabilities[place->capability].id | next_of(state, place->capability) << 8;
}

static void command_write(const struct plan_pci_function *function, uint32_t value, uint32_t lanes)
{
	struct pci_function *state = function->state;

	lanes &= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PIN_OFF;
	state->command = (state->command & ~lanes) | (value & lanes);
	pci_command(function, state->command);
}

/* Half by half: a write to one must not touch bits of the other that are cleared by ones. */
static void plain_write(const struct plan_pci_function *function, uint32_t offset, uint32_t value, uint32_t lanes)
{
	for (uint32_t shift = 0; shift < 32u; shift += 16u) {
		uint16_t mask = (uint16_t)(lanes >> shift);
		uint32_t was;

		if (!mask)
			continue;
		was = arch_pci_read(function->requester, offset) >> shift;
		arch_pci_write(function->requester, offset + shift / 8u, (uint16_t)((was & ~(uint32_t)mask) | (value >> shift & mask)));
	}
}

static void line_write(const struct plan_pci_function *function, const struct place *place, uint32_t value, uint32_t lanes)
{
	const struct line *line = place->line;

	lock_take(&function->state->lock);
	if (line->kind == COMMAND)
		command_write(function, value, lanes);
	else if (line->kind == BAR)
		bar_write(function, (line->offset - PCI_BAR(0)) / 4u, value, lanes);
	else
		plain_write(function, place->base + line->offset, value, lanes & line->write);
	lock_drop(&function->state->lock);
}

/* ---- the bus ---- */

static const struct plan_pci_function *function_find(const struct plan_partition *partition, uint32_t requester)
{
	for (uint32_t i = 0; i < partition->function_count; i++)
		if (partition->functions[i].virtual_requester == requester && partition->functions[i].state->is_there)
			return &partition->functions[i];
	return NULL;
}

/* Bits of the word that the access covers. */
static uint32_t lanes_of(const struct mmio_access *access)
{
	return (uint32_t)(UINT32_MAX >> (32u - 8u * access->width)) << 8u * (access->offset & 3u);
}

static void config_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	const struct plan_pci_function *function = function_find(vcpu->partition, access->offset >> PCI_FUNCTION_SHIFT);
	uint32_t value = UINT32_MAX; /* nothing answers */

	(void)reg;
	if (function) {
		struct place place = place_find(function->state, access->offset & PCI_OFFSET_MASK);

		value = place.line ? line_read(function, &place) : 0;
	}
	access->value = (value & lanes_of(access)) >> 8u * (access->offset & 3u);
}

static void config_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	const struct plan_pci_function *function = function_find(vcpu->partition, access->offset >> PCI_FUNCTION_SHIFT);
	struct place place;

	(void)reg;
	if (!function)
		return;
	place = place_find(function->state, access->offset & PCI_OFFSET_MASK);
	if (place.line)
		line_write(function, &place, (uint32_t)access->value << 8u * (access->offset & 3u), lanes_of(access));
}

static const struct mmio_reg pci_regs[] = {
	{ 0, 1u << PCI_BUS_SHIFT, MMIO_W8 | MMIO_W16 | MMIO_W32, config_read, config_write, 0, "configuration space of bus 0" },
};

const struct mmio_block pci_block = { "PCI", pci_regs, ARRAY_COUNT(pci_regs), false, 0 };
