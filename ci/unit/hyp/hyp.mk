# SPDX-License-Identifier: Apache-2.0
# Unit tests of hyp/core on the fake architecture, with sanitizers and coverage.

UNIT_CORE_CFLAGS = -std=gnu11 -O1 -g --coverage $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) -Ihyp/include -Ihyp
UNIT_CORE_COMMON = $(addprefix $(O)/unit/hyp/,$(addsuffix .o,$(addprefix core/,lock mmio exit vcpu sched partition device pci pci_start stage2 hypercall) \
	fake/fake fake/cpu fake/vcpu fake/memory fake/pci test/appliance))
UNIT_CORE_DEVICES = $(O)/unit/hyp/fake/devices.o
# What prints is tested with itself; the other tests have doubles that note who would print.
UNIT_CORE_OUTPUT = $(addprefix $(O)/unit/hyp/core/,$(addsuffix .o,print console keys report panic seed boot))
UNIT_CORE_TESTS = partition sched exit device pci v2m
UNIT_CORE_OUTPUT_TESTS = print console keys report hypercall boot
# The emulated devices of arm64, in the place of the fake ones.
UNIT_ARM64_DEVICES = $(addprefix $(O)/unit/hyp/arm64/,pl011.o pl031.o)
UNIT_CORE_PROGRAMS = $(UNIT_CORE_TESTS:%=$(O)/unit/hyp/test_%) $(UNIT_CORE_OUTPUT_TESTS:%=$(O)/unit/hyp/test_%) \
	$(O)/unit/hyp/test_devices

$(O)/unit/hyp/core/%.o: hyp/core/%.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_CORE_CFLAGS) -MMD -c $< -o $@

$(O)/unit/hyp/fake/%.o: hyp/fake/%.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_CORE_CFLAGS) -MMD -c $< -o $@

$(O)/unit/hyp/test/%.o: ci/unit/hyp/%.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_CORE_CFLAGS) -MMD -c $< -o $@

$(O)/unit/hyp/arm64/%.o: hyp/arm64/%.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_CORE_CFLAGS) -MMD -c $< -o $@

$(UNIT_CORE_TESTS:%=$(O)/unit/hyp/test_%): $(O)/unit/hyp/test/doubles.o $(UNIT_CORE_DEVICES)
$(UNIT_CORE_OUTPUT_TESTS:%=$(O)/unit/hyp/test_%): $(UNIT_CORE_OUTPUT) $(UNIT_CORE_DEVICES)
$(O)/unit/hyp/test_v2m: $(O)/unit/hyp/arm64/v2m.o
$(O)/unit/hyp/test_devices: $(UNIT_CORE_OUTPUT) $(UNIT_ARM64_DEVICES)
$(UNIT_CORE_PROGRAMS): $(O)/unit/hyp/test_%: $(O)/unit/hyp/test/test_%.o $(UNIT_CORE_COMMON)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_CORE_CFLAGS) $^ -o $@

-include $(wildcard $(O)/unit/hyp/*/*.d)

CHECK_SUITES += unit-core
SUITE_unit-core = $(PYTHON) ci/unit/join.py $(UNIT_CORE_PROGRAMS)
suite-deps-unit-core: $(UNIT_CORE_PROGRAMS)
	$(Q)find $(O)/unit/hyp -name '*.gcda' -delete

CHECK_SUITES += coverage-core
SUITE_coverage-core = $(PYTHON) ci/unit/coverage.py --name hyp/core --least 85 $(O)/unit/hyp/core
suite-deps-coverage-core: suite-deps-unit-core
