# SPDX-License-Identifier: Apache-2.0
# Programs that run as guests in tests: each folder with C files is one on the runtime, $(O)/guests/<name>.elf; linux/ is
# the initramfs of the Linux guests. The runtime suite runs them all on plain QEMU, where there is nothing below.

GUESTS_OUT := $(O)/guests
GUEST_PROGRAMS := $(notdir $(patsubst %/,%,$(sort $(dir $(wildcard ci/guests/*/*.c)))))
GUEST_ELFS := $(GUEST_PROGRAMS:%=$(GUESTS_OUT)/%.elf)
GUEST_INITRAMFS := $(GUESTS_OUT)/initramfs.cpio

$(foreach p,$(GUEST_PROGRAMS),$(eval $(call unikernel,$(p),ci/guests/$(p),$(GUESTS_OUT))))

# Between two of its checks nothing may touch the vector registers.
$(GUESTS_OUT)/slots-objects/slots.o: RUNTIME_CFLAGS += -mgeneral-regs-only

# Both Debian kernels have all that a test needs built in, so there are no modules in it.
$(GUEST_INITRAMFS): ci/guests/linux/init ci/guests/linux/mkcpio.py $(DEP_BUSYBOX_ARM64)/busybox
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(PYTHON) ci/guests/linux/mkcpio.py $@ init=$< bin/busybox=$(DEP_BUSYBOX_ARM64)/busybox

# For guests of an I/O partition, and for those that drive PCI functions by themselves: the same, with the modules of one of
# the kernels for what they find there.
GUEST_IO_INITRAMFS := $(GUESTS_OUT)/initramfs-io-6.1.cpio $(GUESTS_OUT)/initramfs-io-6.12.cpio
GUEST_PCI_INITRAMFS := $(GUESTS_OUT)/initramfs-pci-6.1.cpio $(GUESTS_OUT)/initramfs-pci-6.12.cpio

$(GUEST_IO_INITRAMFS): GUEST_MODULES := virtio_mmio virtio_blk virtio_net crc32c_generic ext4 8021q
$(GUEST_PCI_INITRAMFS): GUEST_MODULES := nvme e1000e
$(GUESTS_OUT)/initramfs-%-6.1.cpio: GUEST_KERNEL = $(DEP_KERNEL_6_1)
$(GUESTS_OUT)/initramfs-%-6.12.cpio: GUEST_KERNEL = $(DEP_KERNEL_6_12)
$(GUEST_IO_INITRAMFS) $(GUEST_PCI_INITRAMFS): $(GUESTS_OUT)/initramfs-%.cpio: ci/guests/linux/init ci/guests/linux/nettest ci/guests/linux/mkcpio.py \
		ci/guests/linux/modules.py ci/guests/guests.mk $(DEP_BUSYBOX_ARM64)/busybox | $(DEP_KERNEL_6_1) $(DEP_KERNEL_6_12)
	$(call say,GEN,$@)
	$(Q)$(PYTHON) ci/guests/linux/modules.py $(GUEST_KERNEL)/modules $(GUESTS_OUT)/modules-$* $(GUEST_MODULES)
	$(Q)$(PYTHON) ci/guests/linux/mkcpio.py $@ init=$< bin/nettest=ci/guests/linux/nettest bin/busybox=$(DEP_BUSYBOX_ARM64)/busybox \
		$$(cd $(GUESTS_OUT)/modules-$* && for m in *.ko; do echo modules/$$m=$(GUESTS_OUT)/modules-$*/$$m; done)

# For guests that measure: the one for 6.12 with Debian's tools for network or disk, and the words that use them.
GUEST_TOOLS_INITRAMFS := $(GUESTS_OUT)/initramfs-tools-net.cpio $(GUESTS_OUT)/initramfs-tools-disk.cpio

$(GUESTS_OUT)/initramfs-tools-net.cpio: GUEST_TOOLS = $(DEP_TOOLS_NET)
$(GUESTS_OUT)/initramfs-tools-disk.cpio: GUEST_TOOLS = $(DEP_TOOLS_DISK)
$(GUEST_TOOLS_INITRAMFS): $(GUESTS_OUT)/initramfs-io-6.12.cpio ci/guests/linux/measure ci/guests/linux/storm ci/guests/linux/mkcpio.py | $(DEP_TOOLS_NET) $(DEP_TOOLS_DISK)
	$(call say,GEN,$@)
	$(Q)$(PYTHON) ci/guests/linux/mkcpio.py $@.part bin/measure=ci/guests/linux/measure bin/storm=ci/guests/linux/storm \
		$$(cd $(GUEST_TOOLS) && find bin lib -type f | sed 's,.*,&=$(GUEST_TOOLS)/&,')
	$(Q)cat $@.part $< > $@
	$(Q)rm $@.part

# Both in one, packed: the boot stage has no room for all of it beside two kernels. What comes later in an initramfs adds to what came before.
GUEST_STORM_INITRAMFS := $(GUESTS_OUT)/initramfs-storm.cpio.gz

$(GUEST_STORM_INITRAMFS): $(GUEST_TOOLS_INITRAMFS)
	$(call say,GEN,$@)
	$(Q)cat $^ | gzip -n -1 > $@

# For a guest that tries disks: the one for 6.12, with the words that do it and the loop device.
GUEST_DISKS_INITRAMFS := $(GUESTS_OUT)/initramfs-disks.cpio

$(GUEST_DISKS_INITRAMFS): $(GUESTS_OUT)/initramfs-io-6.12.cpio ci/guests/linux/disks ci/guests/linux/mkcpio.py ci/guests/linux/modules.py | $(DEP_KERNEL_6_12)
	$(call say,GEN,$@)
	$(Q)$(PYTHON) ci/guests/linux/modules.py $(DEP_KERNEL_6_12)/modules $(GUESTS_OUT)/modules-disks loop
	$(Q)$(PYTHON) ci/guests/linux/mkcpio.py $@.part bin/disks=ci/guests/linux/disks \
		$$(cd $(GUESTS_OUT)/modules-disks && for m in *.ko; do echo disks/$$m=$(GUESTS_OUT)/modules-disks/$$m; done)
	$(Q)cat $@.part $< > $@
	$(Q)rm $@.part

.PHONY: guests
guests: $(GUEST_ELFS) $(GUEST_ELFS:.elf=.bin) $(GUEST_INITRAMFS) $(GUEST_IO_INITRAMFS) $(GUEST_PCI_INITRAMFS)

CHECK_SUITES += runtime
SUITE_runtime = $(PYTHON) ci/guests/suite.py --out $(O) --kernel $(DEP_KERNEL_6_12)
suite-deps-runtime: $(PARTITION_ELFS) $(PARTITION_ELFS:.elf=.bin) $(GUEST_ELFS) $(GUEST_ELFS:.elf=.bin) $(GUEST_INITRAMFS) | $(DEP_KERNEL_6_12)
