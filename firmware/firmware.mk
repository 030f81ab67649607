# SPDX-License-Identifier: Apache-2.0
# From power-on to the hypervisor, and the flash image: $(O)/firmware/{boot.efi,boot.fit,u-boot.bin,slot.bin,record.bin} and
# $(O)/appliance.img. What goes into a slot stands in $(O)/plan/manifest.in; this file must not know more of the plan.

FW := $(O)/firmware
BOARD_FIRMWARE ?= qemu-virt
SLOT_MIB ?= 128
KEY_DIR := $(or $(KEYS),$(CACHE)/development-keys)
KEY_OWNER := $(if $(KEYS),user,development)
KEY_IMAGE := $(KEY_DIR)/image.pem
KEY_KIND = $(if $(wildcard $(KEY_DIR)/DEVELOPMENT),development,release)

FW_UPDATE := fw_err crc32 blockdev record gpt manifest manifest_check slot
FW_INCLUDE = -Ifirmware/update -isystem $(MBEDTLS_DIR)/include -DMBEDTLS_CONFIG_FILE='"crypto_config.h"'

# ---- keys ----
$(KEY_IMAGE):
	$(call say,KEYS,$(KEY_DIR))
	$(Q)firmware/image/make-keys '$(KEY_DIR)' $(KEY_OWNER)

.PHONY: firmware-keys
firmware-keys: $(KEY_IMAGE)
	$(Q)firmware/image/make-keys '$(KEY_DIR)' $(KEY_OWNER)
	$(Q)if [ '$(RELEASE)' = 1 ] && [ -e '$(KEY_DIR)/DEVELOPMENT' ]; then \
		echo 'error: RELEASE=1 refuses the development keys of $(KEY_DIR): give keys of your own with KEYS=dir' >&2; exit 1; fi

# What is signed depends on what the keys are, not on when they were made, nor on where they lie.
$(FW)/keys: FORCE | firmware-keys
	@mkdir -p $(@D)
	$(Q){ sha256sum < $(KEY_DIR)/boot.key; sha256sum < $(KEY_IMAGE); echo $(KEY_KIND); } > $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# ---- host tool ----
FW_HOST_MBEDTLS := asn1parse asn1write base64 bignum bignum_core bignum_mod bignum_mod_raw constant_time ecdsa ecp ecp_curves \
	ecp_curves_new hmac_drbg md oid pem pk pk_ecc pk_wrap pkparse platform platform_util sha256
