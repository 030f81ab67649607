# SPDX-License-Identifier: Apache-2.0
# Tests of pvdrivers/virtio on the host.

UNIT_VIRTIO := $(O)/unit/virtio
UNIT_VIRTIO_INCLUDE := -Ipvdrivers
UNIT_VIRTIO_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) $(UNIT_VIRTIO_INCLUDE)
UNIT_VIRTIO_ROOM := $(wildcard pvdrivers/virtio/*.c)
UNIT_VIRTIO_HEADERS := $(O)/.flags $(wildcard pvdrivers/virtio/*.h ci/unit/virtio/*.h ci/unit/tap.h)
UNIT_VIRTIO_HELPERS := $(addprefix ci/unit/virtio/,host_window.c pair.c)
UNIT_VIRTIO_OBJECTS := $(patsubst pvdrivers/virtio/%.c,$(UNIT_VIRTIO)/room/%.o,$(UNIT_VIRTIO_ROOM)) \
	$(patsubst ci/unit/virtio/%.c,$(UNIT_VIRTIO)/test/%.o,$(UNIT_VIRTIO_HELPERS))
UNIT_VIRTIO_TESTS := window queue signal restore hostile
UNIT_VIRTIO_PROGRAMS := $(UNIT_VIRTIO_TESTS:%=$(UNIT_VIRTIO)/test_%)

$(UNIT_VIRTIO)/room/%.o: pvdrivers/virtio/%.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_VIRTIO_CFLAGS) -MMD -MP -c $< -o $@

$(UNIT_VIRTIO)/test/%.o: ci/unit/virtio/%.c
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_VIRTIO_CFLAGS) -MMD -MP -c $< -o $@

$(UNIT_VIRTIO_PROGRAMS): $(UNIT_VIRTIO)/test_%: $(UNIT_VIRTIO)/test/test_%.o $(UNIT_VIRTIO_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_VIRTIO_CFLAGS) $^ -o $@

-include $(wildcard $(UNIT_VIRTIO)/*/*.d)

CHECK_SUITES += unit-virtio
SUITE_unit-virtio = $(PYTHON) ci/unit/join.py $(UNIT_VIRTIO_PROGRAMS)
suite-deps-unit-virtio: $(UNIT_VIRTIO_PROGRAMS)

# Two threads under a thread sanitizer. It does not see fences; the model check does.
$(UNIT_VIRTIO)/test_threads: ci/unit/virtio/test_threads.c $(UNIT_VIRTIO_ROOM) $(UNIT_VIRTIO_HELPERS) $(UNIT_VIRTIO_HEADERS)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) -std=gnu11 -O1 -g $(WARN) -Wno-tsan -fsanitize=thread $(REPRODUCIBLE) $(UNIT_VIRTIO_INCLUDE) $(filter %.c,$^) -o $@ -lpthread

CHECK_SUITES += virtio-threads
SUITE_virtio-threads = $(PYTHON) ci/unit/join.py $(UNIT_VIRTIO)/test_threads
suite-deps-virtio-threads: $(UNIT_VIRTIO)/test_threads

# Every interleaving of the real code, with store buffers.
$(UNIT_VIRTIO)/test_model: ci/unit/virtio/test_model.c ci/unit/virtio/model.c $(UNIT_VIRTIO_ROOM) $(UNIT_VIRTIO_HEADERS)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) -std=gnu11 -O2 -g $(WARN) $(REPRODUCIBLE) $(UNIT_VIRTIO_INCLUDE) -DRING_MODEL $(filter %.c,$^) -o $@

CHECK_SUITES += virtio-model
SUITE_virtio-model = $(PYTHON) ci/unit/join.py $(UNIT_VIRTIO)/test_model
suite-deps-virtio-model: $(UNIT_VIRTIO)/test_model
