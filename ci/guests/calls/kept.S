/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call of the hypervisor in which x8..x30 hold a pattern: whether they are kept. It must not know which call it is.
 */

	.macro	for_each_kept action
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
	\action	\n
	.endr
	.endm

	.macro	fill n
	mov	x\n, #(0x5a00 + \n)
	.endm

	/* x0..x3 are results; x4 collects what differs. */
	.macro	compare n
	mov	x1, #(0x5a00 + \n)
	eor	x1, x1, x\n
	orr	x4, x4, x1
	.endm

	/* uint64_t calls_kept(uint64_t function): 0 if all were kept */
	.text
	.global	calls_kept
	.type	calls_kept, %function
calls_kept:
	stp	x29, x30, [sp, #-112]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	str	x18, [sp, #96]
	mov	x1, #99			/* no partition, too many bytes */
	for_each_kept fill
	hvc	#0
	mov	x4, #0
	for_each_kept compare
	mov	x0, x4
	ldr	x18, [sp, #96]
	ldp	x27, x28, [sp, #80]
	ldp	x25, x26, [sp, #64]
	ldp	x23, x24, [sp, #48]
	ldp	x21, x22, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #112
	ret

	/* int64_t calls_odd_hvc(uint64_t function), calls_odd_smc(...): with an immediate that is not 0 */
	.global	calls_odd_hvc
	.type	calls_odd_hvc, %function
calls_odd_hvc:
	hvc	#1
	ret
	.global	calls_odd_smc
	.type	calls_odd_smc, %function
calls_odd_smc:
	smc	#1
	ret
