/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of virtual disks: names, where their bytes are, sizes, limits. */
#include "check_list.h"
#include "check_names.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#define FOR_DISKS(each, model) for (const struct disk *each = (model)->disks; each < (model)->disks + (model)->disk_count; each++)

/* The longest request that a guest makes of us in one piece. */
#define REQUEST_BYTES_MAX MIB

void check_disk_name_bad(const struct model *model, struct findings *f)
{
	names_bad(NAMES_OF("DISK", model->disks, model->disk_count, struct disk), f);
}

void check_disk_name_twice(const struct model *model, struct findings *f)
{
	names_twice(NAMES_OF("DISK", model->disks, model->disk_count, struct disk), f);
	names_shared(NAMES_OF("DISK", model->disks, model->disk_count, struct disk), NAMES_OF("NET", model->ports, model->port_count, struct port), f);
}

void check_disk_nobody(const struct model *model, struct findings *f)
{
	FOR_DISKS(disk, model)
		if (disk->part < 0)
			find(f, "CONFIG_DISK%u_NONE=y: nobody has disk \"%s\"; set CONFIG_DISK%u_PARTn=y, or lower CONFIG_DISKS", disk->number, disk->name, disk->number);
}

void check_disk_io(const struct model *model, struct findings *f)
{
	const char *names = io_partitions(model);

	FOR_DISKS(disk, model) {
		if (disk->back >= 0)
			continue;
		if (*names)
			find(f, "CONFIG_DISK%u_IO_AUTO=y: disk \"%s\" may be served by %s; choose one with CONFIG_DISK%u_IO_PARTn=y", disk->number, disk->name, names,
			     disk->number);
		else
			find(f, "CONFIG_DISK%u_IO_AUTO=y: no partition serves disk \"%s\"; make one with CONFIG_PARTn_UNIKERNEL=y and CONFIG_PARTn_PROGRAM=\"io\"",
			     disk->number, disk->name);
	}
}

void check_disk_source(const struct model *model, struct findings *f)
{
	FOR_DISKS(disk, model)
		if (disk->source == DISK_GPT && (!*disk->gpt_name || strlen(disk->gpt_name) > 36))
			find(f, "CONFIG_DISK%u_GPT_NAME=\"%s\": disk \"%s\" needs the name of a GPT partition, of 1 to 36 characters", disk->number, disk->gpt_name,
			     disk->name);
}

void check_disk_medium(const struct model *model, struct findings *f)
{
	FOR_DISKS(disk, model)
		if (disk->source != DISK_RAM && !hardware_name_is_good(disk->medium, "disk"))
			find(f, "CONFIG_DISK%u_MEDIUM=\"%s\": no name of a physical disk; write disk0, disk1 ... or pci:BUS.DEVICE.FUNCTION, as pci:00.04.0", disk->number,
			     disk->medium);
}

void check_disk_device(const struct model *model, struct findings *f)
{
	FOR_DISKS(disk, model)
		if (disk->source != DISK_RAM && disk->back >= 0 && !part_has_pci(&model->parts[disk->back]))
			find(f, "CONFIG_DISK%u_MEDIUM=\"%s\": \"%s\", which serves disk \"%s\", owns no PCI host bridge that it could be behind; give it one with "
				"CONFIG_DEV_..._PART%d=y, or set CONFIG_DISK%u_RAM=y", disk->number, disk->medium, model->parts[disk->back].name, disk->name,
			     disk->back + 1, disk->number);
}

/* The partitions that the boot chain and updates use. */
void check_disk_reserved(const struct model *model, struct findings *f)
{
	static const char *const names[] = { "firmware", "record-a", "record-b", "slot-a", "slot-b" };

	FOR_DISKS(disk, model)
		for (size_t i = 0; i < COUNT_OF(names); i++)
			if (disk->source == DISK_GPT && !disk->is_read_only && strcmp(disk->gpt_name, names[i]) == 0)
				find(f, "CONFIG_DISK%u_GPT_NAME=\"%s\": the board starts from this partition, and \"%s\" could write to it; take another one, or set "
					"CONFIG_DISK%u_READ_ONLY=y", disk->number, disk->gpt_name, disk->part < 0 ? disk->name : model->parts[disk->part].name, disk->number);
}

