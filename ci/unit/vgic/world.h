/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two partitions on three CPUs, each with the hypervisor's virtual interrupt controller and with the model of one: everything
 * that happens, happens to both, and they are compared. ALPHA has CPUs 0 and 1 for itself; its third vCPU and BETA's only one
 * share CPU 2. It must not know which sequences are tried.
 */
#ifndef CI_UNIT_VGIC_WORLD_H
#define CI_UNIT_VGIC_WORLD_H

#include "machine.h"
#include "model.h"

#include "../../../hyp/arm64/gic_regs.h"

enum { ALPHA, BETA, PARTITIONS };
#define SHARED_CPU 2u
#define UART_IRQ 33u
#define RTC_IRQ 34u
#define DOORBELL_IRQ 35u /* edge */
#define LEVEL_IRQ 40u /* ALPHA's, physical */
#define EDGE_IRQ 41u
#define FILE_SGI_SOURCES GICD_SPENDSGIR

/* A register: 32 bits of one of the distributor's arrays. `owner` has the private interrupts of the first ones. */
struct place {
	uint32_t partition, asker, owner, file, word;
};

extern struct model world_model[PARTITIONS];
extern uint32_t world_wrong; /* differences found since world_begin() */

void world_begin(uint32_t lr_count);
/** GICv3, right after it: other than 5. */
void world_set_priority_bits(uint32_t bits);
const struct plan_partition *world_partition(uint32_t partition);
struct vcpu *world_vcpu(uint32_t partition, uint32_t index);
uint32_t world_cpu_of(uint32_t partition, uint32_t index);
/** Which vCPU is loaded on `cpu`. Returns: false if none is. */
bool world_loaded(uint32_t cpu, uint32_t *partition, uint32_t *index);

/** Interrupts of one register, and the first of them. */
uint32_t world_irqs(const struct place *at, uint32_t *first);
void world_write(const struct place *at, uint32_t value);
uint32_t world_read_register(const struct place *at);
/** Reads it, and compares. */
uint32_t world_read(const struct place *at);
void world_route(uint32_t partition, uint32_t asker, irq_t irq, uint32_t route, bool is_any);
uint64_t world_read_route(uint32_t partition, uint32_t asker, irq_t irq);
/** Any register of a block, 32 bits, with nothing compared. */
uint64_t world_access(uint32_t partition, uint32_t asker, const struct mmio_block *block, uint32_t offset, uint64_t value, bool is_write);
void world_control(uint32_t partition, uint32_t asker, uint32_t groups);

/* Guest, on CPU `cpu`. */
irq_t world_take(uint32_t cpu);
irq_t world_end(uint32_t cpu);
void world_deactivate(uint32_t cpu, irq_t irq);
void world_set_mask(uint32_t cpu, uint32_t mask);
void world_set_groups(uint32_t cpu, uint32_t groups);
void world_set_split(uint32_t cpu, bool is_split);
void world_send(uint32_t cpu, irq_t irq, uint32_t targets, bool is_group0);
void world_wait(uint32_t cpu);

/* Devices: an emulated one's line changes on CPU `now`; a private line is a vCPU's own. */
void world_line(uint32_t partition, uint32_t index, irq_t irq, bool is_high, uint32_t now);
/** An edge of a physical device, or of a doorbell that CPU `now` rings. */
void world_pulse(uint32_t partition, irq_t irq, uint32_t now);
struct physical_irq *world_physical(uint32_t partition, uint32_t index, irq_t irq);

void world_save(uint32_t cpu);
void world_load(uint32_t partition, uint32_t index);
void world_vcpu_reset(uint32_t partition, uint32_t index);
void world_reset(uint32_t partition);

/** Both groups on, all priorities in the middle, every interrupt of its own on and routed to vCPU 0: as a guest starts. */
void world_guest_starts(uint32_t partition, uint32_t priority);

/** Lets everybody act until nobody has to, and compares what guests would see. */
void world_settle(void);
/** Nothing of the vCPU that left `cpu` may reach the next one. */
void world_compare_idle(uint32_t cpu);

#endif
