# SPDX-License-Identifier: Apache-2.0
# Suite `deps`: the fetcher, the pins and the tool installer, against a mirror that is a folder.
CHECK_SUITES += deps
SUITE_deps = $(PYTHON) ci/deps/test_deps.py
suite-deps-deps:

# What was compiled with other flags is compiled again.
CHECK_SUITES += flags
SUITE_flags = $(PYTHON) ci/deps/test_flags.py
suite-deps-flags:
