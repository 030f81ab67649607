/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of CPUs, counter, timer and UART on the fake machine. They must not know the core's reasons. */
#include "fake.h"

#include <hyp/arch.h>
#include <hyp/upcall.h>

#include <stdio.h>
#include <stdlib.h>

static NORETURN void end_with(enum fake_end end)
{
	if (!fake.end_is_set) {
		fprintf(stderr, "the core ended with %d outside fake_run()\n", end);
		abort();
	}
	longjmp(fake.end, (int)end);
}

struct cpu *arch_this_cpu(void)
{
	return plan.cpus[fake.cpu].state;
}

enum err arch_cpu_start_others(void)
{
	fake_note("start others");
	return OK;
}

void arch_cpu_kick(struct cpu *cpu)
{
	if (cpu->index == fake.cpu) {
		cpu->needs_schedule = 1;
		return;
	}
	fake_note("kick %u", cpu->index);
	fake.kicked[cpu->index] = true;
}

void arch_cpu_idle(void)
{
	if (fake.kicked[fake.cpu])
		return;
	if (fake.timer[fake.cpu] == UINT64_MAX)
		end_with(FAKE_IDLE_FOREVER);
	if (fake.is_held)
		end_with(FAKE_RETURNED);
	if (fake.counter < fake.timer[fake.cpu])
		fake.counter = fake.timer[fake.cpu];
}

bool arch_irq_is_pending(void)
{
	return fake.kicked[fake.cpu] || fake.counter >= fake.timer[fake.cpu];
}

void arch_irq_handle(void)
{
	struct cpu *cpu = arch_this_cpu();

	if (fake.kicked[fake.cpu]) {
		fake.kicked[fake.cpu] = false;
		cpu_kicked(cpu);
	}
	if (fake.counter >= fake.timer[fake.cpu])
		cpu_timer_fired(cpu);
}

void arch_board_reset(void)
{
	fake_note("board reset");
	end_with(FAKE_BOARD_RESET);
}

void arch_board_off(void)
{
	fake_note("board off");
	end_with(FAKE_BOARD_OFF);
}

void arch_relax(void)
{
	/* one thread: whoever waits for a lock waits for itself */
	end_with(FAKE_PANIC);
}

uint64_t arch_counter(void)
{
	return fake.counter;
}

uint64_t arch_counter_hz(void)
{
	return FAKE_HZ;
}

void arch_timer_set(uint64_t when)
{
	fake.timer[fake.cpu] = when;
}

bool arch_uart_put(uint8_t byte)
{
	void (*other)(void) = fake.on_uart_put;

	fake.on_uart_put = NULL;
	if (other)
		other();
	if (fake.uart_room == 0 || fake.uart_output_count + 1 >= sizeof(fake.uart_output))
		return false;
	fake.uart_room--;
	fake.uart_output[fake.uart_output_count++] = (char)byte;
	fake.uart_output[fake.uart_output_count] = '\0';
	return true;
}

int arch_uart_get(void)
{
	return fake.uart_input_next < fake.uart_input_count ? fake.uart_input[fake.uart_input_next++] : -1;
}

void arch_uart_want_room(bool is_wanted)
{
	fake_note("uart want room %d", is_wanted);
}

void arch_uart_route(const struct plan_cpu *cpu)
{
	fake_note("uart route %u", cpu->state->index);
}
