/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that runs at EL2: it starts what lies at 0x40200000 at EL1, answers each HVC with 0, and counts on being
 * counted. The way from vector to ERET executes exactly TOY_HVC_INSTRUCTIONS; bench.py must find that number. It knows
 * nothing of the hypervisor.
 */

	.section .head, "ax"
	.globl	_start
_start:
	b	entry
	.long	0
	.quad	0x1000000		/* text_offset: away from the guest */
	.quad	0x10000
	.quad	2
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.text
	.globl	toy_entry
entry:
toy_entry:
	mov	x1, #1 << 31		/* HCR_EL2.RW: AArch64 below, and nothing trapped but HVC */
	msr	hcr_el2, x1
	mov	x1, #0x33ff
	msr	cptr_el2, x1
	mov	x1, #3
	msr	cnthctl_el2, x1
	msr	cntvoff_el2, xzr
	mrs	x1, midr_el1
	msr	vpidr_el2, x1
	mrs	x1, mpidr_el1
	msr	vmpidr_el2, x1
	mov	x1, #15
	msr	s3_4_c12_c9_5, x1	/* ICC_SRE_EL2 */
	adr	x1, toy_vectors
	msr	vbar_el2, x1
	mov	x1, #0x3c5
	msr	spsr_el2, x1
	mov	x1, #0x40200000
	msr	elr_el2, x1
	isb
	eret
toy_entry_end:

	.balign	0x800
	.globl	toy_vectors
toy_vectors:
	.space	0x400			/* of the sixteen, a lower level's synchronous exception only */
	mov	x17, #5			/* 1 */
1:	sub	x17, x17, #1		/* 5 */
	cbnz	x17, 1b			/* 5 */
	mov	x0, #0			/* 1 */
	eret				/* 1 */
	.globl	toy_end
	.balign	0x800
toy_end:
	.set	TOY_HVC_INSTRUCTIONS, 13
	.globl	TOY_HVC_INSTRUCTIONS
	.set	TOY_ENTRY_INSTRUCTIONS, 1 + (toy_entry_end - toy_entry) / 4	/* with the first branch */
	.globl	TOY_ENTRY_INSTRUCTIONS
