/* SPDX-License-Identifier: Apache-2.0 */
/* The partition, its guest's words, and the double of the physical ITS. */
#include "its_world.h"

#include <stdlib.h>
#include <string.h>

#define RAM_PA 0x7000000000ul

uint8_t its_ram[RAM_BYTES] __attribute__((aligned(4096)));
struct moved its_moved[MESSAGES];
uint32_t its_exits;

static struct arm64_vcpu vcpus[VCPUS + 1u];
static struct arm64_partition states[2];
static struct vits vits[2];
static uint32_t produced;
static struct vcpu *const owner_vcpus[] = { &vcpus[0].core, &vcpus[1].core };
static struct vcpu *const neighbour_vcpus[] = { &vcpus[2].core };
static const struct plan_cpu cpus[] = {
	{ .hardware_id = 0, .vcpus = &owner_vcpus[0], .vcpu_count = 1 },
	{ .hardware_id = 1, .vcpus = &owner_vcpus[1], .vcpu_count = 1 },
	{ .hardware_id = 2, .vcpus = neighbour_vcpus, .vcpu_count = 1 },
};
static const struct plan_map maps[] = {
	{ .name = "device", .ipa = { 0x10000000 }, .pa = { 0x10000000 }, .size = 0x10000, .flags = PLAN_MAP_DEVICE },
	{ .name = "ram", .ipa = { RAM_IPA }, .pa = { RAM_PA }, .size = RAM_BYTES, .flags = PLAN_MAP_RAM },
};
static const struct plan_vits plan_vits[] = {
	[NEIGHBOUR] = { .lpi = 8192, .lpi_count = 4, .state = &vits[NEIGHBOUR] },
	[OWNER] = { .lpi = 8196, .lpi_count = MESSAGES, .state = &vits[OWNER] },
};
static const struct arch_plan_partition arch[] = {
	[NEIGHBOUR] = { .spi_count = 32, .vits = &plan_vits[NEIGHBOUR] },
	[OWNER] = { .spi_count = 64, .vits = &plan_vits[OWNER] },
};
static const struct plan_partition partitions[] = {
	[NEIGHBOUR] = { .id = NEIGHBOUR, .name = "neighbour", .state = &states[NEIGHBOUR].core, .vcpus = neighbour_vcpus, .vcpu_count = 1,
			.arch = &arch[NEIGHBOUR] },
	[OWNER] = { .id = OWNER, .name = "owner", .state = &states[OWNER].core, .vcpus = owner_vcpus, .vcpu_count = VCPUS, .maps = maps, .map_count = 2,
		    .arch = &arch[OWNER] },
};
static const struct plan_its_device devices[] = {
	{ .device_id = 0x18, .virtual_id = DISK, .partition = NEIGHBOUR, .lpi = 8192, .event_count = 4 },
	{ .device_id = 0x20, .virtual_id = DISK, .partition = OWNER, .lpi = 8196, .event_count = DISK_EVENTS },
	{ .device_id = 0x28, .virtual_id = NIC, .partition = OWNER, .lpi = 8200, .event_count = 2 },
};
static const struct its_driver driver = { .redistributor_read = vits_redistributor_read, .redistributor_write = vits_redistributor_write };
static const struct plan_its its = { .driver = &driver, .devices = devices, .device_count = 3 };
static const struct arch_plan arch_plan = { .its = &its };
const struct plan plan = { .cpus = cpus, .cpu_count = 3, .partitions = partitions, .partition_count = 2, .arch = &arch_plan };

void *arch_memory(pa_t pa, uint64_t size)
{
	machine_must(pa.v >= RAM_PA && pa.v - RAM_PA < RAM_BYTES && size <= RAM_BYTES - (pa.v - RAM_PA), "memory of nobody is read");
	return its_ram + (pa.v - RAM_PA);
}

void its_move(const struct plan_its_device *device, uint32_t event, const struct plan_cpu *cpu)
{
	machine_must(device == &devices[1] || device == &devices[2], "a device of somebody else is moved");
	machine_must(event < device->event_count && cpu->hardware_id < VCPUS, "an event that is not there is moved, or to a foreign CPU");
	its_moved[device->lpi - 8196u + event].count++;
	its_moved[device->lpi - 8196u + event].cpu = (uint32_t)cpu->hardware_id;
}

/* ---- setting up ---- */

static void vcpu_begin(uint32_t n)
{
	vcpus[n].core.partition = &partitions[n < VCPUS ? OWNER : NEIGHBOUR];
	vcpus[n].core.cpu = &cpus[n];
	vcpus[n].core.index = n < VCPUS ? n : 0;
	vgic_vcpu_reset(&vcpus[n].core);
}

void its_begin(uint32_t lr_count)
{
	memset(vcpus, 0, sizeof(vcpus));
	memset(states, 0, sizeof(states));
	memset(vits, 0, sizeof(vits));
	memset(its_ram, 0, sizeof(its_ram));
	memset(its_moved, 0, sizeof(its_moved));
	produced = 0;
	machine_begin(lr_count);
	vgic_init();
	for (uint32_t n = 0; n < ARRAY_COUNT(vcpus); n++)
		vcpu_begin(n);
	for (uint32_t p = 0; p < 2; p++) {
		vgic_partition_reset(&partitions[p]);
		vits_reset(&partitions[p]);
	}
	for (uint32_t n = 0; n < ARRAY_COUNT(vcpus); n++) {
		machine.now = n;
		machine.cpu[n].loaded = &vcpus[n].core;
		vgic_vcpu_load(&vcpus[n].core);
		machine_set_groups(n, 3);
		machine_set_mask(n, 0xf8);
	}
	machine.now = 0;
}

void its_guest_starts(void)
{
	gicd_write(GICD_CTLR, GICD_CTLR_GROUP1);
	for (uint32_t v = 0; v < VCPUS; v++) {
		gicr_write(v, GICR_PROPBASER, 8, PROPERTIES | 0xf80u | (ITS_LPI_BITS - 1u));
		gicr_write(v, GICR_CTLR, 4, GICR_CTLR_LPIS);
	}
	gits_write(GITS_CBASER, 8, GITS_VALID | QUEUE);
	gits_write(GITS_CWRITER, 8, 0);
	gits_write(GITS_CTLR, 4, GITS_CTLR_ENABLED);
	for (uint32_t v = 0; v < VCPUS; v++)
		its_map_collection(v, v, true);
}

/* ---- registers ---- */

static uint64_t access_do(const struct mmio_block *block, struct mmio_access access)
{
	uint32_t at = block->stride_shift ? access.offset & ((1u << block->stride_shift) - 1u) : access.offset;
	const struct mmio_reg *reg = NULL;
	mmio_fn *fn;

	for (uint32_t n = 0; n < block->reg_count && !reg; n++)
		if (at - block->regs[n].offset < block->regs[n].size)
			reg = &block->regs[n];
	fn = !reg || !(reg->widths & access.width) ? NULL : access.is_write ? reg->write : reg->read;
	its_exits = 0;
	access.state = &states[OWNER].gic;
	while (fn && its_exits < 1000u) {
		struct mmio_access now = access;

		machine.now = 0;
		its_exits++;
		fn(&vcpus[0].core, reg, &now);
		if (!now.is_retry)
			return now.value;
	}
	return 0;
}

uint64_t gits_read(uint32_t offset, uint8_t width)
{
	return access_do(&gits_block, (struct mmio_access){ .offset = offset, .width = width });
}

void gits_write(uint32_t offset, uint8_t width, uint64_t value)
{
	(void)access_do(&gits_block, (struct mmio_access){ .offset = offset, .width = width, .is_write = true, .value = value });
}

uint64_t gicr_read(uint32_t vcpu, uint32_t offset, uint8_t width)
{
	return access_do(&vgicr_block, (struct mmio_access){ .offset = (vcpu << GICR_FRAMES_SHIFT) + offset, .width = width });
}

void gicr_write(uint32_t vcpu, uint32_t offset, uint8_t width, uint64_t value)
{
	(void)access_do(&vgicr_block, (struct mmio_access){ .offset = (vcpu << GICR_FRAMES_SHIFT) + offset, .width = width, .is_write = true, .value = value });
}

uint64_t gicd_read(uint32_t offset)
{
	return access_do(&vgicd_block, (struct mmio_access){ .offset = offset, .width = 4 });
}

void gicd_write(uint32_t offset, uint32_t value)
{
	(void)access_do(&vgicd_block, (struct mmio_access){ .offset = offset, .width = 4, .is_write = true, .value = value });
}

/* ---- commands ---- */

void its_put(uint64_t word0, uint64_t word1, uint64_t word2)
{
	uint64_t words[4] = { word0, word1, word2, 0 };

	memcpy(its_ram + produced, words, sizeof(words));
	produced = (produced + 32u) % 4096u;
}

void its_command(uint64_t word0, uint64_t word1, uint64_t word2)
{
	its_put(word0, word1, word2);
	gits_write(GITS_CWRITER, 8, produced);
}

void its_map_device(uint32_t device, bool is_valid)
{
	its_command((uint64_t)device << 32 | ITS_MAPD, 1, (is_valid ? GITS_VALID : 0) | 0x40006000u);
}

void its_map(uint32_t device, uint32_t event, irq_t intid, uint32_t collection)
{
	its_command((uint64_t)device << 32 | ITS_MAPTI, (uint64_t)intid << 32 | event, collection);
}

void its_map_collection(uint32_t collection, uint32_t vcpu, bool is_valid)
{
	its_command(ITS_MAPC, 0, (is_valid ? GITS_VALID : 0) | (uint64_t)vcpu << 16 | collection);
}

void its_event(enum its_command number, uint32_t device, uint32_t event)
{
	its_command((uint64_t)device << 32 | number, event, 0);
}

void its_move_event(uint32_t device, uint32_t event, uint32_t collection)
{
	its_command((uint64_t)device << 32 | ITS_MOVI, event, collection);
}

void its_property(irq_t intid, uint8_t value)
{
	its_ram[PROPERTIES - RAM_IPA + intid - ITS_FIRST_LPI] = value;
}

/* ---- the machine ---- */

void its_fire(uint32_t message, uint32_t cpu)
{
	machine.now = cpu;
	vits_fired(&partitions[OWNER], message);
}

irq_t its_take(uint32_t cpu)
{
	machine_must(machine_settle(), "it comes to rest");
	return machine_acknowledge(cpu).irq;
}
