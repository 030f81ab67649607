# SPDX-License-Identifier: Apache-2.0
# Configuration and plan: Kconfig's commands, the planner, and what it writes below $(O)/plan. Order: board.dts -> dtb -> menus;
# .config -> resolved -> images.mk (which guests' files) -> the files -> plan.

CONFIG_OUT := $(O)/appliance-config
PLAN_OUT := $(O)/plan
DOT_CONFIG := $(O)/.config
PLANNER := $(CONFIG_OUT)/planner
PLANNER_SOURCES := $(wildcard appliance-config/plan/*.c)
PLANNER_OBJECTS := $(PLANNER_SOURCES:appliance-config/plan/%.c=$(CONFIG_OUT)/plan/%.o)

BOARD_DIRS := $(patsubst %/board.dts,%,$(wildcard appliance-config/boards/*/board.dts $(if $(EXT),$(EXT)/boards/*/board.dts)))
BOARDS := $(notdir $(BOARD_DIRS))
BOARD_DTBS := $(BOARDS:%=$(CONFIG_OUT)/boards/%.dtb)
BOARD_MENUS := $(BOARDS:%=$(CONFIG_OUT)/boards/%.cpus)
KCONFIG_FILES := Kconfig $(wildcard appliance-config/Kconfig* appliance-config/partition/* appliance-config/boards/*/Kconfig* \
	$(if $(EXT),$(EXT)/boards/*/Kconfig*))

KCONFIG = EXT='$(EXT)' BOARD_MENUS='$(CONFIG_OUT)/boards' $(PYTHON) appliance-config/kconfig.py

# Names that paths in .config may hold, as $(O).
PLAN_VARIABLES = -DO='$(O)' -DEXT='$(EXT)' -DDEBIAN_6_1='$(DEP_KERNEL_6_1)' -DDEBIAN_6_12='$(DEP_KERNEL_6_12)'
# The board that the configuration chose, as NAME=DTB.
PLAN_BOARD_ARG = $(shell sed -n 's/^=\tBOARD\t//p' '$(CONFIG_OUT)/resolved' 2>/dev/null)
PLAN_ARGS = --board '$(PLAN_BOARD_ARG)=$(CONFIG_OUT)/boards/$(PLAN_BOARD_ARG).dtb' --config '$(CONFIG_OUT)/resolved' \
	--out '$(PLAN_OUT)' --ext '$(EXT)' $(PLAN_VARIABLES) $(if $(KEYS),,--development) --programs '$(sort $(PARTITION_PROGRAMS) $(EXT_PROGRAMS))'

$(CONFIG_OUT)/plan/%.o: appliance-config/plan/%.c
	$(call say,HOSTCC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

$(PLANNER): $(PLANNER_OBJECTS)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $(HOST_CFLAGS) $^ -o $@ -lfdt -lz

-include $(PLANNER_OBJECTS:.o=.d)

define board_rules
$(CONFIG_OUT)/boards/$(notdir $(1)).dtb: $(1)/board.dts
	$$(call say,DTC,$$@)
	$$(Q)mkdir -p $$(@D)
	$$(Q)dtc -q -@ -I dts -O dtb -o $$@ $$<

$(CONFIG_OUT)/boards/$(notdir $(1)).cpus: $(CONFIG_OUT)/boards/$(notdir $(1)).dtb $(PLANNER)
	$$(call say,MENU,$$@)
	$$(Q)$(PLANNER) menu --board $(notdir $(1))=$$< --out $$(@D)
	$$(Q)touch $$@
endef
$(foreach b,$(BOARD_DIRS),$(eval $(call board_rules,$(b))))

# With no configuration, the demo appliance; said in one line.
$(DOT_CONFIG): | $(BOARD_MENUS)
	@echo "No configuration in $(O): taking $(DEMO) (make list shows others, make menuconfig changes it)."
	$(Q)$(KCONFIG) choose $(DEMO) $@

$(CONFIG_OUT)/resolved: $(DOT_CONFIG) $(CONFIG_OUT)/plan.args $(BOARD_MENUS) $(KCONFIG_FILES) appliance-config/kconfig.py
	$(Q)$(KCONFIG) resolve $(DOT_CONFIG) $@
	$(Q)touch $@

$(PLAN_OUT)/images.mk: $(CONFIG_OUT)/resolved $(PLANNER)
	$(Q)$(PLANNER) images $(PLAN_ARGS)
	$(Q)touch $@

# make reads which files the guests need; commands that need no plan do without.
CONFIG_GOALS := help list clean distclean docs menuconfig olddefconfig savedefconfig report %_defconfig flash deps-update tools
ifneq ($(if $(NO_PLAN),,$(filter-out $(CONFIG_GOALS),$(or $(MAKECMDGOALS),all))),)
-include $(PLAN_OUT)/images.mk
endif

# While make still reads its files, images.mk may be newer than what it has read: then nothing is planned before it has
# started again with the new one. It does so for plan.mk, because of which it came here: a touch is enough.
PLAN_STAMP := $(PLAN_OUT)/stamp
$(PLAN_STAMP): $(PLAN_OUT)/images.mk $(PLAN_IMAGES) $(CONFIG_OUT)/resolved $(BOARD_DTBS) $(PLANNER) $(CONFIG_OUT)/plan.args
	$(Q)if grep -qxF 'PLAN_IMAGES := $(strip $(PLAN_IMAGES))' $<; then \
		$(if $(filter 1,$(V)),,printf '  %-8s %s\n' PLAN '$(PLAN_OUT)';) $(PLANNER) plan $(PLAN_ARGS) && touch $@; \
		else touch $(PLAN_OUT)/plan.mk; fi

.PHONY: FORCE
FORCE:
$(CONFIG_OUT)/plan.args: FORCE
	$(Q)mkdir -p $(@D)
	$(Q)echo "$(KEYS) $(EXT) $(CACHE) $(EXT_PROGRAMS)" | cmp -s - $@ || echo "$(KEYS) $(EXT) $(CACHE) $(EXT_PROGRAMS)" > $@

# Commands that need no plan must not make one only because a room includes plan.mk.
ifneq ($(if $(NO_PLAN),,$(filter-out $(CONFIG_GOALS),$(or $(MAKECMDGOALS),all))),)
PLAN_FILES := $(addprefix $(PLAN_OUT)/,plan.c plan.mk manifest.in qemu.args report.txt map.svg map.txt)
$(PLAN_FILES): $(PLAN_STAMP) ;
endif

# After link: the hypervisor is inside its region, or nothing is packed.
$(PLAN_OUT)/link.ok: $(O)/hyp/hyp.elf $(PLAN_STAMP)
	$(call say,CHECK,$(O)/hyp/hyp.elf)
	$(Q)$(PLANNER) check-link $(PLAN_ARGS) --elf $<
	$(Q)touch $@

$(O)/hyp/hyp.bin: $(PLAN_OUT)/link.ok

.PHONY: menuconfig olddefconfig savedefconfig list report
menuconfig: $(BOARD_MENUS) | $(DOT_CONFIG) ## Choose board, partitions, CPUs, devices in a menu
	$(Q)$(KCONFIG) menuconfig $(DOT_CONFIG)

olddefconfig: $(BOARD_MENUS) ## Bring .config up to date, and say what was dropped
	$(Q)$(KCONFIG) olddefconfig $(DOT_CONFIG)

savedefconfig: $(BOARD_MENUS) | $(DOT_CONFIG) ## Write what differs from the defaults to $(O)/defconfig
	$(Q)$(KCONFIG) savedefconfig $(DOT_CONFIG) $(O)/defconfig
	@echo "$(O)/defconfig"

list: ## Boards and appliances
	$(Q)$(KCONFIG) list

report: $(CONFIG_OUT)/resolved $(BOARD_DTBS) $(PLANNER) ## Who owns what, and what is wrong; builds nothing
	$(Q)$(PLANNER) report $(PLAN_ARGS)

%_defconfig: $(BOARD_MENUS) ## Take an appliance of `make list`
	$(Q)$(KCONFIG) choose $@ $(DOT_CONFIG)
