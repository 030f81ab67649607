/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration space on the fake machine: bits that hold what is written, or are cleared by ones. It must not know registers. */
#include "fake.h"

#include <hyp/arch.h>

#include <stdlib.h>

static struct fake_pci *find(uint16_t requester)
{
	for (uint32_t i = 0; i < ARRAY_COUNT(fake.pci); i++)
		if (fake.pci[i].requester == requester && (fake.pci[i].bytes[0] | fake.pci[i].bytes[1]))
			return &fake.pci[i];
	return NULL;
}

static void write(uint16_t requester, uint32_t offset, uint32_t value, uint32_t width)
{
	struct fake_pci *function = find(requester);

	if (offset % width || offset + width > sizeof(function->bytes))
		abort();
	fake_note("pci 0x%x 0x%x.%u = 0x%x", requester, offset, width, value);
	for (uint32_t i = 0; function && i < width; i++) {
		uint32_t at = offset + i, byte = value >> 8u * i & 0xffu;
		uint32_t kept = function->bytes[at] & ~(function->cleared[at] & byte) & ~function->writable[at] & 0xffu;

		function->bytes[at] = (uint8_t)(kept | (byte & function->writable[at]));
	}
}

uint32_t arch_pci_read(uint16_t requester, uint32_t offset)
{
	const struct fake_pci *function = find(requester);
	uint32_t value = 0;

	if (offset % 4u || offset > sizeof(function->bytes) - 4u)
		abort();
	for (uint32_t i = 0; function && i < 4u; i++)
		value |= (uint32_t)function->bytes[offset + i] << 8u * i;
	return function ? value : UINT32_MAX;
}

void arch_pci_write(uint16_t requester, uint32_t offset, uint16_t value)
{
	write(requester, offset, value, 2);
}

void arch_pci_write_word(uint16_t requester, uint32_t offset, uint32_t value)
{
	write(requester, offset, value, 4);
}
