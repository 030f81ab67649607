# SPDX-License-Identifier: Apache-2.0
# Suite `sbom`: the bill of materials, of a made-up image.
CHECK_SUITES += sbom
SUITE_sbom = $(PYTHON) ci/sbom/test_sbom.py
suite-deps-sbom:
