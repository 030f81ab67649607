# SPDX-License-Identifier: Apache-2.0
# The bench, and its own test: the counting method on a stub at EL2 whose instructions are known.

BENCH_OUT := $(O)/bench
BENCH_TOY := $(BENCH_OUT)/toy

$(BENCH_TOY).elf: ci/bench/toy/stub.S
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(ARM64_CC) -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-Ttext=0x41001000,--section-start=.head=0x41000000 \
		-Wl,-e,_start -o $@ $<

$(BENCH_TOY).bin: $(BENCH_TOY).elf
	$(Q)$(ARM64_OBJCOPY) -O binary $< $@

CHECK_SUITES += bench-method
SUITE_bench-method = $(PYTHON) ci/bench/bench.py --selftest --hyp $(BENCH_TOY).elf --bin $(BENCH_TOY).bin \
	--guest $(O)/guests/bench.elf --folder $(BENCH_OUT)
suite-deps-bench-method: $(BENCH_TOY).elf $(BENCH_TOY).bin $(O)/guests/bench.elf $(O)/guests/bench.bin

# The figures, on the binary in the flash image. What it boots is built from SYSTEM_NEEDS: ci/system/system.mk adds them.
PROFILE ?=
.PHONY: bench bench-count bench-io
bench: bench-count $(if $(PROFILE),,bench-io) ## All figures, as lines and in $(O)/bench.json (PROFILE=figure: only where its instructions go)

bench-count: | $(DEP_KERNEL_6_12) ## Exact instruction counts and sizes
	$(Q)$(PYTHON) ci/bench/run.py --out $(O) --kernel-6.12 $(DEP_KERNEL_6_12) --key $(KEY_IMAGE) --json $(O)/bench.json \
		$(if $(PROFILE),--profile $(PROFILE))

# Figures of hybrid I/O, merged into the same file, behind the others. QUICK=1: two runs instead of five.
QUICK ?=
BENCH_IO_ONLY ?=
bench-io: | $(DEP_KERNEL_6_12) $(DEP_QEMU_10) $(if $(filter bench,$(MAKECMDGOALS)),bench-count) ## Network and disk against plain QEMU (QUICK=1: fewer runs, and marked)
	$(Q)$(PYTHON) ci/bench/io.py --out $(O) --kernel-6.12 $(DEP_KERNEL_6_12) --key $(KEY_IMAGE) --json $(O)/bench.json \
		$(if $(QUICK),--runs 2) $(if $(BENCH_IO_ONLY),--only $(BENCH_IO_ONLY))
