/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BULKHEAD_ABI_HANDOFF_H
#define BULKHEAD_ABI_HANDOFF_H

/*
 * How the boot stage enters the hypervisor, and what it tells it. It must not know how either side works inside: it
 * needs <stdint.h> and <stddef.h> only.
 *
 * Goals
 *  - One entry for every firmware and board: U-Boot, a PC's UEFI, or a test that plays the boot stage.
 *  - The hypervisor finds memory as its plan says, and checks no more than that the plan is its own.
 *
 * Non-goals
 *  - Describing hardware: the plan does, and the boot stage has compared it with the live machine.
 *  - Telling where things are: the plan knows. The same bytes would stand in two places.
 *
 * Status: version 1. Fields are added at the end only; `size` tells how many bytes the boot stage wrote.
 *
 * The image: `hyp.bin`, a flat binary with the arm64 Linux `Image` header in its first 64 bytes, linked for the
 * address that the signed manifest gives as `entry` (that is its first byte, which is also where it is entered).
 *
 * State at entry, arm64:
 *  - the boot CPU alone, at EL2 (not EL3, not secure), HCR_EL2.E2H = 0 and TGE = 0; all others off in PSCI;
 *  - MMU, data cache and instruction cache off (SCTLR_EL2.M, .C, .I = 0), little endian, DAIF masked, SPSel = 1,
 *    SP undefined; no interrupt is enabled at the interrupt controller by the boot stage, though firmware may have left some pending;
 *  - x0 = physical address of a struct handoff, 8-byte aligned, at the manifest's `handoff` address; x1..x3 = 0;
 *  - no DMA is running; no firmware memory type lies in any range of the plan; PSCI is answered by SMC.
 *
 * Memory at entry: every load of the manifest is in place (bytes copied, the rest up to its clear size zero), every clear is zero, so
 * the hypervisor finds its .bss and pools cleared, all guest RAM cleared with the images of the first start in it, and the
 * pristine images in the image store. All of it is cleaned and invalidated to the point of coherency, and no instruction cache
 * holds anything of it.
 */

#include <stddef.h>
#include <stdint.h>

#define HANDOFF_MAGIC		0x3146464f444e4148ull	/* "HANDOFF1", first byte lowest */
#define HANDOFF_VERSION		1u

#define HANDOFF_PLAN_ID_BYTES	32u
#define HANDOFF_SEED_BYTES	256u
#define HANDOFF_RAM_COUNT	8u
#define HANDOFF_VERSION_BYTES	32u

#define HANDOFF_SLOT_A		0u
#define HANDOFF_SLOT_B		1u

/* Flags. */
#define HANDOFF_DEVELOPMENT_KEYS	(1u << 0)	/* the image is signed with keys that protect nothing */
#define HANDOFF_TRIAL			(1u << 1)	/* the slot is on trial: it needs confirmation */
#define HANDOFF_OTHER_SLOT		(1u << 2)	/* the slot that the record prefers was refused */
#define HANDOFF_SEED_VALID		(1u << 3)	/* `seed` came from a source; without it seed_bytes is 0 */
#define HANDOFF_INSTRUCTIONS_VALID	(1u << 4)	/* the boot stage could count its instructions */

struct handoff_ram {
	uint64_t base;
	uint64_t size;
};

struct handoff {
	uint64_t magic;
	uint32_t version;
	uint32_t size;
	uint8_t plan_id[HANDOFF_PLAN_ID_BYTES];		/* SHA-256 of the plan that the image was built for */
	uint32_t slot;
	uint32_t flags;
	uint64_t record_sequence;			/* of the slot record that chose; 0 without a readable one */
	uint64_t security_version;			/* of the manifest */
	char image_version[HANDOFF_VERSION_BYTES];	/* for people; printable, ends with NUL */

	uint64_t boot_stage_instructions;		/* EL2 instructions from the boot stage's entry to the jump */
	uint64_t jump_ticks;				/* CNTPCT_EL0 just before the jump */

	uint32_t ram_count;				/* RAM of the live machine, as its firmware tells */
	uint32_t seed_bytes;				/* the whole entropy there is: never use a byte twice */
	struct handoff_ram ram[HANDOFF_RAM_COUNT];
	uint8_t seed[HANDOFF_SEED_BYTES];
};

_Static_assert(offsetof(struct handoff, plan_id) == 16, "layout");
_Static_assert(offsetof(struct handoff, slot) == 48, "layout");
_Static_assert(offsetof(struct handoff, record_sequence) == 56, "layout");
_Static_assert(offsetof(struct handoff, image_version) == 72, "layout");
_Static_assert(offsetof(struct handoff, boot_stage_instructions) == 104, "layout");
_Static_assert(offsetof(struct handoff, ram_count) == 120, "layout");
_Static_assert(offsetof(struct handoff, ram) == 128, "layout");
_Static_assert(offsetof(struct handoff, seed) == 256, "layout");
_Static_assert(sizeof(struct handoff) == 512, "layout");

#endif
