/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMMUv3 (ARM IHI 0070). All stream table entries are valid for ever, and
 * translate by stage 2; what changes when a partition stops or starts is one
 * word, the table that they walk: the partition's, or one in which nothing
 * is. So an entry never has to be taken apart, and what a device tries while
 * its partition is not running is refused and reported like any other fault.
 */
#include <hyp/lock.h>
#include <hyp/pagetable.h>

#include "arm64.h"
#include "gic.h"
#include "smmu.h"

#define IDR0 0x00u
#define IDR1 0x04u
#define IDR5 0x14u
#define CR0 0x20u
#define CR0ACK 0x24u
#define CR1 0x28u
#define CR2 0x2cu
#define GBPA 0x44u
#define IRQ_CTRL 0x50u
#define IRQ_CTRLACK 0x54u
#define GERROR 0x60u
#define GERRORN 0x64u
#define STRTAB_BASE 0x80u
#define STRTAB_BASE_CFG 0x88u
#define CMDQ_BASE 0x90u
#define CMDQ_PROD 0x98u
#define CMDQ_CONS 0x9cu
#define EVENTQ_BASE 0xa0u
#define EVENTQ_PROD 0x100a8u /* on the second page */
#define EVENTQ_CONS 0x100acu

#define IDR0_NEEDED (1u << 0 | 1u << 3 | 1u << 4 | 1u << 27) /* stage 2, AArch64 tables, walks that snoop caches, two levels */
#define IDR1_PRESET (3u << 29)                    /* tables or queues at fixed addresses */
#define IDR1_SID_BITS(v) ((v) & 0x3fu)
#define IDR1_EVENT_BITS(v) ((v) >> 16 & 0x1fu)
#define IDR1_COMMAND_BITS(v) ((v) >> 21 & 0x1fu)
#define IDR5_GRANULE_4K (1u << 4)
#define IDR5_SIZE(v) ((v) & 7u)
#define CR0_SMMU (1u << 0)
#define CR0_EVENTS (1u << 2)
#define CR0_COMMANDS (1u << 3)
#define CR1_WRITE_BACK 0xd75u /* queues and tables: write-back, inner shareable */
#define CR2_OURS 6u           /* streams that the table does not hold are recorded; broadcast TLB maintenance is not listened to */
#define GBPA_ABORT (1u << 20)
#define GBPA_UPDATE (1u << 31)
#define IRQ_ERROR 1u
#define IRQ_EVENT 4u
#define ERROR_COMMAND 1u
#define ERROR_EVENTS 4u      /* one could not be written */
#define CONS_ERROR(v) ((v) >> 24 & 0x7fu)
#define BASE_ALLOCATE BIT(62) /* read-allocate, or write-allocate for events */

#define STRTAB_TWO_LEVELS (1u << 16)
#define ROOT_SPAN (SMMU_SPLIT_BITS + 1u)

#define STE0_STAGE2 (1ul | 6ul << 1)
#define STE1_INCOMING (1ul << 44) /* shareability as the device says */
#define STE2_FORMAT (25ul << 32 | 1ul << 38 | 1ul << 40 | 1ul << 42 | 3ul << 44 | BIT(51) | BIT(58)) /* as VTCR_EL2; faults recorded */
#define STE2_SIZE(ps) ((uint64_t)(ps) << 48)

#define CMD_CFGI_STE 0x03ul
#define CMD_CFGI_ALL 0x04ul
#define CMD_TLBI_NSNH_ALL 0x30ul
#define CMD_TLBI_S12_VMALL 0x28ul
#define CMD_SYNC 0x46ul

#define EVENT_TYPE(e) ((uint32_t)((e)[0] & 0xffu))
#define EVENT_STREAM(e) ((uint32_t)((e)[0] >> 32))
#define EVENT_IS_READ(e) (((e)[1] & BIT(35)) != 0)
#define EVENT_ADDRESS(e) ((e)[2])
#define EVENT_PIECE 16u       /* taken in one interrupt */
#define EVENT_QUIET 4096u     /* of one partition: a storm */

#define WAIT_US 100000u       /* for the hardware to do what it was told */

static struct smmu {
	struct lock lock;       /* after all others */
	uint32_t produced;      /* (lock) commands, with wrap bit */
	uint32_t consumed;      /* (CPU of the interrupt) events, with wrap bit */
	bool is_on;             /* (boot) */
	uint32_t faults[PLAN_PARTITION_MAX + 1u]; /* (atomic) the last: of streams that nobody owns */
} smmu;

