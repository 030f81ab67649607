/* SPDX-License-Identifier: Apache-2.0 */
/* The arm64 `Image` header and first instructions of the payload that plays the hypervisor in firmware tests. */
	.section .head, "ax"
	.globl	_start
_start:
	b	1f
	.word	0
	.quad	0			/* text_offset */
	.quad	_end - _start
	.quad	0xa
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.word	0
1:	adrp	x9, stack_top
	add	x9, x9, :lo12:stack_top
	mov	sp, x9
	bl	payload
2:	wfe
	b	2b
