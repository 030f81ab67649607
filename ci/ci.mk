# SPDX-License-Identifier: Apache-2.0
# The checks: every room appends its suites to CHECK_SUITES or LONG_SUITES and
# gives each a command (SUITE_name, prints TAP) and what to build first
# (suite-deps-name). This file runs them and adds the static checks.

-include $(wildcard ci/*/*.mk ci/*/*/*.mk)

# Static checks judge what the rooms have built: objects' dependency files and call graphs.
CHECK_SUITES += check
SUITE_check = $(PYTHON) ci/check/main.py --tree . --out $(O) $(addprefix --library ,$(PICOLIBC_INC) $(LIBFDT_DIR) $(LWIP_DIR)/include)
suite-deps-check: $(O)/hyp/hyp.elf $(DEP_PICOLIBC) $(DEP_LIBFDT) $(DEP_LWIP)

SUITES ?= $(CHECK_SUITES)

.PHONY: check check-long
check: $(addprefix suite-deps-,$(SUITES)) ## Build and run every test; the last line counts them
	$(Q)$(PYTHON) ci/suite.py --log $(O)/log/suites \
		$(foreach s,$(SUITES),'$(s)=$(SUITE_$(s))')

check-long: $(addprefix suite-deps-,$(CHECK_SUITES) $(LONG_SUITES)) ## The full product of the system tests and the soaks as well
	$(Q)$(PYTHON) ci/suite.py --log $(O)/log/suites \
		$(foreach s,$(CHECK_SUITES) $(LONG_SUITES),'$(s)=$(SUITE_$(s))')

.PHONY: docs
docs: ## The documents, and whether their links lead somewhere
	$(Q)$(PYTHON) ci/check/links.py .

# The compiler's own words for each object, for editors.
.PHONY: compile_commands.json
compile_commands.json: ## For editors: how each file is compiled
	$(call say,GEN,$@)
	$(Q)$(PYTHON) ci/compile_commands.py $(O) all partitions guests $(PLANNER) $(addprefix suite-deps-,$(CHECK_SUITES)) > $@
