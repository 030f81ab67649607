# SPDX-License-Identifier: Apache-2.0
# Suite `repro`: a second build, elsewhere, gives the same bits. Without U-Boot in `make check`, up to the flash image in
# `make check-long`.
REPRO_TARGETS = $(patsubst $(O)/%,%,$(PARTITION_ELFS) $(GUEST_ELFS)) guests/initramfs.cpio firmware/boot.efi firmware/record.bin firmware/slot.bin
CHECK_SUITES += repro
SUITE_repro = $(PYTHON) ci/repro/repro.py --out $(O) cheap $(REPRO_TARGETS)
suite-deps-repro: $(REPRO_TARGETS:%=$(O)/%)

LONG_SUITES += repro-full
SUITE_repro-full = $(PYTHON) ci/repro/repro.py --out $(O) full appliance.img firmware/u-boot.bin appliance.spdx.json
suite-deps-repro-full:
