/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical ITS (Arm IHI 0069). Each event of each passed-through function
 * has an LPI of its own, named by the plan and on for ever; while the owner
 * runs, the ITS maps its events, and else they are nothing. So at run time
 * three commands are left: map, move, discard. It must not know what a
 * partition does with a message.
 */
#include <hyp/lock.h>

#include "arm64.h"
#include "gic.h"
#include "gic_regs.h"
#include "its.h"
#include "vgic.h"

#define TYPER_PHYSICAL BIT(0)
#define TYPER_ENTRY_BYTES(typer) (((typer) >> 4 & 0xfu) + 1u) /* of an interrupt translation table */
#define TYPER_EVENT_BITS(typer) (((typer) >> 8 & 0x1fu) + 1u)
#define TYPER_BY_ADDRESS BIT(19) /* redistributors are named by address, else by number */
#define EVENT_BITS 5u

/* GITS_CBASER, GITS_BASER, GICR_PROPBASER: write-back, inner shareable. */
#define BASE_CACHED(cache_at) (7ul << (cache_at) | 1ul << 10)
#define BASE_CACHE 59u
#define REDIST_CACHE 7u
#define SHARED_MASK (3ul << 10)
#define BASER_TYPE(v) ((v) >> 56 & 7u)
#define BASER_ENTRY_BYTES(v) (((v) >> 48 & 0x1fu) + 1u)
#define BASER_PAGE_MASK (3ul << 8)
#define BASER_DEVICES 1u
#define BASER_COLLECTIONS 4u
#define BASER_COUNT 8u
#define PENDING_ZERO BIT(62)

#define PROPERTY_ON 0xa1u /* enabled, the priority of guests' devices */
#define WAIT_US 100000u
#define CREADR_STALLED 1u
#define CWRITER_RETRY 1u

_Static_assert(1u << EVENT_BITS == ITS_EVENT_MAX, "a table holds the events of a function");

static struct {
	struct lock lock;               /* after all others but that of the console */
	uint32_t produced;              /* (lock) commands, modulo the queue's length */
	uint64_t target[PLAN_CPU_MAX];  /* (its CPU, before ready) how commands name its redistributor */
	uint32_t ready;                 /* (lock) CPUs that take LPIs */
	uint32_t refused;               /* (lock) commands at which the ITS stood still */
} its;

static uint64_t read64(uint64_t at)
{
	return *(volatile uint64_t *)at;
}

static void write64(uint64_t at, uint64_t value)
{
	*(volatile uint64_t *)at = value;
}

static uint32_t read32(uint64_t at)
{
	return *(volatile uint32_t *)at;
}

static void write32(uint64_t at, uint32_t value)
{
	*(volatile uint32_t *)at = value;
}

static uint64_t its_at(uint32_t offset)
{
	return plan.arch->its->base.v + offset;
}

static uint64_t deadline(void)
{
	return arch_counter() + arch_counter_hz() / 1000000u * WAIT_US;
}

/* Until `mask` of the register at `at` is `value`. Errors: ERR_HARDWARE after WAIT_US. */
static enum err await(uint64_t at, uint32_t mask, uint32_t value)
{
	uint64_t until = deadline();

	while ((read32(at) & mask) != value) {
		if (arch_counter() > until)
			return ERR_HARDWARE;
		arch_relax();
	}
	return OK;
}

/* ---- commands ---- */

/* Puts a command; the queue has room, as it is empty whenever the lock is free and a partition has fewer events. */
static void command(uint64_t word0, uint64_t word1, uint64_t word2)
{
	uint64_t *slot = plan.arch->its->memory->commands[its.produced];

	slot[0] = word0;
	slot[1] = word1;
	slot[2] = word2;
	its.produced = (its.produced + 1u) % ARRAY_COUNT(plan.arch->its->memory->commands);
}

/* The ITS stands still at a command that it takes for an error (GITS_CREADR.Stalled): that one is told of and becomes one that
 * does nothing, and those behind it are done. What it was to do is not: its messages do not come, or are dropped when they do. */
