/* SPDX-License-Identifier: Apache-2.0 */
/* PCI functions of partitions: what is seen of their configuration space, what a write does to them, and their life. */
#include "../tap.h"
#include "appliance.h"

#include <hyp/pci.h>
#include <hyp/upcall.h>

#include <string.h>

#define ECAM 0x3f000000ul
#define DISK (1u << 3)  /* as the partition sees them */
#define NIC (2u << 3)
#define PM 0x40u
#define VENDOR 0x50u
#define MSI 0x60u
#define EXPRESS 0x70u
#define MSIX 0xb0u

static const struct plan_emul emuls[] = { { .base = { ECAM }, .size = 1u << 20, .block = &pci_block } };
static struct pci_function states[2];
static struct plan_pci_function functions[2];

static void put(struct fake_pci *function, uint32_t offset, uint32_t value, uint32_t writable)
{
	memcpy(function->bytes + offset, &value, 4);
	memcpy(function->writable + offset, &writable, 4);
}

static uint32_t get(const struct fake_pci *function, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, function->bytes + offset, 4);
	return value;
}

/* Every register has something in it, and takes what is written where a function would. */
static void make_function(struct fake_pci *function, uint16_t requester, uint32_t id)
{
	memset(function->bytes, 0xa5, sizeof(function->bytes));
	memset(function->writable, 0xff, sizeof(function->writable));
	function->requester = requester;
	put(function, 0x00, id, 0);
	put(function, 0x04, 0xffb00000, 0x0547);
	put(function, 0x08, 0x01080202, 0);
	put(function, 0x0c, 0x00800000, 0xffff);
	for (uint32_t i = 0; i < 6; i++)
		put(function, 0x10 + 4 * i, 0, 0);
	put(function, 0x2c, 0x11001af4, 0);
	put(function, 0x34, PM, 0);
	put(function, PM, 0x7e035001 | (VENDOR - 0x50u) << 8, 0);
	put(function, PM + 4, 3, 0x8103);
	put(function, VENDOR, 0x00146009, 0);
	put(function, MSI, 0x00817005, 0x00710000);
	put(function, EXPRESS, 0x0002b010, 0);
	put(function, EXPRESS + 4, 0x10008fc1, 0);
	put(function, EXPRESS + 8, 0x00002810, 0xffff);
	memset(function->cleared + EXPRESS + 10, 0x0f, 1);
	function->bytes[EXPRESS + 10] = 0x0f;
	put(function, MSIX, 0x00400011, 0xc0000000);
	put(function, MSIX + 4, 0x00002000, 0);
	put(function, MSIX + 8, 0x00003000, 0);
}

static void begin(void)
{
	appliance_begin();
	memset(states, 0, sizeof(states));
	make_function(&fake.pci[0], 0x80, 0x00101b36);
	put(&fake.pci[0], 0x10, 0x4, 0xffffc000);
	put(&fake.pci[0], 0x14, 0, 0xffffffff);
	make_function(&fake.pci[1], 0x10, 0x10d38086);
	put(&fake.pci[1], 0x10, 0, 0xfffe0000);
	put(&fake.pci[1], 0x18, 1, 0xffffffe0);
	put(&fake.pci[1], 0x1c, 0, 0xffffc000);
	put(&fake.pci[1], EXPRESS + 4, 0x00008fc1, 0); /* has no reset */
	functions[0] = (struct plan_pci_function){ .name = "disk", .state = &states[0], .requester = 0x80, .virtual_requester = DISK,
						   .bars = { { { 0x10020000 }, { 0x20020000 }, 0x4000 } }, .message_count = 16 };
	functions[1] = (struct plan_pci_function){ .name = "nic", .state = &states[1], .requester = 0x10, .virtual_requester = NIC,
						   .bars = { [0] = { { 0x10040000 }, { 0x10040000 }, 0x20000 }, [3] = { { 0x10060000 }, { 0x10060000 }, 0x4000 } },
						   .pin = 1 };
	test_partitions[ALPHA].emuls = emuls;
	test_partitions[ALPHA].emul_count = 1;
	test_partitions[ALPHA].functions = functions;
	test_partitions[ALPHA].function_count = 2;
	fake.cpu = 0;
}

static void begin_started(void)
{
	begin();
	pci_driver.start(&test_partitions[ALPHA]);
	fake_trace_clear();
}

