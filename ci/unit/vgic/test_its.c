/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual ITS: what its commands do, what senseless and hostile ones do not, and random walks against a model of one. */
#include "../tap.h"
#include "its_world.h"

#include <string.h>

#define ON 0xa1u /* property: enabled, priority a0 */
#define IRQ 8300u

static void begin(void)
{
	its_begin(4);
	its_guest_starts();
	its_map_device(DISK, true);
	its_map_device(NIC, true);
	for (irq_t i = 0; i < 100; i++)
		its_property(IRQ + i, ON);
}

static void end(uint32_t cpu, irq_t irq)
{
	machine_end(cpu, irq, ANY_SOURCE);
}

/* ---- registers ---- */

static void test_identity(void)
{
	begin();
	CHECK((gicd_read(GICD_TYPER) >> 17 & 1u) == 1 && (gicd_read(GICD_TYPER) >> 19 & 0x1fu) == 13);
	CHECK((gicr_read(0, GICR_TYPER, 8) & 0x11u) == 1 && (gicr_read(1, GICR_TYPER, 8) & 0x11u) == 0x11);
	CHECK((gits_read(GITS_TYPER, 8) & 1u) && gits_read(GITS_TYPER, 8) >> 24 == VCPUS && gits_read(GITS_TYPER + 4, 4) == 0);
	CHECK((gits_read(0xffe8, 4) & 0xf0u) == 0x30);
	for (uint32_t n = 0; n < 8; n++) {
		gits_write(GITS_BASER + 8 * n, 8, UINT64_MAX);
		CHECK(gits_read(GITS_BASER + 8 * n, 8) == 0);
	}
	CHECK(gits_read(GITS_CTLR, 4) == GITS_CTLR_ENABLED && gits_read(0x10040, 4) == 0);
	gits_write(GITS_CTLR, 4, 0);
	CHECK(gits_read(GITS_CTLR, 4) == GITS_CTLR_QUIESCENT);
}

static void test_bases(void)
{
	begin();
	gits_write(GITS_CBASER, 8, GITS_VALID | 0x50000000u); /* while it is on */
	CHECK(gits_read(GITS_CBASER, 8) == (GITS_VALID | QUEUE));
	gits_write(GITS_CTLR, 4, 0);
	gits_write(GITS_CBASER, 4, 0x40001c02);
	gits_write(GITS_CBASER + 4, 4, 0xb8000000);
	CHECK(gits_read(GITS_CBASER, 8) == 0xb800000040001c02ul && gits_read(GITS_CBASER + 4, 4) == 0xb8000000 && gits_read(GITS_CREADR, 8) == 0);
	gits_write(GITS_CWRITER, 8, 0x3000); /* behind its three pages */
	CHECK(gits_read(GITS_CWRITER, 8) == 0);
	gits_write(GITS_CWRITER, 8, 0x2fe0);
	CHECK(gits_read(GITS_CWRITER, 8) == 0x2fe0);
	gicr_write(1, GICR_PENDBASER, 8, 0x4000000040070780ul);
	CHECK(gicr_read(1, GICR_PENDBASER, 8) == 0x40070780 && gicr_read(0, GICR_PENDBASER, 8) == 0);
	gicr_write(1, GICR_PROPBASER, 8, 0);
	CHECK(gicr_read(0, GICR_PROPBASER, 8) == (PROPERTIES | 0xf80u | 13u)); /* somebody reads by it */
}

/* ---- messages ---- */

static void test_message(void)
{
	begin();
	its_map(DISK, 2, IRQ, 1);
	CHECK(its_moved[2].cpu == 1);
	its_fire(2, 1);
	CHECK(its_take(0) == NO_IRQ && its_take(1) == IRQ && its_take(1) == NO_IRQ);
	end(1, IRQ);
	its_fire(2, 0); /* the machine sends it to another CPU */
	CHECK(its_take(1) == IRQ);
	end(1, IRQ);
	its_fire(1, 0); /* not mapped */
	its_fire(4, 0);
	CHECK(its_take(0) == NO_IRQ && its_take(1) == NO_IRQ);
}

