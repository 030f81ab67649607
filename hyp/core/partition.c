/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a partition: one order to stop, one order to start, for every
 * cause. Work on memory is cut into pieces, done by the CPU of vCPU 0 in its
 * own slots. It must not know who asked, nor what an image is.
 */
#include <hyp/arch.h>
#include <hyp/console.h>
#include <hyp/device.h>
#include <hyp/pci.h>
#include <hyp/report.h>
#include <hyp/upcall.h>

#include "sched.h"

/* Bytes of memory that one piece of work touches: some tens of microseconds on a small core. */
#define PIECE_BYTES (64u * 1024u)

/* The order. A start of a partition whose memory the boot stage prepared begins at STEP_SEED. */
enum step {
	STEP_NONE = 0,
	STEP_QUIESCE, /* PCI functions silent, DMA stopped; windows onto its RAM gone; interrupts masked, deactivated, forgotten */
	STEP_REPORT,  /* what its policy stopped it for */
	STEP_STOPPED, /* off, failed, or on to the start */
	STEP_RESET,   /* its PCI functions */
	STEP_PAST,    /* back-ends are through with its earlier life, or had their time */
	STEP_SCRUB,   /* all RAM zero */
	STEP_PLACE,   /* pristine images */
	STEP_CLEAN,   /* all RAM to the point of coherency, instruction caches invalid */
	STEP_SEED,    /* fresh random bytes, cleaned too */
	STEP_FLUSH,   /* translations of its VMID */
	STEP_DEVICES, /* PCI functions, interrupt controller, emulated devices, device pages, windows */
	STEP_ENTER,   /* DMA; registers; vCPU 0 may run */
};

const char *partition_state_name(enum partition_state state)
{
	static const char *const names[] = {
		[PARTITION_STOPPED] = "stopped", [PARTITION_STARTING] = "starting", [PARTITION_RUNNING] = "running",
		[PARTITION_STOPPING] = "stopping", [PARTITION_FAILED] = "failed",
	};

	return names[state];
}

/* Only the CPU of vCPU 0 writes partition->work; others change the state, and it finds the step from that. */
static void work_begin(struct partition *partition, enum step step)
{
	partition->work = (struct partition_work){ .step = step };
}

static uint32_t state_of(const struct partition *partition)
{
	/* acquire: pairs with the lock under which the state was changed */
	return __atomic_load_n(&partition->state, __ATOMIC_ACQUIRE);
}

bool partition_has_work(const struct partition *partition)
{
	uint32_t state = state_of(partition);

	if (state == PARTITION_STOPPING)
		return __atomic_load_n(&partition->vcpus_in, __ATOMIC_ACQUIRE) == 0;
	return state == PARTITION_STARTING && (arch_counter() >= partition->work.until ||
					       (partition->work.step == STEP_PAST && !device_has_past(partition->plan, NULL)));
}

uint64_t partition_work_deadline(const struct partition *partition)
{
	return partition->work.until ? partition->work.until : UINT64_MAX;
}

/* ---- stop ---- */

static bool stop_is_policy(enum stop_cause cause)
{
	return cause == STOP_FAULT || cause == STOP_HEARTBEAT || cause == STOP_ERROR;
}

enum err partition_stop(struct partition *partition, enum stop_cause cause, bool restart)
{
	const struct plan_partition *plan_p = partition->plan;

	if (restart && !plan_p->has_restart) {
		hyp_print("%s has no pristine image in memory: its restart resets the board", plan_p->name);
		console_panic();
		arch_board_reset();
	}
	lock_take(&partition->lock);
	if (partition->state != PARTITION_RUNNING && partition->state != PARTITION_STARTING) {
		lock_drop(&partition->lock);
		return ERR_STATE;
	}
	partition->state = PARTITION_STOPPING;
	partition->cause = cause;
	partition->restart_wanted = restart;
	partition->vcpus_in = plan_p->vcpu_count;
	lock_drop(&partition->lock);
	device_limit(plan_p, false); /* until it is clear whether it comes back */
	for (uint32_t i = 0; i < plan_p->vcpu_count; i++)
		vcpu_request(plan_p->vcpus[i], VCPU_REQUEST_STOP);
	return OK;
}

void partition_vcpu_left(struct vcpu *vcpu)
{
	struct partition *partition = vcpu->partition->state;
	bool is_last;

	lock_take(&partition->lock);
	vcpu->state = VCPU_STOPPED;
	is_last = --partition->vcpus_in == 0;
	lock_drop(&partition->lock);
	if (is_last)
		vcpu_request(vcpu->partition->vcpus[0], VCPU_REQUEST_WORK);
}

static void step_quiesce(struct partition *partition)
{
	const struct plan_partition *plan_p = partition->plan;

	if (plan_p->function_count)
		plan.pci->driver->stop(plan_p);
	arch_dma_block(plan_p);
	device_stop(plan_p);
	arch_irq_partition_clear(plan_p);
	console_end_line(plan_p);
	work_begin(partition, STEP_REPORT);
}