static uint32_t read32(uint32_t offset)
{
	return *(volatile uint32_t *)(plan.arch->smmu->base.v + offset);
}

static void write32(uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(plan.arch->smmu->base.v + offset) = value;
}

static void write64(uint32_t offset, uint64_t value)
{
	*(volatile uint64_t *)(plan.arch->smmu->base.v + offset) = value;
}

/* Until `mask` of the register at `offset` is `value`. Errors: ERR_HARDWARE after WAIT_US. */
static enum err await(uint32_t offset, uint32_t mask, uint32_t value)
{
	uint64_t until = arch_counter() + arch_counter_hz() / 1000000u * WAIT_US;

	while ((read32(offset) & mask) != value) {
		if (arch_counter() > until)
			return ERR_HARDWARE;
		arch_relax();
	}
	return OK;
}

static enum err write_acknowledged(uint32_t offset, uint32_t acknowledge, uint32_t value)
{
	write32(offset, value);
	return await(acknowledge, UINT32_MAX, value);
}

/* ---- commands ---- */

/* Puts a command; the queue has room, as it is empty whenever the lock is free. */
static void command(uint64_t word0, uint64_t word1)
{
	uint64_t *slot = plan.arch->smmu->memory->commands[smmu.produced % (1u << SMMU_COMMAND_BITS)];

	slot[0] = word0;
	slot[1] = word1;
	smmu.produced = (smmu.produced + 1u) % (2u << SMMU_COMMAND_BITS);
}

/* Until all commands are done, and every transaction that used what they made invalid. The SMMU reads memory that is ours
 * alone: that it does not come to an end is a fault of the hardware, and devices would go on writing. */
static void command_sync(void)
{
	command(CMD_SYNC, 0);
	DSB(ishst); /* commands, stream table and page tables, before the SMMU may read them */
	write32(CMDQ_PROD, smmu.produced);
	ASSERT(await(CMDQ_CONS, (2u << SMMU_COMMAND_BITS) - 1u, smmu.produced) == OK);
}

static bool has_streams(const struct plan_partition *partition)
{
	const struct plan_smmu *unit = plan.arch->smmu;

	for (uint32_t i = 0; smmu.is_on && i < unit->stream_count; i++)
		if (unit->streams[i].partition == partition->id)
			return true;
	return false;
}

void smmu_flush(const struct plan_partition *partition)
{
	if (!has_streams(partition))
		return;
	lock_take(&smmu.lock);
	command(CMD_TLBI_S12_VMALL | (uint64_t)partition->arch->vmid << 32, 0);
	command_sync();
	lock_drop(&smmu.lock);
}

/* ---- streams ---- */

/* One aligned store: the SMMU sees the old table or the new one. */
static void stream_walk(uint32_t stream, const struct pt_page *root)
{
	__atomic_store_n(&plan.arch->smmu->memory->table[stream][3], (uint64_t)root, __ATOMIC_RELAXED);
}

static void streams_walk(const struct plan_partition *partition, const struct pt_page *root)
{
	const struct plan_smmu *unit = plan.arch->smmu;

	lock_take(&smmu.lock);
	for (uint32_t i = 0; i < unit->stream_count; i++)
		for (uint32_t s = 0; unit->streams[i].partition == partition->id && s < unit->streams[i].count; s++)
			stream_walk(unit->streams[i].first + s, root);
	command(CMD_CFGI_ALL, 31);
	command(CMD_TLBI_S12_VMALL | (uint64_t)partition->arch->vmid << 32, 0);
	command_sync();
	lock_drop(&smmu.lock);
}

void smmu_block(const struct plan_partition *partition)
{
	if (has_streams(partition))
		streams_walk(partition, &plan.arch->smmu->memory->nothing);
}

void smmu_allow(const struct plan_partition *partition)
{
	if (!has_streams(partition))
		return;
	__atomic_store_n(&smmu.faults[partition->id], 0, __ATOMIC_RELAXED);
	gic_irq_enable(plan.arch->smmu->event_irq); /* a storm may have silenced it */
	streams_walk(partition, partition->arch->dma_pool ? partition->arch->dma_pool : partition->stage2_pool);
}