static void test_active_messages(void)
{
	begin();
	machine.has_active_lpis = true;
	its_map(DISK, 0, IRQ, 0);
	its_fire(0, 0);
	CHECK(its_take(0) == IRQ);
	its_fire(0, 0);
	its_fire(0, 0);
	CHECK(its_take(0) == NO_IRQ);
	end(0, IRQ);
	CHECK(its_take(0) == IRQ);
	end(0, IRQ);
	CHECK(its_take(0) == NO_IRQ);
}

static void test_more_than_registers(void)
{
	uint32_t seen = 0;

	its_begin(1);
	its_guest_starts();
	its_map_device(DISK, true);
	for (uint32_t n = 0; n < DISK_EVENTS; n++) {
		its_property(IRQ + n, (uint8_t)(0xc1u - 16u * n));
		its_map(DISK, n, IRQ + n, 0);
		its_fire(n, n % 2u);
	}
	for (uint32_t n = 0; n < DISK_EVENTS; n++) {
		irq_t irq = its_take(0);

		CHECK(irq == IRQ + DISK_EVENTS - 1u - n); /* most urgent first */
		end(0, irq);
		seen++;
	}
	CHECK(seen == DISK_EVENTS && its_take(0) == NO_IRQ);
}

static void test_properties(void)
{
	begin();
	its_property(IRQ, 0xa0);
	its_map(DISK, 0, IRQ, 0);
	its_fire(0, 0);
	CHECK(its_take(0) == NO_IRQ);
	its_property(IRQ, ON);
	CHECK(its_take(0) == NO_IRQ); /* it was not told */
	its_event(ITS_INV, DISK, 0);
	CHECK(its_take(0) == IRQ);
	end(0, IRQ);
	its_property(IRQ, 0);
	its_command(ITS_INVALL, 0, 1);
	its_fire(0, 0);
	CHECK(its_take(0) == IRQ); /* of another collection */
	end(0, IRQ);
	its_command(ITS_INVALL, 0, 0);
	its_fire(0, 0);
	CHECK(its_take(0) == NO_IRQ);
}

/* More INTID bits than the distributor has are as many as it has (Arm IHI 0069, GICR_PROPBASER.IDbits); too few leave out what is behind. */
static void test_property_bits(void)
{
	static const struct { uint32_t field; bool is_seen; } cases[] = { { 31, true }, { 30, true }, { 14, true }, { 13, true }, { 12, false }, { 0, false } };

	for (uint32_t i = 0; i < ARRAY_COUNT(cases); i++) {
		begin();
		for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++)
			gicr_write(vcpu, GICR_CTLR, 4, 0);
		gicr_write(0, GICR_PROPBASER, 8, PROPERTIES | cases[i].field);
		for (uint32_t vcpu = 0; vcpu < VCPUS; vcpu++)
			gicr_write(vcpu, GICR_CTLR, 4, GICR_CTLR_LPIS);
		its_property(IRQ, ON);
		its_map(DISK, 0, IRQ, 0);
		its_fire(0, 0);
		CHECK(its_take(0) == (cases[i].is_seen ? IRQ : NO_IRQ));
	}
}

static void test_redistributor_switch(void)
{
	begin();
	its_map(DISK, 0, IRQ, 0);
	gicr_write(0, GICR_CTLR, 4, 0);
	CHECK((gicr_read(0, GICR_CTLR, 4) & 1u) == 0 && (gicr_read(1, GICR_CTLR, 4) & 1u) == 1);
	its_fire(0, 0);
	CHECK(its_take(0) == NO_IRQ);
	gicr_write(0, GICR_CTLR, 4, GICR_CTLR_LPIS);
	CHECK(its_take(0) == IRQ);
	end(0, IRQ);
	vgic_vcpu_save(machine.cpu[0].loaded); /* off and on again: it stays as the guest has it */
	vgic_vcpu_reset(machine.cpu[0].loaded);
	CHECK((gicr_read(0, GICR_CTLR, 4) & 1u) == 1);
}

