/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operator's keys do: the prefix key starts a command, all else goes
 * to one partition. It must not know how output gets to the UART.
 */
#include <hyp/arch.h>
#include <hyp/console.h>
#include <hyp/partition.h>
#include <hyp/report.h>

typedef void command_fn(void);

struct command {
	char key;
	command_fn *run;
	const char *help;
};

static struct {
	uint32_t focus;      /* (UART's CPU) partition that keys go to */
	bool is_tool;        /* (UART's CPU) a program reads: choosing a partition changes the focus alone */
	bool is_command;     /* (UART's CPU) the prefix came */
	bool is_quitting;    /* (UART's CPU) quit waits for its second key */
	uint32_t state_next; /* (atomic) vCPU, counted over all, whose state is shown next, or now: STATE_TAKEN; STATE_DONE: none */
} keys = { .state_next = UINT32_MAX };

#define STATE_DONE UINT32_MAX
#define STATE_TAKEN BIT(31)

static const struct plan_partition *focused(void)
{
	return &plan.partitions[keys.focus];
}

static void tell_focus(const char *what)
{
	hyp_print("console: %s, keys go to %u %s", what, keys.focus, focused()->name);
}

static void show_one(uint32_t partition)
{
	if (partition >= plan.partition_count) {
		hyp_print("console: there is no partition %u", partition);
		return;
	}
	keys.focus = partition;
	console_show(keys.is_tool ? CONSOLE_TOOL : CONSOLE_ONE, keys.focus);
	tell_focus(keys.is_tool ? "tool" : "one");
}

static void run_next(void)
{
	show_one((keys.focus + 1) % plan.partition_count);
}

static void run_all(void)
{
	keys.is_tool = false;
	console_show(CONSOLE_ALL, keys.focus);
	tell_focus("all");
}

static void run_tool(void)
{
	keys.is_tool = true;
	console_show(CONSOLE_TOOL, keys.focus);
	tell_focus("tool");
}

static void tell_result(const char *what, enum err err)
{
	if (err == OK)
		hyp_print("%s: %s", focused()->name, what);
	else
		hyp_print("%s: cannot %s: %s", focused()->name, what,
			  err == ERR_DENIED ? "the plan keeps no image to start from" :
					      partition_state_name(focused()->state->state));
}

static void run_start(void)
{
	tell_result("start", partition_start(focused()->state));
}

static void run_stop(void)
{
	tell_result("stop", partition_stop(focused()->state, STOP_OPERATOR, false));
}

static void run_restart(void)
{
	struct partition *partition = focused()->state;
	uint32_t state = __atomic_load_n(&partition->state, __ATOMIC_RELAXED);
	bool is_off = state == PARTITION_STOPPED || state == PARTITION_FAILED;

	tell_result("restart", is_off ? partition_start(partition) : partition_stop(partition, STOP_OPERATOR, true));
}

/* The kicks make running vCPUs leave their guests, so that what is shown of them is fresh. A list that is being shown goes on. */
static void run_state(void)
{
	if (keys_is_pending())
		return;
	hyp_print("state of %s on %s:", plan.appliance, plan.board);
	for (uint32_t i = 0; i < plan.cpu_count; i++)
		arch_cpu_kick(plan.cpus[i].state);
	__atomic_store_n(&keys.state_next, 0, __ATOMIC_RELAXED);
}

static void run_quit(void)
{
	keys.is_quitting = true;
	hyp_print("turn the board off? y: yes, any other key: no");
}

static void run_help(void);

static const struct command commands[] = {
	{ 'n', run_next, "show the next partition alone, with what it printed before; 0-9: that one" },
	{ 'a', run_all, "show all partitions" },
	{ 's', run_state, "state of every vCPU" },
	{ 'r', run_restart, "restart the partition that keys go to" },
	{ 'x', run_stop, "stop it" },
	{ 'g', run_start, "start it" },
	{ 'm', run_tool, "show all in frames, for a program" },
	{ 'q', run_quit, "turn the board off" },
	{ 'h', run_help, "this list" },
};

static void tell_prefix(char text[3])
{
	uint8_t key = plan.console_prefix_key;
	bool is_control = key < ' ';

	text[0] = is_control ? '^' : (char)key;
	text[1] = is_control ? (char)(key + '@') : '\0';
	text[2] = '\0';
}

static void run_help(void)
{
	char prefix[3];

	tell_prefix(prefix);
	for (uint32_t i = 0; i < ARRAY_COUNT(commands); i++)
		hyp_print("  %s %c  %s", prefix, commands[i].key, commands[i].help);
	hyp_print("  %s %s sends the key itself", prefix, prefix);
	for (uint32_t i = 0; i < plan.partition_count; i++)
		hyp_print("  %s %u  %s", prefix, i, plan.partitions[i].name);
}

void console_boot(void)
{
	char prefix[3];

	tell_prefix(prefix);
	arch_uart_route(focused()->vcpus[0]->cpu);
	hyp_print("keys: %s, then 0-9 or n: switch to a partition, a: all, s: state, r: restart, q: quit, h: all keys", prefix);
}

static void run_command(uint8_t key)
{
	if (key == plan.console_prefix_key) {
		console_input(keys.focus, key);
		return;
	}
	if (key >= '0' && key <= '9') {
		show_one((uint32_t)(key - '0'));
		return;
	}
	for (uint32_t i = 0; i < ARRAY_COUNT(commands); i++) {
		if (commands[i].key == (char)key) {
			commands[i].run();
			return;
		}
	}
	hyp_print("console: no such key; h lists them");
}

static void answer_quit(uint8_t key)
{
	keys.is_quitting = false;
	if (key != 'y') {
		hyp_print("going on");
		return;
	}
	hyp_print("turning the board off");
	console_panic(); /* says what waits, first */
	arch_board_off();
}

void console_typed(uint8_t byte)
{
	if (keys.is_quitting) {
		answer_quit(byte);
	} else if (keys.is_command) {
		keys.is_command = false;
		run_command(byte);
	} else if (byte == plan.console_prefix_key) {
		keys.is_command = true;
	} else {
		console_input(keys.focus, byte);
	}
}

/* ---- the state command, a vCPU at a time ---- */

static struct vcpu *vcpu_at(uint32_t number)
{
	for (uint32_t i = 0; i < plan.partition_count; i++) {
		if (number < plan.partitions[i].vcpu_count)
			return plan.partitions[i].vcpus[number];
		number -= plan.partitions[i].vcpu_count;
	}
	return NULL;
}

bool keys_is_pending(void)
{
	return __atomic_load_n(&keys.state_next, __ATOMIC_RELAXED) != STATE_DONE;
}

/* Relaxed: it guards nothing but who prints. */
static bool state_move(uint32_t from, uint32_t to)
{
	return __atomic_compare_exchange_n(&keys.state_next, &from, to, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

bool keys_pump(void)
{
	uint32_t number = __atomic_load_n(&keys.state_next, __ATOMIC_RELAXED);
	struct vcpu *vcpu;

	if (number == STATE_DONE)
		return false;
	if (console_is_behind())
		return true;
	/* Another CPU may be at it: then that one says it, and the next comes behind that. */
	if (number & STATE_TAKEN || !state_move(number, number | STATE_TAKEN))
		return true;
	vcpu = vcpu_at(number);
	if (vcpu)
		report_vcpu_state(vcpu);
	(void)state_move(number | STATE_TAKEN, vcpu ? number + 1 : STATE_DONE);
	return vcpu != NULL;
}
