/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that can be told to send a message: an NVMe controller, which does when a command is done, and an 82574 network card,
 * which does when its interrupt cause is set by hand. NVM Express base specification 1.4, 3.1 and 4; Intel 82574 datasheet, 10.2.4.
 * It must not know where messages go.
 */

#include <rt/dma.h>
#include <rt/mmio.h>
#include <rt/pci.h>
#include <rt/timer.h>

#include "messages.h"

#define DISK_VENDOR	0x1b36u
#define DISK_DEVICE	0x0010u
#define CARD_VENDOR	0x8086u
#define CARD_DEVICE	0x10d3u

#define MSIX_CONTROL	2u
#define MSIX_PLACE	4u
#define MSIX_ON		0x8000u

#define DISK_CC		0x14u
#define DISK_CSTS	0x1cu
#define DISK_AQA	0x24u
#define DISK_ASQ	0x28u
#define DISK_ACQ	0x30u
#define DISK_TAIL	0x1000u
#define DISK_HEAD	0x1004u
#define DISK_ON		(1u | 6u << 16 | 4u << 20)
#define IDENTIFY	6u

#define CARD_ICR	0xc0u
#define CARD_ICS	0xc8u
#define CARD_IMS	0xd0u
#define CARD_EIAC	0xdcu	/* causes that end with their message: else it repeats that */
#define CARD_IVAR	0xe4u
#define CARD_QUEUE0	(1u << 20)	/* the cause: receive queue 0 */
#define CARD_VECTOR0	8u		/* which has vector 0 */

#define ENTRIES		2u
#define WAIT_NS		3000000000ull

static struct pci_device *function;
static bool is_disk;
static uint64_t registers;
static uint32_t (*commands)[16];
static volatile uint32_t (*answers)[4];
static uint64_t page_bus;
static unsigned sent;

bool source_is_disk(void)
{
	return is_disk;
}

static uint64_t bar_base(unsigned bar)
{
	return pci_read32(function, PCI_BAR(bar)) & ~0xfu;
}

uint64_t source_table(void)
{
	uint32_t place = pci_read32(function, pci_capability(function, PCI_CAP_MSIX, 0) + MSIX_PLACE);

	return bar_base(place & 7) + (place & ~7u);
}

void source_aim(uint64_t address, uint32_t data)
{
	uint64_t entry = source_table();

	mmio_write32(entry, (uint32_t)address);
	mmio_write32(entry + 4, (uint32_t)(address >> 32));
	mmio_write32(entry + 8, data);
	mmio_write32(entry + 12, 0);
}

static bool disk_await(uint32_t ready)
{
	uint64_t began = time_ns();

	while ((mmio_read32(registers + DISK_CSTS) & 1) != ready) {
		if (time_ns() - began > WAIT_NS)
			return false;
	}
	return true;
}

static bool disk_begin(void)
{
	uint64_t queue_bus, answer_bus;
	void *page = dma_alloc(4096, 4096, &page_bus);

	commands = dma_alloc(4096, 4096, &queue_bus);
	answers = dma_alloc(4096, 4096, &answer_bus);
	mmio_write32(registers + DISK_CC, 0);
	if (!page || !commands || !answers || !disk_await(0))
		return false;
	mmio_write32(registers + DISK_AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	mmio_write32(registers + DISK_ASQ, (uint32_t)queue_bus);
	mmio_write32(registers + DISK_ASQ + 4, (uint32_t)(queue_bus >> 32));
	mmio_write32(registers + DISK_ACQ, (uint32_t)answer_bus);
	mmio_write32(registers + DISK_ACQ + 4, (uint32_t)(answer_bus >> 32));
	mmio_write32(registers + DISK_CC, DISK_ON);
	return disk_await(1);
}

static bool disk_send(void)
{
	uint32_t *command = commands[sent % ENTRIES];
	volatile uint32_t *answer = answers[sent % ENTRIES];
	uint32_t phase = !(sent / ENTRIES % 2);
	uint64_t began = time_ns();

	command[0] = IDENTIFY;
	command[6] = (uint32_t)page_bus;
	command[7] = (uint32_t)(page_bus >> 32);
	command[10] = 1;
	sent++;
	dma_write_barrier();
	mmio_write32(registers + DISK_TAIL, sent % ENTRIES);
	while ((answer[3] >> 16 & 1) != phase) {
		if (time_ns() - began > WAIT_NS)
			return false;
	}
	mmio_write32(registers + DISK_HEAD, sent % ENTRIES);
	return true;
}

bool source_send(void)
{
	if (is_disk)
		return disk_send();
	mmio_write32(registers + CARD_ICR, UINT32_MAX);
	mmio_write32(registers + CARD_IMS, CARD_QUEUE0);
	mmio_write32(registers + CARD_ICS, CARD_QUEUE0);
	return true;
}

bool source_repeats(void)
{
	return !is_disk;
}

bool source_begin(void)
{
	unsigned msix;

	if (pci_init() != PCI_OK)
		return false;
	function = pci_find(DISK_VENDOR, DISK_DEVICE, 0);
	is_disk = function;
	if (!function)
		function = pci_find(CARD_VENDOR, CARD_DEVICE, 0);
	msix = function ? pci_capability(function, PCI_CAP_MSIX, 0) : 0;
	if (!msix)
		return false;
	registers = bar_base(0);
	pci_enable_memory(function);
	pci_enable_master(function, true);
	pci_write16(function, msix + MSIX_CONTROL, MSIX_ON);
	if (is_disk)
		return disk_begin();
	mmio_write32(registers + CARD_IVAR, CARD_VECTOR0);
	mmio_write32(registers + CARD_EIAC, CARD_QUEUE0);
	return true;
}
