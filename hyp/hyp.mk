# SPDX-License-Identifier: Apache-2.0
# The hypervisor: $(O)/hyp/hyp.elf and hyp.bin from core, the architecture and the generated plan. $(O)/plan/plan.mk
# (from the planner) sets HYP_BASE (where it is linked and runs), HYP_SIZE (its region), GIC_VERSION (2 or 3) and
# HYP_CPU_CFLAGS (flags of the board's CPU).
-include $(O)/plan/plan.mk

HYP_CPU_CFLAGS ?= -mcpu=cortex-a53 -mfix-cortex-a53-835769
HYP_CPU_LDFLAGS ?= --fix-cortex-a53-843419
# Test builds, never shipped: -DTEST_POISON_HPFAR (hyp/arm64/sysreg.h).
HYP_TEST_CFLAGS ?=
# Small where it is seldom run, fast everywhere else.
HYP_SMALL = core/boot core/console core/exit core/keys core/panic core/partition core/pci core/pci_start core/print core/report core/seed \
	arm64/cpu arm64/describe arm64/errata arm64/idregs arm64/inject arm64/its arm64/mmu arm64/pl011 arm64/pl031 arm64/pmu arm64/smmu arm64/uart \
	arm64/vgic_physical arm64/vits arm64/vits_event
HYP_OPTIMIZE = $(if $(filter $(HYP_SMALL:%=hyp/%.c),$<),-Os,-O2)
HYP_CFLAGS = -std=gnu11 $(HYP_OPTIMIZE) -g $(WARN) -ffreestanding -nostdinc -isystem $(HYP_CC_INCLUDE) $(HYP_CPU_CFLAGS) \
	-mgeneral-regs-only -mno-outline-atomics -mstrict-align -fno-stack-protector -fno-pic -fno-pie -fno-common \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections -fomit-frame-pointer -fno-jump-tables \
	-fno-align-functions -fno-align-loops -fno-align-jumps -fno-tree-loop-distribute-patterns -fcallgraph-info=su $(REPRODUCIBLE) $(HYP_TEST_CFLAGS) -Ihyp/include
HYP_CC_INCLUDE := $(shell $(ARM64_CC) -print-file-name=include 2>/dev/null)

HYP_GIC_OTHER = $(if $(filter 2,$(GIC_VERSION)),3,2)
HYP_SOURCES := $(wildcard hyp/core/*.c hyp/arm64/*.c hyp/arm64/*.S)
HYP_LINKED = $(filter-out hyp/arm64/offsets.c %gicv$(HYP_GIC_OTHER).c,$(HYP_SOURCES))
HYP_OBJECTS = $(HYP_LINKED:%=$(O)/%.o) $(O)/hyp/plan.c.o

.PHONY: hyp
hyp: $(O)/hyp/hyp.bin

$(O)/hyp/arm64/offsets.h: hyp/arm64/offsets.c $(O)/.flags
	$(call say,OFFSETS,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ARM64_CC) $(filter-out -fcallgraph-info=su,$(HYP_CFLAGS)) -MMD -MP -MT $@ -MF $@.d -S -o - $< | grep '^#define' > $@

$(O)/hyp/%.c.o: hyp/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ARM64_CC) $(HYP_CFLAGS) -fstack-usage -MMD -MP -c -o $@ $<

$(O)/hyp/%.S.o: hyp/%.S $(O)/hyp/arm64/offsets.h
	$(call say,AS,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ARM64_CC) $(HYP_CPU_CFLAGS) $(REPRODUCIBLE) -g -I$(O)/hyp/arm64 -MMD -MP -c -o $@ $<

$(O)/hyp/plan.c.o: $(O)/plan/plan.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ARM64_CC) $(HYP_CFLAGS) -Ihyp/arm64 -MMD -MP -c -o $@ $<

# A change of the plan's addresses links anew.
$(O)/hyp/hyp.elf: $(HYP_OBJECTS) hyp/arm64/hyp.lds $(wildcard $(O)/plan/plan.mk)
	$(call say,LD,$@)
	$(Q)$(ARM64_LD) -T hyp/arm64/hyp.lds --defsym=HYP_BASE=$(HYP_BASE) --defsym=HYP_SIZE=$(HYP_SIZE) --build-id=none \
		-O2 --gc-sections -z noexecstack --no-warn-rwx-segments $(HYP_CPU_LDFLAGS) -Map=$(@:.elf=.map) -o $@ $(HYP_OBJECTS)

$(O)/hyp/hyp.bin: $(O)/hyp/hyp.elf
	$(call say,BIN,$@)
	$(Q)$(ARM64_OBJCOPY) -O binary $< $@

-include $(wildcard $(O)/hyp/core/*.d $(O)/hyp/arm64/*.d $(O)/hyp/*.d)
