/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memcpy and memset in the place of the C library's, which are made to be small. Normal memory only: they use whatever width and
 * alignment comes. They must not be used on a window, which may stop answering: window.S is for that.
 */

	.text

/* (x0 = to, x1 = from, x2 = size) */
	.globl	memcpy
	.type	memcpy, %function
	.balign	64
memcpy:
	mov	x4, x0
	subs	x2, x2, #64
	b.lo	2f
1:	ldp	q0, q1, [x1]
	ldp	q2, q3, [x1, #32]
	add	x1, x1, #64
	stp	q0, q1, [x4]
	stp	q2, q3, [x4, #32]
	add	x4, x4, #64
	subs	x2, x2, #64
	b.hs	1b
2:	tbz	x2, #5, 3f		/* the low six bits are what is left */
	ldp	q0, q1, [x1], #32
	stp	q0, q1, [x4], #32
3:	tbz	x2, #4, 4f
	ldr	q0, [x1], #16
	str	q0, [x4], #16
4:	tbz	x2, #3, 5f
	ldr	x3, [x1], #8
	str	x3, [x4], #8
5:	tbz	x2, #2, 6f
	ldr	w3, [x1], #4
	str	w3, [x4], #4
6:	tbz	x2, #1, 7f
	ldrh	w3, [x1], #2
	strh	w3, [x4], #2
7:	tbz	x2, #0, 8f
	ldrb	w3, [x1]
	strb	w3, [x4]
8:	ret

/* (x0 = to, w1 = byte, x2 = size) */
	.globl	memset
	.type	memset, %function
	.balign	64
memset:
	dup	v0.16b, w1
	mov	x4, x0
	subs	x2, x2, #32
	b.lo	2f
1:	stp	q0, q0, [x4], #32
	subs	x2, x2, #32
	b.hs	1b
2:	tbz	x2, #4, 3f
	str	q0, [x4], #16
3:	tbz	x2, #3, 4f
	str	d0, [x4], #8
4:	tbz	x2, #2, 5f
	str	s0, [x4], #4
5:	tbz	x2, #1, 6f
	str	h0, [x4], #2
6:	tbz	x2, #0, 7f
	str	b0, [x4]
7:	ret
