# SPDX-License-Identifier: Apache-2.0
# Our own partitions: each folder is one program on the runtime, linked to $(O)/partitions/<name>.elf.

PARTITION_PROGRAMS := hello blkcount io
PARTITION_ELFS := $(PARTITION_PROGRAMS:%=$(O)/partitions/%.elf)

$(O)/partitions/io-objects/%.o: RUNTIME_CFLAGS += -O2

# Programs of one's own, below EXT; they are built where a configuration names them.
EXT_PROGRAMS := $(if $(EXT),$(notdir $(patsubst %/,%,$(sort $(dir $(wildcard $(EXT)/partitions/*/*.[cS]))))))
$(foreach p,$(filter $(PARTITION_PROGRAMS),$(EXT_PROGRAMS)),$(error $(EXT)/partitions/$(p): "$(p)" is the name of a program of the project; choose another))
define ext_program
$(call unikernel,$(1),$(EXT)/partitions/$(1),$(O)/partitions)
$(O)/partitions/$(1)-objects/%.o: RUNTIME_CFLAGS += -ffile-prefix-map=$(abspath $(EXT))=ext
endef
$(foreach p,$(EXT_PROGRAMS),$(eval $(call ext_program,$(p))))

$(foreach p,$(PARTITION_PROGRAMS),$(eval $(call unikernel,$(p),partitions/$(p),$(O)/partitions)))

.PHONY: partitions
partitions: $(PARTITION_ELFS)
