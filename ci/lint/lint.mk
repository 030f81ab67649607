# SPDX-License-Identifier: Apache-2.0
# Suite `lint`: cppcheck, lengths of functions and files, budgets of source lines and of the hypervisor's image.
CHECK_SUITES += lint
SUITE_lint = $(PYTHON) ci/lint/lint.py --tree . --out $(O)
suite-deps-lint:
