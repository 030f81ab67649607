/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition with two vCPUs, two devices and a virtual ITS, and a neighbour whose devices have the same DeviceIDs; the guest's
 * words to its ITS. It must not know what is tested.
 */
#ifndef CI_UNIT_VGIC_ITS_WORLD_H
#define CI_UNIT_VGIC_ITS_WORLD_H

#include "machine.h"

#include "../../../hyp/arm64/gic_regs.h"

enum { NEIGHBOUR, OWNER };
#define VCPUS 2u
#define DISK 0x08u      /* events 0..3 are messages 0..3 */
#define NIC 0x10u       /* events 0, 1 are messages 4, 5 */
#define DISK_EVENTS 4u
#define MESSAGES 6u
#define RAM_IPA 0x40000000ul
#define RAM_BYTES 0x8000u
#define QUEUE RAM_IPA   /* one page */
#define PROPERTIES (RAM_IPA + 0x1000u)

extern uint8_t its_ram[RAM_BYTES];
/* its_move() of each message: how often, and to which CPU at last. */
extern struct moved { uint32_t count, cpu; } its_moved[MESSAGES];
extern uint32_t its_exits; /* of the last access */

/** Everything at reset; both vCPUs are loaded, their interfaces on. */
void its_begin(uint32_t lr_count);
/** A guest's driver: tables and queue set, LPIs and ITS on, collection n is vCPU n. Nothing is mapped. */
void its_guest_starts(void);

/** Registers, by vCPU 0. A guest that shall come back does so up to 1,000 times; its_exits says how often. */
uint64_t gits_read(uint32_t offset, uint8_t width);
void gits_write(uint32_t offset, uint8_t width, uint64_t value);
uint64_t gicr_read(uint32_t vcpu, uint32_t offset, uint8_t width);
void gicr_write(uint32_t vcpu, uint32_t offset, uint8_t width, uint64_t value);
uint64_t gicd_read(uint32_t offset);
void gicd_write(uint32_t offset, uint32_t value);

/** Put a command, and let the ITS run it. */
void its_put(uint64_t word0, uint64_t word1, uint64_t word2);
void its_command(uint64_t word0, uint64_t word1, uint64_t word2);
void its_map_device(uint32_t device, bool is_valid);
void its_map(uint32_t device, uint32_t event, irq_t intid, uint32_t collection);
void its_map_collection(uint32_t collection, uint32_t vcpu, bool is_valid);
/** A command about one event. */
void its_event(enum its_command number, uint32_t device, uint32_t event);
void its_move_event(uint32_t device, uint32_t event, uint32_t collection);
/** Property byte of `intid`; the ITS is not told. */
void its_property(irq_t intid, uint8_t value);

/** Message `message` comes from the machine, on CPU `cpu`. */
void its_fire(uint32_t message, uint32_t cpu);
/** After everybody acted. */
irq_t its_take(uint32_t cpu);

#endif
