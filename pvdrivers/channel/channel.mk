# SPDX-License-Identifier: Apache-2.0
# Shared-memory channels, for unikernels; a program links them if it opens one.
$(eval $(call unikernel-lib,channel))
