/* SPDX-License-Identifier: Apache-2.0 */
/* The two changes of world that C cannot write: out of the firmware's tables and stack, and into the hypervisor. */

/* The MMU and caches off; what runs on is at the point of coherency. Clobbers x9. */
.macro everything_off
	mrs	x9, sctlr_el2
	bic	x9, x9, #0x1000
	bic	x9, x9, #0x4
	bic	x9, x9, #0x1
	msr	sctlr_el2, x9
	isb
	mov	x9, #0x80000000		/* HCR_EL2.RW alone: no E2H, no TGE, no trap */
	msr	hcr_el2, x9
	isb
	ic	iallu
	tlbi	alle2
	dsb	sy
	isb
.endm

	.text
/* x0 function, x1 stack, x2 TTBR0, x3 TCR, x4 MAIR, x5 SCTLR */
	.globl	arm64_switch
	.p2align 2
arm64_switch:
	msr	daifset, #0xf
	everything_off
	msr	ttbr0_el2, x2
	msr	tcr_el2, x3
	msr	mair_el2, x4
	isb
	msr	sctlr_el2, x5
	isb
	msr	spsel, #1
	mov	sp, x1
	mov	x29, xzr
	mov	x30, xzr
	br	x0

/* x0 entry, x1 handoff */
	.globl	arm64_jump
	.p2align 2
arm64_jump:
	everything_off
	mov	x4, x0
	mov	x0, x1
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	br	x4
