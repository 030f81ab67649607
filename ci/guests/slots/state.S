/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers that belong to a program and that a switch of partitions must keep: filled with a pattern, and compared
 * with it in code whose number of instructions does not depend on what it finds. It uses x0..x7 besides.
 */

	.macro	for_each_vector action
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\action	\n
	.endr
	.endm

	.macro	fill n
	add	x1, x0, #\n
	fmov	d\n, x1
	fmov	v\n\().d[1], x1
	.endm

	.macro	compare n
	add	x4, x0, #\n
	fmov	x5, d\n
	eor	x5, x5, x4
	orr	x3, x3, x5
	fmov	x5, v\n\().d[1]
	eor	x5, x5, x4
	orr	x3, x3, x5
	.endm

	.macro	compare_sysreg name, expected
	mrs	x5, \name
	eor	x5, x5, \expected
	orr	x3, x3, x5
	.endm

	.text
/* x1 = FPCR's rounding and modes, x2 = FPSR's flags, of the pattern in x0 */
modes:
	and	x1, x0, #0x1f
	lsl	x1, x1, #22
	and	x2, x0, #0x1f
	ret

/* void slots_fill(uint64_t pattern) */
	.globl	slots_fill
slots_fill:
	mov	x7, x30
	for_each_vector fill
	bl	modes
	msr	fpcr, x1
	msr	fpsr, x2
	msr	tpidr_el0, x0
	msr	tpidrro_el0, x0
	msr	tpidr_el1, x0
	msr	sp_el0, x0
	msr	par_el1, xzr
	and	x1, x0, #0xffffffff
	msr	contextidr_el1, x1
	ret	x7
slots_fill_end:

/* uint64_t slots_check(uint64_t pattern, uint64_t spins): spins, then returns the bits that differ */
	.globl	slots_check
slots_check:
	mov	x7, x30
1:	sub	x1, x1, #1
	cbnz	x1, 1b
	mov	x3, #0
	for_each_vector compare
	bl	modes
	compare_sysreg fpcr, x1
	compare_sysreg fpsr, x2
	compare_sysreg tpidr_el0, x0
	compare_sysreg tpidrro_el0, x0
	compare_sysreg tpidr_el1, x0
	compare_sysreg sp_el0, x0
	and	x1, x0, #0xffffffff
	compare_sysreg contextidr_el1, x1
	mov	x0, x3
	ret	x7
slots_check_end:

/* Instructions of both without the spins, of which each is two; modes, which each calls, has four. */
	.globl	slots_fixed
	.set	slots_fixed, (slots_fill_end - slots_fill) / 4 + 4 + (slots_check_end - slots_check) / 4 - 2 + 4
