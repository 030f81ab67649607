# SPDX-License-Identifier: Apache-2.0
# Hardware drivers of the I/O partition; a program links those that it asks for.
$(eval $(call unikernel-lib,phys))
