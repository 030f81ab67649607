# SPDX-License-Identifier: Apache-2.0
# Fuzz targets of pvdrivers/virtio, each built as it is and with its planted fault. RING_MODEL: the targets give the accesses of the driver
# side too, so that rings change between any two of them.

FUZZ_VIRTIO := $(O)/fuzz/virtio
FUZZ_VIRTIO_NAMES := virtq_device virtq_driver
FUZZ_VIRTIO_HEADERS := $(O)/.flags $(wildcard pvdrivers/virtio/*.h ci/fuzz/*.h)
FUZZ_VIRTIO_PROGRAMS := $(FUZZ_VIRTIO_NAMES:%=$(FUZZ_VIRTIO)/fuzz_%) $(FUZZ_VIRTIO_NAMES:%=$(FUZZ_VIRTIO)/fuzz_%_planted)
FUZZ_VIRTIO_DRIVER_SIDE := $(addprefix pvdrivers/virtio/,virtq_driver.c split_driver.c packed_driver.c)
FUZZ_VIRTIO_DEVICE_SIDE := $(addprefix pvdrivers/virtio/,window.c chain.c virtq.c split.c packed.c)
FUZZ_VIRTIO_BUILD = $(HOSTCC) -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) -Ipvdrivers $(FUZZ_PLANT) $(filter %.c,$^) -o $@

$(FUZZ_VIRTIO)/fuzz_virtq_device_planted: FUZZ_PLANT = -DFUZZ_PLANT_VIRTQ_DEVICE
$(FUZZ_VIRTIO)/fuzz_virtq_driver: FUZZ_PLANT = -DRING_MODEL
$(FUZZ_VIRTIO)/fuzz_virtq_driver_planted: FUZZ_PLANT = -DRING_MODEL -DFUZZ_PLANT_VIRTQ_DRIVER
$(FUZZ_VIRTIO)/fuzz_virtq_device $(FUZZ_VIRTIO)/fuzz_virtq_device_planted: $(FUZZ_VIRTIO_DEVICE_SIDE)
$(FUZZ_VIRTIO_PROGRAMS): ci/fuzz/driver.c $(FUZZ_VIRTIO_DRIVER_SIDE) $(FUZZ_VIRTIO_HEADERS)

$(FUZZ_VIRTIO_NAMES:%=$(FUZZ_VIRTIO)/fuzz_%): $(FUZZ_VIRTIO)/fuzz_%: ci/fuzz/fuzz_%.c
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_VIRTIO_BUILD)

$(FUZZ_VIRTIO_NAMES:%=$(FUZZ_VIRTIO)/fuzz_%_planted): $(FUZZ_VIRTIO)/fuzz_%_planted: ci/fuzz/fuzz_%.c
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_VIRTIO_BUILD)

CHECK_SUITES += fuzz-virtio
SUITE_fuzz-virtio = $(PYTHON) ci/fuzz/smoke.py --count 100000 $(FUZZ_VIRTIO) $(FUZZ_VIRTIO_NAMES)
suite-deps-fuzz-virtio: $(FUZZ_VIRTIO_PROGRAMS)

LONG_SUITES += fuzz-virtio-long
SUITE_fuzz-virtio-long = $(PYTHON) ci/fuzz/smoke.py --count 10000000 $(FUZZ_VIRTIO) $(FUZZ_VIRTIO_NAMES)
suite-deps-fuzz-virtio-long: $(FUZZ_VIRTIO_PROGRAMS)
