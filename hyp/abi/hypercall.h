/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BULKHEAD_ABI_HYPERCALL_H
#define BULKHEAD_ABI_HYPERCALL_H

/*
 * The calls that a guest may make to the hypervisor on arm64, beside PSCI. It must not know how either side carries
 * them out: it needs <stdint.h> and <stddef.h> only.
 *
 * Goals
 *  - Follows the SMC Calling Convention (Arm DEN0028): HVC #0, and SMC #0 alike; function in w0; arguments in x1..x7;
 *    results in x0..x7; x8..x30 and all other state kept. Range: vendor-specific hypervisor service calls (owner 6).
 *  - Everything passes in registers: the hypervisor reads and writes no guest memory for a call.
 *  - A guest that knows nothing of Bulkhead, and never calls, is served as well as one that does.
 *
 * Non-goals
 *  - Moving data: that is what virtio devices and channels are for. The console calls are for the first words of a guest.
 *  - PSCI and SMCCC_VERSION / SMCCC_ARCH_*: those are standard, and stay as their specifications say.
 *
 * Status: version 1.3. Within a major version calls are added, never changed. A call that is not there answers
 * HC_ERR_NOT_SUPPORTED, the SMCCC's "unknown function identifier"; so does HVC or SMC with an immediate that is not 0.
 *
 * Results: x0 is 0 (or a count, where the call says so) or a negative enum hc_error; the registers that a call does not
 * name as results are 0 in x1..x3 and kept in x4..x7.
 */

#include <stddef.h>
#include <stdint.h>

#include "partition.h"

#define HC_VERSION_MAJOR	1u
#define HC_VERSION_MINOR	3u	/* 1: devices; 2: channels; 3: HC_DEVICE_QUIET */

/* Discovery, as the SMCCC wants it: 32-bit calls. */
#define HC_CALL_UID		0x8600ff01u	/* -> w0..w3 = the four words below, instead of a status */
#define HC_REVISION		0x8600ff03u	/* -> w0 = major, w1 = minor */

/* d9786345-3651-4c1a-8a8c-62639bd0efd6: byte 0 of the UUID is the lowest byte of w0. */
#define HC_UID_0		0x456378d9u
#define HC_UID_1		0x1a4c5136u
#define HC_UID_2		0x63628c8au
#define HC_UID_3		0xd6efd09bu

/* 64-bit fast calls. */
#define HC_FN(number)		(0xc6000000u | (uint32_t)(number))

/* Does nothing: x0 = 0. What a call costs at least. */
#define HC_NOP			HC_FN(0x00)

/* A sign of life; the policy's deadline starts anew. x0 = 0, whether the caller has a deadline or not.
 * The first one tells the console that the partition is up. */
#define HC_HEARTBEAT		HC_FN(0x01)

/* x1 = partition, or PARTITION_SELF. The caller must be it, or hold a capability that names it.
 * -> x1 = HC_INFO_*: its id, the number of partitions, of its vCPUs, and its enum partition_state;
 *    x2 = how often it was started since the board's power-on: 1 in its first life;
 *    x3 = how many of these starts were restarts by its policy, with the cause of the last one (HC_INFO_CAUSE);
 *    x4..x7 = its name, PARTITION_NAME_BYTES bytes, first byte lowest in x4. */
#define HC_PARTITION_INFO	HC_FN(0x02)

#define HC_INFO_ID(x1)		((partition_id_t)((x1) & 0xffffu))
#define HC_INFO_COUNT(x1)	((uint32_t)((x1) >> 16 & 0xffffu))
#define HC_INFO_VCPUS(x1)	((uint32_t)((x1) >> 32 & 0xffffu))
#define HC_INFO_STATE(x1)	((enum partition_state)((x1) >> 48 & 0xffffu))
#define HC_INFO_RESTARTS(x3)	((uint32_t)((x3) & 0xffffffffu))
#define HC_INFO_CAUSE(x3)	((enum partition_cause)((x3) >> 32 & 0xffffu))

/* x1..x4 = name, as in x4..x7 above. -> x1 = id of the partition of that name, if the caller is it or holds a
 * capability that names it; HC_ERR_NOT_FOUND for all others, there or not. */
#define HC_PARTITION_FIND	HC_FN(0x03)

