# SPDX-License-Identifier: Apache-2.0
# Fuzz targets of the vswitch and of segmentation, each built as it is and with its planted fault.

FUZZ_BACK := $(O)/fuzz/back
FUZZ_BACK_NAMES := vswitch gso
FUZZ_BACK_SOURCES := ci/fuzz/driver.c ci/unit/back/frames.c $(wildcard pvdrivers/back/vswitch*.c) $(addprefix pvdrivers/back/,packet.c gso.c checksum.c)
FUZZ_BACK_HEADERS := $(O)/.flags $(wildcard pvdrivers/back/*.h ci/fuzz/*.h ci/unit/back/*.h)
FUZZ_BACK_PROGRAMS := $(FUZZ_BACK_NAMES:%=$(FUZZ_BACK)/fuzz_%) $(FUZZ_BACK_NAMES:%=$(FUZZ_BACK)/fuzz_%_planted)
FUZZ_BACK_BUILD = $(HOSTCC) -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) $(filter %.c,$^) -o $@

$(FUZZ_BACK_NAMES:%=$(FUZZ_BACK)/fuzz_%): $(FUZZ_BACK)/fuzz_%: ci/fuzz/fuzz_%.c $(FUZZ_BACK_SOURCES) $(FUZZ_BACK_HEADERS)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_BACK_BUILD)

$(FUZZ_BACK)/fuzz_vswitch_planted: FUZZ_PLANT = -DFUZZ_PLANT_VSWITCH
$(FUZZ_BACK)/fuzz_gso_planted: FUZZ_PLANT = -DFUZZ_PLANT_GSO
$(FUZZ_BACK_NAMES:%=$(FUZZ_BACK)/fuzz_%_planted): $(FUZZ_BACK)/fuzz_%_planted: ci/fuzz/fuzz_%.c $(FUZZ_BACK_SOURCES) $(FUZZ_BACK_HEADERS)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_BACK_BUILD) $(FUZZ_PLANT)

CHECK_SUITES += fuzz-vswitch
SUITE_fuzz-vswitch = $(PYTHON) ci/fuzz/smoke.py --count 100000 $(FUZZ_BACK) $(FUZZ_BACK_NAMES)
suite-deps-fuzz-vswitch: $(FUZZ_BACK_PROGRAMS)

LONG_SUITES += fuzz-vswitch-long
SUITE_fuzz-vswitch-long = $(PYTHON) ci/fuzz/smoke.py --count 10000000 $(FUZZ_BACK) $(FUZZ_BACK_NAMES)
suite-deps-fuzz-vswitch-long: $(FUZZ_BACK_PROGRAMS)