/* ---- setup ---- */

static const struct pagetable_format dma_format = { arch_stage2_leaf };

/* What its devices reach, where that is not what its vCPUs reach. */
static void dma_build(const struct arch_plan_partition *arch)
{
	struct pagetable table = { .pool = arch->dma_pool, .page_count = arch->dma_page_count, .format = &dma_format };

	for (uint32_t i = 0; i < arch->dma_map_count; i++) {
		const struct plan_map *map = &arch->dma_maps[i];

		pagetable_map(&table, map->ipa.v, map->pa, map->size, map->flags, false);
	}
	ASSERT(table.used == table.page_count);
}

static const struct plan_stream *stream_of(uint32_t stream)
{
	const struct plan_smmu *unit = plan.arch->smmu;

	for (uint32_t i = 0; i < unit->stream_count; i++)
		if (stream - unit->streams[i].first < unit->streams[i].count)
			return &unit->streams[i];
	return NULL;
}

static void table_fill(uint32_t size)
{
	for (uint32_t i = 0; i < 1u << SMMU_STREAM_BITS; i++) {
		const struct plan_stream *stream = stream_of(i);
		uint64_t *entry = plan.arch->smmu->memory->table[i];

		entry[0] = STE0_STAGE2;
		entry[1] = STE1_INCOMING;
		entry[2] = STE2_FORMAT | STE2_SIZE(size) | (stream ? plan.partitions[stream->partition].arch->vmid : 0u);
		stream_walk(i, &plan.arch->smmu->memory->nothing);
	}
	for (uint32_t i = 0; i < 1u << (SMMU_STREAM_BITS - SMMU_SPLIT_BITS); i++)
		plan.arch->smmu->memory->roots[i] = (uint64_t)plan.arch->smmu->memory->table[i << SMMU_SPLIT_BITS] | ROOT_SPAN;
}

/* IDR0 says what it can; what firmware left is turned off, so that nothing passes unlooked at. */
static enum err stop_and_check(void)
{
	uint32_t idr1 = read32(IDR1);

	TRY(await(GBPA, GBPA_UPDATE, 0));
	write32(GBPA, GBPA_UPDATE | GBPA_ABORT);
	TRY(await(GBPA, GBPA_UPDATE, 0));
	TRY(write_acknowledged(CR0, CR0ACK, 0));
	TRY(write_acknowledged(IRQ_CTRL, IRQ_CTRLACK, 0));
	if ((read32(IDR0) & IDR0_NEEDED) != IDR0_NEEDED || (idr1 & IDR1_PRESET) || !(read32(IDR5) & IDR5_GRANULE_4K) ||
	    IDR1_SID_BITS(idr1) < SMMU_STREAM_BITS || IDR1_EVENT_BITS(idr1) < SMMU_EVENT_BITS ||
	    IDR1_COMMAND_BITS(idr1) < SMMU_COMMAND_BITS)
		return ERR_HARDWARE;
	return OK;
}

static void point_at_memory(const struct smmu_memory *memory)
{
	write32(CR1, CR1_WRITE_BACK);
	write32(CR2, CR2_OURS);
	write64(STRTAB_BASE, BASE_ALLOCATE | (uint64_t)memory->roots);
	write32(STRTAB_BASE_CFG, STRTAB_TWO_LEVELS | SMMU_SPLIT_BITS << 6 | SMMU_STREAM_BITS);
	write64(CMDQ_BASE, BASE_ALLOCATE | (uint64_t)memory->commands | SMMU_COMMAND_BITS);
	write32(CMDQ_PROD, 0);
	write32(CMDQ_CONS, 0);
	write64(EVENTQ_BASE, BASE_ALLOCATE | (uint64_t)memory->events | SMMU_EVENT_BITS);
	write32(EVENTQ_PROD, 0);
	write32(EVENTQ_CONS, 0);
}

/* Its events are the work of a partition that has streams. */
static void irq_enable(irq_t irq)
{
	const struct plan_smmu *unit = plan.arch->smmu;
	const struct plan_cpu *cpu = &plan.cpus[0];

	if (unit->stream_count != 0)
		cpu = plan.partitions[unit->streams[0].partition].vcpus[0]->cpu;
	gic_irq_configure(irq, true);
	gic_irq_route(irq, cpu);
	gic_irq_enable(irq);
}

