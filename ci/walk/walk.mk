# SPDX-License-Identifier: Apache-2.0
# The page-table walker, and tests of it on tables made by hand.

WALK := $(O)/walk/walk

$(WALK): $(addprefix ci/walk/,tables.c judge.c smmu.c input.c main.c walk.h) $(O)/.flags
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $(filter %.c,$^) -o $@

$(O)/walk/test_walk: $(addprefix ci/walk/,tables.c judge.c test_walk.c walk.h) ci/unit/tap.h $(O)/.flags
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $(HOST_SANITIZE) $(filter %.c,$^) -o $@

$(O)/walk/test_smmu: $(addprefix ci/walk/,tables.c judge.c smmu.c test_smmu.c walk.h) ci/unit/tap.h $(O)/.flags
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $(HOST_SANITIZE) $(filter %.c,$^) -o $@

CHECK_SUITES += walk
SUITE_walk = $(PYTHON) ci/unit/join.py $(O)/walk/test_walk $(O)/walk/test_smmu
suite-deps-walk: $(O)/walk/test_walk $(O)/walk/test_smmu
