/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pair of NVMe queues (base specification 1.4, 4.1): commands in, completions out. It must not know what they mean.
 */

#include <string.h>

#include "nvme.h"

#define PHASE	(1u << 16)

bool nvme_queue_alloc(struct nvme_queue *queue, unsigned size)
{
	queue->size = size;
	queue->commands = dma_alloc(size * sizeof(struct nvme_command), NVME_PAGE, &queue->commands_bus);
	queue->completions = dma_alloc(size * sizeof(struct nvme_completion), NVME_PAGE, &queue->completions_bus);
	return queue->commands && queue->completions;
}

void nvme_queue_start(struct nvme_queue *queue, uint64_t bells, unsigned stride, unsigned number)
{
	memset(queue->commands, 0, queue->size * sizeof(struct nvme_command));
	memset(queue->completions, 0, queue->size * sizeof(struct nvme_completion));
	queue->tail_bell = bells + (uint64_t)2 * number * stride;
	queue->head_bell = queue->tail_bell + stride;
	queue->tail = queue->rung = queue->head = 0;
	queue->phase = PHASE;
}

struct nvme_command *nvme_queue_next(struct nvme_queue *queue, enum nvme_opcode opcode, unsigned identifier)
{
	struct nvme_command *command = &queue->commands[queue->tail];

	memset(command, 0, sizeof(*command));
	command->opcode = (uint32_t)opcode | identifier << 16;
	queue->tail = (queue->tail + 1) % queue->size;
	return command;
}

void nvme_queue_ring(struct nvme_queue *queue)
{
	if (queue->rung == queue->tail)
		return;
	queue->rung = queue->tail;
	dma_write_barrier();	/* commands and lists before the doorbell, after which the controller reads them */
	mmio_write32(queue->tail_bell, queue->tail);
}

bool nvme_queue_pending(const struct nvme_queue *queue)
{
	const volatile struct nvme_completion *completion = &queue->completions[queue->head];

	return (completion->status & PHASE) == queue->phase;
}

unsigned nvme_queue_take(struct nvme_queue *queue, unsigned *identifier)
{
	const volatile struct nvme_completion *completion = &queue->completions[queue->head];
	uint32_t status = completion->status;

	dma_read_barrier();	/* the phase before the data: the controller wrote the data first */
	*identifier = status & 0xffff;
	if (++queue->head == queue->size) {
		queue->head = 0;
		queue->phase ^= PHASE;
	}
	return status >> 17 & 0x7ff;
}
