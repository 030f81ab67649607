# SPDX-License-Identifier: Apache-2.0
# Unit tests of the virtual interrupt controller, GICv2 and GICv3, on a simulated machine and against a model, with sanitizers.

UNIT_VGIC_OUT := $(O)/unit/vgic
UNIT_VGIC_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) -Ihyp/include -Ihyp -include ci/unit/vgic/machine.h -MMD
UNIT_VGIC_SOURCES = $(addprefix hyp/arm64/,vgic vgic_line vgic_lr vgic_physical vgic_regs vgic_reset vgic_sgi) $(addprefix ci/unit/vgic/,machine physical model world access compare)
UNIT_VGIC_TESTS := registers vcpus walk
UNIT_VGIC_PROGRAMS := $(foreach v,2 3,$(UNIT_VGIC_TESTS:%=$(UNIT_VGIC_OUT)/test_%_v$(v)))

# $(call unit_vgic,version): its objects. $(call unit_vgic_program,version,test). What stands in the place of hyp/arm64's headers
# is none of the files that hyp/arm64 includes.
define unit_vgic
$(UNIT_VGIC_OUT)/v$(1)/%.o: %.c ci/unit/vgic/machine.h
	@mkdir -p $$(@D)
	$$(call say,HOSTCC,$$@)
	$$(Q)$$(HOSTCC) -DGIC=$(1) $$(UNIT_VGIC_CFLAGS) -c $$< -o $$@
	$$(Q)sed -i 's|ci/unit/vgic/machine.h||' $$(@:.o=.d)
endef
define unit_vgic_program
$(UNIT_VGIC_OUT)/test_$(2)_v$(1): $(UNIT_VGIC_SOURCES:%=$(UNIT_VGIC_OUT)/v$(1)/%.o) $(UNIT_VGIC_OUT)/v$(1)/hyp/arm64/vgicv$(1).o \
	$(UNIT_VGIC_OUT)/v$(1)/ci/unit/vgic/test_$(2).o
	$$(call say,LINK,$$@)
	$$(Q)$$(HOSTCC) $$(UNIT_VGIC_CFLAGS) $$(filter %.o,$$^) -o $$@
endef
$(foreach v,2 3,$(eval $(call unit_vgic,$(v))))
$(foreach v,2 3,$(foreach t,$(UNIT_VGIC_TESTS),$(eval $(call unit_vgic_program,$(v),$(t)))))

# The virtual ITS, on the same machine: GICv3's.
UNIT_ITS_OBJECTS = $(patsubst %,$(UNIT_VGIC_OUT)/v3/%.o,$(addprefix hyp/arm64/,vgic vgic_line vgic_lr vgic_physical vgic_regs vgic_reset vgic_sgi \
	vgicv3 vits vits_event) $(addprefix ci/unit/vgic/,machine physical its_world test_its))
$(UNIT_VGIC_OUT)/test_its: $(UNIT_ITS_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_VGIC_CFLAGS) $^ -o $@

-include $(wildcard $(UNIT_VGIC_OUT)/*/*/*/*.d $(UNIT_VGIC_OUT)/*/*/*/*/*.d)

CHECK_SUITES += unit-vgic
SUITE_unit-vgic = $(PYTHON) ci/unit/join.py $(UNIT_VGIC_PROGRAMS)
suite-deps-unit-vgic: $(UNIT_VGIC_PROGRAMS)

# The physical one's driver, against a model of the hardware.
$(UNIT_VGIC_OUT)/test_its_driver: $(UNIT_VGIC_OUT)/v3/hyp/arm64/its.o $(UNIT_VGIC_OUT)/v3/ci/unit/vgic/test_its_driver.o
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_VGIC_CFLAGS) $^ -o $@

CHECK_SUITES += unit-its
SUITE_unit-its = $(PYTHON) ci/unit/join.py $(UNIT_VGIC_OUT)/test_its $(UNIT_VGIC_OUT)/test_its_driver
suite-deps-unit-its: $(UNIT_VGIC_OUT)/test_its $(UNIT_VGIC_OUT)/test_its_driver
