# SPDX-License-Identifier: Apache-2.0
# The appliance in QEMU: for people (run, debug). What QEMU is told stands in machine.py, for the tests as well.

PART ?=
FILE ?=

# Said before anything is built
ifneq ($(filter run,$(MAKECMDGOALS)),)
$(if $(shell printf %s '$(TIMEOUT)' | grep -xE '[0-9]+([.][0-9]+)?'),,$(error TIMEOUT=$(TIMEOUT): write a number of seconds))
endif

.PHONY: run debug
run: all $(if $(PLAN_QEMU_LEAST),$(DEP_QEMU_$(PLAN_QEMU_LEAST))) ## Boot the appliance in QEMU: consoles here, one log a partition in $(O)/log
	$(Q)$(PYTHON) ci/run/run.py --out '$(O)' --timeout $(TIMEOUT)

debug: all ## The same, stopped, with gdb: PART=name of a partition, or hyp
	$(Q)$(PYTHON) ci/run/debug.py --out '$(O)' --part '$(or $(PART),hyp)' --file '$(FILE)'

CHECK_SUITES += run
SUITE_run = $(PYTHON) ci/run/test_run.py $(O)
suite-deps-run:

CHECK_SUITES += run-demo
SUITE_run-demo = $(PYTHON) ci/run/test_demo.py $(O)
suite-deps-run-demo: all

CHECK_SUITES += own-kernel
SUITE_own-kernel = $(PYTHON) ci/run/test_own.py --out $(O) --kernel $(DEP_KERNEL_6_12)
suite-deps-own-kernel: $(FW)/u-boot.bin $(GUEST_INITRAMFS) | $(DEP_KERNEL_6_12)

CHECK_SUITES += own-unikernel
SUITE_own-unikernel = $(PYTHON) ci/run/test_unikernel.py --out $(O)
suite-deps-own-unikernel: $(FW)/u-boot.bin
