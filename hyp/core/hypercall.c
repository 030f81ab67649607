/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vendor calls of hyp/abi/hypercall.h. Arguments are copied, checked
 * against the plan, then acted upon. It must not know how a call traps.
 */
#include "../abi/hypercall.h"

#include <hyp/arch.h>
#include <hyp/console.h>
#include <hyp/device.h>
#include <hyp/upcall.h>

/* `regs` are x0..x7: arguments until the call writes its results there. */
typedef enum verdict call_fn(struct vcpu *vcpu, uint64_t regs[8]);

/* A status, and nothing else. */
static enum verdict answer(uint64_t regs[8], int64_t status)
{
	regs[0] = (uint64_t)status;
	regs[1] = regs[2] = regs[3] = 0;
	return VERDICT_RESUME;
}

static int64_t error_of(enum err err)
{
	switch (err) {
	case OK: return HC_OK;
	case ERR_STATE: return HC_ERR_STATE;
	case ERR_DENIED: return HC_ERR_NO_IMAGE;
	default: return HC_ERR_INVALID;
	}
}

static const enum partition_cause cause_of[] = {
	[STOP_NONE] = PARTITION_CAUSE_NONE,
	[STOP_GUEST_OFF] = PARTITION_CAUSE_OFF,
	[STOP_GUEST_RESET] = PARTITION_CAUSE_RESET,
	[STOP_OPERATOR] = PARTITION_CAUSE_OPERATOR,
	[STOP_CALL] = PARTITION_CAUSE_CALL,
	[STOP_FAULT] = PARTITION_CAUSE_FAULTS,
	[STOP_HEARTBEAT] = PARTITION_CAUSE_DEADLINE,
	[STOP_ERROR] = PARTITION_CAUSE_FAULTS,
};

/* ---- whom a call means, and may it ---- */

static bool has_right(const struct plan_partition *caller, uint32_t id, uint32_t right)
{
	for (uint32_t i = 0; i < caller->capability_count; i++)
		if (caller->capabilities[i].partition == id && (caller->capabilities[i].rights & right))
			return true;
	return false;
}

/* A partition may always ask about itself, stop and restart itself. */
static int64_t find_target(const struct vcpu *vcpu, uint64_t id, uint32_t right, struct partition **target)
{
	const struct plan_partition *caller = vcpu->partition;

	if (id == PARTITION_SELF)
		id = caller->id;
	if (id >= plan.partition_count)
		return HC_ERR_INVALID;
	*target = plan.partitions[id].state;
	if ((id == caller->id && right != PLAN_RIGHT_START) || has_right(caller, (uint32_t)id, right))
		return HC_OK;
	return HC_ERR_DENIED;
}

static uint32_t state_of(const struct partition *partition)
{
	return __atomic_load_n(&partition->state, __ATOMIC_RELAXED);
}

static bool is_changing(uint32_t state)
{
	return state == PARTITION_STARTING || state == PARTITION_STOPPING;
}

/* The same for a call that may only come between two changes. */
static int64_t find_steady(const struct vcpu *vcpu, uint64_t id, uint32_t right, struct partition **target)
{
	int64_t error = find_target(vcpu, id, right, target);

	return !error && is_changing(state_of(*target)) ? HC_ERR_BUSY : error;
}

/* ---- the calls ---- */

static enum verdict call_nop(struct vcpu *vcpu, uint64_t regs[8])
{
	(void)vcpu;
	return answer(regs, HC_OK);
}

static enum verdict call_heartbeat(struct vcpu *vcpu, uint64_t regs[8])
{
	struct partition *partition = vcpu->partition->state;

	if (!__atomic_load_n(&partition->heartbeat_count, __ATOMIC_RELAXED))
		hyp_print("%s: first heartbeat", vcpu->partition->name);
	partition_heartbeat(partition);
	return answer(regs, HC_OK);
}

/* Name as the ABI packs it: four words, first byte lowest, padded with zeros. */
static void pack_name(const char *name, uint64_t words[4])
{
	bool is_over = false;

	for (uint32_t i = 0; i < PARTITION_NAME_BYTES; i++) {
		is_over = is_over || !name[i];
		words[i / 8] = (i % 8 ? words[i / 8] : 0) | (is_over ? 0 : (uint64_t)(uint8_t)name[i] << 8 * (i % 8));
	}
}

static enum verdict call_info(struct vcpu *vcpu, uint64_t regs[8])
{
	struct partition *target;
	int64_t error = find_target(vcpu, regs[1], PLAN_RIGHT_STATE, &target);

	if (error)
		return answer(regs, error);
	regs[0] = HC_OK;
	regs[1] = target->plan->id | (uint64_t)plan.partition_count << 16 | (uint64_t)target->plan->vcpu_count << 32 |
		  (uint64_t)state_of(target) << 48;
	regs[2] = target->start_count;
	regs[3] = target->policy_restarts | (uint64_t)cause_of[target->cause] << 32;
	pack_name(target->plan->name, &regs[4]);
	return VERDICT_RESUME;
}

static bool is_same_name(const uint64_t a[4], const uint64_t b[4])
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

static enum verdict call_find(struct vcpu *vcpu, uint64_t regs[8])
{
	const struct plan_partition *caller = vcpu->partition;
	uint64_t name[4];

	for (uint32_t id = 0; id < plan.partition_count; id++) {
		pack_name(plan.partitions[id].name, name);
		if (is_same_name(name, &regs[1]) && (id == caller->id || has_right(caller, id, UINT32_MAX))) {
			(void)answer(regs, HC_OK);
			regs[1] = id;
			return VERDICT_RESUME;
		}
	}
	return answer(regs, HC_ERR_NOT_FOUND);
}

