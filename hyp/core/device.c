/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio devices between two partitions: doorbells, acknowledgements, writes
 * handed to the back-end, and the windows onto the front-end's RAM. What each
 * side sees is in hyp/abi/device.h. It must not know rings, nor what a device
 * is for.
 *
 * Each word of the line and two of the device page are written here alone,
 * and none is believed that another could have written: the page is never
 * read, the line is the back-end's to read only.
 */
#include <hyp/arch.h>
#include <hyp/device.h>
#include <hyp/pagetable.h>
#include <hyp/upcall.h>

#include "sched.h"

/* Outermost of all locks: partition.is_open, has_past of devices, the root entries of windows. */
static struct lock window_lock;

static const struct plan_partition *front_of(const struct plan_device *device)
{
	return &plan.partitions[device->front];
}

static const struct plan_partition *back_of(const struct plan_device *device)
{
	return &plan.partitions[device->back];
}

/* Something in its line changed. The arch hook orders the stores to the line before the interrupt. */
static void back_tell(const struct plan_device *device)
{
	arch_irq_pend(back_of(device), back_of(device)->doorbell_irq);
}

/* ---- the page ---- */

static volatile uint32_t *page_of(const struct plan_device *device)
{
	return arch_memory(device->page, PAGE_SIZE);
}

/* The front-end reads the page as device memory: the fence orders our store before the reads that follow the entry of this vCPU,
 * or the interrupt of another one. */
static void page_put(const struct plan_device *device, uint32_t offset, uint32_t value)
{
	page_of(device)[offset / sizeof(value)] = value;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void status_put(const struct plan_device *device, uint32_t status)
{
	device->state->status = status;
	page_put(device, DEVICE_STATUS, status);
}

/* The line follows under the same lock, so that it says what the word says. Returns: who is to be woken behind that lock, since it
 * will come for the lock at once; or null. */
static inline __attribute__((always_inline)) struct vcpu *interrupt_put(const struct plan_device *device, uint32_t bits)
{
	uint32_t was = device->state->interrupt;

	if (bits == was)
		return NULL;
	device->state->interrupt = bits;
	page_put(device, DEVICE_INTERRUPT_STATUS, bits);
	if (!bits == !was)
		return NULL;
	return arch_irq_set_level(front_of(device), device->irq, bits != 0);
}

/* The end of what put an interrupt. */
static inline __attribute__((always_inline)) void drop_and_wake(const struct plan_device *device, struct vcpu *woken)
{
	lock_drop(&device->state->lock);
	vcpu_wake(woken);
}

static void page_reset(const struct plan_device *device)
{
	volatile uint32_t *page = page_of(device);

	for (uint32_t i = 0; i < PAGE_SIZE / sizeof(*page); i++)
		page[i] = i < device->image_count ? device->image[i] : 0;
	status_put(device, 0);
	vcpu_wake(interrupt_put(device, 0));
}

static struct vcpu *mark_broken(const struct plan_device *device, uint32_t bits)
{
	device->shared->flags |= DEVICE_LINE_BROKEN;
	status_put(device, device->state->status | DEVICE_STATUS_NEEDS_RESET);
	return interrupt_put(device, device->state->interrupt | bits | DEVICE_INTERRUPT_CONFIG);
}

/* ---- writes that need no answer ---- */

void device_notify(const struct plan_device *device, uint64_t queue)
{
	if (queue >= DEVICE_QUEUE_MAX)
		return;
	/* no partition can write the line, so none can keep this spinning */
	__atomic_fetch_add(&device->shared->doorbell[queue], 1u, __ATOMIC_RELAXED);
	back_tell(device);
}

void device_acknowledge(const struct plan_device *device, uint64_t bits)
{
	lock_take(&device->state->lock);
	drop_and_wake(device, interrupt_put(device, device->state->interrupt & ~(uint32_t)bits));
}

/* ---- hand-offs ---- */

/* Did the hand-off in the line write `value` to the register at `offset`? */
static bool line_wrote(const struct device_line *line, uint32_t offset, uint32_t value)
{
	uint32_t skipped = offset - line->offset;

	return skipped < line->width && (uint32_t)(line->value >> 8u * skipped) == value;
}

static bool is_reset(const struct device_line *line)
{
	return line_wrote(line, DEVICE_STATUS, 0);
}

/* After it, the driver takes the memory of its rings for its own. */
static bool ends_queue(const struct device_line *line)
{
	return is_reset(line) || line_wrote(line, DEVICE_QUEUE_READY, 0) || line_wrote(line, DEVICE_QUEUE_RESET, 1);
}

/* How long the hand-off in the line may wait from now on. Its CPU must look after this, if it is another one. */
static void limit_start(const struct plan_device *device, bool has_limit)
{
	uint64_t until = has_limit ? arch_counter() + ticks_of_us(device->limit_us) : 0;

	__atomic_store_n(&device->state->writer->wait_until, until, __ATOMIC_RELAXED);
}

/* A reader that sees one of the new fields sees that the last hand-off is over, or the new sequence: the first fence pairs with the
 * one before it reads `answered` and `sequence` again, the second with its acquire of `sequence`. */
static void line_put(struct device_line *line, uint32_t offset, uint32_t width, uint64_t value)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	line->offset = offset;
	line->width = width;
	line->value = value;
	__atomic_store_n(&line->sequence, line->sequence + 1u, __ATOMIC_RELEASE);
}