enum err smmu_init(void)
{
	const struct plan_smmu *unit = plan.arch->smmu;
	uint32_t size;

	if (!unit)
		return OK;
	TRY(stop_and_check());
	for (uint32_t i = 0; i < plan.partition_count; i++)
		dma_build(plan.partitions[i].arch);
	size = IDR5_SIZE(read32(IDR5));
	table_fill(size > 5u ? 5u : size);
	point_at_memory(unit->memory);
	TRY(write_acknowledged(CR0, CR0ACK, CR0_COMMANDS));
	command(CMD_CFGI_ALL, 31);
	command(CMD_TLBI_NSNH_ALL, 0);
	command_sync();
	TRY(write_acknowledged(IRQ_CTRL, IRQ_CTRLACK, IRQ_EVENT | IRQ_ERROR));
	irq_enable(unit->event_irq);
	irq_enable(unit->error_irq);
	TRY(write_acknowledged(CR0, CR0ACK, CR0_COMMANDS | CR0_EVENTS | CR0_SMMU));
	smmu.is_on = true;
	return OK;
}

/* ---- events ---- */

static const char *event_name(uint32_t type)
{
	switch (type) {
	case 0x10: return "no memory there";
	case 0x11: return "address too large";
	case 0x13: return "no permission";
	case 0x02: return "device behind a bridge";
	default: return "refused";
	}
}

/* The first few are told, then each time their number doubles. After a storm of them no event interrupts until a partition
 * with streams starts: what a device does there reaches nothing, and shall not take time from others either. */
static void event_tell(const uint64_t *event)
{
	const struct plan_stream *stream = stream_of(EVENT_STREAM(event));
	uint32_t owner = stream ? stream->partition : PLAN_PARTITION_MAX;
	uint32_t count = __atomic_add_fetch(&smmu.faults[owner], 1, __ATOMIC_RELAXED);

	if (count == EVENT_QUIET)
		gic_irq_disable(plan.arch->smmu->event_irq);
	if (count > EVENT_QUIET || (count > 4u && (count & (count - 1u)) != 0))
		return;
	hyp_print("%s: DMA %s of %s (stream 0x%x) at 0x%lx stopped: %s, event 0x%x (%u)", stream ? plan.partitions[owner].name : "nobody",
		  EVENT_IS_READ(event) ? "read" : "write", stream ? stream->device : "a device without owner", EVENT_STREAM(event),
		  EVENT_ADDRESS(event), event_name(EVENT_TYPE(event)), EVENT_TYPE(event), count);
}

static void events_take(void)
{
	const struct smmu_memory *memory = plan.arch->smmu->memory;
	uint32_t produced = read32(EVENTQ_PROD);

	for (uint32_t i = 0; i < EVENT_PIECE && ((smmu.consumed ^ produced) & ((2u << SMMU_EVENT_BITS) - 1u)) != 0; i++) {
		DSB(ish); /* the event, after the index that says it is there */
		event_tell(memory->events[smmu.consumed % (1u << SMMU_EVENT_BITS)]);
		smmu.consumed = (smmu.consumed + 1u) % (2u << SMMU_EVENT_BITS);
	}
	write32(EVENTQ_CONS, smmu.consumed | (produced & 1u << 31)); /* an overflow is acknowledged by its own flag */
	if (((smmu.consumed ^ produced) & ((2u << SMMU_EVENT_BITS) - 1u)) != 0)
		gic_irq_set_pending(plan.arch->smmu->event_irq, true); /* it interrupts when the queue was empty only */
}

bool smmu_irq(irq_t irq)
{
	const struct plan_smmu *unit = plan.arch->smmu;
	uint32_t errors;

	if (!unit || (irq != unit->event_irq && irq != unit->error_irq))
		return false;
	if (irq == unit->event_irq) {
		events_take();
		return true;
	}
	errors = read32(GERROR) ^ read32(GERRORN);
	hyp_print("SMMU: global error 0x%x", errors);
	ASSERT(!(errors & ERROR_COMMAND)); /* we wrote a command that it does not know: what was to be stopped may not be */
	/* An error that is not acknowledged does not interrupt again: of lost events, which a device can cause without end, it is told once. */
	write32(GERRORN, read32(GERROR) ^ (errors & ERROR_EVENTS));
	return true;
}
