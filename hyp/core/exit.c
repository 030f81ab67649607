/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to a guest that makes mistakes: counted, reported at a limited
 * rate, and in the end its partition's policy. It must not know how a fault
 * is injected.
 */
#include <hyp/arch.h>
#include <hyp/report.h>
#include <hyp/upcall.h>

/* The first few are printed, then each time their number doubles: a storm prints a line a doubling. */
static bool is_told(uint32_t count)
{
	return count <= 4 || (count & (count - 1)) == 0;
}

enum verdict exit_guest_fault(struct vcpu *vcpu, const struct vm_exit *exit, const char *what)
{
	const struct plan_partition *plan_p = vcpu->partition;
	uint32_t count = __atomic_add_fetch(&plan_p->state->fault_count, 1, __ATOMIC_RELAXED);

	if (is_told(count))
		hyp_print("%s vCPU %u: %s: %s 0x%lx at pc 0x%lx (fault %u)", plan_p->name, vcpu->index, what,
			  exit->is_fetch ? "fetch" : exit->is_write ? "write" : "read", exit->ipa.v, exit->pc, count);
	if (plan_p->fault_limit && count > plan_p->fault_limit)
		return exit_guest_dead(vcpu, STOP_FAULT, "more faults than its limit");
	return VERDICT_FAULT;
}

/* Does the policy of `partition` want it to run again? */
static bool policy_restarts(const struct plan_partition *plan_p)
{
	if (plan_p->policy != PLAN_POLICY_RESTART)
		return false;
	if (plan_p->restart_limit && plan_p->state->policy_restarts >= plan_p->restart_limit) {
		hyp_print("%s: restarted %u times by its policy, now it stays stopped", plan_p->name, plan_p->restart_limit);
		return false;
	}
	return true;
}

/* As hardware would go on. Who fails again and again is told of as seldom as a storm of faults. */
static enum verdict report_only(struct vcpu *vcpu, const char *what)
{
	if (is_told(__atomic_add_fetch(&vcpu->partition->state->report_count, 1, __ATOMIC_RELAXED)))
		report_partition(vcpu, what);
	return VERDICT_FAULT;
}

enum verdict exit_guest_dead(struct vcpu *vcpu, enum stop_cause cause, const char *what)
{
	const struct plan_partition *plan_p = vcpu->partition;
	bool restart = policy_restarts(plan_p);

	if (plan_p->policy == PLAN_POLICY_REPORT)
		return report_only(vcpu, what);
	if (restart && !plan_p->has_restart)
		report_partition(vcpu, what); /* the board is reset now */
	/* ERR_STATE: another of its vCPUs was faster; then that one's cause stands */
	if (partition_stop(plan_p->state, cause, restart) != OK)
		return VERDICT_WAIT;
	/* This CPU has not taken the vCPU out yet, or is the one that works for the partition: nobody looks before. */
	plan_p->state->report_what = what;
	plan_p->state->report_of = vcpu;
	return VERDICT_STOP;
}
