/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests as NVM commands: cut where data would need a list that PRP cannot say, counted until the last is back.
 * PRP (base specification 1.4, 4.3): the first entry may begin within a page, every other one is a page's border, so
 * between two pieces of one command lies a border, or they touch.
 */

#include <rt/timer.h>

#include "nvme.h"

#define COMMAND_NS	10000000000ull
#define NAMESPACE	1u

#define FUA		(1u << 30)	/* of command dword 12 */
#define DEALLOCATE	(1u << 2)	/* of dataset management's dword 11 */

/* Status: type in bits 8..10, code in 0..7; 4.6.1. */
#define TYPE_GENERIC	0x000u
#define INVALID_FIELD	(TYPE_GENERIC | 0x02)
#define WRITE_PROTECTED	(TYPE_GENERIC | 0x20)
#define OUT_OF_RANGE	(TYPE_GENERIC | 0x80)
#define INVALID_OPCODE	(TYPE_GENERIC | 0x01)

/* A command's data while it is put together. */
struct pages {
	unsigned count;
	uint64_t bytes;
	uint64_t end;		/* bus address behind the last piece */
	uint64_t first;
	uint64_t second;
};

static enum blk_status translate(unsigned status)
{
	switch (status) {
	case 0: return BLK_OK;
	case INVALID_OPCODE: return BLK_ERR_UNSUPPORTED;
	case INVALID_FIELD:
	case OUT_OF_RANGE: return BLK_ERR_ARGUMENT;
	case WRITE_PROTECTED: return BLK_ERR_READ_ONLY;
	default: return BLK_ERR_MEDIUM;
	}
}

static struct nvme_slot *take_slot(struct nvme *nvme, unsigned request)
{
	for (unsigned i = 0; i < NVME_COMMAND_COUNT; i++) {
		struct nvme_slot *slot = &nvme->slots[i];

		if (slot->used)
			continue;
		slot->used = true;
		slot->request = (uint16_t)request;
		slot->deadline = time_ns() + COMMAND_NS;
		return slot;
	}
	return NULL;
}

static struct nvme_command *start_command(struct nvme *nvme, unsigned request, enum nvme_opcode opcode, struct nvme_slot **slot)
{
	struct nvme_command *command;

	*slot = take_slot(nvme, request);
	if (!*slot)
		return NULL;
	command = nvme_queue_next(&nvme->io, opcode, (unsigned)(*slot - nvme->slots));
	command->namespace = NAMESPACE;
	nvme->requests[request].left++;
	return command;
}

static void set_blocks(struct nvme_command *command, uint64_t block, uint64_t count)
{
	command->cdw10[0] = (uint32_t)block;
	command->cdw10[1] = (uint32_t)(block >> 32);
	command->cdw10[2] = (uint32_t)(count - 1);
}

/* ---- data ---- */

static void add_page(struct pages *pages, struct nvme_slot *slot, uint64_t bus)
{
	if (pages->count == 0)
		pages->first = bus;
	else
		slot->list[pages->count - 1] = bus;
	if (pages->count == 1)
		pages->second = bus;
	pages->count++;
}

static bool can_follow(const struct pages *pages, uint64_t bus)
{
	return !pages->count || bus == pages->end || (pages->end % NVME_PAGE == 0 && bus % NVME_PAGE == 0);
}

static void add_piece(struct pages *pages, struct nvme_slot *slot, uint64_t bus, uint64_t bytes)
{
	for (uint64_t at = bus; at < bus + bytes; at = (at / NVME_PAGE + 1) * NVME_PAGE) {
		if (!pages->count || at % NVME_PAGE == 0)
			add_page(pages, slot, at);
	}
	pages->bytes += bytes;
	pages->end = bus + bytes;
}

static void set_data(struct nvme_command *command, const struct nvme_slot *slot, const struct pages *pages)
{
	command->prp[0] = pages->first;
	command->prp[1] = pages->count > 2 ? slot->list_bus : pages->second;
}

/* Where the walk over a request's segments stands. */
struct walk {
	const struct blk_request *request;
	unsigned segment;
	uint32_t done;		/* bytes of that segment */
};

/* Takes as many pieces as one command can carry. */
static enum blk_status gather(const struct nvme *nvme, struct walk *walk, struct nvme_slot *slot, struct pages *pages)
{
	while (walk->segment < walk->request->segment_count && pages->bytes < nvme->command_bytes) {
		const struct dma_segment *segment = &walk->request->segments[walk->segment];
		uint64_t bytes = segment->bytes - walk->done;
		uint64_t bus;

		if (!dma_map((const void *)segment->at, segment->bytes, &bus))
			return BLK_ERR_ARGUMENT;
		bus += walk->done;
		if (!can_follow(pages, bus))
			break;
		if (bytes > nvme->command_bytes - pages->bytes)
			bytes = nvme->command_bytes - pages->bytes;
		add_piece(pages, slot, bus, bytes);
		walk->done += (uint32_t)bytes;
		if (walk->done == segment->bytes) {
			walk->segment++;
			walk->done = 0;
		}
	}
	return pages->bytes % nvme->blk.info.block_bytes ? BLK_ERR_ARGUMENT : BLK_OK;
}