static enum verdict hand_off(struct vcpu *vcpu, const struct plan_device *device, const struct vm_exit *exit, uint32_t offset)
{
	struct device *state = device->state;
	bool is_free;

	lock_take(&state->lock);
	vcpu_wait(vcpu);
	is_free = !state->writer;
	if (is_free) {
		state->writer = vcpu;
		vcpu->waits_for = device;
		limit_start(device, state->has_limit);
		line_put(device->shared, offset, exit->width, exit->value);
	} else {
		state->turn |= 1u << vcpu->index;
	}
	lock_drop(&state->lock);
	if (!is_free)
		return VERDICT_RESUME; /* it comes back with the same instruction */
	back_tell(device);
	return VERDICT_ADVANCE;
}

/* The hand-off is over: its vCPU goes on, and whoever waited tries again. */
static void hand_off_end(const struct plan_device *device)
{
	struct device *state = device->state;
	uint32_t turn = state->turn;

	state->turn = 0;
	__atomic_store_n(&state->writer->wait_until, 0, __ATOMIC_RELAXED);
	vcpu_resume(state->writer);
	state->writer = NULL;
	for (; turn; turn &= turn - 1u)
		vcpu_resume(front_of(device)->vcpus[__builtin_ctz(turn)]);
}

static void hand_off_answered(const struct plan_device *device)
{
	__atomic_store_n(&device->shared->answered, device->shared->sequence, __ATOMIC_RELEASE);
}

const struct plan_device *device_find(const struct plan_partition *partition, ipa_t ipa)
{
	for (uint32_t i = 0; i < partition->front_count; i++)
		if (ipa.v - partition->fronts[i]->ipa.v < PAGE_SIZE)
			return partition->fronts[i];
	return NULL;
}

enum verdict device_write(struct vcpu *vcpu, const struct vm_exit *exit)
{
	const struct plan_device *device = device_find(vcpu->partition, exit->ipa);
	uint32_t offset = (uint32_t)exit->ipa.v & (PAGE_SIZE - 1u);

	if (!device || !exit->is_write || exit->width == 0 || offset & (exit->width - 1u))
		return VERDICT_FAULT;
	if (exit->width == sizeof(uint32_t) && offset == DEVICE_QUEUE_NOTIFY)
		device_notify(device, exit->value);
	else if (exit->width == sizeof(uint32_t) && offset == DEVICE_INTERRUPT_ACK)
		device_acknowledge(device, exit->value);
	else
		return hand_off(vcpu, device, exit, offset);
	return VERDICT_ADVANCE;
}

/* ---- windows ---- */

