/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lies to an ITS (Arm IHI 0069) and to the LPI part of a redistributor: queues anywhere and of any size, commands that make no
 * sense, events, devices, collections and interrupts that are not there, messages of the function itself to everywhere.
 * It must not know who answers.
 */

#include <string.h>

#include <rt/irq.h>
#include <rt/mmio.h>
#include <rt/sysreg.h>
#include <rt/tree.h>

#include "messages.h"

#define CTLR		0x00u
#define CBASER		0x80u
#define CWRITER		0x88u
#define CREADR		0x90u
#define TRANSLATER	0x10040u
#define BYTES		0x20000ull
#define QUIESCENT	0x80000000u
#define VALID		(1ull << 63)

#define R_CTLR		0x00u
#define R_PROPBASER	0x70u
#define R_PENDBASER	0x78u

#define DEVICE		8ull		/* of our function, by its place on our bus */
#define LPI		8192u
#define LPIS		8192u
#define PROPERTY	0xa3u		/* on */
#define QUEUE_BYTES	0x10000u
#define COMMANDS_MAX	64u
#define NOWHERE		0x50000000ull	/* behind all that a partition has */
#define FLOOD		6000u

enum { MOVI = 1, INT = 3, MAPD = 8, MAPC = 9, MAPTI = 10, INV = 12 };

static uint64_t queue[QUEUE_BYTES / 8] __attribute__((aligned(0x10000)));
static uint8_t properties[LPIS] __attribute__((aligned(0x10000)));
static uint64_t base;
static unsigned wrong_reads, foreign, aimed;

static bool find(void)
{
	struct tree_range range;
	int node = tree_find("arm,gic-v3-its");

	if (node < 0 || !tree_reg(node, 0, &range) || range.size != BYTES)
		return false;
	base = range.base;
	return true;
}

static bool is_fresh(void)
{
	return find() && mmio_read32(base + CTLR) == QUIESCENT && !mmio_read64(base + CBASER) && !mmio_read64(base + CWRITER) &&
	       !mmio_read64(base + CREADR) && !(mmio_read32(irq_redistributor() + R_CTLR) & 1);
}

static void put(unsigned n, uint64_t word0, uint64_t word1, uint64_t word2)
{
	uint64_t *command = &queue[n * 4];

	command[0] = word0;
	command[1] = word1;
	command[2] = word2;
	command[3] = 0;
}

static unsigned begin(void)
{
	uint64_t redistributor = irq_redistributor();

	memset(properties, PROPERTY, sizeof(properties));
	mmio_write32(redistributor + R_CTLR, 0);
	mmio_write64(redistributor + R_PROPBASER, (uint64_t)(uintptr_t)properties | 13);
	mmio_write32(redistributor + R_CTLR, 1);
	mmio_write32(base + CTLR, 0);
	mmio_write64(base + CBASER, VALID | (uint64_t)(uintptr_t)queue);
	mmio_write32(base + CTLR, 1);
	put(0, MAPD | DEVICE << 32, 4, VALID | (uint64_t)(uintptr_t)queue);
	put(1, MAPC, 0, VALID);
	put(2, MAPTI | DEVICE << 32, (uint64_t)LPI << 32, 0);
	put(3, INV | DEVICE << 32, 0, 0);
	cpu_dsb();
	mmio_write64(base + CWRITER, 4 * 32);
	source_aim(base + TRANSLATER, 0);
	return mmio_read64(base + CREADR) == 4 * 32 ? LPI : NOTHING;
}

/* ---- lies */

static uint64_t pick(const uint64_t *values, unsigned count)
{
	uint64_t n = random_next();

	return n % (count + 1) == count ? random_next() : values[n % (count + 1)];
}

#define PICK(...) pick((const uint64_t[]){ __VA_ARGS__ }, sizeof((const uint64_t[]){ __VA_ARGS__ }) / 8)

