/* SPDX-License-Identifier: Apache-2.0 */
/* Vector registers to and from memory: x0 is a struct fp_state. The only place in the hypervisor that touches them. */
	.arch	armv8-a+fp+simd

	.macro	fp_all op
	.irp	n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
	fp_pair	\op, \n, %(\n + 1)
	.endr
	.endm

	.altmacro
	.macro	fp_pair op, a, b
	\op	q\a, q\b, [x0, #(\a * 16)]
	.endm

	.text
	.global	fp_save
fp_save:
	fp_all	stp
	mrs	x1, fpcr
	mrs	x2, fpsr
	add	x3, x0, #512
	stp	x1, x2, [x3]
	ret

	.global	fp_load
fp_load:
	fp_all	ldp
	add	x3, x0, #512
	ldp	x1, x2, [x3]
	msr	fpcr, x1
	msr	fpsr, x2
	ret