static uint32_t config_access(uint32_t function, uint32_t offset, uint8_t width, bool is_write, uint32_t value)
{
	struct vm_exit exit = { .class = EXIT_MMIO, .ipa = { ECAM + (function << 12) + offset }, .width = width, .is_write = is_write, .value = value };

	CHECK(exit_mmio(&test_vcpus[0], &exit) == VERDICT_ADVANCE);
	CHECK(is_write || width == 4 || exit.value >> 8u * width == 0);
	return (uint32_t)exit.value;
}

static uint32_t config_read(uint32_t function, uint32_t offset, uint8_t width)
{
	return config_access(function, offset, width, false, 0);
}

static void config_write(uint32_t function, uint32_t offset, uint8_t width, uint32_t value)
{
	(void)config_access(function, offset, width, true, value);
}

/* ---- what is seen ---- */

static void identity_is_seen(void)
{
	begin_started();
	CHECK(config_read(DISK, 0, 4) == 0x00101b36 && config_read(DISK, 8, 4) == 0x01080202 && config_read(DISK, 0x2c, 4) == 0x11001af4);
	CHECK(config_read(DISK, 0, 2) == 0x1b36 && config_read(DISK, 2, 2) == 0x10 && config_read(DISK, 11, 1) == 1);
	CHECK(config_read(DISK, 0x0c, 4) == 0); /* one function, whatever it says */
	CHECK(config_read(NIC, 0, 4) == 0x10d38086);
}

static void nobody_else_is_seen(void)
{
	begin_started();
	for (uint32_t function = 0; function < 256; function++)
		if (function != DISK && function != NIC) {
			CHECK(config_read(function, 0, 4) == UINT32_MAX && config_read(function, 0x3c, 2) == 0xffff);
			config_write(function, 4, 4, UINT32_MAX);
		}
	CHECK(fake.trace_length == 0);
}

static void chain_leads_to_what_is_shown(void)
{
	begin_started();
	CHECK(config_read(DISK, 6, 2) == 0x0010 && config_read(DISK, 0x34, 4) == PM);
	CHECK(config_read(DISK, PM, 4) == (0x00030001 | EXPRESS << 8)); /* neither vendor's nor MSI; no wake-up events */
	CHECK(config_read(DISK, PM + 4, 4) == 0);                       /* D0 */
	CHECK(config_read(DISK, EXPRESS, 4) == (0x00020010 | MSIX << 8));
	CHECK(config_read(DISK, EXPRESS + 4, 4) == 0x00008fc1);         /* no reset */
	CHECK(config_read(DISK, MSIX, 4) == 0x000f0011);                /* 16 of 65 vectors, the last of the chain */
	CHECK(config_read(NIC, EXPRESS, 4) == 0x00020010);              /* no vectors, no MSI-X */
	CHECK(config_read(NIC, MSIX, 4) == 0);
}

/* All else reads as zero: of 4 KiB, these words are shown. */
static void rest_is_hidden(void)
{
	static const uint16_t shown[] = { 0, 4, 8, 0x10, 0x2c, 0x34, PM, EXPRESS, EXPRESS + 4, EXPRESS + 8, EXPRESS + 12, EXPRESS + 16, MSIX, MSIX + 4,
					  MSIX + 8 };
	uint32_t next = 0;

	begin_started();
	for (uint32_t offset = 0; offset < 4096; offset += 4) {
		if (next < ARRAY_COUNT(shown) && shown[next] == offset)
			next++;
		else
			CHECK(config_read(DISK, offset, 4) == 0);
	}
	CHECK(next == ARRAY_COUNT(shown) && config_read(NIC, 0x3c, 4) == 0x100);
}

/* ---- what is written ---- */

/* Bits of the disk that writes of `value` everywhere, in `width`, have changed but for those of `allowed`. */
static void write_everywhere(uint8_t width, uint32_t value)
{
	struct fake_pci before = fake.pci[0], after;

	for (uint32_t offset = 0; offset < 4096; offset += width)
		config_write(DISK, offset, width, value);
	after = fake.pci[0];
	CHECK((get(&after, 4) & 0x547) == ((value & 4) | 0x402)); /* always in memory space, no pin */
	CHECK((get(&before, EXPRESS + 8) ^ get(&after, EXPRESS + 8)) == ((get(&before, EXPRESS + 8) ^ value) & 0x7010));
	CHECK(get(&after, MSIX) == ((value & 0xc0000000) | 0x00400011));
	put(&after, 4, get(&before, 4), 0x547);
	put(&after, EXPRESS + 8, get(&before, EXPRESS + 8), 0xffff);
	put(&after, MSIX, get(&before, MSIX), 0xc0000000);
	CHECK(memcmp(after.bytes, before.bytes, sizeof(after.bytes)) == 0);
}

