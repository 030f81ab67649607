# SPDX-License-Identifier: Apache-2.0
# Tests of pvdrivers/virtio on the host.

UNIT_VIRTIO := $(O)/unit/virtio
UNIT_VIRTIO_INCLUDE := -Ipvdrivers
UNIT_VIRTIO_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) $(UNIT_VIRTIO_INCLUDE)
UNIT_VIRTIO_ROOM := $(wildcard pvdrivers/virtio/*.c)
UNIT_VIRTIO_HEADERS := $(wildcard pvdrivers/virtio/*.h ci/unit/virtio/*.h ci/unit/tap.h)
UNIT_VIRTIO_HELPERS := $(addprefix ci/unit/virtio/,host_window.c pair.c)
UNIT_VIRTIO_TESTS := window queue
UNIT_VIRTIO_PROGRAMS := $(UNIT_VIRTIO_TESTS:%=$(UNIT_VIRTIO)/test_%)

$(UNIT_VIRTIO_PROGRAMS): $(UNIT_VIRTIO)/test_%: ci/unit/virtio/test_%.c $(UNIT_VIRTIO_ROOM) $(UNIT_VIRTIO_HELPERS) $(UNIT_VIRTIO_HEADERS)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_VIRTIO_CFLAGS) $(filter %.c,$^) -o $@

CHECK_SUITES += unit-virtio
SUITE_unit-virtio = $(PYTHON) ci/unit/join.py $(UNIT_VIRTIO_PROGRAMS)
suite-deps-unit-virtio: $(UNIT_VIRTIO_PROGRAMS)
