# SPDX-License-Identifier: Apache-2.0
# Fuzz targets of the planner, each built as it is and with its planted fault.

FUZZ_PLAN := $(O)/fuzz/planner
FUZZ_PLAN_NAMES := image board
FUZZ_PLAN_SOURCES := ci/fuzz/driver.c $(addprefix appliance-config/plan/,image.c board.c board_node.c board_pci.c text.c)
FUZZ_PLAN_HEADERS := $(O)/.flags $(wildcard appliance-config/plan/*.h ci/fuzz/*.h)
FUZZ_PLAN_PROGRAMS := $(FUZZ_PLAN_NAMES:%=$(FUZZ_PLAN)/fuzz_%) $(FUZZ_PLAN_NAMES:%=$(FUZZ_PLAN)/fuzz_%_planted)
FUZZ_PLAN_BUILD = $(HOSTCC) -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) $(FUZZ_PLANT) $(filter %.c,$^) -o $@ -lfdt -lz

$(FUZZ_PLAN)/fuzz_image_planted: FUZZ_PLANT = -DFUZZ_PLANT_IMAGE
$(FUZZ_PLAN)/fuzz_board_planted: FUZZ_PLANT = -DFUZZ_PLANT_BOARD
$(FUZZ_PLAN_NAMES:%=$(FUZZ_PLAN)/fuzz_%): $(FUZZ_PLAN)/fuzz_%: ci/fuzz/fuzz_%.c $(FUZZ_PLAN_SOURCES) $(FUZZ_PLAN_HEADERS)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_PLAN_BUILD)

$(FUZZ_PLAN_NAMES:%=$(FUZZ_PLAN)/fuzz_%_planted): $(FUZZ_PLAN)/fuzz_%_planted: ci/fuzz/fuzz_%.c $(FUZZ_PLAN_SOURCES) $(FUZZ_PLAN_HEADERS)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_PLAN_BUILD)

CHECK_SUITES += fuzz-planner
SUITE_fuzz-planner = $(PYTHON) ci/fuzz/smoke.py --count 50000 $(FUZZ_PLAN) $(FUZZ_PLAN_NAMES)
suite-deps-fuzz-planner: $(FUZZ_PLAN_PROGRAMS)

LONG_SUITES += fuzz-planner-long
SUITE_fuzz-planner-long = $(PYTHON) ci/fuzz/smoke.py --count 2000000 $(FUZZ_PLAN) $(FUZZ_PLAN_NAMES)
suite-deps-fuzz-planner-long: $(FUZZ_PLAN_PROGRAMS)