static enum blk_status put_transfer(struct nvme *nvme, unsigned number, const struct blk_request *request)
{
	enum nvme_opcode opcode = request->op == BLK_READ ? NVME_READ : NVME_WRITE;
	uint64_t block = request->sector * BLK_SECTOR_BYTES >> nvme->block_shift;
	struct walk walk = { request, 0, 0 };

	while (walk.segment < request->segment_count) {
		struct pages pages = { 0 };
		struct nvme_slot *slot;
		struct nvme_command *command = start_command(nvme, number, opcode, &slot);
		enum blk_status status;

		if (!command)
			return BLK_ERR_BUSY;
		status = gather(nvme, &walk, slot, &pages);
		if (status)
			return status;
		set_data(command, slot, &pages);
		set_blocks(command, block, pages.bytes >> nvme->block_shift);
		if (request->fua)
			command->cdw10[2] |= FUA;
		block += pages.bytes >> nvme->block_shift;
	}
	return BLK_OK;
}

/* ---- without data ---- */

static enum blk_status put_plain(struct nvme *nvme, unsigned number, const struct blk_request *request)
{
	const enum nvme_opcode opcode = request->op == BLK_FLUSH ? NVME_FLUSH :
					request->op == BLK_DISCARD ? NVME_DATASET : NVME_WRITE_ZEROES;
	uint64_t block = request->sector * BLK_SECTOR_BYTES >> nvme->block_shift;
	uint64_t count = request->sector_count * BLK_SECTOR_BYTES >> nvme->block_shift;
	struct nvme_slot *slot;
	struct nvme_command *command = start_command(nvme, number, opcode, &slot);

	if (!command)
		return BLK_ERR_BUSY;
	if (opcode == NVME_WRITE_ZEROES)
		set_blocks(command, block, count);
	if (opcode == NVME_DATASET) {
		*(struct nvme_dataset_range *)(void *)slot->list = (struct nvme_dataset_range){ 0, (uint32_t)count, block };
		command->prp[0] = slot->list_bus;
		command->cdw10[1] = DEALLOCATE;
	}
	return BLK_OK;
}

/* ---- requests ---- */

static bool take_request(const struct nvme *nvme, unsigned *number)
{
	for (*number = 0; *number < NVME_COMMAND_COUNT; ++*number) {
		if (!nvme->requests[*number].left)
			return true;
	}
	return false;
}

/* The controller knows of none of them yet. */
static void take_back(struct nvme *nvme, unsigned number, unsigned tail)
{
	for (unsigned i = 0; i < NVME_COMMAND_COUNT; i++) {
		if (nvme->slots[i].used && nvme->slots[i].request == number)
			nvme->slots[i].used = false;
	}
	nvme->requests[number].left = 0;
	nvme->io.tail = tail;
}

enum blk_status nvme_io_submit(struct nvme *nvme, const struct blk_request *request)
{
	bool has_data = request->op == BLK_READ || request->op == BLK_WRITE;
	unsigned tail = nvme->io.tail;
	enum blk_status status;
	unsigned number;

	if (!take_request(nvme, &number))
		return BLK_ERR_BUSY;
	nvme->requests[number] = (struct nvme_request){ 0, BLK_OK, request->cookie };
	status = has_data ? put_transfer(nvme, number, request) : put_plain(nvme, number, request);
	if (status)
		take_back(nvme, number, tail);
	return status;
}

/* One command is back; the last one takes its request along. True: a request is complete. */
static bool end_command(struct nvme *nvme, unsigned identifier, enum blk_status status)
{
	struct nvme_slot *slot = &nvme->slots[identifier];
	struct nvme_request *request = &nvme->requests[slot->request];

	slot->used = false;
	if (status && !request->status)
		request->status = status;
	if (--request->left)
		return false;
	nvme->blk.done(nvme->blk.arg, request->cookie, request->status);
	return true;
}

bool nvme_io_poll(struct nvme *nvme, unsigned budget, unsigned *done)
{
	unsigned taken = 0;
	bool sound = true;

	while (*done < budget && sound && !nvme->blk.dead && nvme_queue_pending(&nvme->io)) {
		unsigned identifier;
		unsigned status = nvme_queue_take(&nvme->io, &identifier);

		taken++;
		sound = identifier < NVME_COMMAND_COUNT && nvme->slots[identifier].used;
		if (sound)
			*done += end_command(nvme, identifier, translate(status));
	}
	if (taken && !nvme->blk.dead)	/* what was called may have stopped it */
		mmio_write32(nvme->io.head_bell, nvme->io.head);
	return sound;
}

bool nvme_io_is_busy(const struct nvme *nvme)
{
	for (unsigned i = 0; i < NVME_COMMAND_COUNT; i++) {
		if (nvme->slots[i].used)
			return true;
	}
	return false;
}

bool nvme_io_overdue(const struct nvme *nvme)
{
	uint64_t now = time_ns();

	for (unsigned i = 0; i < NVME_COMMAND_COUNT; i++) {
		if (nvme->slots[i].used && nvme->slots[i].deadline < now)
			return true;
	}
	return false;
}

void nvme_io_fail(struct nvme *nvme)
{
	for (unsigned i = 0; i < NVME_COMMAND_COUNT; i++) {
		if (nvme->slots[i].used)
			end_command(nvme, i, BLK_ERR_RESET);
	}
}