static void line_window_put(const struct plan_device *device, bool is_shown)
{
	lock_take(&device->state->lock);
	device->shared->flags = (device->shared->flags & ~DEVICE_LINE_WINDOW) | (is_shown ? DEVICE_LINE_WINDOW : 0);
	lock_drop(&device->state->lock);
	back_tell(device);
}

bool device_has_past(const struct plan_partition *front, const struct plan_partition *back)
{
	for (uint32_t i = 0; i < front->front_count; i++)
		if ((!back || back_of(front->fronts[i]) == back) && __atomic_load_n(&front->fronts[i]->state->has_past, __ATOMIC_ACQUIRE))
			return true;
	return false;
}

/* Its front-end is there, and of an earlier life its back-end has nothing left to do: for none of the devices that share it. */
static bool window_is_due(const struct plan_window *window)
{
	const struct plan_partition *front = &plan.partitions[window->front];

	return front->state->is_open && !device_has_past(front, &plan.partitions[window->back]);
}

static void window_show(const struct plan_window *window, bool is_shown)
{
	const struct plan_partition *back = &plan.partitions[window->back];

	stage2_window_show(back, window->ipa, window->size, is_shown);
	for (uint32_t i = 0; i < back->back_count; i++)
		if (back->backs[i]->front == window->front)
			line_window_put(back->backs[i], is_shown);
}

/* All of which `partition` is a side. */
static void windows_put(const struct plan_partition *partition, bool is_shown)
{
	for (uint32_t i = 0; i < partition->window_count; i++)
		if (window_is_due(partition->windows[i]) == is_shown)
			window_show(partition->windows[i], is_shown);
}

/* What its back-end began must not reach the front-end's RAM any more: it is to say when it is over. */
static void life_end(const struct plan_device *device)
{
	__atomic_store_n(&device->shared->life, device->shared->life + 1u, __ATOMIC_RELEASE);
	device->state->has_past = back_of(device)->state->is_open;
}

/* Release: pairs with the acquire of the CPU that waits to start the front-end. */
static void past_end(const struct plan_device *device)
{
	if (!device->state->has_past)
		return;
	__atomic_store_n(&device->state->has_past, false, __ATOMIC_RELEASE);
	vcpu_request(front_of(device)->vcpus[0], VCPU_REQUEST_WORK);
}

/* A driver that was not answered believes that its rings are its own again: so they are. */
static void windows_revoke(const struct plan_device *device)
{
	lock_take(&window_lock);
	life_end(device);
	windows_put(front_of(device), false);
	lock_drop(&window_lock);
}

void device_boot(const struct plan_partition *back)
{
	for (uint32_t i = 0; i < back->window_count; i++)
		if (back->windows[i]->back == back->id)
			stage2_window_show(back, back->windows[i]->ipa, back->windows[i]->size, false);
}

/* ---- limits ---- */

/* Broken before its vCPU knows, and without a window before that vCPU can use the memory again. */
void device_expire(struct vcpu *vcpu)
{
	const struct plan_device *device = vcpu->waits_for;
	struct device *state = device->state;

	lock_take(&state->lock);
	if (state->writer != vcpu || !vcpu->wait_until || arch_counter() < vcpu->wait_until) {
		lock_drop(&state->lock);
		return;
	}
	hand_off_answered(device); /* what comes now is late */
	drop_and_wake(device, mark_broken(device, 0));
	/* no other hand-off begins: there is still a writer */
	if (ends_queue(device->shared))
		windows_revoke(device);
	lock_take(&state->lock);
	hand_off_end(device);
	lock_drop(&state->lock);
	back_tell(device);
}

static void limit_put(const struct plan_device *device, bool has_limit)
{
	struct device *state = device->state;

	lock_take(&state->lock);
	if (state->writer && state->has_limit != has_limit) {
		limit_start(device, has_limit);
		vcpu_request(state->writer, VCPU_REQUEST_WORK);
	}
	state->has_limit = has_limit;
	lock_drop(&state->lock);
}

void device_limit(const struct plan_partition *back, bool has_limit)
{
	for (uint32_t i = 0; i < back->back_count; i++)
		limit_put(back->backs[i], has_limit);
}

