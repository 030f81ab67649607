# SPDX-License-Identifier: Apache-2.0
#
# Third-party code, as directories in $(CACHE) that other rooms name as prerequisites: each is made once, appears whole,
# and carries in its name a hash of all that decides its content. This file knows nothing of what they are used for.
#
#   DEP_PICOLIBC     include/ and lib/ for aarch64 unikernels        PICOLIBC_INC PICOLIBC_LIB
#   DEP_MBEDTLS      source: include/ library/                       MBEDTLS_DIR
#   DEP_LIBFDT       source of libfdt, for the target                LIBFDT_DIR
#   DEP_LWIP         source of lwIP: core/ netif/ include/, the last with our configuration   LWIP_DIR
#   DEP_UBOOT_SRC    source of U-Boot with Debian's security fixes   UBOOT_DIR
#   DEP_KERNEL_6_1   DEP_KERNEL_6_12: Image, modules/, config, RELEASE (uname -r), PACKAGE
#   DEP_BUSYBOX_ARM64  busybox (static), PACKAGE
#   DEP_TOOLS_NET    DEP_TOOLS_DISK: bin/ and lib/ of programs that test guests measure with; PACKAGE, a line each
#   DEP_QEMU_10      qemu-system-aarch64 of QEMU 10, for tests that need its SMMU; PACKAGE

# What the build needs of the machine; nothing to install is the usual case and costs a few milliseconds.
ifneq ($(NEEDS_TOOLS),)
ifneq ($(shell deps/install-tools --missing),)
ifneq ($(shell deps/install-tools && echo ok),ok)
$(error the build cannot start)
endif
endif
endif

DEP := CACHE=$(CACHE) deps/dep

define newline


endef
$(eval $(subst |,$(newline),$(shell deps/dep keys | tr '\n' '|')))

dep-tree = $(CACHE)/trees/$(1)-$(DEP_KEY_$(1))

DEP_PICOLIBC      := $(call dep-tree,picolibc)
DEP_MBEDTLS       := $(call dep-tree,mbedtls)
DEP_LIBFDT        := $(call dep-tree,libfdt)
DEP_LWIP          := $(call dep-tree,lwip)
DEP_UBOOT_SRC     := $(call dep-tree,u-boot)
DEP_KERNEL_6_1    := $(CACHE)/series/kernel-6.1
DEP_KERNEL_6_12   := $(CACHE)/series/kernel-6.12
DEP_BUSYBOX_ARM64 := $(CACHE)/series/busybox-arm64
DEP_TOOLS_NET     := $(CACHE)/series/tools-net
DEP_TOOLS_DISK    := $(CACHE)/series/tools-disk
DEP_QEMU_10       := $(CACHE)/series/qemu-10

PICOLIBC_INC := $(DEP_PICOLIBC)/include
PICOLIBC_LIB := $(DEP_PICOLIBC)/lib
MBEDTLS_DIR  := $(DEP_MBEDTLS)
LIBFDT_DIR   := $(DEP_LIBFDT)
LWIP_DIR     := $(DEP_LWIP)
UBOOT_DIR    := $(DEP_UBOOT_SRC)

DEP_TREES  := $(DEP_PICOLIBC) $(DEP_MBEDTLS) $(DEP_LIBFDT) $(DEP_LWIP) $(DEP_UBOOT_SRC)
DEP_SERIES := $(DEP_KERNEL_6_1) $(DEP_KERNEL_6_12) $(DEP_BUSYBOX_ARM64) $(DEP_TOOLS_NET) $(DEP_TOOLS_DISK) $(DEP_QEMU_10)

# A directory has no prerequisite: its name says what is in it, so it is made when it is absent and never again.
dep-name = $(patsubst %-$(lastword $(subst -, ,$(1))),%,$(1))

$(DEP_TREES):
	@$(DEP) tree $(call dep-name,$(@F)) $@

$(DEP_SERIES):
	@$(DEP) series $(@F) $@

# Files inside, for rules that name one.
$(DEP_KERNEL_6_1)/Image: | $(DEP_KERNEL_6_1) ;
$(DEP_KERNEL_6_12)/Image: | $(DEP_KERNEL_6_12) ;
$(DEP_BUSYBOX_ARM64)/busybox: | $(DEP_BUSYBOX_ARM64) ;

.PHONY: deps deps-update
deps: $(DEP_TREES) $(DEP_SERIES) ## Fetch and build third-party code into the cache

deps-update: ## Compare the pins with the mirror, propose new ones
	@$(DEP) update

# The bill of materials of the image.
.PHONY: sbom
sbom: $(O)/appliance.spdx.json ## What the image is made of, as SPDX: $(O)/appliance.spdx.json

SBOM_FIRMWARE := $(O)/firmware/u-boot.bin $(O)/firmware/boot.efi

$(O)/appliance.spdx.json: $(O)/appliance.img $(SBOM_FIRMWARE) deps/sbom.py deps/pins
	$(call say,SBOM,$@)
	$(Q)$(PYTHON) deps/sbom.py --series $(CACHE)/series --manifest $(O)/plan/manifest.in --version '$(BULKHEAD_VERSION)' \
		--firmware $(SBOM_FIRMWARE) -- $(O)/appliance.img > $@
