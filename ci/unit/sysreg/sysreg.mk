# SPDX-License-Identifier: Apache-2.0
# Unit tests of the system registers that trap, with sanitizers, on a host that has registers by name.

UNIT_SYSREG_OUT := $(O)/unit/sysreg
UNIT_SYSREG_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) -Ihyp/include -Ihyp -include ci/unit/sysreg/machine.h -MMD
UNIT_SYSREG_OBJECTS := $(patsubst %,$(UNIT_SYSREG_OUT)/%.o,$(addprefix hyp/arm64/,idregs inject trap) \
	$(addprefix ci/unit/sysreg/,machine test_sysreg))

# What stands in the place of hyp/arm64's own headers is none of the files that hyp/arm64 includes.
$(UNIT_SYSREG_OUT)/%.o: %.c ci/unit/sysreg/machine.h
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_SYSREG_CFLAGS) -c $< -o $@
	$(Q)sed -i 's|ci/unit/sysreg/machine.h||' $(@:.o=.d)

$(UNIT_SYSREG_OUT)/test_sysreg: $(UNIT_SYSREG_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_SYSREG_CFLAGS) $(filter %.o,$^) -o $@

-include $(UNIT_SYSREG_OBJECTS:.o=.d)

CHECK_SUITES += unit-sysreg
SUITE_unit-sysreg = $(UNIT_SYSREG_OUT)/test_sysreg
suite-deps-unit-sysreg: $(UNIT_SYSREG_OUT)/test_sysreg
