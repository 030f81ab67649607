# SPDX-License-Identifier: Apache-2.0
# Suite `front`: the disk driver of unikernels, and partitions/blkcount, on plain QEMU with QEMU's own virtio-mmio disk.
CHECK_SUITES += front
SUITE_front = $(PYTHON) ci/front/front.py --out $(O)
suite-deps-front: $(O)/guests/front.bin $(O)/partitions/blkcount.bin
