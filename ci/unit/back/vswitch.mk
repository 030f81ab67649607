# SPDX-License-Identifier: Apache-2.0
# Unit tests of the vswitch and of segmentation (pvdrivers/back) on the host, with sanitizers and coverage.

UNIT_VSWITCH := $(O)/unit/vswitch
UNIT_VSWITCH_CFLAGS = -std=gnu11 -O1 -g --coverage $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE)
UNIT_VSWITCH_NAMES := vswitch vswitch_check vswitch_filter vswitch_learn vswitch_rate vswitch_spoof vswitch_vlan packet gso checksum
UNIT_VSWITCH_COMMON := $(UNIT_VSWITCH_NAMES:%=$(UNIT_VSWITCH)/back/%.o) $(UNIT_VSWITCH)/test/frames.o $(UNIT_VSWITCH)/test/world.o
UNIT_VSWITCH_PROGRAMS := $(addprefix $(UNIT_VSWITCH)/test_,forward vlan config filter unseen spoof limits examples gso)

$(UNIT_VSWITCH)/back/%.o: pvdrivers/back/%.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_VSWITCH_CFLAGS) -MMD -c $< -o $@

$(UNIT_VSWITCH)/test/%.o: ci/unit/back/%.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_VSWITCH_CFLAGS) -MMD -c $< -o $@

$(UNIT_VSWITCH_PROGRAMS): $(UNIT_VSWITCH)/test_%: $(UNIT_VSWITCH)/test/test_%.o $(UNIT_VSWITCH_COMMON)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_VSWITCH_CFLAGS) $^ -o $@

-include $(wildcard $(UNIT_VSWITCH)/*/*.d)

CHECK_SUITES += unit-vswitch
SUITE_unit-vswitch = $(PYTHON) ci/unit/join.py $(UNIT_VSWITCH_PROGRAMS)
suite-deps-unit-vswitch: $(UNIT_VSWITCH_PROGRAMS)
	$(Q)find $(UNIT_VSWITCH) -name '*.gcda' -delete

CHECK_SUITES += coverage-vswitch
SUITE_coverage-vswitch = $(PYTHON) ci/unit/coverage.py --name pvdrivers/back --least 85 $(UNIT_VSWITCH)/back
suite-deps-coverage-vswitch: suite-deps-unit-vswitch
