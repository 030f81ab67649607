# SPDX-License-Identifier: Apache-2.0
# The hypervisor: $(O)/hyp/hyp.elf and hyp.bin from core, the architecture and the generated plan. $(O)/plan/plan.mk
# (from the planner) sets HYP_BASE (where it is linked and runs), HYP_SIZE (its region), GIC_VERSION (2 or 3).
-include $(O)/plan/plan.mk

HYP_CFLAGS = -std=gnu11 -O2 -g $(WARN) -ffreestanding -nostdinc -isystem $(shell $(ARM64_CC) -print-file-name=include) \
	-mcpu=cortex-a53 -mgeneral-regs-only -mno-outline-atomics -mstrict-align -fno-stack-protector -fno-pic -fno-pie \
	-fno-asynchronous-unwind-tables -fno-common -ffunction-sections -fdata-sections -fomit-frame-pointer \
	-fmacro-prefix-map=$(CURDIR)/= -ffile-prefix-map=$(CURDIR)/= -fstack-usage -fno-tree-loop-distribute-patterns \
	-Ihyp/include -DHYP_BASE=$(HYP_BASE) -DHYP_SIZE=$(HYP_SIZE)

HYP_GIC_OTHER = $(if $(filter 2,$(GIC_VERSION)),3,2)
HYP_SOURCES = $(wildcard hyp/core/*.c hyp/arm64/*.c hyp/arm64/*.S)
HYP_LINKED = $(filter-out hyp/arm64/offsets.c %gicv$(HYP_GIC_OTHER).c,$(HYP_SOURCES))
HYP_OBJECTS = $(patsubst hyp/%,$(O)/hyp/%.o,$(HYP_LINKED)) $(O)/hyp/plan.c.o
HYP_OFFSETS = $(O)/hyp/arm64/offsets.h