static void writes_reach_what_they_may(void)
{
	begin_started();
	for (uint8_t width = 1; width <= 4; width *= 2) {
		write_everywhere(width, UINT32_MAX);
		write_everywhere(width, 0);
		write_everywhere(width, 0xa5a5a5a5);
	}
	CHECK(fake.pci[0].bytes[EXPRESS + 10] == 0x0f); /* no error was acknowledged by the way */
}

static void command_is_remembered(void)
{
	begin_started();
	config_write(DISK, 4, 2, 0x0546);
	CHECK(config_read(DISK, 4, 2) == 0x0406);
	config_write(DISK, 4, 1, 0);
	CHECK(config_read(DISK, 4, 2) == 0x0400 && (get(&fake.pci[0], 4) & 0x547) == 0x402);
	config_write(NIC, 4, 2, 0x0006);
	CHECK((get(&fake.pci[1], 4) & 0x547) == 0x006);
}

static void addresses_stay(void)
{
	begin_started();
	CHECK(config_read(DISK, 0x10, 4) == 0x20020004 && config_read(DISK, 0x14, 4) == 0);
	config_write(DISK, 0x10, 4, UINT32_MAX);
	config_write(DISK, 0x14, 4, UINT32_MAX);
	CHECK(config_read(DISK, 0x10, 4) == 0xffffc004 && config_read(DISK, 0x14, 4) == UINT32_MAX);
	config_write(DISK, 0x10, 4, 0x30000004);
	config_write(DISK, 0x14, 4, 1);
	CHECK(config_read(DISK, 0x10, 4) == 0x20020004 && config_read(DISK, 0x14, 4) == 0);
	CHECK(get(&fake.pci[0], 0x10) == 0x10020004 && !fake_traced("pci 0x80 0x10", NULL));
	config_write(NIC, 0x10, 4, UINT32_MAX);
	config_write(NIC, 0x18, 4, UINT32_MAX);
	config_write(NIC, 0x1c, 2, 0xffff); /* not the whole register: no question */
	CHECK(config_read(NIC, 0x10, 4) == 0xfffe0000 && config_read(NIC, 0x18, 4) == 0 && config_read(NIC, 0x1c, 4) == 0x10060000);
}

/* ---- life ---- */

static void boot_finds_all_silent(void)
{
	begin();
	fake.pci[1].requester = 0x18; /* nobody's */
	pci_driver.boot();
	CHECK((get(&fake.pci[0], 4) & 0x547) == 0 && (get(&fake.pci[1], 4) & 0x547) == 0 && fake_count(".2 = 0x0") == 2);
}

static void starts_as_planned(void)
{
	begin();
	pci_driver.start(&test_partitions[ALPHA]);
	CHECK(states[0].is_there && states[1].is_there);
	CHECK(get(&fake.pci[0], 0x10) == 0x10020004 && get(&fake.pci[0], 0x14) == 0);
	CHECK(get(&fake.pci[1], 0x10) == 0x10040000 && get(&fake.pci[1], 0x1c) == 0x10060000);
	CHECK((get(&fake.pci[0], 4) & 0x547) == 0x402 && (get(&fake.pci[1], 4) & 0x547) == 0x002);
	CHECK(get(&fake.pci[0], 0x30) == 0); /* no expansion ROM answers */
}

static bool is_left_out(void)
{
	fake_trace_clear();
	pci_driver.start(&test_partitions[ALPHA]);
	return !states[0].is_there && states[1].is_there && config_read(DISK, 0, 4) == UINT32_MAX && (get(&fake.pci[0], 4) & 0x146) == 0 &&
	       fake_traced("print alpha: PCI function disk (0x80) is not", NULL);
}

