# SPDX-License-Identifier: Apache-2.0
# System tests of the firmware: a payload in the place of the hypervisor, and the attacks on the way to it.

CI_FW := $(O)/ci/firmware

$(CI_FW)/payload.bin: ci/firmware/entry.S ci/firmware/payload.c ci/firmware/payload.ld hyp/abi/handoff.h
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(ARM64_CC) -std=gnu11 -O2 $(WARN) -ffreestanding -nostdlib -static -mgeneral-regs-only -mstrict-align -fno-pic -no-pie \
		-fno-tree-loop-distribute-patterns -T ci/firmware/payload.ld -Wl,--build-id=none -Wl,--no-warn-rwx-segments \
		-o $(@:.bin=.elf) $(filter %.S %.c,$^)
	$(Q)$(ARM64_OBJCOPY) -O binary $(@:.bin=.elf) $@

CHECK_SUITES += firmware-boot
SUITE_firmware-boot = $(PYTHON) ci/system/firmware_boot.py --firmware $(FW) --payload $(CI_FW)/payload.bin --key $(KEY_IMAGE) \
	--work $(CI_FW)/work
suite-deps-firmware-boot: $(CI_FW)/payload.bin $(FW)/boot.fit $(FW)/u-boot.bin $(FW_TOOL)