static void test_moves(void)
{
	begin();
	its_map(DISK, 0, IRQ, 0);
	gicr_write(0, GICR_CTLR, 4, 0);
	its_fire(0, 0);
	its_move_event(DISK, 0, 1);
	CHECK(its_moved[0].cpu == 1 && its_take(1) == IRQ); /* what was pending came along */
	end(1, IRQ);
	gicr_write(0, GICR_CTLR, 4, GICR_CTLR_LPIS);
	its_fire(0, 0);
	(void)machine_settle();                        /* in a list register of the other vCPU */
	its_map_collection(1, 0, true);
	CHECK(its_moved[0].cpu == 0 && its_take(1) == NO_IRQ && its_take(0) == IRQ);
	end(0, IRQ);
	its_map_collection(1, 0, false);
	its_fire(0, 0);
	CHECK(its_take(0) == NO_IRQ && its_take(1) == NO_IRQ);
	its_map_collection(1, 1, true);
	CHECK(its_take(1) == IRQ);
	its_command(ITS_MOVALL, 0, 1u << 16);
	CHECK(its_take(0) == NO_IRQ);
}

static void test_forgotten(void)
{
	begin();
	its_map(DISK, 0, IRQ, 1);
	its_event(ITS_INT, DISK, 0);
	its_event(ITS_CLEAR, DISK, 0);
	CHECK(its_take(1) == NO_IRQ);
	its_event(ITS_INT, DISK, 0);
	(void)machine_settle();
	its_event(ITS_DISCARD, DISK, 0);
	CHECK(its_take(1) == NO_IRQ);
	its_event(ITS_INT, DISK, 0);
	its_fire(0, 1);
	CHECK(its_take(1) == NO_IRQ);
	its_map(DISK, 0, IRQ + 1, 1);
	CHECK(its_take(1) == NO_IRQ);
	its_fire(0, 1);
	its_map_device(DISK, false);
	CHECK(its_take(1) == NO_IRQ);
	its_map(DISK, 0, IRQ, 1); /* the device is not mapped */
	its_fire(0, 1);
	CHECK(its_take(1) == NO_IRQ);
}

/* ---- hostile ---- */

static void test_lies(void)
{
	begin();
	its_map(DISK, DISK_EVENTS, IRQ, 0);
	its_map(DISK, UINT32_MAX, IRQ, 0);
	its_map(0x18, 0, IRQ, 0);        /* the neighbour's, as the machine has it */
	its_map(0xffffffff, 0, IRQ, 0);
	its_map(DISK, 0, 8191, 0);
	its_map(DISK, 0, 1u << ITS_LPI_BITS, 0);
	its_map(DISK, 0, 0xfffffff0, 0);
	its_map(DISK, 0, IRQ, VCPUS);
	its_map(DISK, 0, IRQ, 0xffff);
	for (uint32_t n = 0; n < MESSAGES; n++) {
		CHECK(its_moved[n].count == 0);
		its_fire(n, 0);
	}
	CHECK(its_take(0) == NO_IRQ && its_take(1) == NO_IRQ);
	its_map(DISK, 0, IRQ, 0);
	its_map(DISK, 1, IRQ, 0); /* one INTID twice */
	its_fire(1, 0);
	CHECK(its_take(0) == NO_IRQ);
	its_map_collection(0, 5, true); /* no such vCPU: as it was */
	its_move_event(DISK, 0, 77);
	its_fire(0, 0);
	CHECK(its_take(0) == IRQ);
}

