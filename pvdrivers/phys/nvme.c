/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NVMe controller: found, stopped, started, and asked what it is; NVM Express base specification 1.4. One I/O queue,
 * namespace 1. What it says of itself only ever makes limits smaller. It must not know how requests become commands.
 */

#include <stdlib.h>
#include <string.h>

#include <rt/sysreg.h>
#include <rt/timer.h>

#include "nvme.h"
#include "probe.h"

#define CLASS_NVME		0x010802u
#define MS			1000000ull
#define ADMIN_NS		(2000 * MS)
#define READY_NS_MAX		(30000 * MS)
#define CHECK_NS		(100 * MS)

/* Controller capabilities, 3.1.1. */
#define CAP_ENTRIES(cap)	((unsigned)((cap) & 0xffff) + 1)
#define CAP_READY_NS(cap)	(((cap) >> 24 & 0xff) * 500 * MS)
#define CAP_STRIDE(cap)		(4u << ((cap) >> 32 & 15))
#define CAP_NVM			(1ull << 37)	/* it knows the commands of a disk */
#define CAP_PAGE_MIN(cap)	((cap) >> 48 & 15)

#define FEATURE_QUEUE_COUNT	7u

/* Identify: what to ask (CNS), 5.15. */
#define IDENTIFY_NAMESPACE	0u
#define IDENTIFY_CONTROLLER	1u

static struct nvme *nvme_of(struct blk_device *blk)
{
	return (struct nvme *)(void *)blk;
}

/* Registers of 64 bits may be read by halves, 3.1. */
static uint64_t read_cap(const struct nvme *nvme)
{
	return mmio_read32(nvme->regs + NVME_CAP) | (uint64_t)mmio_read32(nvme->regs + NVME_CAP + 4) << 32;
}

static void write_address(const struct nvme *nvme, unsigned at, uint64_t value)
{
	mmio_write32(nvme->regs + at, (uint32_t)value);
	mmio_write32(nvme->regs + at + 4, (uint32_t)(value >> 32));
}

/* ---- stop ---- */

/* As long as the controller says that it may take (CAP.TO): one that lost its power in the middle of writes takes its time. */
static bool wait_ready(const struct nvme *nvme, uint32_t wanted)
{
	uint64_t said_ns = CAP_READY_NS(read_cap(nvme)) + 500 * MS;
	uint64_t end = time_ns() + (said_ns < READY_NS_MAX ? said_ns : READY_NS_MAX);

	for (;;) {
		uint32_t status = mmio_read32(nvme->regs + NVME_CSTS);

		if (status == UINT32_MAX || (wanted && status & NVME_CSTS_FATAL))
			return false;
		if ((status & NVME_CSTS_READY) == wanted)
			return true;
		if (time_ns() >= end)
			return false;
		cpu_relax();
	}
}

/* EN is cleared only when the controller is ready, and nothing else changes with it; 3.1.5. Who left it running may have done so just now. */
static bool disable(const struct nvme *nvme)
{
	uint32_t config = mmio_read32(nvme->regs + NVME_CC);

	if (config & NVME_CC_ENABLE) {
		wait_ready(nvme, NVME_CSTS_READY);
		mmio_write32(nvme->regs + NVME_CC, config & ~(NVME_CC_ENABLE | NVME_CC_SHUTDOWN));
	}
	return wait_ready(nvme, 0);
}

/* A controller that does not stop is reset from outside; that it masters the bus no more holds in any case. */
static bool stop(struct nvme *nvme)
{
	bool stopped;

	pci_irq_detach(nvme->pci);
	pci_enable_memory(nvme->pci);
	stopped = disable(nvme);
	pci_enable_master(nvme->pci, false);
	return stopped || pci_reset(nvme->pci) == PCI_OK;
}

static void quiesce(struct blk_device *blk)
{
	struct nvme *nvme = nvme_of(blk);

	nvme->blk.dead = true;
	nvme->armed = false;
	stop(nvme);
	nvme_io_fail(nvme);
}

/* ---- start ---- */

/* One admin command at a time, waited for; UINT32_MAX: no answer. */
static unsigned run_admin(struct nvme *nvme)
{
	uint64_t end = time_ns() + ADMIN_NS;
	unsigned identifier, status;

	nvme_queue_ring(&nvme->admin);
	while (!nvme_queue_pending(&nvme->admin)) {
		if (time_ns() >= end)
			return UINT32_MAX;
		cpu_relax();
	}
	status = nvme_queue_take(&nvme->admin, &identifier);
	mmio_write32(nvme->admin.head_bell, nvme->admin.head);
	return status;
}

