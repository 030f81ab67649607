/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Emulated register blocks as const tables. A block knows its registers; it
 * must not know where the plan put it, nor how an access was decoded.
 */
#ifndef HYP_MMIO_H
#define HYP_MMIO_H

#include <hyp/types.h>

struct vcpu;
struct mmio_reg;

/* One access to one register, decoded and private. */
struct mmio_access {
	uint64_t value;  /* written by the guest, or to be filled by the read function */
	void *state;     /* the plan's state pointer of this block for this partition */
	uint32_t offset; /* bytes from the start of the block */
	uint8_t width;   /* bytes: 1, 2, 4 or 8; naturally aligned */
	bool is_write;
	bool is_retry;   /* set by the function: not answered yet, the guest comes back with the same instruction */
};

/* Reads into or writes from access->value. Cannot fail: what is wrong with an access is decided before. */
typedef void mmio_fn(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access);

#define MMIO_W8 1u
#define MMIO_W16 2u
#define MMIO_W32 4u
#define MMIO_W64 8u

/* A register, or an array of like registers. Null read: reads as zero. Null write: write ignored; `why` says why. */
struct mmio_reg {
	uint32_t offset;  /* bytes from the start of the block */
	uint32_t size;    /* bytes covered: more than one register's width for an array */
	uint8_t widths;   /* OR of MMIO_W*: accesses of another width get an external abort */
	mmio_fn *read;
	mmio_fn *write;
	uint32_t arg;     /* constant for read and write */
	const char *why;  /* the register's name, and the reason for read-as-zero or write-ignored */
};

/* Sorted by offset, without overlaps. What no entry covers reads as zero and ignores writes if `rest_is_zero`, else aborts. */
struct mmio_block {
	const char *name;
	const struct mmio_reg *regs;
	uint32_t reg_count;
	bool rest_is_zero;
	uint32_t stride_shift; /* the table repeats every 1 << stride_shift bytes; 0: it does not. access.offset stays whole */
};

/* Where an access leads: found once, and as long as the plan is the same, so it may be kept. */
struct mmio_target {
	mmio_fn *fn;
	const struct mmio_reg *reg;
	struct mmio_access access; /* all but the value */
};

#endif
