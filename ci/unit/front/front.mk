# SPDX-License-Identifier: Apache-2.0
# Unit tests of the driver side of virtio devices (pvdrivers/front) on the host, with sanitizers, against the real back-ends: with a pool, of
# which alone those see anything, and without; the console against a device that lies.

UNIT_FRONT := $(O)/unit/front
UNIT_FRONT_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) -Ipvdrivers -Ihyp \
	-isystem ci/unit/front/fake -isystem ci/unit/fake -isystem pvdrivers/runtime/include
# The fakes stand before the runtime's headers of the same names, and so both are named here.
UNIT_FRONT_HEADERS := $(wildcard ci/unit/front/fake/rt/*.h ci/unit/fake/rt/*.h pvdrivers/runtime/include/rt/*.h)
UNIT_FRONT_OBJECTS := $(patsubst pvdrivers/%.c,$(UNIT_FRONT)/%.o,$(wildcard pvdrivers/front/*.c pvdrivers/virtio/*.c) pvdrivers/runtime/tree.c \
	$(UNIT_BACK_NAMES:%=pvdrivers/back/%.c) pvdrivers/phys/status.c) $(patsubst %,$(UNIT_FRONT)/test/back/%.o,front disk net nic) \
	$(UNIT_FRONT)/test/front/machine.o
UNIT_FRONT_PROGRAMS := $(addprefix $(UNIT_FRONT)/test_,disk cards)

$(UNIT_FRONT)/test/%.o: ci/unit/%.c $(UNIT_FRONT_HEADERS)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_FRONT_CFLAGS) -MMD -c $< -o $@

$(UNIT_FRONT)/%.o: pvdrivers/%.c $(UNIT_FRONT_HEADERS)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_FRONT_CFLAGS) -MMD -c $< -o $@

$(UNIT_FRONT_PROGRAMS): $(UNIT_FRONT)/test_%: $(UNIT_FRONT)/test/front/test_%.o $(UNIT_FRONT_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_FRONT_CFLAGS) $^ -o $@ -lfdt

# A device that lies; the real device side of the rings, without the back-ends.
$(UNIT_FRONT)/test_console: $(addprefix $(UNIT_FRONT)/,$(addprefix test/,front/test_console.o front/liar.o virtio/host_window.o) \
		$(addprefix front/,console.o device.o pool.o) runtime/tree.o $(patsubst pvdrivers/%.c,%.o,$(wildcard pvdrivers/virtio/*.c)))
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_FRONT_CFLAGS) $^ -o $@ -lfdt

-include $(wildcard $(UNIT_FRONT)/*/*.d $(UNIT_FRONT)/test/*/*.d)

CHECK_SUITES += unit-front
SUITE_unit-front = $(PYTHON) ci/unit/join.py $(UNIT_FRONT_PROGRAMS) $(UNIT_FRONT)/test_console
suite-deps-unit-front: $(UNIT_FRONT_PROGRAMS) $(UNIT_FRONT)/test_console