static bool identify(struct nvme *nvme, uint32_t what, uint32_t namespace, uint64_t bus)
{
	struct nvme_command *command = nvme_queue_next(&nvme->admin, NVME_ADMIN_IDENTIFY, 0);

	command->namespace = namespace;
	command->prp[0] = bus;
	command->cdw10[0] = what;
	return run_admin(nvme) == 0;
}

/* One of each kind (0 says one), before the first is made; 5.21.1.7. What a controller has unasked is its own affair; one that refuses may
 * still have what is wanted. */
static bool ask_for_queues(struct nvme *nvme)
{
	struct nvme_command *command = nvme_queue_next(&nvme->admin, NVME_ADMIN_SET_FEATURES, 0);

	command->cdw10[0] = FEATURE_QUEUE_COUNT;
	return run_admin(nvme) != UINT32_MAX;
}

static bool create_io_queues(struct nvme *nvme)
{
	const uint32_t size = (nvme->io.size - 1) << 16 | 1;	/* queue 1 */
	struct nvme_command *command;

	if (!ask_for_queues(nvme))
		return false;
	command = nvme_queue_next(&nvme->admin, NVME_ADMIN_CREATE_CQ, 0);
	command->prp[0] = nvme->io.completions_bus;
	command->cdw10[0] = size;
	command->cdw10[1] = 1u << 1 | 1u;	/* vector 0, interrupts, contiguous */
	if (run_admin(nvme))
		return false;
	command = nvme_queue_next(&nvme->admin, NVME_ADMIN_CREATE_SQ, 0);
	command->prp[0] = nvme->io.commands_bus;
	command->cdw10[0] = size;
	command->cdw10[1] = 1u << 16 | 1u;	/* completions to queue 1, contiguous */
	return run_admin(nvme) == 0;
}

static bool learn(struct nvme *nvme)
{
	uint8_t *page = (uint8_t *)nvme->io.commands;	/* not in use yet, and as large as a page */
	uint64_t bus = nvme->io.commands_bus;

	if (!identify(nvme, IDENTIFY_CONTROLLER, 0, bus))
		return false;
	nvme_learn_controller(nvme, page);
	if (!identify(nvme, IDENTIFY_NAMESPACE, 1, bus) || !nvme_learn_namespace(nvme, page))
		return false;
	nvme->blk.info.driver = "nvme";
	nvme->blk.info.queue_depth = NVME_COMMAND_COUNT;
	nvme->blk.info.bytes_max = NVME_REQUEST_BYTES;
	nvme->blk.info.segment_count_max = NVME_COMMAND_COUNT;
	nvme->blk.info.segment_align = 4;
	return true;
}

/* EN is set only when the controller is not ready, 3.1.5: one that did not stop is left alone. */
static bool enable(struct nvme *nvme)
{
	uint64_t cap = read_cap(nvme);

	nvme->stride = CAP_STRIDE(cap);
	if (mmio_read32(nvme->regs + NVME_CSTS) & NVME_CSTS_READY || !(cap & CAP_NVM))
		return false;
	if (CAP_PAGE_MIN(cap) || CAP_ENTRIES(cap) < NVME_QUEUE_SIZE || 4 * nvme->stride > NVME_REGISTER_BYTES - NVME_DOORBELLS)
		return false;	/* pages larger than ours, or too few entries */
	nvme_queue_start(&nvme->admin, nvme->regs + NVME_DOORBELLS, nvme->stride, 0);
	mmio_write32(nvme->regs + NVME_AQA, (NVME_ADMIN_SIZE - 1) << 16 | (NVME_ADMIN_SIZE - 1));
	write_address(nvme, NVME_ASQ, nvme->admin.commands_bus);
	write_address(nvme, NVME_ACQ, nvme->admin.completions_bus);
	dma_full_barrier();
	pci_enable_master(nvme->pci, true);
	mmio_write32(nvme->regs + NVME_CC, NVME_CC_SIZES | NVME_CC_ENABLE);
	return wait_ready(nvme, NVME_CSTS_READY);
}

/* By pin, the interrupt is ours if a completion waits; it stays away until arm(). */
static bool take_irq(void *arg)
{
	struct nvme *nvme = arg;

	if (nvme->by_pin && !nvme_queue_pending(&nvme->io))
		return false;
	if (nvme->by_pin)
		mmio_write32(nvme->regs + NVME_INTMS, 1);
	if (nvme->armed && nvme->blk.wake) {
		nvme->armed = false;
		nvme->blk.wake(nvme->blk.arg);
	}
	return true;
}

