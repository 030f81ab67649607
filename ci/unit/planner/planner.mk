# SPDX-License-Identifier: Apache-2.0
# Unit tests of the planner, with sanitizers: what it parses, and its count of page tables against the hypervisor's walk.

UNIT_PLANNER := $(O)/unit/planner
UNIT_PLANNER_OBJECTS = $(filter-out %/main.o,$(GOLDEN_OBJECTS))
UNIT_PLANNER_PROGRAMS := $(UNIT_PLANNER)/test_parse $(UNIT_PLANNER)/test_pages
UNIT_PLANNER_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE)

$(UNIT_PLANNER)/%.o: ci/unit/planner/%.c
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_PLANNER_CFLAGS) -MMD -c $< -o $@

# The hypervisor's side knows its own headers alone.
$(UNIT_PLANNER)/walk.o: ci/unit/planner/walk.c
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_PLANNER_CFLAGS) -Ihyp/include -MMD -c $< -o $@

$(UNIT_PLANNER)/stage2.o: hyp/core/stage2.c
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_PLANNER_CFLAGS) -Ihyp/include -MMD -c $< -o $@

$(UNIT_PLANNER)/test_pages: $(UNIT_PLANNER)/walk.o $(UNIT_PLANNER)/stage2.o
$(UNIT_PLANNER_PROGRAMS): $(UNIT_PLANNER)/%: $(UNIT_PLANNER)/%.o $(UNIT_PLANNER_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_PLANNER_CFLAGS) --coverage $(filter %.o,$^) -o $@ -lfdt -lz

-include $(wildcard $(UNIT_PLANNER)/*.d)

CHECK_SUITES += unit-planner
SUITE_unit-planner = $(PYTHON) ci/unit/join.py $(UNIT_PLANNER_PROGRAMS)
suite-deps-unit-planner: $(UNIT_PLANNER_PROGRAMS)
