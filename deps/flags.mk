# SPDX-License-Identifier: Apache-2.0
# What was compiled in another way than now is stale. $(O)/.flags holds how: flags as they expand, and the lines that set them or that compile.
# When it changes, all objects go, of all rooms; a program made from sources in one step names it as its prerequisite. It must not know rooms.

FLAG_WORDS := FLAGS|CC\)|_LD\)|_BUILD|_OPTIMIZE|_SMALL
FLAG_NAMES = $(filter-out MAKEFLAGS .SHELLFLAGS FLAG_%,$(foreach v,$(sort $(filter %FLAGS %CC %_SMALL WARN,$(.VARIABLES))),\
	$(if $(filter file command,$(origin $(v))),$(v))))
FLAG_FILES = $(filter-out $(O)/%,$(filter Makefile %.mk,$(MAKEFILE_LIST)))

ifneq ($(NEEDS_TOOLS),)
$(shell mkdir -p '$(O)' && touch '$(O)/$(O_MARK)')
$(file >$(O)/.flags.new,$(foreach v,$(FLAG_NAMES),$(v)=$($(v))))
$(shell grep -hE '$(FLAG_WORDS)' $(FLAG_FILES) | grep -v '^#' >> '$(O)/.flags.new'; \
	cd '$(O)' && if cmp -s .flags.new .flags; then rm .flags.new; else mv .flags.new .flags; \
	find . \( -path ./firmware/u-boot -o -path ./mutants -o -path ./repro \) -prune -o -name '*.o' -type f -exec rm {} +; fi)
endif

$(O)/.flags: ;
