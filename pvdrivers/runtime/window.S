/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accesses of virtio/window.h: memory of a peer, which may stop answering at any instant. All of them are leaf functions without
 * a stack frame between two labels; trap.c returns from one that aborts to its caller, with VQ_ERR_FAULT. They must not know what is
 * copied. Loads acquire and stores release; each byte is read once.
 */

	.section .text.window, "ax"
	.globl	window_code_start, window_code_end
window_code_start:

/* (x0 = to, x1 = from, x2 = size) */
	.globl	window_copy
	.balign	64
window_copy:
	subs	x2, x2, #64
	b.lo	2f
1:	ldp	q0, q1, [x1]
	ldp	q2, q3, [x1, #32]
	add	x1, x1, #64
	stp	q0, q1, [x0]
	stp	q2, q3, [x0, #32]
	add	x0, x0, #64
	subs	x2, x2, #64
	b.hs	1b
2:	tbz	x2, #5, 3f		/* the low six bits are what is left */
	ldp	q0, q1, [x1], #32
	stp	q0, q1, [x0], #32
3:	tbz	x2, #4, 4f
	ldr	q0, [x1], #16
	str	q0, [x0], #16
4:	tbz	x2, #3, 5f
	ldr	x3, [x1], #8
	str	x3, [x0], #8
5:	tbz	x2, #2, 6f
	ldr	w3, [x1], #4
	str	w3, [x0], #4
6:	tbz	x2, #1, 7f
	ldrh	w3, [x1], #2
	strh	w3, [x0], #2
7:	tbz	x2, #0, 8f
	ldrb	w3, [x1]
	strb	w3, [x0]
8:	mov	w0, #0
	ret

/* (x0 = to, x1 = size) */
	.globl	window_zero
	.balign	64
window_zero:
	movi	v0.2d, #0
	subs	x1, x1, #32
	b.lo	2f
1:	stp	q0, q0, [x0], #32
	subs	x1, x1, #32
	b.hs	1b
2:	tbz	x1, #4, 3f
	str	q0, [x0], #16
3:	tbz	x1, #3, 4f
	str	xzr, [x0], #8
4:	tbz	x1, #2, 5f
	str	wzr, [x0], #4
5:	tbz	x1, #1, 6f
	strh	wzr, [x0], #2
6:	tbz	x1, #0, 7f
	strb	wzr, [x0]
7:	mov	w0, #0
	ret

	.macro	accessors bits, load, store, rload, rstore
	.globl	window_load\bits, window_store\bits
	.balign	16
window_load\bits:
	\load	\rload, [x0]
	.if	\bits == 16
	strh	\rload, [x1]
	.else
	str	\rload, [x1]
	.endif
	mov	w0, #0
	ret
	.balign	16
window_store\bits:
	\store	\rstore, [x0]
	mov	w0, #0
	ret
	.endm

	accessors 16, ldarh, stlrh, w2, w1
	accessors 32, ldar, stlr, w2, w1
	accessors 64, ldar, stlr, x2, x1

window_code_end:
