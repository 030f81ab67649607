# SPDX-License-Identifier: Apache-2.0
# The device side of virtio, for the I/O partition: the vswitch's decisions and segmentation; a program links those that it asks for.
$(eval $(call unikernel-lib,back))