static bool start(struct nvme *nvme)
{
	static const pci_irq_t handlers[] = { take_irq };

	if (!enable(nvme) || !learn(nvme))
		return false;
	nvme_queue_start(&nvme->io, nvme->regs + NVME_DOORBELLS, nvme->stride, 1);
	mmio_write32(nvme->regs + NVME_INTMS, UINT32_MAX);
	/* Before the queues: a queue takes its vector when it is made. */
	if (nvme->blk.wake && pci_irq_attach(nvme->pci, handlers, 1, nvme) < 0)
		return false;
	nvme->by_pin = nvme->pci->vector_count == 0;
	return create_io_queues(nvme);
}

static enum blk_status reset(struct blk_device *blk)
{
	struct nvme *nvme = nvme_of(blk);

	quiesce(blk);
	if (!start(nvme)) {
		stop(nvme);
		return BLK_ERR_RESET;
	}
	nvme->next_check = time_ns() + CHECK_NS;
	nvme->blk.dead = false;
	return BLK_OK;
}

/* ---- work ---- */

static enum blk_status submit(struct blk_device *blk, const struct blk_request *request)
{
	return nvme_io_submit(nvme_of(blk), request);
}

static void kick(struct blk_device *blk)
{
	if (!blk->dead)
		nvme_queue_ring(&nvme_of(blk)->io);
}

/* Looked at ten times a second: a command that takes too long, a controller that gave up or is gone. */
static bool is_lost(struct nvme *nvme)
{
	if (time_ns() < nvme->next_check)
		return false;
	nvme->next_check = time_ns() + CHECK_NS;
	return mmio_read32(nvme->regs + NVME_CSTS) & NVME_CSTS_FATAL || nvme_io_overdue(nvme);
}

/* A pin stays high until the head is told, which is after the completions are taken: meanwhile nobody could own up to it. */
static void disarm(struct nvme *nvme)
{
	if (!nvme->armed)
		return;
	nvme->armed = false;
	if (nvme->by_pin)
		mmio_write32(nvme->regs + NVME_INTMS, 1);
}

static unsigned poll(struct blk_device *blk, unsigned budget)
{
	struct nvme *nvme = nvme_of(blk);
	unsigned done = 0;

	if (blk->dead)
		return 0;
	disarm(nvme);
	if (!nvme_io_poll(nvme, budget, &done) || (!blk->dead && is_lost(nvme)))
		quiesce(blk);
	return done;
}

static bool arm(struct blk_device *blk)
{
	struct nvme *nvme = nvme_of(blk);

	if (blk->dead)
		return false;
	nvme->armed = true;
	if (nvme->by_pin && blk->wake)
		mmio_write32(nvme->regs + NVME_INTMC, 1);
	dma_full_barrier();	/* asked before looked */
	return nvme_queue_pending(&nvme->io) || (pci_irq_is_lost(nvme->pci) && nvme_io_is_busy(nvme));
}

static const struct blk_ops ops = {
	.submit = submit,
	.kick = kick,
	.poll = poll,
	.arm = arm,
	.quiesce = quiesce,
	.reset = reset,
};

static bool alloc_memory(struct nvme *nvme)
{
	const size_t bytes = NVME_LIST_ENTRIES * sizeof(uint64_t);
	uint64_t bus;
	uint8_t *lists = dma_alloc(NVME_COMMAND_COUNT * bytes, NVME_PAGE, &bus);

	for (unsigned i = 0; lists && i < NVME_COMMAND_COUNT; i++) {
		nvme->slots[i].list = (uint64_t *)(void *)(lists + i * bytes);
		nvme->slots[i].list_bus = bus + i * bytes;
	}
	return lists && nvme_queue_alloc(&nvme->admin, NVME_ADMIN_SIZE) && nvme_queue_alloc(&nvme->io, NVME_QUEUE_SIZE);
}

struct blk_device *nvme_probe(struct pci_device *pci)
{
	struct nvme *nvme;
	uint64_t regs = pci_bar_at(pci, 0, 0, NVME_REGISTER_BYTES);

	if (pci->class != CLASS_NVME || !regs)
		return NULL;
	nvme = calloc(1, sizeof(*nvme));
	if (!nvme || !alloc_memory(nvme))
		return NULL;
	nvme->blk.ops = &ops;
	nvme->blk.info.driver = "nvme";
	nvme->pci = pci;
	nvme->regs = regs;
	quiesce(&nvme->blk);
	return &nvme->blk;
}