static enum verdict call_state(struct vcpu *vcpu, uint64_t regs[8])
{
	struct partition *target;
	int64_t error = find_target(vcpu, regs[1], PLAN_RIGHT_STATE, &target);

	if (error)
		return answer(regs, error);
	regs[0] = HC_OK;
	regs[1] = state_of(target);
	regs[2] = target->start_count;
	regs[3] = cause_of[target->cause];
	return VERDICT_RESUME;
}

/* The caller may have asked for its own end. */
static enum verdict answer_control(const struct vcpu *vcpu, uint64_t regs[8], enum err err)
{
	(void)answer(regs, error_of(err));
	return state_of(vcpu->partition->state) == PARTITION_RUNNING ? VERDICT_RESUME : VERDICT_WAIT;
}

static enum verdict call_start(struct vcpu *vcpu, uint64_t regs[8])
{
	struct partition *target;
	int64_t error = find_steady(vcpu, regs[1], PLAN_RIGHT_START, &target);

	if (error)
		return answer(regs, error);
	return answer_control(vcpu, regs, partition_start(target));
}

static enum verdict call_stop(struct vcpu *vcpu, uint64_t regs[8])
{
	struct partition *target;
	int64_t error = find_steady(vcpu, regs[1], PLAN_RIGHT_STOP, &target);

	if (error)
		return answer(regs, error);
	return answer_control(vcpu, regs, partition_stop(target, STOP_CALL, false));
}

/* A call never resets the board: that is what a restart without an image in memory would come to. */
static enum verdict call_restart(struct vcpu *vcpu, uint64_t regs[8])
{
	struct partition *target;
	int64_t error = find_steady(vcpu, regs[1], PLAN_RIGHT_RESTART, &target);

	if (error)
		return answer(regs, error);
	if (!target->plan->has_restart)
		return answer(regs, HC_ERR_NO_IMAGE);
	return answer_control(vcpu, regs, state_of(target) == PARTITION_RUNNING ? partition_stop(target, STOP_CALL, true) : partition_start(target));
}

static enum verdict call_console_write(struct vcpu *vcpu, uint64_t regs[8])
{
	if (regs[1] > HC_CONSOLE_BYTES_MAX)
		return answer(regs, HC_ERR_INVALID);
	console_write(vcpu->partition, (const char *)&regs[2], regs[1]);
	return answer(regs, (int64_t)regs[1]);
}

static enum verdict call_console_read(struct vcpu *vcpu, uint64_t regs[8])
{
	uint8_t *bytes = (uint8_t *)&regs[2];
	uint64_t wanted = regs[1];
	int64_t count = 0;
	int byte;

	for (uint32_t i = 1; i < 8; i++)
		regs[i] = 0;
	while (count < (int64_t)HC_CONSOLE_BYTES_MAX && (uint64_t)count < wanted && (byte = console_read(vcpu->partition)) >= 0)
		bytes[count++] = (uint8_t)byte;
	if (count)
		arch_console_input(vcpu->partition);
	regs[0] = (uint64_t)count;
	return VERDICT_RESUME;
}

/* Those about one line of the caller. */
static enum verdict call_device(struct vcpu *vcpu, uint64_t regs[8])
{
	const struct plan_partition *back = vcpu->partition;
	const struct plan_device *device = regs[1] < back->back_count ? back->backs[regs[1]] : NULL;

	switch (device ? (uint32_t)regs[0] : HC_NOP) {
	case HC_DEVICE_ANSWER: return answer(regs, error_of(device_answer(device, regs[2], regs[3])));
	case HC_DEVICE_INTERRUPT: return answer(regs, error_of(device_interrupt(device, regs[2], regs[3])));
	case HC_DEVICE_QUIET: return answer(regs, error_of(device_quiet(device, regs[2])));
	default: return answer(regs, HC_ERR_INVALID);
	}
}

static enum verdict call_device_ready(struct vcpu *vcpu, uint64_t regs[8])
{
	return answer(regs, error_of(device_ready(vcpu->partition)));
}

static enum verdict call_channel_signal(struct vcpu *vcpu, uint64_t regs[8])
{
	const struct plan_partition *caller = vcpu->partition, *peer;

	if (regs[1] >= caller->channel_count)
		return answer(regs, HC_ERR_INVALID);
	peer = &plan.partitions[caller->channels[regs[1]].peer];
	arch_irq_pend(peer, peer->channels[caller->channels[regs[1]].end].irq);
	return answer(regs, HC_OK);
}

static call_fn *const calls[HC_FN_COUNT] = {
	call_nop, call_heartbeat, call_info, call_find, call_state, call_start, call_stop, call_restart, call_console_write,
	call_console_read, call_device, call_device, call_device_ready, call_channel_signal, call_device,
};

static enum verdict discovery(uint64_t regs[8], uint32_t function)
{
	(void)answer(regs, HC_ERR_NOT_SUPPORTED);
	if (function == HC_CALL_UID) {
		regs[0] = HC_UID_0;
		regs[1] = HC_UID_1;
		regs[2] = HC_UID_2;
		regs[3] = HC_UID_3;
	} else if (function == HC_REVISION) {
		regs[0] = HC_VERSION_MAJOR;
		regs[1] = HC_VERSION_MINOR;
	}
	return VERDICT_RESUME;
}

enum verdict hypercall(struct vcpu *vcpu, uint64_t regs[8])
{
	uint32_t function = (uint32_t)regs[0];
	uint32_t index = function - HC_FN(0);

	if (index < HC_FN_COUNT)
		return calls[index](vcpu, regs);
	return discovery(regs, function);
}
