# SPDX-License-Identifier: Apache-2.0
# Tests of pvdrivers/channel on the host: what programs rely on; both ends interleaved, killed, and lying; two threads.

UNIT_CHANNEL := $(O)/unit/channel
UNIT_CHANNEL_HEADERS := $(O)/.flags $(wildcard pvdrivers/channel/*.h ci/unit/channel/*.h ci/unit/tap.h)
UNIT_CHANNEL_PROGRAMS := $(addprefix $(UNIT_CHANNEL)/test_,channel steps threads)

$(UNIT_CHANNEL)/test_channel $(UNIT_CHANNEL)/test_steps: UNIT_CHANNEL_SANITIZE = $(HOST_SANITIZE)
$(UNIT_CHANNEL)/test_steps: UNIT_CHANNEL_SANITIZE += -DCHANNEL_TEST_WORDS
$(UNIT_CHANNEL)/test_threads: UNIT_CHANNEL_SANITIZE = -fsanitize=thread

$(UNIT_CHANNEL_PROGRAMS): $(UNIT_CHANNEL)/test_%: ci/unit/channel/test_%.c pvdrivers/channel/channel.c $(UNIT_CHANNEL_HEADERS)
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -O1 -g $(WARN) $(UNIT_CHANNEL_SANITIZE) $(REPRODUCIBLE) -Ipvdrivers $(filter %.c,$^) -o $@ -lpthread

CHECK_SUITES += unit-channel
SUITE_unit-channel = $(PYTHON) ci/unit/join.py $(UNIT_CHANNEL_PROGRAMS)
suite-deps-unit-channel: $(UNIT_CHANNEL_PROGRAMS)