FW_HOST_CFLAGS = $(HOST_CFLAGS) $(FW_INCLUDE) -DFW_MBEDTLS_SIGN
FW_HOST_MBEDTLS_OBJECTS := $(FW_HOST_MBEDTLS:%=$(FW)/host/mbedtls/%.o)
FW_TOOL := $(FW)/bulkhead-image
FW_TOOL_OBJECTS := $(patsubst %,$(FW)/host/%.o,$(FW_UPDATE:%=update/%) update/crypto_mbedtls \
	$(patsubst firmware/image/%.c,image/%,$(wildcard firmware/image/*.c)))

$(FW)/host/mbedtls/%.o: | $(DEP_MBEDTLS)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -O2 -w $(REPRODUCIBLE) $(FW_INCLUDE) -DFW_MBEDTLS_SIGN -c -o $@ $(MBEDTLS_DIR)/library/$*.c

$(FW)/host/%.o: firmware/%.c | $(DEP_MBEDTLS)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(FW_HOST_CFLAGS) -MMD -MP -c -o $@ $<

$(FW_TOOL): $(FW_TOOL_OBJECTS) $(FW_HOST_MBEDTLS_OBJECTS)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) -o $@ $^

# ---- boot stage ----
FW_BOOT_CFLAGS = -std=gnu11 --target=aarch64-unknown-windows -U_WIN32 -U_MSC_VER -U_M_ARM64 -Os -ffreestanding -fshort-wchar \
	-fno-stack-protector -mno-stack-arg-probe -fno-unwind-tables -fno-asynchronous-unwind-tables -ffunction-sections \
	-fdata-sections -nostdlibinc -mgeneral-regs-only -mstrict-align -fgnuc-version=4.2.1 -DMBEDTLS_NO_UDBL_DIVISION \
	-DFW_MBEDTLS_SHA256_OURS $(REPRODUCIBLE) -isystem firmware/boot/libc -isystem $(LIBFDT_DIR) $(FW_INCLUDE)
FW_BOOT_MBEDTLS := asn1parse asn1write bignum bignum_core constant_time ecdsa ecp ecp_curves platform_util sha256
FW_BOOT_LIBFDT := fdt fdt_ro
FW_BOOT_SOURCES := $(wildcard firmware/boot/*.c firmware/boot/*.S) $(FW_UPDATE:%=firmware/update/%.c) firmware/update/crypto_mbedtls.c
FW_BOOT_OBJECTS := $(FW_BOOT_SOURCES:firmware/%=$(FW)/target/%.o) $(FW)/target/key.o \
	$(FW_BOOT_MBEDTLS:%=$(FW)/target/mbedtls/%.o) $(FW_BOOT_LIBFDT:%=$(FW)/target/libfdt/%.o)

$(FW)/target/mbedtls/%.o: | $(DEP_MBEDTLS)
	@mkdir -p $(@D)
	$(Q)$(BOOT_CC) $(FW_BOOT_CFLAGS) -w -c -o $@ $(MBEDTLS_DIR)/library/$*.c

$(FW)/target/libfdt/%.o: | $(DEP_LIBFDT)
	@mkdir -p $(@D)
	$(Q)$(BOOT_CC) $(FW_BOOT_CFLAGS) -w -c -o $@ $(LIBFDT_DIR)/$*.c

$(FW)/target/%.c.o: firmware/%.c | $(DEP_MBEDTLS) $(DEP_LIBFDT)
	@mkdir -p $(@D)
	$(Q)$(BOOT_CC) $(FW_BOOT_CFLAGS) $(WARN) -MMD -MP -c -o $@ $<

$(FW)/target/%.S.o: firmware/%.S
	@mkdir -p $(@D)
	$(Q)$(BOOT_CC) $(FW_BOOT_CFLAGS) -MMD -MP -c -o $@ $<

$(FW)/key.c: $(FW_TOOL) $(FW)/keys
	$(Q)$(FW_TOOL) key $(KEY_IMAGE) $(KEY_KIND) $@.new
	$(Q)cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(FW)/target/key.o: $(FW)/key.c
	@mkdir -p $(@D)
	$(Q)$(BOOT_CC) $(FW_BOOT_CFLAGS) $(WARN) -Ifirmware/boot -c -o $@ $<

$(FW)/boot.efi: $(FW_BOOT_OBJECTS)
	$(call say,BOOTLD,$@)
	$(Q)$(BOOT_LD) /machine:arm64 /subsystem:efi_application /entry:efi_main /nodefaultlib /opt:ref /opt:icf /base:0 /Brepro \
		/out:$@ $^

# ---- U-Boot, and the FIT it verifies ----
FW_UBOOT := firmware/uboot/$(BOARD_FIRMWARE)
# Hardly ever changes: kept beside the sources, by what decides its content.
FW_UBOOT_KEY = $(shell cat $(FW_UBOOT).config firmware/uboot/environment.txt | sha256sum | cut -c 1-16)
FW_UBOOT_MAKE = MAKEFLAGS= make -j$$(nproc) -C $(UBOOT_DIR) O=$(abspath $(FW)/u-boot) CROSS_COMPILE=$(ARM64) PYTHON3=$(PYTHON) -s

$(FW)/u-boot/.config: $(FW_UBOOT).config firmware/uboot/environment.txt | $(DEP_UBOOT_SRC)
	@mkdir -p $(@D)
	$(Q)cp $(FW_UBOOT).config $(@D)/bulkhead.config
	$(Q)echo 'CONFIG_DEFAULT_ENV_FILE="$(abspath firmware/uboot/environment.txt)"' >> $(@D)/bulkhead.config
	$(Q)cd $(UBOOT_DIR) && MAKEFLAGS= KCONFIG_CONFIG= scripts/kconfig/merge_config.sh -m -O $(abspath $(@D)) \
		configs/qemu_arm64_defconfig $(abspath $(@D))/bulkhead.config >$(abspath $(@D))/merge.log
	$(Q)$(FW_UBOOT_MAKE) olddefconfig >$(@D)/config.log 2>&1 || { tail -20 $(@D)/config.log >&2; exit 1; }
	$(Q)touch $@

$(FW)/u-boot/u-boot-nodtb.bin: $(FW)/u-boot/.config
	$(call say,UBOOT,$@)
	$(Q)$(FW_UBOOT_MAKE) u-boot-nodtb.bin >$(@D)/build.log 2>&1 || { tail -30 $(@D)/build.log >&2; exit 1; }
	$(Q)touch $@

# The key goes into the tree while the FIT is signed with it.
$(FW)/boot.fit: $(FW)/boot.efi $(FW_UBOOT).dts firmware/uboot/boot.its $(FW)/keys
	$(call say,SIGN,$@)
	$(Q)cpp -nostdinc -undef -x assembler-with-cpp -P $(FW_UBOOT).dts | dtc -q -p 2048 -I dts -O dtb -o $(FW)/u-boot.dtb.new -
	$(Q)cp firmware/uboot/boot.its $(FW)/boot.its
	$(Q)cd $(FW) && mkimage -f boot.its -k $(abspath $(KEY_DIR)) -K u-boot.dtb.new -r boot.fit.new >fit.log
	$(Q)mv $(FW)/u-boot.dtb.new $(FW)/u-boot.dtb
	$(Q)mv $(FW)/boot.fit.new $@

$(FW)/u-boot.bin: $(FW)/u-boot/u-boot-nodtb.bin $(FW)/boot.fit
	$(Q)cat $< $(FW)/u-boot.dtb > $@

# ---- flash image ----
# The slot is made of the files that manifest.in names: the hypervisor, the guests' images, the plan's device trees.
$(FW)/slot.bin: $(FW_TOOL) $(O)/plan/manifest.in $(O)/hyp/hyp.bin $(PLAN_IMAGES) $(FW)/keys
	$(call say,SIGN,$@)
	$(Q)$(FW_TOOL) slot $(O)/plan/manifest.in $(KEY_IMAGE) $@

$(FW)/record.bin: $(FW_TOOL)
	$(Q)$(FW_TOOL) record 1 a confirmed confirmed $@

$(O)/appliance.img: $(FW)/boot.fit $(FW)/record.bin $(FW)/slot.bin firmware/image/make-image
	$(call say,IMAGE,$@)
	$(Q)firmware/image/make-image $@ $(FW)/boot.fit $(FW)/record.bin $(FW)/slot.bin $(SLOT_MIB)

-include $(shell find $(FW)/host $(FW)/target -name '*.d' 2>/dev/null)

all: $(O)/appliance.img $(FW)/u-boot.bin
