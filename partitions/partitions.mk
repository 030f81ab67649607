# SPDX-License-Identifier: Apache-2.0
# Our own partitions: each folder is one program on the runtime, linked to $(O)/partitions/<name>.elf.

PARTITION_PROGRAMS := hello blkcount io
PARTITION_ELFS := $(PARTITION_PROGRAMS:%=$(O)/partitions/%.elf)

$(O)/partitions/io-objects/%.o: RUNTIME_CFLAGS += -O2
$(foreach p,$(PARTITION_PROGRAMS),$(eval $(call unikernel,$(p),partitions/$(p),$(O)/partitions)))

.PHONY: partitions
partitions: $(PARTITION_ELFS)
