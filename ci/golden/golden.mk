# SPDX-License-Identifier: Apache-2.0
# Golden tests of the planner, on a build with sanitizers and coverage; the coverage that they reach.

GOLDEN_OUT := $(O)/golden
GOLDEN_PLANNER := $(GOLDEN_OUT)/planner
GOLDEN_OBJECTS := $(patsubst appliance-config/plan/%.c,$(GOLDEN_OUT)/plan/%.o,$(PLANNER_SOURCES))
GOLDEN_CFLAGS = -std=gnu11 -O1 -g --coverage $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE)

$(GOLDEN_OUT)/plan/%.o: appliance-config/plan/%.c
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(GOLDEN_CFLAGS) -MMD -MP -c $< -o $@

# Counts of an older build do not belong to this one: the program would say so, among the planner's own messages.
$(GOLDEN_PLANNER): $(GOLDEN_OBJECTS)
	$(call say,HOSTLD,$@)
	$(Q)find $(GOLDEN_OUT) -name '*.gcda' -delete
	$(Q)$(HOSTCC) $(GOLDEN_CFLAGS) $^ -o $@ -lfdt -lz

-include $(GOLDEN_OBJECTS:.o=.d)

# Of ports, disks, cables, channels and who serves whom.
GOLDEN_IO := ^fail-(cable|channel|disk|forward|frames|io|mac|mirror|nic|pool|port|rate|rule|source|trunk|uplink|vlan|window)-

CHECK_SUITES += golden
SUITE_golden = $(PYTHON) ci/golden/run.py --planner $(GOLDEN_PLANNER) --menu-planner $(PLANNER) --out $(GOLDEN_OUT)/run --skip "^pass-|$(GOLDEN_IO)"
suite-deps-golden: $(GOLDEN_PLANNER) $(PLANNER)
	$(Q)find $(GOLDEN_OUT) -name '*.gcda' -delete

CHECK_SUITES += golden-io
SUITE_golden-io = $(PYTHON) ci/golden/run.py --planner $(GOLDEN_PLANNER) --menu-planner $(PLANNER) --out $(GOLDEN_OUT)/run-io --only "$(GOLDEN_IO)"
suite-deps-golden-io: $(GOLDEN_PLANNER) $(PLANNER)

# What is planned when nothing is wrong: quick, so that mutants can be judged by it.
CHECK_SUITES += golden-pass
SUITE_golden-pass = $(PYTHON) ci/golden/run.py --planner $(GOLDEN_PLANNER) --menu-planner $(PLANNER) --out $(GOLDEN_OUT)/run-pass --only pass-
suite-deps-golden-pass: $(GOLDEN_PLANNER) $(PLANNER)

CHECK_SUITES += coverage-planner
SUITE_coverage-planner = $(PYTHON) ci/unit/coverage.py --name appliance-config/plan --least 85 --only appliance-config/plan $(GOLDEN_OUT)/plan
suite-deps-coverage-planner: suite-deps-golden

CHECK_SUITES += config
SUITE_config = $(PYTHON) ci/golden/ways.py --planner $(PLANNER) --out $(GOLDEN_OUT)/ways
suite-deps-config: $(PLANNER) $(BOARD_MENUS)