static void command_skip(uint32_t at, uint32_t cpu)
{
	uint64_t *slot = plan.arch->its->memory->commands[at / 32u % ARRAY_COUNT(plan.arch->its->memory->commands)];

	its.refused += slot[0] != ITS_SYNC;
	if (slot[0] != ITS_SYNC && (its.refused & (its.refused - 1u)) == 0)
		hyp_print("ITS: command 0x%lx, 0x%lx, 0x%lx refused (%u)", slot[0], slot[1], slot[2], its.refused);
	slot[0] = ITS_SYNC;
	slot[2] = its.target[cpu];
	DSB(ishst); /* the command, before the ITS may read it again */
	write64(its_at(GITS_CWRITER), its.produced * 32u | CWRITER_RETRY);
}

/* Until all commands are done and seen by the redistributor of `cpu`. The ITS reads memory that is ours alone: that it does not
 * come to an end is a fault of the hardware. */
static void command_sync(uint32_t cpu)
{
	command(ITS_SYNC, 0, its.target[cpu]);
	DSB(ishst); /* the commands, before the ITS may read them */
	write64(its_at(GITS_CWRITER), its.produced * 32u);
	for (uint64_t until = deadline(), at; (at = read32(its_at(GITS_CREADR))) != its.produced * 32u; arch_relax()) {
		ASSERT(arch_counter() <= until);
		if (at & CREADR_STALLED)
			command_skip((uint32_t)at, cpu);
	}
}

static uint64_t word0(enum its_command number, const struct plan_its_device *device)
{
	return (uint64_t)device->device_id << 32 | number;
}

void its_move(const struct plan_its_device *device, uint32_t event, const struct plan_cpu *cpu)
{
	uint32_t index = cpu->state->index;

	lock_take(&its.lock);
	if (its.ready & 1u << index) {
		command(word0(ITS_MOVI, device), event, index);
		command_sync(index);
	}
	lock_drop(&its.lock);
}

/* All events of a partition's devices. */
static void events_do(const struct plan_partition *partition, enum its_command number)
{
	uint32_t cpu = partition->vcpus[0]->cpu->state->index;

	lock_take(&its.lock);
	for (uint32_t d = 0; d < plan.arch->its->device_count; d++) {
		const struct plan_its_device *device = &plan.arch->its->devices[d];

		for (uint32_t e = 0; device->partition == partition->id && e < device->event_count; e++)
			command(word0(number, device), number == ITS_MAPTI ? (uint64_t)(device->lpi + e) << 32 | e : e, cpu);
	}
	command_sync(cpu);
	lock_drop(&its.lock);
}

static void clear(const struct plan_partition *partition)
{
	struct vits *vits = partition->arch->vits->state;

	if (vits->is_live)
		events_do(partition, ITS_DISCARD); /* what is pending is forgotten with it */
	vits->is_live = false;
}

static void reset(const struct plan_partition *partition)
{
	clear(partition);
	vits_reset(partition);
	events_do(partition, ITS_MAPTI);
	partition->arch->vits->state->is_live = true;
}

static void fired(irq_t irq)
{
	for (uint32_t i = 0; i < plan.partition_count; i++) {
		const struct plan_vits *vits = plan.partitions[i].arch->vits;

		if (vits && irq - vits->lpi < vits->lpi_count) {
			vits_fired(&plan.partitions[i], irq - vits->lpi);
			return;
		}
	}
}

/* ---- setup ---- */

/* A table of one page. Errors: ERR_HARDWARE if it does not take one, or does not snoop caches. */
static enum err table_point(uint32_t index, const void *memory)
{
	uint64_t at = its_at(GITS_BASER + 8u * index);
	uint64_t fixed = read64(at) & ~(0xfffful | BIT(63) | 7ul << BASE_CACHE);

	if (!memory) {
		write64(at, 0);
		return OK;
	}
	write64(at, GITS_VALID | BASE_CACHED(BASE_CACHE) | (fixed & (7ul << 56 | 0x1ful << 48)) | (uint64_t)memory);
	if ((read64(at) & (GITS_VALID | SHARED_MASK | BASER_PAGE_MASK)) != (GITS_VALID | 1ul << 10) || BASER_ENTRY_BYTES(read64(at)) > 8u)
		return ERR_HARDWARE;
	return OK;
}

static enum err tables_point(const struct its_memory *memory)
{
	for (uint32_t i = 0; i < BASER_COUNT; i++) {
		uint64_t type = BASER_TYPE(read64(its_at(GITS_BASER + 8u * i)));

		if (type)
			TRY(table_point(i, type == BASER_DEVICES ? memory->devices : type == BASER_COLLECTIONS ? memory->collections : NULL));
	}
	return OK;
}

