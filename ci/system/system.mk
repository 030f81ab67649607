# SPDX-License-Identifier: Apache-2.0
# The system tests: QEMU boots what was built, and a harness watches it. A suite a subject; the appliances are built by
# the tests themselves, each run with numbers of its own, from what stands in SYSTEM_NEEDS.

CHECK_SUITES += harness
SUITE_harness = $(PYTHON) ci/system/test_harness.py --out $(O)
suite-deps-harness:

SYSTEM_SUITES := linux keys slots restart hostile policy vgic assertion device calls smmu iopart durable disks switch outage channel passthrough serial pool messages
SYSTEM_NEEDS = $(PLANNER) $(O)/firmware/u-boot.bin $(O)/firmware/boot.fit $(O)/firmware/record.bin $(FW_TOOL) $(O)/walk/walk \
	$(PARTITION_ELFS) $(GUEST_ELFS) $(GUESTS_OUT)/frames.bin $(GUEST_INITRAMFS) $(GUEST_IO_INITRAMFS)
SYSTEM_NEEDS_disks = $(GUEST_DISKS_INITRAMFS)
SYSTEM_NEEDS_passthrough = $(GUEST_PCI_INITRAMFS)
SYSTEM_NEEDS_outage = $(GUEST_TOOLS_INITRAMFS) $(GUEST_STORM_INITRAMFS)
SYSTEM = $(PYTHON) ci/system/system.py --out $(O) --kernel-6.1 $(DEP_KERNEL_6_1) --kernel-6.12 $(DEP_KERNEL_6_12) --key $(KEY_IMAGE)

# Those that have more to show in `make check-long`, as their run() says: every combination, the other GIC, many more rounds.
SYSTEM_FULL := $(patsubst ci/system/%.py,%,$(shell grep -l '^def run(context, full=False):' ci/system/*.py))

define system_suite
CHECK_SUITES += system-$(1)
SUITE_system-$(1) = $$(SYSTEM) $(1)
suite-deps-system-$(1): $$(SYSTEM_NEEDS) $$(SYSTEM_NEEDS_$(1)) | $$(DEP_KERNEL_6_1) $$(DEP_KERNEL_6_12) $$(DEP_QEMU_10)
LONG_SUITES += $(filter $(SYSTEM_FULL:%=long-%),long-$(1))
SUITE_long-$(1) = $$(SYSTEM) --full $(1)
suite-deps-long-$(1): suite-deps-system-$(1)
endef
$(foreach s,$(SYSTEM_SUITES),$(eval $(call system_suite,$(s))))

suite-deps-system-switch: $(GUESTS_OUT)/initramfs-tools-net.cpio

# A prerequisite is expanded where it is read, and the list is complete only here.
bench-count bench-io: $(SYSTEM_NEEDS)
bench-io: $(GUEST_TOOLS_INITRAMFS)
