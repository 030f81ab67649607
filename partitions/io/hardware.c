/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical disks and NICs by the names that the device tree gives them (docs/io-tree.md, "Names of hardware"). All of it is found, and
 * made idle, before any device goes on. It must not know what it is for.
 */

#include <stdio.h>
#include <string.h>

#include <phys/phys.h>
#include <rt/pci.h>

#include "io.h"

struct found {
	struct pci_device *pci;
	struct blk_device *disk;	/* one of both */
	struct nic_device *nic;
};

static struct found found[PCI_DEVICE_COUNT];
static unsigned found_count;

void hardware_scan(void)
{
	if (pci_init() != PCI_OK)
		return;
	for (unsigned n = 0; n < pci_count(); n++) {
		struct pci_device *pci = pci_get(n);
		struct found f = { .pci = pci, .disk = phys_probe_blk(pci) };

		if (!f.disk)
			f.nic = phys_probe_nic(pci);
		if (f.disk || f.nic)
			found[found_count++] = f;
	}
}

/* By its number among its kind, or by its place on the bus. */
static bool is_named(const struct found *f, const char *kind, unsigned number, const char *name)
{
	char text[24];

	snprintf(text, sizeof(text), "%s%u", kind, number);
	if (!strcmp(name, text))
		return true;
	snprintf(text, sizeof(text), "pci:00.%02x.%x", f->pci->slot, f->pci->function);
	return !strcmp(name, text);
}

static const struct found *find(const char *kind, bool is_nic, const char *name)
{
	unsigned number = 0;

	for (unsigned n = 0; n < found_count; n++) {
		if (!(is_nic ? (const void *)found[n].nic : (const void *)found[n].disk))
			continue;
		if (is_named(&found[n], kind, number++, name))
			return &found[n];
	}
	return NULL;
}

struct blk_device *hardware_disk(const char *name)
{
	const struct found *f = find("disk", false, name);

	return f ? f->disk : NULL;
}

struct nic_device *hardware_nic(const char *name)
{
	const struct found *f = find("nic", true, name);

	return f ? f->nic : NULL;
}
