# SPDX-License-Identifier: Apache-2.0
# make flash DEV=/dev/<disk>: writes the flash image; YES=1 does not ask.
.PHONY: flash
flash: $(O)/appliance.img ## Write the image to a disk: DEV=/dev/<disk>, YES=1 does not ask
	$(Q)$(PYTHON) firmware/image/flash.py $(if $(filter 1,$(YES)),--yes) $(O)/appliance.img '$(DEV)'
