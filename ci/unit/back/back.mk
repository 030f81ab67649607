# SPDX-License-Identifier: Apache-2.0
# Unit tests of the device side of virtio (pvdrivers/back: devices, disks, network) on the host, with sanitizers: a front-end's driver
# and a hypervisor's part of the pages against the real back-ends, killed at any step.

UNIT_BACK := $(O)/unit/back
UNIT_BACK_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) -Ipvdrivers -Ihyp -Ipvdrivers/runtime/include
UNIT_BACK_NAMES := device queue resume console blk ramdisk net forward receive finish uplink \
	vswitch vswitch_check vswitch_filter vswitch_learn vswitch_rate vswitch_spoof vswitch_vlan packet gso checksum
UNIT_BACK_COMMON := $(UNIT_BACK_NAMES:%=$(UNIT_BACK)/back/%.o) $(patsubst pvdrivers/%.c,$(UNIT_BACK)/%.o,$(wildcard pvdrivers/virtio/*.c)) \
	$(UNIT_BACK)/phys/status.o $(patsubst %,$(UNIT_BACK)/test/%.o,front disk net nic)
UNIT_BACK_PROGRAMS := $(addprefix $(UNIT_BACK)/test_,device blk net restart uplink console)

$(UNIT_BACK)/test/%.o: ci/unit/back/%.c
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_BACK_CFLAGS) -MMD -c $< -o $@

$(UNIT_BACK)/%.o: pvdrivers/%.c
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_BACK_CFLAGS) --coverage -MMD -c $< -o $@

$(UNIT_BACK_PROGRAMS): $(UNIT_BACK)/test_%: $(UNIT_BACK)/test/test_%.o $(UNIT_BACK_COMMON)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_BACK_CFLAGS) --coverage $^ -o $@

-include $(wildcard $(UNIT_BACK)/*/*.d)

CHECK_SUITES += unit-back
SUITE_unit-back = $(PYTHON) ci/unit/join.py $(UNIT_BACK_PROGRAMS)
suite-deps-unit-back: $(UNIT_BACK_PROGRAMS)
	$(Q)find $(UNIT_BACK) -name '*.gcda' -delete
