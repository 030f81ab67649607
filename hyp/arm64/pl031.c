/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's PL031 (ARM DDI 0224): seconds on top of the counter, and an alarm
 * that the scheduler wakes for. It must not know timers of the CPU.
 */
#include <hyp/arch.h>
#include <hyp/upcall.h>

#include "devices.h"
#include "uart.h"

#define DR 0x000u
#define MR 0x004u
#define LR 0x008u
#define CR 0x00cu
#define IMSC 0x010u
#define RIS 0x014u
#define MIS 0x018u
#define ICR 0x01cu

#define PERIPHERAL 0x00041031u

static uint32_t counter_s(void)
{
	return (uint32_t)(arch_counter() / arch_counter_hz());
}

static uint32_t clock_s(const struct pl031 *rtc)
{
	return counter_s() + rtc->offset_s;
}

static void update_line(const struct plan_partition *partition, const struct pl031 *rtc)
{
	vcpu_wake(arch_irq_set_level(partition, partition->arch->rtc_irq, (rtc->ris & rtc->imsc) != 0));
}

/* The match comes when the clock steps onto MR; equal now is a match now. */
static void arm_alarm(const struct plan_partition *partition, struct pl031 *rtc)
{
	uint32_t left_s = rtc->match - clock_s(rtc);

	__atomic_store_n(&rtc->deadline, (arch_counter() / arch_counter_hz() + left_s) * arch_counter_hz(), __ATOMIC_RELAXED);
	__atomic_store_n(&rtc->is_armed, true, __ATOMIC_RELEASE);
	cpu_timer_changed(partition);
}

uint64_t arch_devices_deadline(const struct plan_partition *partition)
{
	const struct pl031 *rtc = &arm64_partition(partition)->rtc;

	return __atomic_load_n(&rtc->is_armed, __ATOMIC_ACQUIRE) ? __atomic_load_n(&rtc->deadline, __ATOMIC_RELAXED) : UINT64_MAX;
}

void arch_devices_tick(const struct plan_partition *partition)
{
	struct pl031 *rtc = &arm64_partition(partition)->rtc;

	lock_take(&rtc->lock);
	if (rtc->is_armed && arch_counter() >= rtc->deadline) {
		rtc->is_armed = false;
		rtc->ris = 1;
		update_line(partition, rtc);
	}
	lock_drop(&rtc->lock);
}

static uint32_t reg_value(const struct pl031 *rtc, uint32_t offset)
{
	switch (offset) {
	case DR: return clock_s(rtc);
	case MR: return rtc->match;
	case LR: return rtc->load;
	case CR: return 1; /* it runs and cannot be stopped, as in hardware once it is set */
	case IMSC: return rtc->imsc;
	case RIS: return rtc->ris;
	default: return rtc->ris & rtc->imsc;
	}
}

static void reg_read(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	(void)vcpu;
	device_answer(access, reg_value(access->state, reg->offset));
}

static void set_reg(const struct plan_partition *partition, struct pl031 *rtc, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case MR:
		rtc->match = value;
		arm_alarm(partition, rtc);
		break;
	case LR:
		rtc->load = value;
		rtc->offset_s = value - counter_s();
		if (rtc->is_armed)
			arm_alarm(partition, rtc);
		break;
	case IMSC:
		rtc->imsc = value & 1u;
		break;
	default: /* ICR */
		rtc->ris &= ~value;
		break;
	}
	update_line(partition, rtc);
}

static void reg_write(struct vcpu *vcpu, const struct mmio_reg *reg, struct mmio_access *access)
{
	struct pl031 *rtc = access->state;

	if (!device_is_written(access))
		return;
	lock_take(&rtc->lock);
	set_reg(vcpu->partition, rtc, reg->offset, (uint32_t)access->value);
	lock_drop(&rtc->lock);
}

static const struct mmio_reg regs[] = {
	{ DR, 4, PRIMECELL_WIDTHS, reg_read, NULL, 0, "RTCDR: read only" },
	{ MR, 4, PRIMECELL_WIDTHS, reg_read, reg_write, 0, "RTCMR" },
	{ LR, 4, PRIMECELL_WIDTHS, reg_read, reg_write, 0, "RTCLR" },
	{ CR, 4, PRIMECELL_WIDTHS, reg_read, NULL, 0, "RTCCR: always runs" },
	{ IMSC, 4, PRIMECELL_WIDTHS, reg_read, reg_write, 0, "RTCIMSC" },
	{ RIS, 4, PRIMECELL_WIDTHS, reg_read, NULL, 0, "RTCRIS: read only" },
	{ MIS, 4, PRIMECELL_WIDTHS, reg_read, NULL, 0, "RTCMIS: read only" },
	{ ICR, 4, PRIMECELL_WIDTHS, NULL, reg_write, 0, "RTCICR: write only" },
	{ PRIMECELL_ID, 32, PRIMECELL_WIDTHS, primecell_id_read, NULL, PERIPHERAL, "RTCPeriphID, RTCPCellID: read only" },
};

const struct mmio_block pl031_block = { .name = "PL031", .regs = regs, .reg_count = ARRAY_COUNT(regs), .rest_is_zero = true };

void pl031_reset(const struct plan_partition *partition)
{
	struct pl031 *rtc = &arm64_partition(partition)->rtc;

	lock_take(&rtc->lock);
	if (!rtc->is_set)
		rtc->offset_s = board_clock_s(counter_s()) - counter_s();
	rtc->is_set = true;
	rtc->match = rtc->load = rtc->imsc = rtc->ris = 0;
	rtc->is_armed = false;
	lock_drop(&rtc->lock);
}

void arch_devices_reset(const struct plan_partition *partition)
{
	if (partition->arch->has_uart)
		pl011_reset(partition);
	if (partition->arch->has_rtc)
		pl031_reset(partition);
}
