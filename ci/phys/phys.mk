# SPDX-License-Identifier: Apache-2.0
# Suite `phys`: the drivers of physical devices, on plain QEMU with QEMU's devices.
CHECK_SUITES += phys
SUITE_phys = $(PYTHON) ci/phys/phys.py --out $(O)
suite-deps-phys: $(GUESTS_OUT)/phys.bin
