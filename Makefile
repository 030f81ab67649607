# SPDX-License-Identifier: Apache-2.0
# The front door: names, tools and the commands a user knows. How a room is
# built stands in the room's own .mk; this file must not know sources.

O ?= build
V ?= 0
EXT ?=
KEYS ?=
RELEASE ?= 0
TIMEOUT ?= 180
DEMO := demo-arm64_defconfig

# Paths that make or a shell would take apart: said here, once, instead of by whatever trips over them first.
ODD := ' " : ; & | < > * ? % ` $$ \#
has_odd = $(or $(word 2,$(1)),$(strip $(foreach c,$(ODD),$(findstring $(c),$(1)))))
check_path = $(if $(call has_odd,$(2)),$(error $(1)$(2): make cannot work with a path that has a blank or one of $(ODD) in it; take another one))$(if \
	$(filter ~%,$(2)),$(error $(1)$(2): the shell left ~ as it is; write $$HOME in its place))
$(call check_path,the project stands in ,$(CURDIR))
$(call check_path,O=,$(O))
$(call check_path,EXT=,$(EXT))
$(call check_path,KEYS=,$(KEYS))
$(call check_path,BULKHEAD_CACHE=,$(BULKHEAD_CACHE))
$(if $(EXT),$(if $(wildcard $(EXT)/.),,$(error EXT=$(EXT): there is no such directory; make it, or correct the name)))

# Files are made and removed in O, by whoever runs make: it must be ours. It is if it is absent or empty, holds nothing but a configuration,
# or carries our mark, or a directory between it and the tree does; not if it holds the tree. (.flags: the mark of versions before 0.1.)
O_MARK := .bulkhead-output
define O_LOOK
o=$$(realpath -m -- '$(O)'); d=$$o; tree='$(CURDIR)';
case $$tree/ in "$${o%/}"/*) echo foreign; exit; esac;
until [ "$$d" = / ] || [ "$$d" = "$$tree" ] || [ -f "$$d/$(O_MARK)" ]; do d=$$(dirname "$$d"); done;
if [ "$$d" != "$$tree" -a -f "$$d/$(O_MARK)" ] || [ -f "$$o/.flags" ]; then echo ours; exit; fi;
ls -A "$$o" 2>/dev/null | grep -qvx .config && echo foreign || echo new
endef
O_STATE := $(if $(O),$(shell $(O_LOOK)))
ifeq ($(O),)
$(error O= is empty: name a directory, or leave it out to build in build/)
else ifeq ($(filter ours new,$(O_STATE)),)
$(error O=$(O): other files stand there, and make would remove them: name a new directory, for what is built alone)
endif

ifneq ($(V),1)
Q := @
MAKEFLAGS += --no-print-directory
endif
# $(call say,WORD,what): one line of progress
say = @printf '  %-8s %s\n' '$(1)' '$(2)'

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules

export LC_ALL := C
export TZ := UTC
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1700000000)
export BULKHEAD_VERSION ?= $(shell git describe --always --dirty 2>/dev/null || echo unversioned)
export BULKHEAD_CACHE := $(abspath $(shell deps/cache))
CACHE := $(BULKHEAD_CACHE)

PYTHON ?= /usr/bin/python3
HOSTCC ?= gcc
ARM64 ?= aarch64-linux-gnu-
ARM64_CC := $(ARM64)gcc
ARM64_LD := $(ARM64)ld
ARM64_AR := $(ARM64)ar
ARM64_OBJCOPY := $(ARM64)objcopy
ARM64_NM := $(ARM64)nm
BOOT_CC ?= clang
BOOT_LD ?= lld-link

WARN := -Wall -Wextra -Wconversion -Wshadow -Werror
# objects name their sources by the path in the tree, wherever that stands
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(O))=./build
HOST_CFLAGS := -std=gnu11 -O2 -g $(WARN) $(REPRODUCIBLE)
HOST_SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

CHECK_SUITES :=
LONG_SUITES :=

# Commands that build nothing, and so need neither tools nor a configuration.
IDLE_GOALS := help list clean distclean docs
ifeq ($(filter-out $(IDLE_GOALS),$(or $(MAKECMDGOALS),all)),)
NEEDS_TOOLS :=
else
NEEDS_TOOLS := 1
endif

-include deps/deps.mk
-include appliance-config/config.mk
-include hyp/hyp.mk
-include pvdrivers/runtime/runtime.mk $(filter-out pvdrivers/runtime/%,$(wildcard pvdrivers/*/*.mk))
-include partitions/partitions.mk
-include firmware/firmware.mk
-include firmware/image/flash.mk
-include ci/ci.mk

# Behind all others: it looks at what they set.
-include deps/flags.mk

.PHONY: all help clean distclean test
all: ## Build the appliance: $(O)/appliance.img, report.txt and map.svg

test: check ## The same as check

help: ## This text
	@echo 'Bulkhead: one flash image, several isolated machines'
	@echo
	@grep -hE '^[a-z%<>._-]+:.*## ' $(MAKEFILE_LIST) | sort -u | \
		sed -E 's/^([^:]*):.*## (.*)/\1\t\2/' | awk -F'\t' '{ printf "  %-18s %s\n", $$1, $$2 }'
	@echo
	@echo '  O=dir  build there, a directory for that alone (default: build)      V=1  show every command'
	@echo '  EXT=dir  boards, defconfigs and guest images of your own'
	@echo '  KEYS=dir  signing keys   RELEASE=1  refuse development keys   TIMEOUT=s  for make run'

clean: ## Remove what was built, keep the configuration
	$(Q)$(if $(filter ours,$(O_STATE)),find '$(O)' -mindepth 1 -maxdepth 1 ! -name .config ! -name $(O_MARK) -exec rm -rf {} +,:)

distclean: ## Remove what was built and the configuration
	$(Q)$(if $(filter ours,$(O_STATE)),rm -rf '$(O)',:)
