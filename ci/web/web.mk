# SPDX-License-Identifier: Apache-2.0
# Suite `web`: the web service of partitions/hello on plain QEMU with QEMU's virtio network card.
CHECK_SUITES += web
SUITE_web = $(PYTHON) ci/web/web.py --out $(O)
suite-deps-web: $(O)/partitions/hello.bin
