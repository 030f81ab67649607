# SPDX-License-Identifier: Apache-2.0
# IP for unikernels on the host, with sanitizers: lwIP in our configuration, pvdrivers/ip, and the web service of partitions/hello.

UNIT_IP := $(O)/unit/ip
UNIT_IP_INCLUDE = -Ipvdrivers -Ipvdrivers/runtime/include -isystem $(LWIP_DIR)/include
UNIT_IP_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) $(UNIT_IP_INCLUDE)
UNIT_IP_LWIP := $(LWIP_SRCS:%=$(UNIT_IP)/lwip/%.o)
UNIT_IP_OURS := $(addprefix $(UNIT_IP)/,ours/pvdrivers/ip/ip.o ours/pvdrivers/ip/random.o ours/pvdrivers/ip/siphash.o \
	ours/partitions/hello/http.o ours/partitions/hello/web.o)
UNIT_IP_PROGRAMS := $(UNIT_IP)/test_ip $(UNIT_IP)/test_http

$(UNIT_IP)/lwip/%.o: | $(DEP_LWIP)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) -std=gnu11 -O1 -g -w $(HOST_SANITIZE) -fno-sanitize=alignment $(REPRODUCIBLE) $(UNIT_IP_INCLUDE) -c $(LWIP_DIR)/$*.c -o $@

$(UNIT_IP)/ours/%.o: %.c | $(DEP_LWIP)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_IP_CFLAGS) --coverage -MMD -c $< -o $@

$(UNIT_IP)/test/%.o: ci/unit/ip/%.c | $(DEP_LWIP)
	@mkdir -p $(@D)
	$(call say,HOSTCC,$@)
	$(Q)$(HOSTCC) $(UNIT_IP_CFLAGS) -MMD -c $< -o $@

$(UNIT_IP)/test_ip: $(UNIT_IP)/test/test_ip.o $(UNIT_IP)/test/wire.o $(UNIT_IP_OURS) $(UNIT_IP_LWIP)
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_IP_CFLAGS) --coverage $^ -o $@ -lfdt

$(UNIT_IP)/test_http: $(UNIT_IP)/test/test_http.o $(UNIT_IP)/ours/partitions/hello/http.o
	$(call say,LINK,$@)
	$(Q)$(HOSTCC) $(UNIT_IP_CFLAGS) --coverage $^ -o $@

-include $(wildcard $(UNIT_IP)/test/*.d $(UNIT_IP)/ours/*/*/*.d)

CHECK_SUITES += unit-ip
SUITE_unit-ip = $(PYTHON) ci/unit/join.py $(UNIT_IP_PROGRAMS)
suite-deps-unit-ip: $(UNIT_IP_PROGRAMS)
	$(Q)find $(UNIT_IP) -name '*.gcda' -delete

CHECK_SUITES += coverage-ip
SUITE_coverage-ip = $(PYTHON) ci/unit/coverage.py --name pvdrivers/ip --least 85 $(UNIT_IP)/ours
suite-deps-coverage-ip: suite-deps-unit-ip