/* A piece of the report, if one is due. */
static void step_report(struct partition *partition)
{
	struct vcpu *vcpu = partition->report_of;

	if (vcpu && report_piece(vcpu, partition->report_what, partition->work.index++))
		return;
	partition->report_of = NULL;
	work_begin(partition, STEP_STOPPED);
}

static void step_stopped(struct partition *partition)
{
	bool restart;

	lock_take(&partition->lock);
	restart = partition->restart_wanted;
	partition->restart_wanted = false;
	partition->policy_restarts += restart && stop_is_policy(partition->cause);
	partition->state = restart ? PARTITION_STARTING : stop_is_policy(partition->cause) ? PARTITION_FAILED : PARTITION_STOPPED;
	lock_drop(&partition->lock);
	hyp_print("%s: %s", partition->plan->name, restart ? "stopped, starts again" : "stopped");
	work_begin(partition, STEP_NONE);
}

/* ---- start ---- */

enum err partition_start(struct partition *partition)
{
	const struct plan_partition *plan_p = partition->plan;
	enum err result = OK;

	lock_take(&partition->lock);
	if (partition->state != PARTITION_STOPPED && partition->state != PARTITION_FAILED)
		result = ERR_STATE;
	else if (partition->start_count && !plan_p->has_restart)
		result = ERR_DENIED;
	else
		partition->state = PARTITION_STARTING;
	lock_drop(&partition->lock);
	if (result != OK)
		return result;
	device_limit(plan_p, false);
	vcpu_request(plan_p->vcpus[0], VCPU_REQUEST_WORK);
	return OK;
}

/* Bytes of the next piece of a range of `size` bytes. */
static uint64_t piece(const struct partition_work *work, uint64_t size)
{
	uint64_t left = size - work->offset;

	return left < PIECE_BYTES ? left : PIECE_BYTES;
}

/* Goes `bytes` further in range `index` of `size` bytes; true when that range is done. */
static bool work_advance(struct partition_work *work, uint64_t bytes, uint64_t size)
{
	work->offset += bytes;
	if (work->offset < size)
		return false;
	work->offset = 0;
	work->index++;
	return true;
}

/* The next RAM map at or after work->index; null: none left. */
static const struct plan_map *work_ram(struct partition *partition)
{
	const struct plan_partition *plan_p = partition->plan;

	for (; partition->work.index < plan_p->map_count; partition->work.index++)
		if (plan_p->maps[partition->work.index].flags & PLAN_MAP_RAM)
			return &plan_p->maps[partition->work.index];
	return NULL;
}

static pa_t pa_add(pa_t base, uint64_t bytes)
{
	return (pa_t){ base.v + bytes };
}

/* The first time, the boot stage has scrubbed, placed and cleaned. */
static enum step step_of_memory(const struct partition *partition)
{
	return partition->start_count ? STEP_SCRUB : STEP_SEED;
}

/* Once it is begun there is no work until it is over. */
static void step_reset(struct partition *partition)
{
	if (partition->work.until)
		work_begin(partition, STEP_PAST);
	else
		partition->work.until = arch_counter() + ticks_of_us(plan.pci->driver->reset(partition->plan)) + 1u;
}

/* Before anything is written: what a back-end still writes for the earlier life must not be found by the next one. */
static void step_past(struct partition *partition)
{
	bool has_past = device_has_past(partition->plan, NULL);

	if (has_past && !partition->work.until) {
		partition->work.until = arch_counter() + ticks_of_us(DEVICE_QUIET_LIMIT_US);
		return;
	}
	if (has_past)
		hyp_print("%s: a back-end is not through with its earlier life: its memory stays hidden from it", partition->plan->name);
	work_begin(partition, step_of_memory(partition));
}

static void step_scrub(struct partition *partition)
{
	struct partition_work *work = &partition->work;
	const struct plan_map *map = work_ram(partition);
	uint64_t bytes;

	if (!map) {
		work_begin(partition, STEP_PLACE);
		return;
	}
	bytes = piece(work, map->size);
	arch_clear(pa_add(map->pa, work->offset), bytes);
	(void)work_advance(work, bytes, map->size);
}

/* What lies between size and clear of a load is zero already: scrubbed. */
static void step_place(struct partition *partition)
{
	struct partition_work *work = &partition->work;
	const struct plan_load *load;
	uint64_t bytes;

	if (work->index >= partition->plan->load_count) {
		work_begin(partition, STEP_CLEAN);
		return;
	}
	load = &partition->plan->loads[work->index];
	bytes = piece(work, load->size);
	if (bytes)
		arch_copy(pa_add(load->target, work->offset), pa_add(load->source, work->offset), bytes);
	(void)work_advance(work, bytes, load->size);
}

