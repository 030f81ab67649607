# SPDX-License-Identifier: Apache-2.0
# The unikernel runtime: one archive for all our partitions and test guests, and the rule that links one of them.
# It knows picolibc and libfdt by the variables of deps.mk only.

RUNTIME_DIR := pvdrivers/runtime
RUNTIME_OUT := $(O)/pvdrivers/runtime
RUNTIME_LIB := $(RUNTIME_OUT)/libruntime.a

RUNTIME_SRCS := start.S vectors.S window.S main.c mmu.c tree.c smccc.c console.c irq.c gicv2.c gicv3.c timer.c trap.c cpu.c proof.c \
	dma.c pci.c pci_bar.c pci_cap.c pci_irq.c gicv2m.c
RUNTIME_FDT_SRCS := fdt.c fdt_ro.c fdt_addresses.c fdt_strerror.c

RUNTIME_CPPFLAGS = -I$(RUNTIME_DIR)/include -Ipvdrivers -Ihyp -isystem $(PICOLIBC_INC) -isystem $(LIBFDT_DIR)
RUNTIME_CFLAGS = -std=gnu11 -Os -g -march=armv8-a -mno-outline-atomics -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
	$(REPRODUCIBLE)
RUNTIME_LDFLAGS = -nostdlib -static -no-pie -Wl,--build-id=none -Wl,--gc-sections -Wl,-z,max-page-size=4096 \
	-Wl,--no-warn-rwx-segments -T $(RUNTIME_DIR)/unikernel.lds
RUNTIME_LIBS = $(RUNTIME_LIB) -L$(PICOLIBC_LIB) -lc -lgcc

RUNTIME_OBJS := $(patsubst %,$(RUNTIME_OUT)/%.o,$(basename $(RUNTIME_SRCS))) \
	$(patsubst %.c,$(RUNTIME_OUT)/libfdt/%.o,$(RUNTIME_FDT_SRCS))

$(RUNTIME_OUT)/%.o: $(RUNTIME_DIR)/%.c | $(DEP_PICOLIBC) $(DEP_LIBFDT)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ARM64_CC) $(RUNTIME_CPPFLAGS) $(RUNTIME_CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

# Nothing that runs with the MMU off may use an unaligned or a vector access.
$(RUNTIME_OUT)/mmu.o: RUNTIME_CFLAGS += -mstrict-align -mgeneral-regs-only

$(RUNTIME_OUT)/%.o: $(RUNTIME_DIR)/%.S | $(DEP_PICOLIBC)
	$(call say,AS,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ARM64_CC) $(RUNTIME_CFLAGS) -MMD -MP -c -o $@ $<

# Not ours, so not our warnings.
$(RUNTIME_OUT)/libfdt/%.o: | $(DEP_PICOLIBC) $(DEP_LIBFDT)
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ARM64_CC) $(RUNTIME_CPPFLAGS) $(RUNTIME_CFLAGS) -w -c -o $@ $(LIBFDT_DIR)/$*.c

$(RUNTIME_LIB): $(RUNTIME_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(ARM64_AR) crD $@ $^

-include $(wildcard $(RUNTIME_OUT)/*.d)

# $(call unikernel-lib,name): an archive of pvdrivers/<name>'s C files, for every program that wants something of it.
UNIKERNEL_LIBS :=
define unikernel-lib
UNIKERNEL_LIBS += $(O)/pvdrivers/$(1)/lib$(1).a

$(O)/pvdrivers/$(1)/lib$(1).a: $$(patsubst pvdrivers/$(1)/%.c,$(O)/pvdrivers/$(1)/%.o,$$(wildcard pvdrivers/$(1)/*.c))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@
	$$(Q)$$(ARM64_AR) crD $$@ $$^

$(O)/pvdrivers/$(1)/%.o: pvdrivers/$(1)/%.c | $$(DEP_PICOLIBC) $$(DEP_LIBFDT) $$(DEP_LWIP)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(ARM64_CC) $$(RUNTIME_CPPFLAGS) $$(RUNTIME_CFLAGS) $$(WARN) -MMD -MP -c -o $$@ $$<

-include $$(wildcard $(O)/pvdrivers/$(1)/*.d)
endef

# $(call unikernel,name,folder,output folder): links <folder>'s C and assembly files into <output>/<name>.elf and .bin.
define unikernel
$(3)/$(1).elf: $$(patsubst $(2)/%,$(3)/$(1)-objects/%.o,$$(basename $$(wildcard $(2)/*.[cS]))) $$(UNIKERNEL_LIBS) $(RUNTIME_LIB) $(RUNTIME_DIR)/unikernel.lds
	$$(call say,LD,$$@)
	$$(Q)$$(ARM64_CC) $$(RUNTIME_LDFLAGS) -o $$@ $$(filter %.o,$$^) -Wl,--start-group $$(UNIKERNEL_LIBS) $$(RUNTIME_LIBS) -Wl,--end-group

$(3)/$(1).bin: $(3)/$(1).elf
	$$(Q)$$(ARM64_OBJCOPY) -O binary $$< $$@

$(3)/$(1)-objects/%.o: $(2)/%.c | $$(DEP_PICOLIBC) $$(DEP_LIBFDT) $$(DEP_LWIP)
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(ARM64_CC) $$(RUNTIME_CPPFLAGS) $$(RUNTIME_CFLAGS) $$(WARN) -MMD -MP -c -o $$@ $$<

$(3)/$(1)-objects/%.o: $(2)/%.S
	$$(call say,AS,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$(ARM64_CC) $$(RUNTIME_CFLAGS) -MMD -MP -c -o $$@ $$<

-include $$(wildcard $(3)/$(1)-objects/*.d)
endef
