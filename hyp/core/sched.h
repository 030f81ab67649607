/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core's own files share about CPUs and requests; no architecture
 * includes it.
 */
#ifndef HYP_CORE_SCHED_H
#define HYP_CORE_SCHED_H

#include <hyp/partition.h>
#include <hyp/vcpu.h>

/** Leave `request` (enum vcpu_request) for the CPU of `vcpu`, and make that CPU look. Context: any CPU. */
void vcpu_request(struct vcpu *vcpu, uint32_t request);

/** The calling vCPU is not runnable until vcpu_resume(), or a stop of its partition. Context: its CPU. */
void vcpu_wait(struct vcpu *vcpu);

/** `vcpu` goes on, if it still waits. Context: any CPU. */
void vcpu_resume(struct vcpu *vcpu);

/** `vcpu` is out of the machine because its partition stops. Context: its CPU. */
void partition_vcpu_left(struct vcpu *vcpu);

/** Has `partition` work to do before its vCPUs may run? Context: the CPU of its vCPU 0. */
bool partition_has_work(const struct partition *partition);

/** Counter value at which it has work again at the latest: one of its devices is being reset, or a back-end is waited for; UINT64_MAX:
 * neither is. Context: the same CPU. */
uint64_t partition_work_deadline(const struct partition *partition);

/** Do one bounded piece of it. Context: the CPU of its vCPU 0, in its slot, nothing loaded. */
void partition_work(struct partition *partition);

/** Counter value at which its policy acts for want of a heartbeat; UINT64_MAX: never. */
uint64_t partition_heartbeat_deadline(const struct partition *partition);

/** Counter ticks of `us` microseconds. */
uint64_t ticks_of_us(uint64_t us);

#endif
