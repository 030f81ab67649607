# SPDX-License-Identifier: Apache-2.0
# The device side of virtio, for the I/O partition: devices, disks, network, the vswitch's decisions and segmentation; a program links
# those that it asks for. Frames and sectors pass here: fast, not small.
$(eval $(call unikernel-lib,back))
$(O)/pvdrivers/back/%.o: RUNTIME_CFLAGS += -O2
