/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BULKHEAD_ABI_PARTITION_H
#define BULKHEAD_ABI_PARTITION_H

/*
 * What a partition is to the outside: its identifier, its name, its states, and the machine that a guest finds
 * itself in on arm64. It must not know the hypervisor's internals, nor a board: it needs <stdint.h> and <stddef.h> only.
 *
 * Goals
 *  - A guest that starts with QEMU's `virt` machine and `-kernel` finds the same map here.
 *  - Every value that a guest, a host tool and the hypervisor must agree on stands here once.
 *
 * Non-goals
 *  - Describing the machine to an operating system: the device tree at RAM's base does that, and it is what a guest
 *    should read. The addresses below are for programs that have no room for one, and for tests.
 *  - Hot-plugged partitions: the set of partitions is decided when the appliance is built.
 *
 * Status: version 1.0. Within major version 1 values are added, never changed or used again.
 */

#include <stddef.h>
#include <stdint.h>

#define PARTITION_COUNT_MAX	16u	/* partitions of one appliance */
#define PARTITION_NAME_BYTES	32u	/* of a name, padded with NUL; a name has at most 31 bytes */

typedef uint32_t partition_id_t;	/* 0 .. count - 1, in the order of the configuration */

#define PARTITION_SELF		UINT32_MAX	/* as an argument: the caller */

/**
 * What a partition is doing. The numbers are part of the contract.
 */
enum partition_state {
	PARTITION_STOPPED = 0,	/* by PSCI SYSTEM_OFF, by a call, or not started yet */
	PARTITION_STARTING = 1,	/* its memory is being cleared and filled */
	PARTITION_RUNNING = 2,	/* it has at least one vCPU that is on */
	PARTITION_STOPPING = 3,	/* its vCPUs are being taken off their CPUs */
	PARTITION_FAILED = 4,	/* stopped by its policy; a report stands on its console */
};

/**
 * Why a partition is not running, or why it was started again. The numbers are part of the contract.
 */
enum partition_cause {
	PARTITION_CAUSE_NONE = 0,	/* first start; nothing happened yet */
	PARTITION_CAUSE_OFF = 1,	/* it asked: PSCI SYSTEM_OFF */
	PARTITION_CAUSE_RESET = 2,	/* it asked: PSCI SYSTEM_RESET */
	PARTITION_CAUSE_CALL = 3,	/* another partition's call, or its own */
	PARTITION_CAUSE_OPERATOR = 4,	/* the console's key */
	PARTITION_CAUSE_FAULTS = 5,	/* more faults than its policy allows, or one that it could not take */
	PARTITION_CAUSE_DEADLINE = 6,	/* its heartbeat came too late */
};

/* The guest's machine on arm64. Registers at entry: x0 = IPA of the device tree, x1..x3 = 0, EL1h, MMU off, DAIF set. */
#define GUEST_RAM_IPA		0x40000000ull	/* RAM, of the size that the device tree tells; the tree stands at its base */
#define GUEST_IMAGE_IPA		0x40200000ull	/* an `Image` with text_offset 0 */
#define GUEST_GICD_IPA		0x08000000ull	/* GICv2 and GICv3 */
#define GUEST_GICC_IPA		0x08010000ull	/* GICv2 */
#define GUEST_GICR_IPA		0x080a0000ull	/* GICv3: 128 KiB a vCPU */
#define GUEST_UART_IPA		0x09000000ull	/* PL011 */
#define GUEST_RTC_IPA		0x09010000ull	/* PL031 */
#define GUEST_VIRTIO_IPA	0x0a000000ull	/* virtio-mmio version 2, each on a page of its own */

#define GUEST_INTID_VTIMER	27u	/* PPI, level */
#define GUEST_INTID_PTIMER	30u	/* PPI, level */
#define GUEST_INTID_UART	33u
#define GUEST_INTID_RTC		34u

#endif
