# SPDX-License-Identifier: Apache-2.0
# What was compiled in another way than now is stale. $(O)/.flags holds how: flags as they expand, and the lines that set them or that compile.
# When it changes, all objects go, of all rooms; a program made from sources in one step names it as its prerequisite. It must not know rooms.

FLAG_WORDS := FLAGS|CC\)|_LD\)|_BUILD|_OPTIMIZE|_SMALL
FLAG_NAMES = $(filter-out MAKEFLAGS .SHELLFLAGS FLAG_%,$(foreach v,$(sort $(filter %FLAGS %CC %_SMALL WARN,$(.VARIABLES))),\
	$(if $(filter file command,$(origin $(v))),$(v))))
FLAG_FILES = $(filter-out $(O)/%,$(filter Makefile %.mk,$(MAKEFILE_LIST)))

# $(call flags_compare,FILE,DIRECTORY): what stands in FILE.new against what stood in FILE.
flags_compare = cd '$(O)' && if cmp -s $(1).new $(1); then rm $(1).new; else mv $(1).new $(1); [ ! -d $(2) ] || \
	find $(2) \( -path ./firmware/u-boot -o -path ./mutants -o -path ./repro \) -prune -o -name '*.o' -type f -exec rm {} +; fi

# Some of the hypervisor's come with the plan, which comes in the middle of a first build: nothing else is made anew for them.
ifneq ($(NEEDS_TOOLS),)
ifneq ($(shell mkdir -p '$(O)' 2>&1 && touch '$(O)/$(O_MARK)' 2>&1 && echo ok),ok)
$(error O=$(O): nothing can be written there: name a directory that is yours)
endif
$(file >$(O)/.flags.new,$(foreach v,$(filter-out HYP_%,$(FLAG_NAMES)),$(v)=$($(v))))
$(file >$(O)/.flags-hyp.new,$(foreach v,$(filter HYP_%,$(FLAG_NAMES)),$(v)=$($(v))))
$(shell grep -hE '$(FLAG_WORDS)' $(FLAG_FILES) | grep -v '^#' >> '$(O)/.flags.new'; $(call flags_compare,.flags,.))
$(shell $(call flags_compare,.flags-hyp,./hyp))
endif

$(O)/.flags: ;
