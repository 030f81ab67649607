/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHYS_NVME_H
#define PHYS_NVME_H

/*
 * What the NVMe driver's files share: registers and layouts, and the controller. Source: NVM Express base
 * specification 1.4, sections as named; each number stands as well in FreeBSD's nvme.h, and those of U-Boot's nvme.h agree.
 */

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include <rt/mmio.h>
#include <rt/pci.h>

#include "blk.h"

#define NVME_PAGE		4096u
#define NVME_COMMAND_COUNT	64u	/* under way in the I/O queue */
#define NVME_QUEUE_SIZE		(NVME_COMMAND_COUNT + 1)	/* a full queue has one entry left */
#define NVME_ADMIN_SIZE		4u
#define NVME_COMMAND_BYTES	(512u << 10)	/* of data in one command; the controller may allow less */
#define NVME_REQUEST_BYTES	(1u << 20)
#define NVME_LIST_ENTRIES	(NVME_COMMAND_BYTES / NVME_PAGE)

/* Controller registers, 3.1. */
#define NVME_CAP		0x00u
#define NVME_INTMS		0x0cu
#define NVME_INTMC		0x10u
#define NVME_CC			0x14u
#define NVME_CSTS		0x1cu
#define NVME_AQA		0x24u
#define NVME_ASQ		0x28u
#define NVME_ACQ		0x30u
#define NVME_DOORBELLS		0x1000u
#define NVME_REGISTER_BYTES	0x2000u

#define NVME_CC_ENABLE		(1u << 0)
#define NVME_CC_SHUTDOWN	(3u << 14)
#define NVME_CC_SIZES		(6u << 16 | 4u << 20)	/* 64-byte commands, 16-byte completions; 4 KiB pages */
#define NVME_CSTS_READY		(1u << 0)
#define NVME_CSTS_FATAL		(1u << 1)

enum nvme_opcode {
	NVME_FLUSH = 0x00,
	NVME_WRITE = 0x01,
	NVME_READ = 0x02,
	NVME_WRITE_ZEROES = 0x08,
	NVME_DATASET = 0x09,
	NVME_ADMIN_CREATE_SQ = 0x01,
	NVME_ADMIN_CREATE_CQ = 0x05,
	NVME_ADMIN_IDENTIFY = 0x06,
	NVME_ADMIN_SET_FEATURES = 0x09,
};

struct nvme_command {
	uint32_t opcode;	/* and the command's identifier in the upper half */
	uint32_t namespace;
	uint32_t reserved[2];
	uint64_t metadata;
	uint64_t prp[2];
	uint32_t cdw10[6];	/* 10 to 15 */
};

struct nvme_completion {
	uint32_t result;
	uint32_t reserved;
	uint32_t queue;
	uint32_t status;	/* identifier, phase (bit 16), status code (17..24), its type (25..27) */
};

struct nvme_dataset_range {
	uint32_t attributes;
	uint32_t block_count;
	uint64_t block;
};

static_assert(sizeof(struct nvme_command) == 64, "4.2");
static_assert(sizeof(struct nvme_completion) == 16, "4.6");
static_assert(sizeof(struct nvme_dataset_range) == 16, "6.7");

struct nvme_queue {
	struct nvme_command *commands;
	struct nvme_completion *completions;
	uint64_t commands_bus;
	uint64_t completions_bus;
	uint64_t tail_bell;	/* addresses of its doorbells */
	uint64_t head_bell;
	unsigned size;
	unsigned tail;		/* next free command */
	unsigned rung;		/* the controller knows of those before */
	unsigned head;		/* next completion */
	unsigned phase;
};

/* A command under way, by its identifier. */
struct nvme_slot {
	bool used;
	uint16_t request;
	uint64_t deadline;
	uint64_t *list;		/* PRP entries behind the first, or the range of a discard */
	uint64_t list_bus;
};

/* What was submitted, until the last of its commands is back. */
struct nvme_request {
	unsigned left;		/* commands under way; 0: free */
	enum blk_status status;
	uint64_t cookie;
};

struct nvme {
	struct blk_device blk;	/* first: what consumers see */
	struct pci_device *pci;
	uint64_t regs;
	unsigned stride;	/* bytes between doorbells */
	struct nvme_queue admin;
	struct nvme_queue io;
	struct nvme_slot slots[NVME_COMMAND_COUNT];
	struct nvme_request requests[NVME_COMMAND_COUNT];
	unsigned command_bytes;	/* of data in one command */
	unsigned block_shift;
	uint64_t next_check;	/* for overdue commands */
	volatile bool armed;	/* (handler clears) */
	bool by_pin;
};

/* nvme_queue.c */
bool nvme_queue_alloc(struct nvme_queue *queue, unsigned size);
void nvme_queue_start(struct nvme_queue *queue, uint64_t bells, unsigned stride, unsigned number);
struct nvme_command *nvme_queue_next(struct nvme_queue *queue, enum nvme_opcode opcode, unsigned identifier);
void nvme_queue_ring(struct nvme_queue *queue);
bool nvme_queue_pending(const struct nvme_queue *queue);
/** Takes the next completion: its identifier and its 11 bits of status. Only when one is pending. */
unsigned nvme_queue_take(struct nvme_queue *queue, unsigned *identifier);

/* nvme_identify.c: both take a page that the controller filled. False: a disk that we cannot use. */
void nvme_learn_controller(struct nvme *nvme, const uint8_t *data);
bool nvme_learn_namespace(struct nvme *nvme, const uint8_t *data);

/* nvme_io.c: requests as commands. */
enum blk_status nvme_io_submit(struct nvme *nvme, const struct blk_request *request);
/** False: the controller broke the protocol. */
bool nvme_io_poll(struct nvme *nvme, unsigned budget, unsigned *done);
bool nvme_io_overdue(const struct nvme *nvme);
bool nvme_io_is_busy(const struct nvme *nvme);
/** Completes all that is under way with BLK_ERR_RESET; the controller must be stopped. */
void nvme_io_fail(struct nvme *nvme);

#endif
