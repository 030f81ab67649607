# SPDX-License-Identifier: Apache-2.0
# The drivers of physical devices on the host, with sanitizers, against devices that lie; PCI and DMA addresses of the runtime.

UNIT_PHYS := $(O)/unit/phys
UNIT_PHYS_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) -Ipvdrivers -Ihyp \
	-isystem ci/unit/phys/fake -isystem ci/unit/fake -isystem pvdrivers/runtime/include
# The fakes stand before the runtime's headers of the same names, and so both are named here.
UNIT_PHYS_HEADERS := $(wildcard ci/unit/phys/fake/rt/*.h ci/unit/fake/rt/*.h pvdrivers/runtime/include/rt/*.h)
UNIT_PHYS_SRCS := $(wildcard pvdrivers/phys/*.c pvdrivers/virtio/*driver.c) \
	$(addprefix pvdrivers/runtime/,pci.c pci_bar.c pci_cap.c pci_irq.c gicv2m.c dma.c tree.c) $(addprefix ci/unit/phys/,machine.c models.c model_virtio.c model_emmc.c)
UNIT_PHYS_OBJS := $(UNIT_PHYS_SRCS:%.c=$(UNIT_PHYS)/%.o)
UNIT_PHYS_PROGRAMS := $(UNIT_PHYS)/test_pci $(UNIT_PHYS)/test_lies $(UNIT_PHYS)/test_emmc

$(UNIT_PHYS)/%.o: %.c $(UNIT_PHYS_HEADERS)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_PHYS_CFLAGS) -MMD -MP -c $< -o $@

$(UNIT_PHYS_PROGRAMS): $(UNIT_PHYS)/%: $(UNIT_PHYS)/ci/unit/phys/%.o $(UNIT_PHYS_OBJS)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_PHYS_CFLAGS) -Wl,--wrap=calloc,--wrap=aligned_alloc $^ -o $@ -lfdt

-include $(wildcard $(UNIT_PHYS)/*/*/*.d $(UNIT_PHYS)/*/*/*/*.d)

CHECK_SUITES += unit-phys
SUITE_unit-phys = ASAN_OPTIONS=detect_leaks=0 $(PYTHON) ci/unit/join.py $(UNIT_PHYS_PROGRAMS)
suite-deps-unit-phys: $(UNIT_PHYS_PROGRAMS)
