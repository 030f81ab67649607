# SPDX-License-Identifier: Apache-2.0
# Hardware drivers of the I/O partition; a program links those that it asks for. Frames and sectors pass here: fast, not small.
$(eval $(call unikernel-lib,phys))
$(O)/pvdrivers/phys/%.o: RUNTIME_CFLAGS += -O2
