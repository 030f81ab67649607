/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI functions before and after their partition runs: silent, reset, and at
 * the plan's addresses. What is not as the plan says is left silent, and its
 * partition does not see it. It must not know what partitions read and
 * write.
 */
#include <hyp/arch.h>
#include <hyp/console.h>

#include "pci.h"

#define CHAIN_MAX 48u    /* capabilities in 192 bytes */
#define RESET_US 100000u /* PCI Express Base Specification, function-level reset: silence before the next access */

static uint32_t config_read(const struct plan_pci_function *function, uint32_t offset)
{
	return arch_pci_read(function->requester, offset);
}

/* The lower or upper half of a word. */
static void config_write(const struct plan_pci_function *function, uint32_t offset, uint32_t value)
{
	arch_pci_write(function->requester, offset, (uint16_t)value);
}

static void word_write(const struct plan_pci_function *function, uint32_t offset, uint32_t value)
{
	arch_pci_write_word(function->requester, offset, value);
}

static bool is_present(const struct plan_pci_function *function)
{
	return (config_read(function, PCI_VENDOR) & 0xffffu) != PCI_VENDOR_NONE;
}

static void boot(void)
{
	for (uint32_t r = 0; r < plan.pci->bus_count << PCI_REQUESTER_SHIFT; r++)
		if ((arch_pci_read((uint16_t)r, PCI_VENDOR) & 0xffffu) != PCI_VENDOR_NONE)
			arch_pci_write((uint16_t)r, PCI_COMMAND, 0);
}

void pci_command(const struct plan_pci_function *function, uint32_t command)
{
	command |= PCI_COMMAND_MEMORY;
	if (!function->pin)
		command |= PCI_COMMAND_PIN_OFF;
	config_write(function, PCI_COMMAND, command);
}

/* Offset of capability `id`; 0: it has none. A chain that leads in a circle ends. */
static uint32_t capability_find(const struct plan_pci_function *function, uint32_t id)
{
	uint32_t at = config_read(function, PCI_COMMAND) & PCI_STATUS_CAPABILITIES ? config_read(function, PCI_FIRST) & 0xfcu : 0;

	for (uint32_t i = 0; i < CHAIN_MAX && at >= 0x40u; i++) {
		uint32_t head = config_read(function, at);

		if ((head & 0xffu) == id)
			return at;
		at = head >> 8 & 0xfcu;
	}
	return 0;
}

/* ---- stop ---- */

static void messages_off(const struct plan_pci_function *function, uint32_t id)
{
	uint32_t at = capability_find(function, id);

	if (at)
		config_write(function, at + PCI_MSG_CONTROL, 0);
}

static void function_silence(const struct plan_pci_function *function)
{
	if (!is_present(function))
		return;
	config_write(function, PCI_COMMAND, PCI_COMMAND_PIN_OFF);
	messages_off(function, PCI_ID_MSI);
	messages_off(function, PCI_ID_MSIX);
}

static void stop(const struct plan_partition *partition)
{
	for (uint32_t i = 0; i < partition->function_count; i++)
		function_silence(&partition->functions[i]);
}

/* ---- reset ---- */

static void wake(const struct plan_pci_function *function)
{
	uint32_t at = capability_find(function, PCI_ID_PM);

	if (at)
		config_write(function, at + PCI_PM_STATUS, config_read(function, at + PCI_PM_STATUS) & ~PCI_PM_STATE & 0x7fffu);
}

/* Returns: false if it has no such reset; then it is silent, and its driver resets it. */
static bool function_reset(const struct plan_pci_function *function)
{
	uint32_t at = capability_find(function, PCI_ID_EXPRESS);

	if (!at || !(config_read(function, at + PCI_EXPRESS_DEVICE) & PCI_EXPRESS_HAS_RESET))
		return false;
	config_write(function, at + PCI_EXPRESS_CONTROL, config_read(function, at + PCI_EXPRESS_CONTROL) | PCI_EXPRESS_RESET);
	return true;
}

