# SPDX-License-Identifier: Apache-2.0
# Suite `demo`: what a newcomer types first, on the configuration that is there.
CHECK_SUITES += demo
SUITE_demo = $(PYTHON) ci/demo/test_demo.py --out $(O)
suite-deps-demo: $(O)/appliance.img $(O)/firmware/u-boot.bin
