/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock that an SD host gives to its card (SD Host Controller simplified specification 3.00, 2.2.14).
 */

#include <rt/sysreg.h>
#include <rt/timer.h>

#include "sdhci.h"

#define CLOCK_INTERNAL	(1u << 0)
#define CLOCK_STABLE	(1u << 1)
#define CLOCK_CARD	(1u << 2)
#define STABLE_NS	150000000ull

/* Version 3 counts in twos up to 1023, 2.2.14; before, only powers of two up to 128. */
static uint16_t divisor_for(const struct sdhci *host, uint32_t khz)
{
	bool counts = (mmio_read16(host->regs + SDHCI_VERSION) & 0xff) >= 2;
	uint32_t base = (mmio_read32(host->regs + SDHCI_CAPABILITIES) >> 8 & (counts ? 0xff : 0x3f)) * 1000;
	uint32_t divisor = ((base ? base : 255000) + 2 * khz - 1) / (2 * khz);
	uint32_t power = 1;

	if (counts) {
		divisor = divisor > 1023 ? 1023 : divisor;
		return (uint16_t)((divisor & 0xff) << 8 | (divisor >> 8) << 6);
	}
	while (power < divisor && power < 128)
		power *= 2;
	return (uint16_t)(power << 8);
}

bool sdhci_set_clock(const struct sdhci *host, uint32_t khz)
{
	uint16_t clock = (uint16_t)(divisor_for(host, khz) | CLOCK_INTERNAL);
	uint64_t end = time_ns() + STABLE_NS;

	mmio_write16(host->regs + SDHCI_CLOCK, 0);
	mmio_write16(host->regs + SDHCI_CLOCK, clock);
	while (!(mmio_read16(host->regs + SDHCI_CLOCK) & CLOCK_STABLE)) {
		if (time_ns() >= end)
			return false;
		cpu_relax();
	}
	mmio_write16(host->regs + SDHCI_CLOCK, clock | CLOCK_CARD);
	return true;
}
