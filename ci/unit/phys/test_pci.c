/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI and DMA addresses of the runtime: ranges of `dma-ranges`, lists of capabilities that loop, BARs of any size, and
 * configuration space that answers at random.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rt/dma.h>
#include <rt/pci.h>

#include "../tap.h"
#include "machine.h"

static bool maps(uint64_t at, uint64_t bytes, uint64_t wanted)
{
	uint64_t bus;

	return dma_map((const void *)(uintptr_t)at, bytes, &bus) && bus == wanted;
}

static bool refuses(uint64_t at, uint64_t bytes)
{
	uint64_t bus;

	return !dma_map((const void *)(uintptr_t)at, bytes, &bus);
}

static int check_ranges(void)
{
	static const uint64_t ranges[][3] = { { 0x40000000, 0x80000000, 0x1000000 }, { 0x1000000000, 0x60000000, 0x2000 } };

	machine_init(ranges, 2);
	if (pci_init())
		return 1;
	if (!maps(0x40000000, 1, 0x80000000) || !maps(0x40000123, 0xffedd, 0x80000123) || !maps(0x40ffffff, 1, 0x80ffffff))
		return 2;
	if (!maps(0x1000000000, 0x2000, 0x60000000) || !maps(0x1000001fff, 1, 0x60001fff))
		return 3;
	if (!refuses(0x3fffffff, 1) || !refuses(0x3fffffff, 2) || !refuses(0x41000000, 1) || !refuses(0x40ffffff, 2))
		return 4;
	if (!refuses(0x1000001000, 0x1001) || !refuses(0x40000000, UINT64_MAX) || !refuses(UINT64_MAX, 2) || !refuses(0, 1))
		return 5;
	return 0;
}

static int check_identity(void)
{
	machine_init(NULL, 0);
	if (pci_init())
		return 1;
	return maps(0x1234, 100, 0x1234) && refuses(UINT64_MAX - 1, 4) ? 0 : 2;
}

/* Memory that lies in no range is not given to a device, even if there is some. */
static int check_alloc(void)
{
	static const uint64_t ranges[][3] = { { 0x1000, 0x1000, 0x1000 } };
	uint64_t bus;

	machine_init(ranges, 1);
	return pci_init() || dma_alloc(64, 64, &bus) ? 1 : 0;
}

static int check_loop(void)
{
	machine_init(NULL, 0);
	machine_set_function(1, 2, 0x010000);
	machine.config[6] = 1u << 4;
	machine.config[0x34] = 0x40;
	machine.config[0x40] = 5;
	machine.config[0x41] = 0x44;
	machine.config[0x44] = 6;
	machine.config[0x45] = 0x40;
	if (pci_init() || pci_count() != 1)
		return 1;
	if (pci_capability(pci_get(0), 6, 0) != 0x44 || pci_capability(pci_get(0), 0x11, 0) || machine.accesses > 100000)
		return 2;
	machine.config[0x34] = 0x04;	/* into the header */
	return pci_capability(pci_get(0), 5, 0) ? 3 : 0;
}

static int check_pin(void)
{
	machine_init(NULL, 0);
	machine_set_function(1, 2, 0x010000);
	if (pci_init() || pci_get(0)->irq != 36 || pci_get(0)->bar[0].base != MACHINE_BAR || pci_get(0)->bar[0].size != MACHINE_BAR_BYTES)
		return 1;
	if (!pci_bar_at(pci_get(0), 0, MACHINE_BAR_BYTES - 4, 4) || pci_bar_at(pci_get(0), 0, MACHINE_BAR_BYTES - 4, 8) || pci_bar_at(pci_get(0), 6, 0, 1))
		return 3;
	return pci_read16(pci_get(0), PCI_COMMAND) & (PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY) ? 2 : 0;
}

static void put_list(unsigned at, uint8_t id, unsigned next)
{
	machine.config[6] = 1u << 4;
	machine.config[0x34] = machine.config[0x34] ? machine.config[0x34] : (uint8_t)at;
	machine.config[at] = id;
	machine.config[at + 1] = (uint8_t)next;
}

static bool mine(void *arg);

/* What firmware left on: its ROM, and messages, with which the pin would be silent. */
static int check_left_on(void)
{
	machine_init(NULL, 0);
	machine_set_function(1, 2, 0x010000);
	put_list(0x40, PCI_CAP_MSI, 0x50);
	put_list(0x50, PCI_CAP_MSIX, 0);
	machine.config[0x30] = 1;
	machine.config[0x33] = 0x10;
	machine.config[0x42] = 0x81;
	machine.config[0x53] = 0x80;
	if (pci_init() || pci_count() != 1 || pci_read32(pci_get(0), 0x30))
		return 1;
	if (pci_irq_attach_pin(pci_get(0), mine, NULL))
		return 2;
	return machine.config[0x42] != 0x80 || machine.config[0x53] ? 3 : 0;
}

static uint8_t table[64];

static uint64_t read_table(unsigned at, unsigned bytes)
{
	uint64_t value = 0;

	if (at + bytes <= sizeof(table))
		memcpy(&value, table + at, bytes);
	return value;
}

