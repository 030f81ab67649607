# SPDX-License-Identifier: Apache-2.0
# Suite `deps`: the fetcher, the pins and the tool installer, against a mirror that is a folder.
CHECK_SUITES += deps
SUITE_deps = $(PYTHON) ci/deps/test_deps.py
suite-deps-deps:
