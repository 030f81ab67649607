# SPDX-License-Identifier: Apache-2.0
# Fuzz targets of firmware/update, each built as it is and with its planted fault.

FUZZ_FW := $(O)/fuzz/firmware
FUZZ_FW_NAMES := manifest record gpt
FUZZ_FW_CFLAGS = -std=gnu11 -O1 -g $(WARN) $(HOST_SANITIZE) $(REPRODUCIBLE) $(FW_INCLUDE)
FUZZ_FW_SOURCES := ci/fuzz/driver.c ci/unit/firmware/sample.c firmware/image/manifest_write.c $(FW_UPDATE:%=firmware/update/%.c) \
	firmware/update/crypto_mbedtls.c
FUZZ_FW_HEADERS := $(O)/.flags $(wildcard firmware/update/*.h firmware/image/*.h ci/fuzz/*.h ci/unit/firmware/*.h)
FUZZ_FW_PROGRAMS := $(FUZZ_FW_NAMES:%=$(FUZZ_FW)/fuzz_%) $(FUZZ_FW_NAMES:%=$(FUZZ_FW)/fuzz_%_planted)
FUZZ_FW_BUILD = $(HOSTCC) $(FUZZ_FW_CFLAGS) $(filter %.c %.o,$^) -o $@

$(FUZZ_FW_NAMES:%=$(FUZZ_FW)/fuzz_%): $(FUZZ_FW)/fuzz_%: ci/fuzz/fuzz_%.c $(FUZZ_FW_SOURCES) $(FW_HOST_MBEDTLS_OBJECTS) $(FUZZ_FW_HEADERS)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_FW_BUILD)

$(FUZZ_FW)/fuzz_manifest_planted: FUZZ_PLANT = -DFUZZ_PLANT_MANIFEST
$(FUZZ_FW)/fuzz_record_planted: FUZZ_PLANT = -DFUZZ_PLANT_RECORD
$(FUZZ_FW)/fuzz_gpt_planted: FUZZ_PLANT = -DFUZZ_PLANT_GPT
$(FUZZ_FW_NAMES:%=$(FUZZ_FW)/fuzz_%_planted): $(FUZZ_FW)/fuzz_%_planted: ci/fuzz/fuzz_%.c $(FUZZ_FW_SOURCES) $(FW_HOST_MBEDTLS_OBJECTS) \
		$(FUZZ_FW_HEADERS)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(FUZZ_FW_BUILD) $(FUZZ_PLANT)

CHECK_SUITES += fuzz-update
SUITE_fuzz-update = $(PYTHON) ci/fuzz/smoke.py --count 100000 $(FUZZ_FW) $(FUZZ_FW_NAMES)
suite-deps-fuzz-update: $(FUZZ_FW_PROGRAMS)

LONG_SUITES += fuzz-update-long
SUITE_fuzz-update-long = $(PYTHON) ci/fuzz/smoke.py --count 10000000 $(FUZZ_FW) $(FUZZ_FW_NAMES)
suite-deps-fuzz-update-long: $(FUZZ_FW_PROGRAMS)