/* ---- start and stop of a side ---- */

/* Its vCPUs are out: none of them is woken. */
static void hand_off_cancel(const struct plan_device *device)
{
	lock_take(&device->state->lock);
	hand_off_answered(device);
	if (device->state->writer)
		hand_off_end(device);
	lock_drop(&device->state->lock);
}

/* As a back-end it has nothing left to do for anybody: its vCPUs are out, its devices reach no memory. */
void device_stop(const struct plan_partition *partition)
{
	lock_take(&window_lock);
	partition->state->is_open = false;
	for (uint32_t i = 0; i < partition->front_count; i++)
		life_end(partition->fronts[i]);
	windows_put(partition, false);
	for (uint32_t i = 0; i < partition->back_count; i++)
		past_end(partition->backs[i]);
	lock_drop(&window_lock);
	for (uint32_t i = 0; i < partition->front_count; i++)
		hand_off_cancel(partition->fronts[i]);
	device_limit(partition, !partition->state->restart_wanted);
}

static void front_start(const struct plan_device *device)
{
	lock_take(&device->state->lock);
	device->shared->flags &= ~DEVICE_LINE_BROKEN;
	page_reset(device);
	__atomic_store_n(&device->shared->life, device->shared->life + 1u, __ATOMIC_RELEASE);
	lock_drop(&device->state->lock);
	back_tell(device);
}

void device_start(const struct plan_partition *partition)
{
	for (uint32_t i = 0; i < partition->front_count; i++)
		front_start(partition->fronts[i]);
	lock_take(&window_lock);
	partition->state->is_open = true;
	windows_put(partition, true);
	lock_drop(&window_lock);
}

/* ---- the back-end's calls ---- */

/* A reset that is answered leaves nothing of what was before. */
static void answer_apply(const struct plan_device *device, uint32_t status)
{
	uint32_t kept = device->state->status & DEVICE_STATUS_NEEDS_RESET;

	if (is_reset(device->shared)) {
		device->shared->flags &= ~DEVICE_LINE_BROKEN;
		vcpu_wake(interrupt_put(device, 0));
		kept = 0;
	}
	status_put(device, (status & ~DEVICE_STATUS_NEEDS_RESET) | kept);
	hand_off_answered(device);
	hand_off_end(device);
}

enum err device_answer(const struct plan_device *device, uint64_t sequence, uint64_t status)
{
	bool is_due;

	if (status & ~(uint64_t)DEVICE_STATUS_MASK)
		return ERR_RANGE;
	lock_take(&device->state->lock);
	is_due = device->shared->sequence == sequence && device->shared->answered != sequence;
	if (is_due)
		answer_apply(device, (uint32_t)status);
	lock_drop(&device->state->lock);
	return is_due ? OK : ERR_STATE;
}

enum err device_interrupt(const struct plan_device *device, uint64_t bits, uint64_t status)
{
	if (bits & ~(uint64_t)DEVICE_INTERRUPT_MASK || status & ~(uint64_t)DEVICE_STATUS_NEEDS_RESET)
		return ERR_RANGE;
	lock_take(&device->state->lock);
	drop_and_wake(device, status ? mark_broken(device, (uint32_t)bits) :
				       interrupt_put(device, device->state->interrupt | (uint32_t)bits));
	return OK;
}

enum err device_ready(const struct plan_partition *back)
{
	if (!back->back_count)
		return ERR_ABSENT;
	/* its last word before it is restarted; device_stop() mends it if the state changes behind this */
	if (__atomic_load_n(&back->state->state, __ATOMIC_ACQUIRE) != PARTITION_RUNNING)
		return ERR_STATE;
	device_limit(back, true);
	return OK;
}

enum err device_quiet(const struct plan_device *device, uint64_t life)
{
	bool is_this;

	lock_take(&window_lock);
	is_this = device->shared->life == life;
	if (is_this && device->state->has_past) {
		past_end(device);
		windows_put(front_of(device), true);
	}
	lock_drop(&window_lock);
	return is_this ? OK : ERR_STATE;
}