static void command_lie(unsigned n)
{
	uint64_t end = tree_ram().base + tree_ram().size;
	uint64_t number = PICK(MOVI, INT, 4, 5, MAPD, MAPC, MAPTI, 11, INV, 13, 14, 15, 0, 0x21, 0xff) & 0xff;
	uint64_t device = PICK(DEVICE, DEVICE, DEVICE, 0, 0x10, 0x70, 0x78, 0xffff, 0xffffffff) & 0xffffffff;
	uint64_t event = PICK(0, 1, 15, 16, 31, 32, 0xffff, 0xffffffff) & 0xffffffff;
	uint64_t intid = PICK(0, 31, 32, 1023, 8191, LPI, LPI + 1, 16383, 16384, 0xffffffff) & 0xffffffff;
	uint64_t target = PICK(0, 1, 0xffff, end, 0x50000000, 0x8090000) & ~VALID;

	if (number == MAPD)
		event = PICK(4, 0, 31, 15) & 0x1f;
	put(n, number | device << 32, event | intid << 32, target | PICK(0, VALID, VALID));
}

static void queue_lie(void)
{
	uint64_t end = tree_ram().base + tree_ram().size;
	uint64_t own = (uint64_t)(uintptr_t)queue;
	uint64_t at = PICK(own, own, own, own, own, 0, end - 4096, end, base, base + TRANSLATER, 0x8000000, 0x10000000, 0x50000000, 0x70000000, 1ull << 47);
	uint64_t pages = PICK(0, 0, 15, 255) & 0xff;

	mmio_write32(base + CTLR, 0);
	mmio_write64(base + CBASER, PICK(VALID, VALID, VALID, 0) | (at & 0xffffffffff000ull) | pages);
	mmio_write32(base + CTLR, 1);
	mmio_write64(base + CWRITER, PICK(32, 0x7e0, 0xfe0, 0x1000, 0xffffe0, 0x11, 1) & 0xffffff);
	if (mmio_read64(base + CREADR) >= (pages + 1) * 4096)
		wrong_reads++;
}

static void redistributor_lie(void)
{
	static const uint16_t places[] = { R_PROPBASER, R_PENDBASER, 0x40, 0x48, 0xa0, 0xb0, 0xc0 };
	uint64_t end = tree_ram().base + tree_ram().size;

	mmio_write32(irq_redistributor() + R_CTLR, (uint32_t)PICK(0, 1, 1));
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		(void)try_write(irq_redistributor() + places[i], 1u << random_next() % 4,
				PICK((uint64_t)(uintptr_t)properties | 13, end - 4096, end | 31, 0x8000000 | 13, 0x50000000 | 13));
	mmio_write32(irq_redistributor() + R_CTLR, 1);
}

/* What the function itself sends: to the ITS as nobody's event, and to where it has nothing to send. */
static void message_lie(unsigned round)
{
	bool is_elsewhere = round % 16 == 15;

	source_aim(is_elsewhere ? PICK(0x50000000, 0x70000000, 0x8000040, 0x8080000, 0x9050000, 0x30000000) & ~3ull : base + PICK(TRANSLATER, 0x10000, 0x10ff0) % BYTES,
		   (uint32_t)PICK(0, 1, 15, 16, 31, 32, 0xffff));
	aimed += is_elsewhere;
	(void)source_send();
}

static void lie(unsigned round)
{
	for (unsigned n = 0; n < COMMANDS_MAX; n++)
		command_lie(n);
	cpu_dsb();
	redistributor_lie();
	queue_lie();
	message_lie(round);
	if (round % 64 == 0)
		(void)try_all(base, 0x200);
	if (!interrupts_drain(LPI, 16383))
		foreign++;
}

/* More than anybody wants to be told of. */
static bool flood(void)
{
	source_aim(NOWHERE, 0);
	for (unsigned n = 0; n < FLOOD; n++) {
		if (!source_send())
			return false;
	}
	return true;
}

static void judge(void)
{
	unsigned refused = try_all(base, 0x200) + try_all(base + 0xff00, 0x300);

	mmio_write32(base + CTLR, 0);
	claim(refused > 0, "some widths are refused");
	claim(!wrong_reads, "GITS_CREADR never left the queue");
	claim(!foreign, "no interrupt came that is none of an ITS");
	claim(aimed > 0 && flood(), "messages went where there is nothing to send");
}

const struct kind its_kind = { is_fresh, begin, lie, judge };