static void what_is_not_planned_is_left_out(void)
{
	begin();
	put(&fake.pci[0], 0x10, 0x4, 0xffff8000); /* twice as large */
	CHECK(is_left_out());
	put(&fake.pci[0], 0x10, 0x4, 0xffffe000);
	CHECK(is_left_out());
	put(&fake.pci[0], 0x10, 0x0, 0xffffc000); /* 32 bits, and something stands in the next */
	put(&fake.pci[0], 0x14, 0x0, 0xfffff000);
	CHECK(is_left_out());
	put(&fake.pci[0], 0x10, 0x4, 0xffffc000);
	put(&fake.pci[0], 0x14, 0x0, UINT32_MAX);
	put(&fake.pci[0], 0x24, 0x0, 0xfffff000); /* a BAR that the plan does not have */
	CHECK(is_left_out());
	put(&fake.pci[0], 0x24, 0x0, 0);
	put(&fake.pci[0], 0x0c, 0x00010000, 0); /* a bridge */
	CHECK(is_left_out());
	put(&fake.pci[0], 0x0c, 0x00800000, 0);
	functions[0].bars[0].pa.v = 0x100000000;
	pci_driver.start(&test_partitions[ALPHA]);
	CHECK(states[0].is_there && get(&fake.pci[0], 0x14) == 1);
	put(&fake.pci[0], 0x10, 0x0, 0xffffc000);
	put(&fake.pci[0], 0x14, 0x0, 0);
	CHECK(is_left_out());
	fake.pci[0].requester = 0x88;
	CHECK(is_left_out() && fake_traced("is not there", NULL) && config_read(DISK, 0, 4) == UINT32_MAX);
}

static void stop_silences(void)
{
	begin_started();
	config_write(DISK, 4, 2, 6);
	config_write(DISK, MSIX + 2, 2, 0x8000);
	pci_driver.stop(&test_partitions[ALPHA]);
	CHECK((get(&fake.pci[0], 4) & 0x547) == 0x400 && get(&fake.pci[0], MSIX) == 0x00400011 && !(get(&fake.pci[0], MSI) & 0x10000));
}

static void chain_in_a_circle_ends(void)
{
	begin();
	put(&fake.pci[0], VENDOR, 0x00144009, 0);
	pci_driver.start(&test_partitions[ALPHA]);
	CHECK(states[0].capability[PCI_CAP_PM] == PM && states[0].capability[PCI_CAP_EXPRESS] == 0);
	CHECK(config_read(DISK, PM, 4) == 0x00030001);
}

static void reset_is_waited_for(void)
{
	uint64_t start;

	begin();
	start = fake.counter;
	(void)appliance_boot(0);
	CHECK(fake.counter - start >= 100000u && fake.counter - start < 110000u);
	CHECK(fake_traced("pci 0x80 0x44.2 = 0x0", "pci 0x80 0x4.2 = 0x400"));        /* silent, awake */
	CHECK(fake_traced("pci 0x80 0x78.2 = 0xa810", "pci 0x80 0x44.2 = 0x0"));       /* reset */
	CHECK(!fake_traced("pci 0x10 0x78.2", NULL));                                  /* this one has none */
	CHECK(fake_traced("pci 0x80 0x10.4 = 0x10020000", "pci 0x80 0x78.2 = 0xa810")); /* then its address */
	CHECK(fake_traced("dma allow alpha", "pci 0x80 0x10.4 = 0x10020000"));
	CHECK(fake_traced("load alpha.0", "dma allow alpha"));
	CHECK(test_partitions[ALPHA].state->state == PARTITION_RUNNING);
}

static void each_life_begins_with_a_reset(void)
{
	begin();
	(void)appliance_boot(0);
	(void)appliance_boot(1);
	fake_trace_clear();
	CHECK(partition_stop(test_partitions[ALPHA].state, STOP_OPERATOR, true) == OK);
	(void)appliance_schedule(1);
	(void)appliance_schedule(0);
	CHECK(fake_traced("dma block alpha", "pci 0x80 0x4.2 = 0x400"));
	CHECK(fake_traced("clear 0x10000", "pci 0x80 0x78.2 = 0xa810"));
	CHECK(fake_traced("irq reset alpha", "pci 0x80 0x4.2 = 0x402"));
	CHECK(test_partitions[ALPHA].state->state == PARTITION_RUNNING && test_partitions[ALPHA].state->start_count == 2);
}

int main(void)
{
	TEST(identity_is_seen);
	TEST(nobody_else_is_seen);
	TEST(chain_leads_to_what_is_shown);
	TEST(rest_is_hidden);
	TEST(writes_reach_what_they_may);
	TEST(command_is_remembered);
	TEST(addresses_stay);
	TEST(boot_finds_all_silent);
	TEST(starts_as_planned);
	TEST(what_is_not_planned_is_left_out);
	TEST(stop_silences);
	TEST(chain_in_a_circle_ends);
	TEST(reset_is_waited_for);
	TEST(each_life_begins_with_a_reset);
	return tap_done();
}
