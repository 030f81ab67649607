# SPDX-License-Identifier: Apache-2.0
# Unit tests of the system registers that trap, of calls and of CPUs' flaws, with sanitizers, on a host that has registers by name.

UNIT_SYSREG_OUT := $(O)/unit/sysreg
UNIT_SYSREG_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) -Ihyp/include -Ihyp -include ci/unit/sysreg/machine.h -MMD
UNIT_SYSREG_PROGRAMS := $(addprefix $(UNIT_SYSREG_OUT)/,test_sysreg test_calls)

# What stands in the place of hyp/arm64's own headers is none of the files that hyp/arm64 includes.
$(UNIT_SYSREG_OUT)/%.o: %.c ci/unit/sysreg/machine.h
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_SYSREG_CFLAGS) -c $< -o $@
	$(Q)sed -i 's|ci/unit/sysreg/machine.h||' $(@:.o=.d)

$(UNIT_SYSREG_OUT)/test_sysreg: $(addprefix $(UNIT_SYSREG_OUT)/hyp/arm64/,idregs.o inject.o trap.o)
$(UNIT_SYSREG_OUT)/test_calls: $(addprefix $(UNIT_SYSREG_OUT)/hyp/arm64/,errata.o psci.o smccc.o)
$(UNIT_SYSREG_PROGRAMS): $(UNIT_SYSREG_OUT)/%: $(UNIT_SYSREG_OUT)/ci/unit/sysreg/%.o $(UNIT_SYSREG_OUT)/ci/unit/sysreg/machine.o
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_SYSREG_CFLAGS) $(filter %.o,$^) -o $@

-include $(wildcard $(UNIT_SYSREG_OUT)/*/*/*.d $(UNIT_SYSREG_OUT)/*/*/*/*.d)

CHECK_SUITES += unit-sysreg
SUITE_unit-sysreg = $(PYTHON) ci/unit/join.py $(UNIT_SYSREG_PROGRAMS)
suite-deps-unit-sysreg: $(UNIT_SYSREG_PROGRAMS)