static void write_table(unsigned at, uint64_t value, unsigned bytes)
{
	machine_rule(machine.config[0x43] & 0x40, "nothing is sent while the table changes (6.8.2)");
	if (at + bytes <= sizeof(table))
		memcpy(table + at, &value, bytes);
}

/* Of four messages one is wanted: the others stay masked, whoever left them open. */
static int check_messages(void)
{
	static const struct machine_device device = { read_table, write_table };
	static const pci_irq_t handlers[] = { mine };

	machine_init(NULL, 0);
	machine_set_function(1, 2, 0x010000);
	machine.device = &device;
	put_list(0x40, PCI_CAP_MSIX, 0);
	machine.config[0x42] = 3;
	if (pci_init() || pci_irq_attach(pci_get(0), handlers, 1, NULL) != 1 || pci_get(0)->vector_count != 1)
		return 1;
	if (table[12] || !table[4 + 4] || table[16 + 12] != 1 || table[48 + 12] != 1)
		return 2;
	return machine.broken || (machine.config[0x43] & 0xc0) != 0x80 ? 3 : 0;
}

/* A conventional function is reset once its requests are through. */
static int check_conventional_reset(void)
{
	machine_init(NULL, 0);
	machine_set_function(1, 2, 0x010000);
	put_list(0x40, PCI_CAP_AF, 0);
	machine.config[0x43] = 3;
	machine.config[0x45] = 1;	/* never through: 100 ms of patience, and as long again for the reset */
	if (pci_init())
		return 1;
	machine.time = 0;
	if (pci_reset(pci_get(0)) || machine.config[0x44] != 1)
		return 2;
	return machine.time < 200000000 ? 3 : 0;
}

static bool mine(void *arg)
{
	(void)arg;
	return true;
}

static bool disown(void *arg)
{
	(void)arg;
	return false;
}

/* A pin that nobody silences is turned off after a while, which whoever waits for the function can ask; until it is attached anew. */
static int check_lost_pin(void)
{
	machine_init(NULL, 0);
	machine_set_function(1, 2, 0x010000);
	if (pci_init() || pci_irq_attach_pin(pci_get(0), disown, NULL))
		return 1;
	for (unsigned n = 0; n < 999; n++)
		machine_interrupt();
	if (pci_irq_is_lost(pci_get(0)))
		return 2;
	machine_interrupt();
	if (!pci_irq_is_lost(pci_get(0)))
		return 3;
	return pci_irq_attach_pin(pci_get(0), disown, NULL) || pci_irq_is_lost(pci_get(0)) ? 4 : 0;
}

static int check_wild(void)
{
	for (uint64_t seed = 1; seed < 50; seed++) {
		struct pci_device device = { .config = 0x4010000000ull + (1ull << 15) };

		machine_seed(seed);
		for (unsigned i = 0; i < sizeof(machine.config); i++)
			machine.config[i] = (uint8_t)machine_random(256);
		machine.config[6] |= 1u << 4;
		for (unsigned id = 0; id < 256; id++)
			(void)pci_capability(&device, (uint8_t)id, 0);
	}
	machine_init(NULL, 0);
	machine_seed(7);
	machine_set_function(1, 2, 0x010000);
	machine.wild_config = true;
	(void)pci_init();
	for (unsigned i = 0; i < pci_count(); i++)
		(void)pci_reset(pci_get(i));
	return machine.accesses > 1000000;
}

/* The runtime scans once a process. */
static void in_child(int (*check)(void))
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		alarm(5);
		_exit(check());
	}
	waitpid(child, &status, 0);
	if (status)
		printf("# status %#x\n", (unsigned)status);
	CHECK(status == 0);
}

static void dma_addresses_follow_the_ranges(void) { in_child(check_ranges); }
static void without_ranges_the_bus_sees_what_we_see(void) { in_child(check_identity); }
static void memory_in_no_range_is_not_given(void) { in_child(check_alloc); }
static void a_list_that_loops_comes_to_an_end(void) { in_child(check_loop); }
static void a_function_is_found_idle_with_its_pin(void) { in_child(check_pin); }
static void a_pin_that_nobody_silences_is_known_to_be_lost(void) { in_child(check_lost_pin); }
static void what_firmware_left_on_is_turned_off(void) { in_child(check_left_on); }
static void messages_that_nobody_wants_are_masked(void) { in_child(check_messages); }
static void a_reset_waits_for_requests_under_way(void) { in_child(check_conventional_reset); }
static void wild_configuration_space_is_survived(void) { in_child(check_wild); }

int main(void)
{
	TEST(dma_addresses_follow_the_ranges);
	TEST(without_ranges_the_bus_sees_what_we_see);
	TEST(memory_in_no_range_is_not_given);
	TEST(a_list_that_loops_comes_to_an_end);
	TEST(a_function_is_found_idle_with_its_pin);
	TEST(a_pin_that_nobody_silences_is_known_to_be_lost);
	TEST(what_firmware_left_on_is_turned_off);
	TEST(messages_that_nobody_wants_are_masked);
	TEST(a_reset_waits_for_requests_under_way);
	TEST(wild_configuration_space_is_survived);
	return tap_done();
}
