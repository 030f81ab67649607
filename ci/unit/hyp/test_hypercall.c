/* SPDX-License-Identifier: Apache-2.0 */
/* Vendor calls: results by the ABI, rights by the plan, and nothing by chance. */
#include "../tap.h"
#include "output.h"

#include "../../../hyp/abi/hypercall.h"

#include <hyp/upcall.h>

static uint64_t regs[8];

/* alpha may do everything to beta, and see gamma. */
static const struct plan_capability capabilities[] = {
	{ .partition = BETA, .rights = PLAN_RIGHT_STATE | PLAN_RIGHT_START | PLAN_RIGHT_STOP | PLAN_RIGHT_RESTART },
	{ .partition = GAMMA, .rights = PLAN_RIGHT_STATE },
};

static struct partition *state_of(uint32_t partition)
{
	return test_partitions[partition].state;
}

static void begin(void)
{
	output_begin(CONSOLE_ALL, GAMMA);
	test_partitions[ALPHA].capabilities = capabilities;
	test_partitions[ALPHA].capability_count = 2;
}

static int64_t call_as(struct vcpu *vcpu, uint64_t function, uint64_t x1)
{
	regs[0] = function;
	regs[1] = x1;
	for (uint32_t i = 2; i < 8; i++)
		regs[i] = 0x1111111111111111u * i;
	(void)hypercall(vcpu, regs);
	return (int64_t)regs[0];
}

static int64_t call(uint64_t function, uint64_t x1)
{
	return call_as(&test_vcpus[0], function, x1);
}

static bool is_clean(void)
{
	return !regs[1] && !regs[2] && !regs[3] && regs[4] == 0x4444444444444444u && regs[7] == 0x7777777777777777u;
}

static void discovery(void)
{
	begin();
	CHECK(call(HC_CALL_UID, 5) == (int64_t)HC_UID_0);
	CHECK(regs[1] == HC_UID_1 && regs[2] == HC_UID_2 && regs[3] == HC_UID_3);
	CHECK(call(HC_REVISION, 5) == HC_VERSION_MAJOR && regs[1] == HC_VERSION_MINOR && regs[2] == 0);
}

static void nothing_costs_little(void)
{
	begin();
	CHECK(call(HC_NOP, 7) == HC_OK && is_clean());
	CHECK(call(HC_NOP | 0xabcd00000000u, 7) == HC_OK);
}

static void unknown_calls(void)
{
	begin();
	CHECK(call(HC_FN(HC_FN_COUNT), 0) == HC_ERR_NOT_SUPPORTED && is_clean());
	CHECK(call(HC_FN(0xffff), 0) == HC_ERR_NOT_SUPPORTED);
	CHECK(call(0x86000000u, 0) == HC_ERR_NOT_SUPPORTED);
	CHECK(call(0, 0) == HC_ERR_NOT_SUPPORTED);
}

static void first_heartbeat_is_told(void)
{
	begin();
	CHECK(call(HC_HEARTBEAT, 0) == HC_OK && is_clean());
	CHECK(has_shown("alpha: first heartbeat"));
	forget();
	CHECK(call(HC_HEARTBEAT, 0) == HC_OK);
	CHECK(is_shown("") && state_of(ALPHA)->heartbeat_count == 2);
}