static void test_tables_elsewhere(void)
{
	begin();
	for (uint32_t v = 0; v < VCPUS; v++)
		gicr_write(v, GICR_CTLR, 4, 0);
	for (uint64_t base = RAM_IPA - 0x3000; base < RAM_IPA + RAM_BYTES + 0x3000; base += 0x1000) {
		gicr_write(0, GICR_PROPBASER, 8, base | 13u);
		its_map(DISK, 0, (1u << ITS_LPI_BITS) - 1u, 0);
		its_map(DISK, 0, ITS_FIRST_LPI, 0);
	}
	gicr_write(0, GICR_PROPBASER, 8, 0x10000000u | 13u); /* registers of a device: a read may do anything */
	its_map(DISK, 0, ITS_FIRST_LPI, 0);
	gicr_write(0, GICR_PROPBASER, 8, PROPERTIES); /* one bit of INTID */
	its_map(DISK, 0, IRQ, 0);
	gicr_write(0, GICR_CTLR, 4, GICR_CTLR_LPIS);
	its_fire(0, 0);
	CHECK(its_take(0) == NO_IRQ);
}

static void test_queue_elsewhere(void)
{
	begin();
	gits_write(GITS_CTLR, 4, 0);
	gits_write(GITS_CBASER, 8, GITS_VALID | (RAM_IPA + RAM_BYTES - 0x1000u) | 0xff);
	gits_write(GITS_CTLR, 4, GITS_CTLR_ENABLED);
	gits_write(GITS_CWRITER, 8, 0x5000); /* the page, then nothing */
	CHECK(gits_read(GITS_CREADR, 8) == 0x1000 && its_exits == 1);
	gits_write(GITS_CWRITER, 8, 0x5000);
	CHECK(gits_read(GITS_CREADR, 8) == 0x1000 && its_exits == 1);
}

static void test_pieces(void)
{
	begin();
	for (uint32_t n = 0; n < 100; n++)
		its_put((uint64_t)DISK << 32 | ITS_INV, 0, 0);
	its_command(ITS_SYNC, 0, 0);
	CHECK(its_exits == 13 && gits_read(GITS_CREADR, 8) == gits_read(GITS_CWRITER, 8));
}

/* A command that means all events of a collection is a piece by itself: each of them is told to the machine's ITS, in which others wait. */
static void test_heavy_pieces(void)
{
	begin();
	for (uint32_t n = 0; n < DISK_EVENTS; n++)
		its_map(DISK, n, IRQ + n, 0);
	for (uint32_t n = 0; n < 20; n++)
		its_put(ITS_MAPC, 0, GITS_VALID | (uint64_t)(n & 1u) << 16);
	its_command(ITS_SYNC, 0, 0);
	CHECK(its_exits == 21 && gits_read(GITS_CREADR, 8) == gits_read(GITS_CWRITER, 8));
}

/* The distributor's registers reach no message. */
static void test_out_of_reach(void)
{
	begin();
	its_map(DISK, 0, IRQ, 0);
	for (uint32_t offset = GICD_IGROUPR; offset < GICD_IPRIORITYR; offset += 4)
		gicd_write(offset, UINT32_MAX);
	for (uint32_t offset = GICD_IPRIORITYR; offset < 0xd00; offset += 4)
		gicd_write(offset, 0);
	CHECK(its_take(0) == NO_IRQ);
	its_fire(0, 0);
	CHECK(its_take(0) == IRQ && machine_highest(0).irq == NO_IRQ);
}

static void test_reset(void)
{
	begin();
	its_map(DISK, 0, IRQ, 0);
	gicr_write(0, GICR_CTLR, 4, 0);
	its_fire(0, 0);
	for (uint32_t n = 0; n < 3u; n++) {
		machine.now = n;
		vgic_vcpu_save(machine.cpu[n].loaded);
		vgic_vcpu_reset(machine.cpu[n].loaded);
	}
	vgic_partition_reset(machine.cpu[0].loaded->partition);
	vits_reset(machine.cpu[0].loaded->partition);
	for (uint32_t n = 0; n < 3u; n++) {
		machine.now = n;
		vgic_vcpu_load(machine.cpu[n].loaded);
	}
	CHECK(gits_read(GITS_CTLR, 4) == GITS_CTLR_QUIESCENT && gits_read(GITS_CBASER, 8) == 0 && gicr_read(0, GICR_PROPBASER, 8) == 0);
	its_guest_starts();
	its_fire(0, 0);
	CHECK(its_take(0) == NO_IRQ);
}

