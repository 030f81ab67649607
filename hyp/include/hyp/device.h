/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run-time state of a virtio device between two partitions, and what the
 * core does for it: hyp/abi/device.h is the contract. It must not know rings,
 * nor what a device is for.
 */
#ifndef HYP_DEVICE_H
#define HYP_DEVICE_H

#include "../../abi/device.h"

#include <hyp/exit.h>
#include <hyp/lock.h>
#include <hyp/plan.h>

struct device {
	struct lock lock;
	uint32_t status;       /* (lock) what DEVICE_STATUS of the page shows: the page itself is never read */
	uint32_t interrupt;    /* (lock) the same of DEVICE_INTERRUPT_STATUS; the line is high while it is not 0 */
	struct vcpu *writer;   /* (lock) whose hand-off stands in the line; null: none */
	uint32_t turn;         /* (lock) vCPUs of the front-end that wait until it is over, one bit each */
	bool has_limit;        /* (lock) the back-end serves, or is stopped for good: a hand-off may wait only so long */
	bool has_past;         /* (window lock, device.c) a life ended, and the back-end has not said that it is through with it */
};

/** The stage 2 of `back` stands: no front-end runs yet, so no window is there. Context: boot CPU. */
void device_boot(const struct plan_partition *back);

/** A write to the device page at `exit`'s address, or VERDICT_FAULT if it is none, or nothing that a register takes. */
enum verdict device_write(struct vcpu *vcpu, const struct vm_exit *exit);

/** The hand-off of `vcpu` waited too long: its device is broken, and it goes on. Context: its CPU. */
void device_expire(struct vcpu *vcpu);

/** From now on hand-offs to `back` have their limits: it serves, or is about to stop for good. Or none: it is about to start, or to
 * stop and start again. Context: any CPU. */
void device_limit(const struct plan_partition *back, bool has_limit);

/** The vCPUs of `partition` are out, its devices reach no memory: windows onto its RAM are taken away, its hand-offs are over, lives of
 * its devices end. */
void device_stop(const struct plan_partition *partition);

/** May `back`, or any back-end if that is null, still do something to the RAM of `front` for an earlier life? The CPU of vCPU 0 of `front`
 * is made to look when that ends. Context: any CPU. */
bool device_has_past(const struct plan_partition *front, const struct plan_partition *back);

/** The RAM of `partition` is ready: its device pages as the plan has them, then the windows that it is a side of. */
void device_start(const struct plan_partition *partition);

/** The calls of hyp/abi/hypercall.h. Errors: ERR_ABSENT: it serves no device; ERR_RANGE: no such bits; ERR_STATE: answered already, about to
 * stop, or not this life. */
MUST_CHECK enum err device_ready(const struct plan_partition *back);
MUST_CHECK enum err device_answer(const struct plan_device *device, uint64_t sequence, uint64_t status);
MUST_CHECK enum err device_interrupt(const struct plan_device *device, uint64_t bits, uint64_t status);
MUST_CHECK enum err device_quiet(const struct plan_device *device, uint64_t life);

#endif