/* x1 = partition. -> x1 = enum partition_state, x2 = starts since power-on, x3 = enum partition_cause of the last stop
 * or restart. Rights as for HC_PARTITION_INFO. */
#define HC_PARTITION_STATE	HC_FN(0x04)

/* x1 = partition. The caller must hold a capability that names it and allows control; for stop and restart it may be
 * PARTITION_SELF as well, and then the call does not come back. The call asks and returns at once: watch the state. */
#define HC_PARTITION_START	HC_FN(0x05)	/* HC_ERR_STATE unless it is STOPPED or FAILED */
#define HC_PARTITION_STOP	HC_FN(0x06)	/* HC_ERR_STATE unless it is RUNNING */
#define HC_PARTITION_RESTART	HC_FN(0x07)	/* from any state but STARTING and STOPPING: those are HC_ERR_BUSY */

/* Console of the partition, for a guest that has no driver for the PL011.
 * Write: x1 = number of bytes, 0..HC_CONSOLE_BYTES_MAX, which stand in x2..x7, first byte lowest in x2.
 *        -> x0 = bytes taken; fewer than asked when the console is behind: send the rest again.
 * Read:  x1 = most bytes wanted. -> x0 = bytes given (0: none waits), in x2..x7.
 * The PL011 and these calls share one stream each way; use one of them. */
#define HC_CONSOLE_WRITE	HC_FN(0x08)
#define HC_CONSOLE_READ		HC_FN(0x09)

#define HC_CONSOLE_BYTES_MAX	48u

/* Devices whose back-end the caller is: hyp/abi/device.h. x1 = the device's line in the caller's doorbell page; a line
 * that it does not have is HC_ERR_INVALID.
 * Answer: x2 = sequence of the hand-off, x3 = the device's Status from now on (DEVICE_STATUS_NEEDS_RESET is kept by the
 *         hypervisor: it falls when the front-end has written 0 to Status). HC_ERR_STATE: too late, or answered already.
 * Interrupt: x2 = DEVICE_INTERRUPT_* bits to set, x3 = 0 or DEVICE_STATUS_NEEDS_RESET to mark the device broken.
 *        Stores to the device page and to rings before the call are seen by the front-end that takes the interrupt.
 * Ready: the caller serves its devices from now on, all of them; hand-offs that wait are due within their limits. */
#define HC_DEVICE_ANSWER	HC_FN(0x0a)
#define HC_DEVICE_INTERRUPT	HC_FN(0x0b)
#define HC_DEVICE_READY		HC_FN(0x0c)

/* x1 = number of an end of a channel of the caller, as its device tree has it; another one is HC_ERR_INVALID. The channel's
 * interrupt, an edge, becomes pending at the other end, whether its partition runs or not; stores before the call are seen by who
 * takes it. */
#define HC_CHANNEL_SIGNAL	HC_FN(0x0d)

/* x1 = the device's line, as for the calls above; x2 = the `life` that stands in it (hyp/abi/device.h). The caller is through with all that it
 * began for this device in earlier lives: no copy goes on, and nothing that its controllers do reaches the front-end's memory any more.
 * Stores before the call are seen by who uses that memory next. HC_ERR_STATE: that is not its life any more; look again. */
#define HC_DEVICE_QUIET		HC_FN(0x0e)

#define HC_FN_COUNT		15u	/* HC_FN(0) .. HC_FN(HC_FN_COUNT - 1) are there */

/**
 * What a call answers in x0 when it fails, as int64_t.
 */
enum hc_error {
	HC_OK = 0,
	HC_ERR_NOT_SUPPORTED = -1,	/* no such call, or not in this appliance; the value is the SMCCC's */
	HC_ERR_INVALID = -2,		/* an argument that no caller could use: count too big, no such partition */
	HC_ERR_DENIED = -3,		/* the partition is there, and the caller holds no capability for this */
	HC_ERR_NOT_FOUND = -4,		/* no partition of that name that the caller may know of */
	HC_ERR_STATE = -5,		/* not in the partition's present state */
	HC_ERR_BUSY = -6,		/* being started or stopped at this moment: ask again */
	HC_ERR_NO_IMAGE = -7,		/* cannot be started again: the plan keeps no pristine image of it */
};

#endif
