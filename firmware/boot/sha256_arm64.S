/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 over whole blocks with the ARMv8 instructions: four rounds a step, the schedule computed three steps ahead. */

	.text
	.arch	armv8-a+crypto

/* Four rounds with schedule words \w: constants at x3, state in v16 (abcd) and v17 (efgh). */
.macro rounds w
	ld1	{v20.4s}, [x3], #16
	add	v20.4s, v20.4s, \w\().4s
	mov	v21.16b, v16.16b
	sha256h	q16, q17, v20.4s
	sha256h2 q17, q21, v20.4s
.endm

/* The same, and \a becomes the schedule's words 16 further on. */
.macro rounds_and_schedule a, b, c, d
	rounds	\a
	sha256su0 \a\().4s, \b\().4s
	sha256su1 \a\().4s, \c\().4s, \d\().4s
.endm

/* x0 state, x1 data, x2 blocks, x3 constants. Clobbers v0..v3 and v16..v21, which callees may. */
	.globl	sha256_blocks_instructions
	.p2align 2
sha256_blocks_instructions:
	ld1	{v16.4s, v17.4s}, [x0]
	mov	x4, x3
1:	cbz	x2, 2f
	mov	x3, x4
	mov	v18.16b, v16.16b
	mov	v19.16b, v17.16b
	ld1	{v0.16b-v3.16b}, [x1], #64
	rev32	v0.16b, v0.16b
	rev32	v1.16b, v1.16b
	rev32	v2.16b, v2.16b
	rev32	v3.16b, v3.16b
	.rept 3
	rounds_and_schedule v0, v1, v2, v3
	rounds_and_schedule v1, v2, v3, v0
	rounds_and_schedule v2, v3, v0, v1
	rounds_and_schedule v3, v0, v1, v2
	.endr
	rounds	v0
	rounds	v1
	rounds	v2
	rounds	v3
	add	v16.4s, v16.4s, v18.4s
	add	v17.4s, v17.4s, v19.4s
	sub	x2, x2, #1
	b	1b
2:	st1	{v16.4s, v17.4s}, [x0]
	ret