/* ---- walks ---- */

static struct model {
	bool mapped[2];
	uint32_t collection[VCPUS];                 /* VCPUS: none */
	struct { irq_t intid; uint32_t collection; uint8_t property; bool is_pending; } message[MESSAGES];
} model;
static uint32_t seed;

static uint32_t any(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 10) % below;
}

/* Number of the message, MESSAGES if there is none. Often it is. */
static uint32_t pick(uint32_t *device, uint32_t *event)
{
	static const uint32_t devices[] = { DISK, NIC, DISK, NIC, DISK, 0x18, 0x20, 0 };

	*device = devices[any(8)];
	*event = any(10) ? any(5) : UINT32_MAX - any(4);
	if (*device == DISK && *event < DISK_EVENTS && model.mapped[0])
		return *event;
	if (*device == NIC && *event < MESSAGES - DISK_EVENTS && model.mapped[1])
		return DISK_EVENTS + *event;
	return MESSAGES;
}

static bool is_taken(irq_t intid, uint32_t message)
{
	for (uint32_t n = 0; n < MESSAGES; n++)
		if (n != message && model.message[n].intid == intid)
			return true;
	return false;
}

static void step_map(void)
{
	uint32_t device, event, collection = any(VCPUS + 1u), m = pick(&device, &event);
	irq_t intid = any(8) ? IRQ + any(8) : any(20000);

	its_map(device, event, intid, collection);
	if (m == MESSAGES || collection >= VCPUS || intid < ITS_FIRST_LPI || intid >= 1u << ITS_LPI_BITS || is_taken(intid, m))
		return;
	model.message[m].intid = intid;
	model.message[m].collection = collection;
	model.message[m].is_pending = false;
	model.message[m].property = its_ram[PROPERTIES - RAM_IPA + intid - ITS_FIRST_LPI];
}

static void step_event(void)
{
	static const enum its_command numbers[] = { ITS_INT, ITS_CLEAR, ITS_DISCARD, ITS_INV, ITS_INT, ITS_INV, ITS_INT };
	uint32_t device, event, m = pick(&device, &event);
	enum its_command number = numbers[any(7)];

	its_event(number, device, event);
	if (m == MESSAGES || !model.message[m].intid)
		return;
	if (number == ITS_INV)
		model.message[m].property = its_ram[PROPERTIES - RAM_IPA + model.message[m].intid - ITS_FIRST_LPI];
	else
		model.message[m].is_pending = number == ITS_INT;
	if (number == ITS_DISCARD)
		model.message[m].intid = 0;
}

static void step_move(void)
{
	uint32_t device, event, collection = any(VCPUS + 1u), m = pick(&device, &event);

	its_move_event(device, event, collection);
	if (m != MESSAGES && collection < VCPUS)
		model.message[m].collection = collection;
}

static void step_collection(void)
{
	uint32_t collection = any(VCPUS + 1u), vcpu = any(VCPUS + 1u);
	bool is_valid = any(4);

	its_map_collection(collection, vcpu, is_valid);
	if (collection < VCPUS && (!is_valid || vcpu < VCPUS))
		model.collection[collection] = is_valid ? vcpu : VCPUS;
}

static void step_device(void)
{
	uint32_t device = any(2);
	bool is_valid = any(3);

	its_map_device(device ? NIC : DISK, is_valid);
	model.mapped[device] = is_valid;
	for (uint32_t n = 0; n < MESSAGES; n++)
		if ((n >= DISK_EVENTS) == device) {
			model.message[n].intid = 0;
			model.message[n].is_pending = false;
		}
}

static void step_fire(void)
{
	uint32_t m = any(MESSAGES);

	its_fire(m, any(3));
	model.message[m].is_pending |= model.message[m].intid != 0;
}

/* Most urgent messages that vCPU `cpu` shall get now; 0: none. */
static uint32_t expected(uint32_t cpu)
{
	uint32_t mask = 0, best = 0xf8;

	for (uint32_t n = 0; n < MESSAGES; n++) {
		uint32_t priority = model.message[n].property & 0xf8u;

		if (!model.message[n].intid || !model.message[n].is_pending || !(model.message[n].property & 1u) ||
		    model.collection[model.message[n].collection] != cpu || priority > best || priority >= 0xf8)
			continue;
		mask = priority < best ? 1u << n : mask | 1u << n;
		best = priority;
	}
	return mask;
}

static void step_take(uint32_t cpu)
{
	uint32_t mask = expected(cpu);
	irq_t irq = its_take(cpu);

	if (!mask) {
		CHECK(irq == NO_IRQ);
		return;
	}
	for (uint32_t n = 0; n < MESSAGES; n++)
		if (mask & 1u << n && model.message[n].intid == irq) {
			model.message[n].is_pending = false;
			end(cpu, irq);
			return;
		}
	CHECK(!"what comes is what is most urgent");
}

static void step(void)
{
	switch (any(12)) {
	case 0: case 1: step_map(); break;
	case 2: case 3: case 4: step_event(); break;
	case 5: step_move(); break;
	case 6: any(3) ? step_fire() : step_collection(); break;
	case 7: any(6) ? step_fire() : step_device(); break;
	case 8: its_property(IRQ + any(8), (uint8_t)any(256)); break;
	case 9: (void)machine_settle(); break;
	case 10: step_take(any(VCPUS)); break;
	default: step_fire();
	}
	for (uint32_t cpu = 0; cpu < VCPUS; cpu++)
		if (!any(3))
			step_take(cpu);
}

static void walk(uint32_t number)
{
	seed = number;
	its_begin(1u + number % 4u);
	its_guest_starts();
	memset(&model, 0, sizeof(model));
	model.collection[1] = 1;
	for (irq_t i = 0; i < 8; i++)
		its_property(IRQ + i, (uint8_t)(any(256) | 1u));
	for (uint32_t n = 0; n < 600 && !tap_bad_; n++)
		step();
	if (tap_bad_)
		printf("# walk %u\n", number);
}

static void test_walks(void)
{
	for (uint32_t number = 0; number < 400 && !tap_bad_; number++)
		walk(number);
}

/* Anything at all, into any register and any word of memory. */
static void test_noise(void)
{
	for (uint32_t number = 0; number < 100; number++) {
		seed = number + 7u;
		begin();
		for (uint32_t n = 0; n < 600; n++) {
			uint32_t at = any(RAM_BYTES);
			uint64_t value = (uint64_t)any(1u << 22) << any(43);

			its_ram[at] = (uint8_t)(any(3) ? any(16) : any(256));
			if (any(2))
				gits_write(any(0x98) & ~7u, any(2) ? 4 : 8, any(2) ? value : GITS_VALID | QUEUE | value);
			else
				gicr_write(any(VCPUS), any(2) ? GICR_PROPBASER : any(2) ? GICR_CTLR : GICR_PENDBASER, any(2) ? 4 : 8, value);
			its_fire(any(MESSAGES), any(3));
			if (!any(4)) {
				irq_t irq = its_take(0);

				if (irq != NO_IRQ)
					end(0, irq);
			}
		}
	}
}

int main(void)
{
	TEST(test_identity);
	TEST(test_bases);
	TEST(test_message);
	TEST(test_active_messages);
	TEST(test_more_than_registers);
	TEST(test_properties);
	TEST(test_property_bits);
	TEST(test_redistributor_switch);
	TEST(test_moves);
	TEST(test_forgotten);
	TEST(test_lies);
	TEST(test_tables_elsewhere);
	TEST(test_queue_elsewhere);
	TEST(test_pieces);
	TEST(test_heavy_pieces);
	TEST(test_out_of_reach);
	TEST(test_reset);
	TEST(test_walks);
	TEST(test_noise);
	return tap_done();
}
