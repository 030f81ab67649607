# SPDX-License-Identifier: Apache-2.0
# Mutants: the patches judged by host tests are a suite of `make check`; `make check-mutants` runs all of them.
MUTANTS_LEAST := 25

CHECK_SUITES += mutants
SUITE_mutants = $(PYTHON) ci/mutants/test_run.py && $(PYTHON) ci/mutants/run.py --kind host --out $(O) --least $(MUTANTS_LEAST)
suite-deps-mutants:

.PHONY: check-mutants
check-mutants: ## Break the code on purpose; the tests must notice
	$(Q)$(PYTHON) ci/suite.py --log $(O)/log/suites 'mutants-all=$(PYTHON) ci/mutants/run.py --kind all --out $(O)'