/* The guest begins with its MMU and caches off: it reads what is at the point of coherency. */
static void step_clean(struct partition *partition)
{
	struct partition_work *work = &partition->work;
	const struct plan_map *map = work_ram(partition);
	uint64_t bytes;

	if (!map) {
		work_begin(partition, STEP_SEED);
		return;
	}
	bytes = piece(work, map->size);
	arch_cache_clean(pa_add(map->pa, work->offset), bytes, work->offset + bytes == map->size);
	(void)work_advance(work, bytes, map->size);
}

static void seed_blank(const struct plan_seed *seed)
{
	uint32_t *words = arch_memory((pa_t){ seed->target.v - seed->header }, seed->header + seed->size);

	for (uint32_t i = 0; i < (seed->header + seed->size) / sizeof(*words); i++)
		words[i] = seed->blank;
}

static void step_seed(struct partition *partition)
{
	const struct plan_partition *plan_p = partition->plan;

	for (uint32_t i = 0; i < plan_p->seed_count; i++) {
		const struct plan_seed *seed = &plan_p->seeds[i];

		if (core_seed_take(arch_memory(seed->target, seed->size), seed->size) < seed->size)
			seed_blank(seed);
		arch_cache_clean((pa_t){ seed->target.v - seed->header }, seed->header + seed->size, false);
	}
	work_begin(partition, STEP_FLUSH);
}

static void step_flush(struct partition *partition)
{
	arch_stage2_flush(partition->plan);
	work_begin(partition, STEP_DEVICES);
}

static void step_devices(struct partition *partition)
{
	const struct plan_partition *plan_p = partition->plan;

	console_input_clear(plan_p);
	if (plan_p->function_count)
		plan.pci->driver->start(plan_p);
	arch_irq_partition_reset(plan_p);
	arch_devices_reset(plan_p);
	device_start(plan_p);
	work_begin(partition, STEP_ENTER);
}

static void vcpu_prepare(struct vcpu *vcpu)
{
	vcpu->is_idle = false;
	arch_vcpu_set_entry(vcpu, vcpu->index == 0 ? vcpu->partition->entry : 0,
			    vcpu->index == 0 ? vcpu->partition->entry_arg : 0);
	arch_vcpu_reset(vcpu);
}

static void step_enter(struct partition *partition)
{
	const struct plan_partition *plan_p = partition->plan;

	for (uint32_t i = 0; i < plan_p->vcpu_count; i++)
		vcpu_prepare(plan_p->vcpus[i]);
	arch_dma_allow(plan_p);
	work_begin(partition, STEP_NONE);
	lock_take(&partition->lock);
	partition->fault_count = 0;
	partition->heartbeat_count = 0;
	partition->heartbeat_at = arch_counter();
	/* a stop may have come in meanwhile: then nothing enters */
	if (partition->state == PARTITION_STARTING) {
		partition->start_count++;
		partition->state = PARTITION_RUNNING;
		for (uint32_t i = 0; i < plan_p->vcpu_count; i++)
			__atomic_store_n(&plan_p->vcpus[i]->state, i == 0 ? VCPU_READY : VCPU_OFF, __ATOMIC_RELEASE);
	}
	lock_drop(&partition->lock);
}

/* Where the work begins if the state was changed since the last piece. */
static void work_follow_state(struct partition *partition)
{
	enum step step = (enum step)partition->work.step;
	bool is_stop_step = step == STEP_QUIESCE || step == STEP_REPORT || step == STEP_STOPPED;

	if (state_of(partition) == PARTITION_STOPPING) {
		if (!is_stop_step)
			work_begin(partition, STEP_QUIESCE);
	} else if (step == STEP_NONE) {
		work_begin(partition, partition->plan->function_count ? STEP_RESET : STEP_PAST);
	}
}

typedef void step_fn(struct partition *partition);

static step_fn *const steps[] = {
	[STEP_QUIESCE] = step_quiesce, [STEP_REPORT] = step_report, [STEP_STOPPED] = step_stopped, [STEP_RESET] = step_reset,
	[STEP_PAST] = step_past, [STEP_SCRUB] = step_scrub, [STEP_PLACE] = step_place, [STEP_CLEAN] = step_clean,
	[STEP_SEED] = step_seed, [STEP_FLUSH] = step_flush, [STEP_DEVICES] = step_devices, [STEP_ENTER] = step_enter,
};

/* There is some: so there is a step. */
void partition_work(struct partition *partition)
{
	work_follow_state(partition);
	steps[partition->work.step](partition);
}

/* ---- heartbeat ---- */

void partition_heartbeat(struct partition *partition)
{
	__atomic_store_n(&partition->heartbeat_at, arch_counter(), __ATOMIC_RELAXED);
	__atomic_fetch_add(&partition->heartbeat_count, 1, __ATOMIC_RELAXED);
}

uint64_t partition_heartbeat_deadline(const struct partition *partition)
{
	if (!partition->plan->heartbeat_us || __atomic_load_n(&partition->state, __ATOMIC_RELAXED) != PARTITION_RUNNING)
		return UINT64_MAX;
	return __atomic_load_n(&partition->heartbeat_at, __ATOMIC_RELAXED) + ticks_of_us(partition->plan->heartbeat_us);
}
