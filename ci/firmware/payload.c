/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays the hypervisor in firmware tests: prints the state it was entered in and the handoff it got, looks at the memory that the
 * test's manifest promises, and turns the board off. It must know nothing but hyp/abi/handoff.h and the test's own addresses.
 */

#include "../../hyp/abi/handoff.h"

#define UART		((volatile uint32_t *)0x09000000)
#define CLEARED		0x60000000ull	/* as ci/firmware/manifest.py places things */
#define CLEARED_SIZE	0x20000000ull
#define PLACED		0x60200000ull
#define STORED		0x50200000ull
#define COMPONENT_SIZE	(3u * 1024 * 1024 + 5)

static uint64_t untouched[512];	/* .bss: the boot stage clears it */

static void put(char c)
{
	while (UART[6] & 0x20)
		;
	UART[0] = (uint32_t)c;
}

static void put_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
	}
}

static void put_number(const char *name, uint64_t value)
{
	put_text("payload: ");
	put_text(name);
	put_text(" ");
	for (int shift = 60; shift >= 0; shift -= 4)
		put("0123456789abcdef"[value >> shift & 15]);
	put_text("\n");
}

static uint64_t sysreg_sum(void)
{
	uint64_t level, sctlr, daif, hcr;

	__asm__ volatile("mrs %0, CurrentEL\n\tmrs %1, sctlr_el2\n\tmrs %2, daif\n\tmrs %3, hcr_el2"
			 : "=r"(level), "=r"(sctlr), "=r"(daif), "=r"(hcr));
	return level == 8 && (sctlr & 0x1005) == 0 && daif == 0x3c0 && (hcr & (1ull << 34 | 1ull << 27)) == 0;
}

/* The component is a pattern: byte i is i * 7 + (i >> 8). */
static uint64_t pattern_is_at(uint64_t base)
{
	const volatile uint8_t *bytes = (const volatile uint8_t *)base;

	for (uint32_t i = 0; i < COMPONENT_SIZE; i++) {
		if (bytes[i] != (uint8_t)(i * 7 + (i >> 8)))
			return 0;
	}
	return 1;
}

static uint64_t is_zero(uint64_t from, uint64_t to)
{
	for (; from % 8 != 0; from++) {
		if (*(volatile uint8_t *)from)
			return 0;
	}
	for (; from < to; from += 8) {
		if (*(volatile uint64_t *)from)
			return 0;
	}
	return 1;
}

static uint64_t seed_looks_random(const struct handoff *h)
{
	uint32_t ones = 0;

	for (uint32_t i = 0; i < h->seed_bytes; i++) {
		for (uint32_t bits = h->seed[i]; bits; bits &= bits - 1)
			ones++;
	}
	return h->seed_bytes == HANDOFF_SEED_BYTES && ones > 850 && ones < 1200;
}

static void turn_off(void)
{
	register uint64_t x0 __asm__("x0") = 0x84000008;

	__asm__ volatile("smc #0" : "+r"(x0));
}

void payload(const struct handoff *h)
{
	put_number("state", sysreg_sum());
	put_number("magic", h->magic == HANDOFF_MAGIC && h->version == HANDOFF_VERSION && h->size == sizeof(*h));
	put_number("plan", (uint64_t)h->plan_id[0] << 8 | h->plan_id[31]);
	put_number("slot", h->slot);
	put_number("flags", h->flags);
	put_number("sequence", h->record_sequence);
	put_number("security", h->security_version);
	put_number("ram", h->ram_count);
	put_number("ram-base", h->ram[0].base);
	put_number("ram-size", h->ram[0].size);
	put_number("seed", seed_looks_random(h));
	put_number("seed-first", *(const uint64_t *)h->seed);
	put_number("instructions", h->boot_stage_instructions);
	put_text("payload: version ");
	put_text(h->image_version);
	put_text("\n");
	put_number("bss", is_zero((uint64_t)untouched, (uint64_t)(untouched + 512)));
	put_number("placed", pattern_is_at(PLACED));
	put_number("stored", pattern_is_at(STORED));
	put_number("cleared", is_zero(CLEARED, PLACED) && is_zero(PLACED + COMPONENT_SIZE, CLEARED + CLEARED_SIZE));
	put_text("payload: end\n");
	turn_off();
}