static enum err check(uint64_t typer)
{
	const struct plan_its *unit = plan.arch->its;

	ASSERT(unit->device_count <= 32u);
	for (uint32_t i = 0; i < unit->device_count; i++)
		ASSERT(unit->devices[i].device_id < ITS_DEVICE_MAX && unit->devices[i].event_count <= ITS_EVENT_MAX);
	if (!(typer & TYPER_PHYSICAL) || TYPER_EVENT_BITS(typer) < EVENT_BITS ||
	    TYPER_ENTRY_BYTES(typer) * ITS_EVENT_MAX > sizeof(struct its_table))
		return ERR_HARDWARE;
	return OK;
}

static void devices_map(void)
{
	for (uint32_t i = 0; i < plan.arch->its->device_count; i++) {
		const struct plan_its_device *device = &plan.arch->its->devices[i];

		command(word0(ITS_MAPD, device), EVENT_BITS - 1u, GITS_VALID | (uint64_t)device->table);
	}
}

static enum err init(void)
{
	struct its_memory *memory = plan.arch->its->memory;

	write32(its_at(GITS_CTLR), 0);
	TRY(await(its_at(GITS_CTLR), GITS_CTLR_QUIESCENT, GITS_CTLR_QUIESCENT));
	TRY(check(read64(its_at(GITS_TYPER))));
	TRY(tables_point(memory));
	for (uint32_t i = 0; i < sizeof(memory->properties); i++)
		memory->properties[i] = PROPERTY_ON;
	write64(its_at(GITS_CBASER), GITS_VALID | BASE_CACHED(BASE_CACHE) | (uint64_t)memory->commands);
	if ((read64(its_at(GITS_CBASER)) & SHARED_MASK) != 1ul << 10)
		return ERR_HARDWARE;
	write64(its_at(GITS_CWRITER), 0);
	write32(its_at(GITS_CTLR), GITS_CTLR_ENABLED);
	return OK;
}

/* Tables of this redistributor. What firmware left on must be off before they are changed. */
static enum err redistributor_point(uint64_t base, const struct its_pending *pending)
{
	uint64_t properties = (uint64_t)plan.arch->its->memory->properties;

	write32(base + GICR_CTLR, read32(base + GICR_CTLR) & ~GICR_CTLR_LPIS);
	TRY(await(base + GICR_CTLR, GICR_CTLR_LPIS | GICR_CTLR_RWP, 0));
	write64(base + GICR_PROPBASER, properties | BASE_CACHED(REDIST_CACHE) | (ITS_LPI_BITS - 1u));
	write64(base + GICR_PENDBASER, (uint64_t)pending | BASE_CACHED(REDIST_CACHE) | PENDING_ZERO);
	if ((read64(base + GICR_PROPBASER) & SHARED_MASK) != 1ul << 10)
		return ERR_HARDWARE;
	DSB(ish); /* the tables are empty, before it reads them */
	write32(base + GICR_CTLR, read32(base + GICR_CTLR) | GICR_CTLR_LPIS);
	return OK;
}

static enum err cpu_init(uint64_t base)
{
	uint32_t index = this_cpu()->core.index;
	const struct its_pending *pending = plan.arch->its->pending[index];
	bool by_address = read64(its_at(GITS_TYPER)) & TYPER_BY_ADDRESS;

	if (!pending)
		return OK;
	TRY(redistributor_point(base, pending));
	its.target[index] = by_address ? base & 0xfffffffff0000ul : (read64(base + GICR_TYPER) >> 8 & 0xffffu) << 16;
	lock_take(&its.lock);
	if (!its.ready)
		devices_map();
	command(ITS_MAPC, 0, GITS_VALID | its.target[index] | index);
	command(ITS_INVALL, 0, index);
	command_sync(index);
	its.ready |= 1u << index;
	lock_drop(&its.lock);
	return OK;
}

const struct its_driver its_driver = {
	.init = init,
	.cpu_init = cpu_init,
	.fired = fired,
	.clear = clear,
	.reset = reset,
	.redistributor_read = vits_redistributor_read,
	.redistributor_write = vits_redistributor_write,
};