static uint32_t reset(const struct plan_partition *partition)
{
	uint32_t wait_us = 0;

	for (uint32_t i = 0; i < partition->function_count; i++) {
		const struct plan_pci_function *function = &partition->functions[i];

		if (!is_present(function))
			continue;
		function_silence(function);
		wake(function);
		if (function_reset(function))
			wait_us = RESET_US;
	}
	return wait_us;
}

/* ---- start ---- */

/* What BAR `index` says of its memory, which does not answer now: bytes, and whether it takes two registers. 0: it has none. */
static uint64_t bar_measure(const struct plan_pci_function *function, uint32_t index, bool *is_wide)
{
	uint64_t mask;

	word_write(function, PCI_BAR(index), UINT32_MAX);
	mask = config_read(function, PCI_BAR(index));
	*is_wide = !(mask & PCI_BAR_IO) && (mask & PCI_BAR_WIDTH) == PCI_BAR_WIDE && index + 1u < PLAN_PCI_BAR_COUNT;
	if (mask == 0 || mask & PCI_BAR_IO)
		return 0;
	if (*is_wide) {
		word_write(function, PCI_BAR(index + 1u), UINT32_MAX);
		mask |= (uint64_t)config_read(function, PCI_BAR(index + 1u)) << 32;
	} else {
		mask |= (uint64_t)UINT32_MAX << 32;
	}
	return ~(mask & ~(uint64_t)PCI_BAR_FLAGS) + 1u;
}

/* Puts it where the plan says. Returns: false if it is not what the plan says. */
static bool bar_place(const struct plan_pci_function *function, uint32_t index, bool *is_wide)
{
	const struct plan_pci_bar *bar = &function->bars[index];

	if (bar_measure(function, index, is_wide) != bar->size)
		return false;
	if (!*is_wide && (bar->pa.v + bar->size) >> 32)
		return false;
	word_write(function, PCI_BAR(index), (uint32_t)bar->pa.v);
	if (*is_wide)
		word_write(function, PCI_BAR(index + 1u), (uint32_t)(bar->pa.v >> 32));
	return true;
}

static bool bars_place(const struct plan_pci_function *function)
{
	for (uint32_t i = 0; i < PLAN_PCI_BAR_COUNT; i++) {
		bool is_wide;

		if (!bar_place(function, i, &is_wide) || (is_wide && function->bars[i + 1u].size))
			return false;
		i += is_wide;
	}
	return true;
}

static void capabilities_find(const struct plan_pci_function *function)
{
	uint8_t *at = function->state->capability;

	at[PCI_CAP_PM] = (uint8_t)capability_find(function, PCI_ID_PM);
	at[PCI_CAP_EXPRESS] = (uint8_t)capability_find(function, PCI_ID_EXPRESS);
	at[PCI_CAP_MSIX] = function->message_count ? (uint8_t)capability_find(function, PCI_ID_MSIX) : 0;
}

static void function_start(const struct plan_pci_function *function, const char *partition)
{
	struct pci_function *state = function->state;

	state->command = 0;
	state->sizing = 0;
	state->is_there = false;
	function_silence(function);
	if (!is_present(function) || PCI_HEADER_TYPE(config_read(function, 0x0c)) != 0 || !bars_place(function)) {
		hyp_print("%s: PCI function %s (0x%x) is %s; it is left out", partition, function->name, function->requester,
			  is_present(function) ? "not what the plan says" : "not there");
		return;
	}
	word_write(function, PCI_ROM, 0);
	capabilities_find(function);
	pci_command(function, 0);
	state->is_there = true;
}

static void start(const struct plan_partition *partition)
{
	for (uint32_t i = 0; i < partition->function_count; i++)
		function_start(&partition->functions[i], partition->name);
}

const struct pci_driver pci_driver = { boot, stop, reset, start };
