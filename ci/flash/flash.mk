# SPDX-License-Identifier: Apache-2.0
# Suite `flash`: the tool that writes the image, on regular files and on disks that a made-up /sys describes.
CHECK_SUITES += flash
SUITE_flash = $(PYTHON) ci/flash/test_flash.py
suite-deps-flash:
