# SPDX-License-Identifier: Apache-2.0
# The driver side of virtio-mmio devices, for unikernels; a program links those that it asks for.
$(eval $(call unikernel-lib,front))