void check_disk_size(const struct model *model, struct findings *f)
{
	FOR_DISKS(disk, model)
		if (disk->source == DISK_RAM && disk->size == 0)
			find(f, "CONFIG_DISK%u_SIZE_MIB=0: RAM disk \"%s\" has no size; set it to 1 or more", disk->number, disk->name);
}

static bool is_power_of_two(uint32_t value)
{
	return value != 0 && (value & (value - 1)) == 0;
}

void check_disk_block(const struct model *model, struct findings *f)
{
	FOR_DISKS(disk, model) {
		if (disk->block != 512 && disk->block != 4096)
			find(f, "CONFIG_DISK%u_BLOCK=%u: logical blocks of disk \"%s\" have 512 or 4096 bytes; set it to one of these", disk->number, disk->block, disk->name);
		if (!is_power_of_two(disk->physical_block) || disk->physical_block < disk->block)
			find(f, "CONFIG_DISK%u_PHYSICAL_BLOCK=%u: physical blocks of disk \"%s\" are a power of two, and not smaller than its logical blocks of %u bytes; set "
				"it to 4096", disk->number, disk->physical_block, disk->name, disk->block);
		if (disk->block && disk->optimal % disk->block)
			find(f, "CONFIG_DISK%u_OPTIMAL_KIB=%u: not a multiple of the logical blocks of disk \"%s\", %u bytes; set it to a multiple, or to 0", disk->number,
			     disk->optimal / 1024, disk->name, disk->block);
	}
}

void check_disk_serial(const struct model *model, struct findings *f)
{
	FOR_DISKS(disk, model) {
		size_t length = strlen(disk->serial), good = 0;

		while (isgraph((unsigned char)disk->serial[good]))
			good++;
		if (length > SERIAL_BYTES || good != length)
			find(f, "CONFIG_DISK%u_SERIAL=\"%s\": a serial number has at most %d characters, and no blank; change it", disk->number, disk->serial, SERIAL_BYTES);
	}
}

void check_disk_burst(const struct model *model, struct findings *f)
{
	FOR_DISKS(disk, model)
		if (disk->bytes.per_second && disk->bytes.burst < REQUEST_BYTES_MAX)
			find(f, "CONFIG_DISK%u_BURST_KIB=%" PRIu64 ": disk \"%s\" gets requests of up to 1 MiB, which would never pass; set it to 1024 or more", disk->number,
			     disk->bytes.burst / KIB, disk->name);
}

/* Both reach the same bytes, as far as names tell. */
static bool disks_meet(const struct disk *a, const struct disk *b)
{
	uint64_t a_end = a->size ? a->offset + a->size : UINT64_MAX, b_end = b->size ? b->offset + b->size : UINT64_MAX;

	if (a->source == DISK_RAM || b->source == DISK_RAM || a->back != b->back || strcmp(a->medium, b->medium) != 0)
		return false;
	if (a->source == DISK_GPT && b->source == DISK_GPT)
		return strcmp(a->gpt_name, b->gpt_name) == 0;
	if (a->source != b->source) /* a region, and a partition whose place only the medium knows */
		return true;
	return a->offset < b_end && b->offset < a_end;
}

void check_disk_shared(const struct model *model, struct findings *f)
{
	FOR_DISKS(disk, model)
		FOR_DISKS(other, model)
			if (disk < other && disks_meet(disk, other) && !(disk->is_read_only && other->is_read_only))
				find(f, "CONFIG_DISK%u_MEDIUM and CONFIG_DISK%u_MEDIUM: disks \"%s\" and \"%s\" %s \"%s\", and not both are read only: one would destroy what the "
					"other one holds; take other places", disk->number, other->number, disk->name, other->name,
				     disk->source == other->source ? "are the same bytes of" : "are a region and a GPT partition, which may overlap, of", disk->medium);
}

void check_disk_room(const struct model *model, struct findings *f)
{
	FOR_DISKS(disk, model)
		if (disk->source == DISK_RAM && disk->back >= 0 && disk->size && disk->memory.size == 0)
			find(f, "CONFIG_DISK%u_SIZE_MIB=%" PRIu64 ": no room for RAM disk \"%s\" in RAM of board \"%s\"; make it or a partition smaller", disk->number,
			     disk->size / MIB, disk->name, model->board->name);
}
