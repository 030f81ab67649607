# SPDX-License-Identifier: Apache-2.0
# Rings and protocol layouts, for every program that wants them. They stand where frames and sectors pass: fast, not small.
$(eval $(call unikernel-lib,virtio))
$(O)/pvdrivers/virtio/%.o: RUNTIME_CFLAGS += -O2