static void info_of_itself(void)
{
	begin();
	state_of(ALPHA)->policy_restarts = 3;
	state_of(ALPHA)->cause = STOP_HEARTBEAT;
	CHECK(call(HC_PARTITION_INFO, PARTITION_SELF) == HC_OK);
	CHECK(HC_INFO_ID(regs[1]) == ALPHA && HC_INFO_COUNT(regs[1]) == PARTITIONS && HC_INFO_VCPUS(regs[1]) == 2);
	CHECK(HC_INFO_STATE(regs[1]) == PARTITION_RUNNING && regs[2] == 1);
	CHECK(HC_INFO_RESTARTS(regs[3]) == 3 && HC_INFO_CAUSE(regs[3]) == PARTITION_CAUSE_DEADLINE);
	CHECK(!memcmp(&regs[4], "alpha\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32));
}

static void rights_are_the_plans(void)
{
	begin();
	CHECK(call(HC_PARTITION_INFO, BETA) == HC_OK && HC_INFO_ID(regs[1]) == BETA);
	CHECK(call(HC_PARTITION_STATE, GAMMA) == HC_OK && regs[1] == PARTITION_STARTING && regs[2] == 0);
	CHECK(call(HC_PARTITION_STOP, GAMMA) == HC_ERR_DENIED && is_clean());
	CHECK(call(HC_PARTITION_RESTART, GAMMA) == HC_ERR_DENIED);
	CHECK(call(HC_PARTITION_START, GAMMA) == HC_ERR_DENIED);
	CHECK(call_as(&test_vcpus[2], HC_PARTITION_INFO, ALPHA) == HC_ERR_DENIED && is_clean());
	CHECK(call_as(&test_vcpus[2], HC_PARTITION_STATE, ALPHA) == HC_ERR_DENIED);
	CHECK(call(HC_PARTITION_INFO, PARTITIONS) == HC_ERR_INVALID);
	CHECK(call(HC_PARTITION_STATE, 0x100000001u) == HC_ERR_INVALID);
	CHECK(call(HC_PARTITION_STOP, UINT64_MAX) == HC_ERR_INVALID);
	CHECK(call(HC_PARTITION_START, PARTITION_SELF) == HC_ERR_DENIED);
	CHECK(state_of(GAMMA)->state == PARTITION_STARTING);
}

static int64_t find(struct vcpu *vcpu, const char *name)
{
	char bytes[32] = { 0 };

	strncpy(bytes, name, sizeof(bytes) - 1);
	regs[0] = HC_PARTITION_FIND;
	memcpy(&regs[1], bytes, sizeof(bytes));
	(void)hypercall(vcpu, regs);
	return (int64_t)regs[0];
}

static void names_are_found(void)
{
	begin();
	CHECK(find(&test_vcpus[0], "gamma") == HC_OK && regs[1] == GAMMA);
	CHECK(find(&test_vcpus[0], "alpha") == HC_OK && regs[1] == ALPHA);
	CHECK(find(&test_vcpus[0], "gam") == HC_ERR_NOT_FOUND && regs[1] == 0);
	CHECK(find(&test_vcpus[2], "gamma") == HC_ERR_NOT_FOUND);
}

static void settle(void)
{
	for (int i = 0; i < 4; i++, fake.counter += BETA_SLOT_US)
		for (uint32_t cpu = 0; cpu < 3; cpu++)
			(void)appliance_schedule(cpu);
	fake.cpu = 0;
}

static void stop_and_start_another(void)
{
	begin();
	CHECK(call(HC_PARTITION_START, BETA) == HC_ERR_STATE);
	CHECK(call(HC_PARTITION_STOP, BETA) == HC_OK && is_clean());
	CHECK(call(HC_PARTITION_STOP, BETA) == HC_ERR_BUSY);
	CHECK(call(HC_PARTITION_START, BETA) == HC_ERR_BUSY);
	CHECK(call(HC_PARTITION_RESTART, BETA) == HC_ERR_BUSY);
	settle();
	CHECK(call(HC_PARTITION_STATE, BETA) == HC_OK && regs[1] == PARTITION_STOPPED && regs[3] == PARTITION_CAUSE_CALL);
	CHECK(call(HC_PARTITION_STOP, BETA) == HC_ERR_STATE);
	CHECK(call(HC_PARTITION_START, BETA) == HC_OK);
	settle();
	CHECK(call(HC_PARTITION_STATE, BETA) == HC_OK && regs[1] == PARTITION_RUNNING && regs[2] == 2);
	CHECK(call(HC_PARTITION_RESTART, BETA) == HC_OK);
	settle();
	CHECK(call(HC_PARTITION_STATE, BETA) == HC_OK && regs[1] == PARTITION_RUNNING && regs[2] == 3);
}

static void restart_from_off(void)
{
	begin();
	CHECK(call(HC_PARTITION_STOP, BETA) == HC_OK);
	settle();
	CHECK(call(HC_PARTITION_RESTART, BETA) == HC_OK);
	settle();
	CHECK(state_of(BETA)->state == PARTITION_RUNNING);
}

/* Neither start nor restart resets the board because an image is missing. */
static void without_an_image(void)
{
	begin();
	test_partitions[BETA].has_restart = false;
	CHECK(call(HC_PARTITION_RESTART, BETA) == HC_ERR_NO_IMAGE);
	CHECK(state_of(BETA)->state == PARTITION_RUNNING);
	CHECK(call(HC_PARTITION_STOP, BETA) == HC_OK);
	settle();
	CHECK(call(HC_PARTITION_START, BETA) == HC_ERR_NO_IMAGE);
}

static void ending_oneself(void)
{
	begin();
	regs[0] = HC_PARTITION_RESTART;
	regs[1] = PARTITION_SELF;
	CHECK(hypercall(&test_vcpus[2], regs) == VERDICT_WAIT);
	CHECK(state_of(BETA)->state == PARTITION_STOPPING && state_of(BETA)->restart_wanted);
	regs[0] = HC_PARTITION_STOP;
	regs[1] = ALPHA;
	CHECK(hypercall(&test_vcpus[0], regs) == VERDICT_WAIT);
	CHECK(state_of(ALPHA)->cause == STOP_CALL);
}

static void console_calls(void)
{
	static const char text[] = "eight by six: forty-eight bytes at the very most\n";

	begin();
	regs[0] = HC_CONSOLE_WRITE;
	regs[1] = 48;
	memcpy(&regs[2], text, 48);
	CHECK(hypercall(&test_vcpus[0], regs) == VERDICT_RESUME && regs[0] == 48);
	CHECK(call(HC_CONSOLE_WRITE, 49) == HC_ERR_INVALID);
	CHECK(call(HC_CONSOLE_WRITE, UINT64_MAX) == HC_ERR_INVALID);
	CHECK(call(HC_CONSOLE_WRITE, 0) == 0);
	output_write(ALPHA, "\n");
	CHECK(is_shown("[alpha] eight by six: forty-eight bytes at the very most\r\n"));
}

static void console_input_calls(void)
{
	begin();
	CHECK(call(HC_CONSOLE_READ, 48) == 0 && regs[2] == 0 && regs[7] == 0);
	for (uint8_t i = 0; i < 60; i++)
		console_input(ALPHA, i);
	CHECK(call(HC_CONSOLE_READ, 3) == 3 && regs[2] == 0x020100 && regs[3] == 0);
	fake_trace_clear();
	CHECK(call(HC_CONSOLE_READ, UINT64_MAX) == 48 && regs[2] == 0x0a09080706050403u);
	CHECK(fake_traced("console input alpha", NULL));
	CHECK(call(HC_CONSOLE_READ, 48) == 9);
}

static void seed_is_given_once(void)
{
	uint8_t from[300], to[300] = { 0 };

	for (uint32_t i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i + 1);
	output_begin(CONSOLE_ALL, BETA);
	CHECK(core_seed_take(to, 8) == 0 && is_shown(""));
	core_seed_add(from, sizeof(from));
	CHECK(core_seed_take(to, 16) == 16);
	CHECK(is_shown(""));
	CHECK(core_seed_take(to + 16, 284) == 240);
	CHECK(is_shown("[hyp] no random seed is left: from now on guests start without\r\n"));
	CHECK(core_seed_take(from, 1) == 0);
	CHECK(is_shown("[hyp] no random seed is left: from now on guests start without\r\n"));
	for (uint32_t i = 0; i < 256; i++)
		CHECK(memchr(to, (uint8_t)(i + 1), 256) != NULL);
}

/* A signal goes to the end that the plan says, and nowhere else. */
static void channel_signals(void)
{
	static const struct plan_channel alphas[] = { { .peer = GAMMA, .end = 0, .irq = 90 }, { .peer = BETA, .end = 1, .irq = 91 } };
	static const struct plan_channel betas[] = { { .peer = GAMMA, .end = 1, .irq = 96 }, { .peer = ALPHA, .end = 1, .irq = 97 } };

	begin();
	test_partitions[ALPHA].channels = alphas;
	test_partitions[BETA].channels = betas;
	test_partitions[ALPHA].channel_count = test_partitions[BETA].channel_count = 2;
	fake_trace_clear();
	CHECK(call(HC_CHANNEL_SIGNAL, 2) == HC_ERR_INVALID && call(HC_CHANNEL_SIGNAL, UINT64_MAX) == HC_ERR_INVALID);
	CHECK(call_as(&test_vcpus[3], HC_CHANNEL_SIGNAL, 0) == HC_ERR_INVALID && !fake_count("irq pend"));
	CHECK(call(HC_CHANNEL_SIGNAL, 1) == HC_OK && is_clean() && fake_count("irq pend beta 97") == 1);
	CHECK(call_as(&test_vcpus[2], HC_CHANNEL_SIGNAL, 1) == HC_OK && fake_count("irq pend alpha 91") == 1 && fake_count("irq pend") == 2);
}

int main(void)
{
	TEST(discovery);
	TEST(nothing_costs_little);
	TEST(unknown_calls);
	TEST(first_heartbeat_is_told);
	TEST(info_of_itself);
	TEST(rights_are_the_plans);
	TEST(names_are_found);
	TEST(stop_and_start_another);
	TEST(restart_from_off);
	TEST(without_an_image);
	TEST(ending_oneself);
	TEST(console_calls);
	TEST(console_input_calls);
	TEST(seed_is_given_once);
	TEST(channel_signals);
	return tap_done();
}
