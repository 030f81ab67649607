# SPDX-License-Identifier: Apache-2.0
# The system tests: QEMU boots what was built, and a harness watches it.

CHECK_SUITES += harness
SUITE_harness = $(PYTHON) ci/system/test_harness.py --out $(O)
suite-deps-harness:
