/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every hook that an architecture gives to the core, resolved at link. An
 * architecture implements each in the file named in its section; the fake
 * architecture records the calls for unit tests. The core reaches an
 * architecture through this file alone.
 */
#ifndef HYP_ARCH_H
#define HYP_ARCH_H

#include <hyp/plan.h>
#include <hyp/types.h>
#include <hyp/vcpu.h>

/* ---- cpu.c ---- */

/** The CPU that this runs on. */
struct cpu *arch_this_cpu(void);

/** Turn on the CPUs of the plan but this one; each arrives in upcall cpu_main(). Errors: ERR_HARDWARE names none: see the console. */
MUST_CHECK enum err arch_cpu_start_others(void);

/** Make `cpu` look at its requests soon: interrupts its guest or wakes it; this one sets needs_schedule. Context: any CPU; ordered
 * after the stores before it. */
void arch_cpu_kick(struct cpu *cpu);

/** Sleep until a physical interrupt is pending. Context: no guest state loaded is required. */
void arch_cpu_idle(void);

/** Is a physical interrupt pending for this CPU? Bounded work asks between pieces. */
bool arch_irq_is_pending(void);

/** Take and handle every pending physical interrupt of this CPU. */
void arch_irq_handle(void);

/** Reset the board. */
NORETURN void arch_board_reset(void);

/** Turn the board off. */
NORETURN void arch_board_off(void);

/** Hint in a spin loop. */
void arch_relax(void);

/* ---- vcpu.c ---- */

/** Give every guest-visible register of `vcpu` its reset value, and entry and argument last set. Context: any CPU; it is off or its
 * partition starts, so no CPU has it loaded. */
void arch_vcpu_reset(struct vcpu *vcpu);

/** Where `vcpu` starts at its next arch_vcpu_reset(): the plan's entry, or what its guest says (PSCI CPU_ON). Context: any CPU, vcpu off. */
void arch_vcpu_set_entry(struct vcpu *vcpu, uint64_t entry, uint64_t argument);

/** Load the state of `vcpu` into this CPU: registers, timers, interrupt state, stage 2. */
void arch_vcpu_load(struct vcpu *vcpu);

/** Save the state of the vCPU that is loaded; disable its timer, mask its interrupts. */
void arch_vcpu_save(struct vcpu *vcpu);

/** Interrupt state of the loaded `vcpu` changed from another CPU: bring machine and memory together. */
void arch_vcpu_sync(struct vcpu *vcpu);

/** Has `vcpu` an interrupt that would end a wait-for-interrupt? Context: its CPU. */
bool arch_vcpu_has_irq(struct vcpu *vcpu);

/** Program counter of `vcpu` for people; exact when it is not running. */
uint64_t arch_vcpu_pc(const struct vcpu *vcpu);

/** How many interrupts of `vcpu` are pending, for people. Context: any CPU. */
uint32_t arch_vcpu_pending_count(const struct vcpu *vcpu);

/** Print the registers of `vcpu` in a report. Context: its CPU, or it is stopped. */
void arch_vcpu_print(struct vcpu *vcpu);

/** Print `record` decoded in words. */
void arch_exit_print(const struct exit_record *record);

/* ---- irq.c ---- */

/** Make interrupt `irq` of the virtual numbering high or low for `partition`: a level input. Context: any CPU.
 * Returns: the vCPU that must be woken so that it takes it, once the caller holds no lock that this vCPU is about to take; null: none. */
MUST_CHECK struct vcpu *arch_irq_set_level(const struct plan_partition *partition, irq_t irq, bool is_high);

/** Make interrupt `irq` of the virtual numbering, an edge, pending for `partition`, after all stores before. Context: any CPU. */
void arch_irq_pend(const struct plan_partition *partition, irq_t irq);

/** Quiesce: mask and deactivate the physical interrupts of `partition`, clear its virtual interrupt state. Context: all its vCPUs are out. */
void arch_irq_partition_clear(const struct plan_partition *partition);

/** At a start: controller emulation to reset values, physical interrupts ready. */
void arch_irq_partition_reset(const struct plan_partition *partition);

/* ---- stage2.c ---- */

/** Descriptor of a table at `pa`, of a leaf of the plan's `flags` at `level` (0 = 512 GiB .. 3 = 4 KiB), and what a level may map. */
uint64_t arch_stage2_table(pa_t pa);
uint64_t arch_stage2_leaf(pa_t pa, uint32_t flags, uint32_t level);
/** Level of the root table (1 on arm64 with a 39-bit IPA space). */
uint32_t arch_stage2_root_level(void);
/** May a leaf stand at `level`? */
bool arch_stage2_level_maps(uint32_t level);
/** Is `entry` a table at `level` (not a leaf, not empty)? */
bool arch_stage2_is_table(uint64_t entry, uint32_t level);
/** `entry`, which is not empty, as the walk sees it or skips it; what it maps stays in it. */
uint64_t arch_stage2_show(uint64_t entry, bool is_shown);
/** The table that a table descriptor names. */
pa_t arch_stage2_next(uint64_t entry);

/** Forget every cached translation of `partition`, of all CPUs and of its devices; completes before it returns. */
void arch_stage2_flush(const struct plan_partition *partition);

/* ---- dma.c ---- */

/** From now on no device of `partition` reaches memory, nor does anything that it began before; completes before it returns.
 * Part of its stop, before its memory is touched. Context: one of its CPUs. */
void arch_dma_block(const struct plan_partition *partition);

/** Devices of `partition` reach what its vCPUs reach. Part of its start, the last thing before it enters. */
void arch_dma_allow(const struct plan_partition *partition);

/* ---- pci.c ---- */

/** Configuration space of the function `requester` (bus << 8 | device << 3 | function): the word at `offset`, which is a multiple of 4;
 * the half at `offset`, a multiple of 2. A function that is not there reads as all ones. Context: any CPU. */
uint32_t arch_pci_read(uint16_t requester, uint32_t offset);
void arch_pci_write(uint16_t requester, uint32_t offset, uint16_t value);
void arch_pci_write_word(uint16_t requester, uint32_t offset, uint32_t value);

/* ---- cache.c ---- */

/** Host address of guest or image memory at `pa`, `size` bytes: the plan's ranges only. */
void *arch_memory(pa_t pa, uint64_t size);

/** Clean and invalidate [pa, pa+size) to the point of coherency, then invalidate instruction caches if `is_code`. */
void arch_cache_clean(pa_t pa, uint64_t size, bool is_code);

/** Copy or clear memory, at the machine's best speed. `size` in bytes; page aligned for clear. */
void arch_copy(pa_t target, pa_t source, uint64_t size);
void arch_clear(pa_t target, uint64_t size);

/* ---- timer.c ---- */

/** Free-running counter, and its frequency in Hz. */
uint64_t arch_counter(void);
uint64_t arch_counter_hz(void);

/** Interrupt this CPU when the counter reaches `when`; UINT64_MAX: never. */
void arch_timer_set(uint64_t when);

/* ---- uart.c: the board's console ---- */

/** Put one byte. Returns: false if the transmitter is full. */
bool arch_uart_put(uint8_t byte);
/** Take one byte. Returns: -1 if none. */
int arch_uart_get(void);
/** Interrupt when the transmitter has room, or no longer. */
void arch_uart_want_room(bool is_wanted);

/** Let `cpu` take the console's interrupts: typed bytes, room in the transmitter. Context: any CPU. */
void arch_uart_route(const struct plan_cpu *cpu);

/* ---- devices ---- */

/** Typed input for `partition` came or went: its virtual UART updates its registers and line. Context: any CPU. */
void arch_console_input(const struct plan_partition *partition);

/** Reset the emulated devices of `partition` and write their device pages' initial images. Part of its start. */
void arch_devices_reset(const struct plan_partition *partition);

/** Counter value at which an emulated device of `partition` (the RTC's alarm) wants arch_devices_tick(); UINT64_MAX: never.
 * The scheduler of its vCPU 0's CPU folds it into arch_timer_set(). When it changes, that CPU is asked by cpu_timer_changed(). */
uint64_t arch_devices_deadline(const struct plan_partition *partition);

/** The deadline may have passed: devices raise their lines. Context: the CPU of vCPU 0. */
void arch_devices_tick(const struct plan_partition *partition);

#endif
