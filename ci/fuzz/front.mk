# SPDX-License-Identifier: Apache-2.0
# A hostile front-end against the real back-ends, as they are and with a planted fault.

FUZZ_FRONT := $(O)/fuzz/front
FUZZ_FRONT_SOURCES := ci/fuzz/driver.c ci/fuzz/fuzz_front.c $(addprefix ci/unit/back/,front.c disk.c net.c nic.c) pvdrivers/phys/status.c \
	$(filter-out %/state.c,$(wildcard pvdrivers/back/*.c)) $(wildcard pvdrivers/virtio/*.c)
FUZZ_FRONT_HEADERS := $(O)/.flags $(wildcard pvdrivers/back/*.h pvdrivers/virtio/*.h pvdrivers/phys/*.h ci/fuzz/*.h ci/unit/back/*.h)
FUZZ_FRONT_BUILD = $(HOSTCC) -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) -Ipvdrivers -Ihyp -Ipvdrivers/runtime/include -o $@

$(FUZZ_FRONT)/fuzz_front: $(FUZZ_FRONT_SOURCES) $(FUZZ_FRONT_HEADERS)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_FRONT_BUILD) $(filter %.c,$^)

# The fault: the end of a virtual disk is not looked at.
$(FUZZ_FRONT)/blk_planted.c: pvdrivers/back/blk.c
	@mkdir -p $(@D)
	$(Q)sed 's/ && sector <= b->disk.sector_count - count;/;/; s/is_inside(const struct vblk \*b, uint64_t sector/& __attribute__((unused))/' $< > $@
	$(Q)! cmp -s $< $@

$(FUZZ_FRONT)/fuzz_front_planted: $(filter-out %/back/blk.c,$(FUZZ_FRONT_SOURCES)) $(FUZZ_FRONT)/blk_planted.c $(FUZZ_FRONT_HEADERS)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_FRONT_BUILD) -Ipvdrivers/back $(filter %.c,$^)

CHECK_SUITES += fuzz-front
SUITE_fuzz-front = $(PYTHON) ci/fuzz/smoke.py --count 6000 $(FUZZ_FRONT) front
suite-deps-fuzz-front: $(FUZZ_FRONT)/fuzz_front $(FUZZ_FRONT)/fuzz_front_planted

LONG_SUITES += fuzz-front-long
SUITE_fuzz-front-long = $(PYTHON) ci/fuzz/smoke.py --count 600000 $(FUZZ_FRONT) front
suite-deps-fuzz-front-long: suite-deps-fuzz-front
