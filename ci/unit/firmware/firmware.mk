# SPDX-License-Identifier: Apache-2.0
# Unit tests of firmware/update, and of how the boot stage judges the machine, on the host, with sanitizers and coverage.

UNIT_FW := $(O)/unit/firmware
UNIT_FW_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) $(FW_INCLUDE) -DFW_MBEDTLS_SIGN
UNIT_FW_COMMON := $(patsubst %,$(UNIT_FW)/update/%.o,$(FW_UPDATE) crypto_mbedtls) $(UNIT_FW)/image/manifest_write.o \
	$(UNIT_FW)/image/sign.o $(UNIT_FW)/test/sample.o
UNIT_FW_PROGRAMS := $(patsubst %,$(UNIT_FW)/test_%,manifest record gpt slot hardware)

$(UNIT_FW)/update/%.o: firmware/update/%.c | $(DEP_MBEDTLS)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_FW_CFLAGS) --coverage -MMD -c $< -o $@

$(UNIT_FW)/boot/%.o: firmware/boot/%.c | $(DEP_MBEDTLS)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_FW_CFLAGS) -MMD -c $< -o $@

$(UNIT_FW)/image/%.o: firmware/image/%.c | $(DEP_MBEDTLS)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_FW_CFLAGS) -MMD -c $< -o $@

$(UNIT_FW)/test/%.o: ci/unit/firmware/%.c | $(DEP_MBEDTLS)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_FW_CFLAGS) -MMD -c $< -o $@

$(UNIT_FW_PROGRAMS): $(UNIT_FW)/test_%: $(UNIT_FW)/test/test_%.o $(UNIT_FW_COMMON) $(FW_HOST_MBEDTLS_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_FW_CFLAGS) --coverage $^ -o $@ $(UNIT_FW_LIBS)

# The boot stage's own look at the machine, with the host's libfdt.
$(UNIT_FW)/test_hardware: $(addprefix $(UNIT_FW)/boot/,hardware.o console.o)
$(UNIT_FW)/test_hardware: UNIT_FW_LIBS := -lfdt

-include $(wildcard $(UNIT_FW)/*/*.d)

CHECK_SUITES += unit-update
SUITE_unit-update = $(PYTHON) ci/unit/join.py $(UNIT_FW_PROGRAMS)
suite-deps-unit-update: $(UNIT_FW_PROGRAMS)
	$(Q)find $(UNIT_FW) -name '*.gcda' -delete

CHECK_SUITES += coverage-update
SUITE_coverage-update = $(PYTHON) ci/unit/coverage.py --name firmware/update --least 85 $(UNIT_FW)/update
suite-deps-coverage-update: suite-deps-unit-update
