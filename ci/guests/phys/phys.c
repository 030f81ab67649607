/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drivers of physical devices, asked on QEMU's own machine: it finds what is behind the host bridge, and puts every
 * disk and every network card through the same questions. What it should find stands in its command line. It must not
 * know any driver.
 */

#include <stdlib.h>
#include <string.h>

#include <phys/phys.h>
#include <rt/irq.h>
#include <rt/sysreg.h>
#include <rt/timer.h>
#include <rt/tree.h>

#include "../tap.h"
#include "phys.h"

#define MESSAGE_COUNT	100000u

bool check(bool good, const char *name, ...)
{
	char text[160];
	va_list args;

	va_start(args, name);
	vsnprintf(text, sizeof(text), name, args);
	va_end(args);
	return tap_check(good, "%s", text);
}

static void nothing(void *arg)
{
	(void)arg;
}

bool sleep_for(const volatile bool *flag, uint64_t ns)
{
	uint64_t end = time_ns() + ns;

	irq_mask();
	while (!*flag && time_ns() < end) {
		timer_set(end, nothing, NULL);
		cpu_wfi();
		irq_unmask();
		cpu_isb();
		irq_mask();
	}
	irq_unmask();
	return *flag;
}

/* Whatever lies behind a BAR or a list, nothing answers outside. */
static void test_bounds(struct pci_device *pci)
{
	unsigned hops = 0;

	for (unsigned at = pci_capability(pci, PCI_CAP_VENDOR, 0); at && hops < 64; at = pci_capability(pci, PCI_CAP_VENDOR, at))
		hops++;
	tap_check(hops < 64, "capabilities come to an end");
	for (unsigned n = 0; n < PCI_BAR_COUNT; n++) {
		uint64_t size = pci->bar[n].size;

		if (!size)
			continue;
		tap_check(pci->bar[n].base % size == 0, "BAR %u stands on a border of its size", n);
		tap_check(pci_bar_at(pci, n, size - 4, 4) && !pci_bar_at(pci, n, size - 4, 8) && !pci_bar_at(pci, n, UINT64_MAX, 2),
			  "BAR %u has an end", n);
	}
	tap_check(!pci_bar_at(pci, PCI_BAR_COUNT, 0, 1), "there is no seventh BAR");
}

static void test_function(struct pci_device *pci)
{
	struct blk_device *disk;
	struct nic_device *nic;

	printf("%02x.%x %04x:%04x class %06x, interrupt %d\n", pci->slot, pci->function, pci->vendor, pci->device, pci->class, pci->irq);
	test_bounds(pci);
	tap_check(pci->irq >= 32, "its pin leads to a shared interrupt");
	disk = phys_probe_blk(pci);
	nic = disk ? NULL : phys_probe_nic(pci);
	tap_check(disk || nic, "there is a driver for it");
	if (disk)
		test_disk(disk);
	if (nic)
		test_nic(nic);
	/* `messages=` says whether interrupts should have come as messages. */
	tap_check((pci->vector_count > 0) == (tree_option_number("messages", 0) != 0), "interrupts come as they should: %u vectors", pci->vector_count);
}

int main(void)
{
	unsigned wanted = (unsigned)tree_option_number("functions", 1);

	tap_check(pci_init() == PCI_OK, "there is a host bridge");
	tap_check(pci_count() == wanted, "%u functions behind it", wanted);
	for (unsigned i = 0; i < pci_count(); i++)
		test_function(pci_get(i));
	tap_check(pci_irq_strays() < MESSAGE_COUNT, "interrupts that nobody wanted: %llu", (unsigned long long)pci_irq_strays());
	return tap_end();
}
