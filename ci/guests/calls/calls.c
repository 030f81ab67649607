/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks every call of hyp/abi/hypercall.h for what that header promises: discovery, registers, whom a caller may know and
 * what it may do to them, the states of a neighbour that is stopped and started, the console. Prints TAP. Then it
 * restarts itself by a call, judges what its second life is told, and stops itself.
 *
 * Names of its neighbours and what it may do to each: `free` everything, `bare` state and restart (there is no image of
 * it in memory), `mute` state (its policy stops it in the end), `hidden` nothing. The appliance's partitions stand in
 * this order behind the caller. It must not know how a call is carried out.
 */

#include <string.h>

#include <rt/bulkhead.h>
#include <rt/proof.h>
#include <rt/psci.h>
#include <rt/smccc.h>
#include <rt/timer.h>

#include "../tap.h"

#define COUNT		5u
#define MILLISECOND	1000000ull
#define MARK		0x6b6570742d2d2d2dull

enum { ME, FREE, BARE, MUTE, HIDDEN };

uint64_t calls_kept(uint64_t function);
int64_t calls_odd_hvc(uint64_t function);
int64_t calls_odd_smc(uint64_t function);

static struct smccc ask(uint32_t function, uint64_t a, uint64_t b, uint64_t c)
{
	struct smccc call = { { function, a, b, c, MARK, MARK + 1, MARK + 2, MARK + 3 } };

	smccc_call(&call);
	return call;
}

static int64_t status_of(uint32_t function, uint64_t partition)
{
	return (int64_t)ask(function, partition, 0, 0).x[0];
}

/* x1..x3 are 0 and x4..x7 kept, where a call names none of them as a result. */
static bool is_bare(const struct smccc *call, unsigned results)
{
	for (unsigned i = 1 + results; i < 4; i++)
		if (call->x[i])
			return false;
	for (unsigned i = 4; i < 8; i++)
		if (call->x[i] != MARK + i - 4)
			return false;
	return true;
}

static void expect(uint32_t function, uint64_t partition, int64_t wanted, const char *what)
{
	struct smccc call = ask(function, partition, 0, 0);

	tap_check((int64_t)call.x[0] == wanted && is_bare(&call, 0), "%s: %lld, and nothing else", what, (long long)wanted);
}

/* ---- discovery and registers ---- */

static void judge_discovery(void)
{
	static const uint32_t absent[] = { HC_FN(HC_FN_COUNT), HC_FN(0xff), 0x8600ff00, 0x8600ff02, 0x86000000, 0xc6000100, 0xc600ff01 };
	struct smccc uid = ask(HC_CALL_UID, 0, 0, 0), revision = ask(HC_REVISION, 0, 0, 0), nop = ask(HC_NOP, 1, 2, 3);

	tap_check((uint32_t)uid.x[0] == HC_UID_0 && (uint32_t)uid.x[1] == HC_UID_1 && (uint32_t)uid.x[2] == HC_UID_2 &&
		  (uint32_t)uid.x[3] == HC_UID_3, "the UID is Bulkhead's");
	tap_check((uint32_t)revision.x[0] == HC_VERSION_MAJOR && (uint32_t)revision.x[1] >= HC_VERSION_MINOR, "the version is the header's");
	tap_check(!nop.x[0] && is_bare(&nop, 0), "the call that does nothing leaves x4 to x7");
	for (unsigned i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		tap_check(status_of(absent[i], 0) == HC_ERR_NOT_SUPPORTED, "call %#x is not there", absent[i]);
	tap_check(calls_odd_hvc(HC_NOP) == HC_ERR_NOT_SUPPORTED, "HVC #1 is not there");
	tap_check(calls_odd_smc(HC_NOP) == HC_ERR_NOT_SUPPORTED, "SMC #1 is not there");
	for (uint32_t number = 0; number < HC_FN_COUNT; number++)
		tap_check(!calls_kept(HC_FN(number)), "call %u keeps x8 to x30", number);
}

static void judge_conduits(void)
{
	struct smccc hvc = { { HC_PARTITION_INFO, PARTITION_SELF } }, smc = hvc;

	smccc_hvc(&hvc);
	smccc_smc(&smc);
	tap_check(!hvc.x[0] && !memcmp(hvc.x, smc.x, sizeof(hvc.x)), "HVC and SMC give the same answer");
	expect(HC_HEARTBEAT, 0, HC_OK, "a heartbeat without a deadline");
}

/* ---- who is who ---- */

static struct smccc find(const char *name)
{
	char padded[PARTITION_NAME_BYTES] = { 0 };
	struct smccc call = { { HC_PARTITION_FIND } };

	strncpy(padded, name, sizeof(padded) - 1);
	memcpy(&call.x[1], padded, sizeof(padded));
	smccc_call(&call);
	return call;
}

static void judge_find(void)
{
	static const char *const known[] = { "asker", "free", "bare", "mute" };
	static const char *const unknown[] = { "hidden", "nobody", "", "fre", "freed", "FREE" };
	struct smccc trailing = { { HC_PARTITION_FIND, 0x65657266, 0, 0, 1ull << 56 } };

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct smccc call = find(known[i]);

		tap_check(!call.x[0] && call.x[1] == i && !call.x[2] && !call.x[3], "%s is found", known[i]);
	}
	for (unsigned i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		tap_check((int64_t)find(unknown[i]).x[0] == HC_ERR_NOT_FOUND, "'%s' is not found", unknown[i]);
	tap_check(smccc_call(&trailing) == HC_ERR_NOT_FOUND, "a name with more behind its end is not found");
}

static bool is_info(const struct smccc *info, unsigned id, const char *name)
{
	char said[PARTITION_NAME_BYTES], padded[PARTITION_NAME_BYTES] = { 0 };

	memcpy(said, &info->x[4], sizeof(said));
	strncpy(padded, name, sizeof(padded) - 1);
	return !info->x[0] && HC_INFO_ID(info->x[1]) == id && HC_INFO_COUNT(info->x[1]) == COUNT &&
	       HC_INFO_VCPUS(info->x[1]) == 1 && !memcmp(said, padded, sizeof(said));
}

static void judge_info(void)
{
	static const uint64_t nobody[] = { COUNT, 15, 16, 0xffff, UINT32_MAX - 1, 1ull << 32, UINT64_MAX };
	static const char *const known[] = { "asker", "free", "bare", "mute" };
	struct smccc self = ask(HC_PARTITION_INFO, PARTITION_SELF, 0, 0);

	tap_check(is_info(&self, ME, "asker") && HC_INFO_STATE(self.x[1]) == PARTITION_RUNNING, "the caller is itself, and runs");
	tap_check(self.x[2] == 1 && !HC_INFO_RESTARTS(self.x[3]) && HC_INFO_CAUSE(self.x[3]) == PARTITION_CAUSE_NONE, "it is in its first life");
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct smccc info = ask(HC_PARTITION_INFO, i, 0, 0);

		tap_check(is_info(&info, i, known[i]), "the caller may ask about %s", known[i]);
	}
	for (unsigned i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
		for (uint32_t number = 2; number <= 7; number += number == 2 ? 2 : 1)
			expect(HC_FN(number), nobody[i], HC_ERR_INVALID, "a partition that is not there");
}

/* ---- rights ---- */

static void judge_rights(void)
{
	static const struct {
		const char *what;
		uint32_t function;
		uint64_t partition;
		int64_t wanted;
	} cases[] = {
		{ "asking about hidden", HC_PARTITION_INFO, HIDDEN, HC_ERR_DENIED },
		{ "the state of hidden", HC_PARTITION_STATE, HIDDEN, HC_ERR_DENIED },
		{ "starting hidden", HC_PARTITION_START, HIDDEN, HC_ERR_DENIED },
		{ "stopping hidden", HC_PARTITION_STOP, HIDDEN, HC_ERR_DENIED },
		{ "restarting hidden", HC_PARTITION_RESTART, HIDDEN, HC_ERR_DENIED },
		{ "starting mute", HC_PARTITION_START, MUTE, HC_ERR_DENIED },
		{ "stopping mute", HC_PARTITION_STOP, MUTE, HC_ERR_DENIED },
		{ "restarting mute", HC_PARTITION_RESTART, MUTE, HC_ERR_DENIED },
		{ "starting bare", HC_PARTITION_START, BARE, HC_ERR_DENIED },
		{ "stopping bare", HC_PARTITION_STOP, BARE, HC_ERR_DENIED },
		{ "restarting bare, which has no image", HC_PARTITION_RESTART, BARE, HC_ERR_NO_IMAGE },
		{ "starting the caller", HC_PARTITION_START, PARTITION_SELF, HC_ERR_DENIED },
		{ "starting the caller by its number", HC_PARTITION_START, ME, HC_ERR_DENIED },
		{ "starting free, which runs", HC_PARTITION_START, FREE, HC_ERR_STATE },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(cases[i].function, cases[i].partition, cases[i].wanted, cases[i].what);
}

/* ---- the life of a neighbour ---- */

/* Until `partition` is in `state`. Returns what STATE said last. */
static struct smccc wait_state(uint64_t partition, enum partition_state state)
{
	struct smccc call = { { 0 } };

	for (unsigned i = 0; i < 20000; i++) {
		call = ask(HC_PARTITION_STATE, partition, 0, 0);
		if (call.x[0] || call.x[1] == state)
			break;
		time_sleep(MILLISECOND);
	}
	return call;
}

static void judge_state(uint64_t partition, enum partition_state state, uint64_t starts, enum partition_cause cause, const char *what)
{
	struct smccc call = wait_state(partition, state);

	tap_check(!call.x[0] && call.x[1] == state && call.x[2] == starts && call.x[3] == cause, "%s: state %u, start %llu, cause %u", what,
		  (unsigned)state, (unsigned long long)starts, (unsigned)cause);
}

/* What START, STOP and RESTART say while a partition is being started. It has much memory to clear, and nothing is printed
 * before all were asked. */
static void judge_busy(void)
{
	static const uint32_t controls[3] = { HC_PARTITION_START, HC_PARTITION_STOP, HC_PARTITION_RESTART };
	uint64_t states[3];
	int64_t statuses[3];

	for (unsigned i = 0; i < 3; i++) {
		statuses[i] = status_of(controls[i], FREE);
		states[i] = ask(HC_PARTITION_STATE, FREE, 0, 0).x[1];
	}
	for (unsigned i = 0; i < 3; i++)
		tap_check((states[i] == PARTITION_STOPPING || states[i] == PARTITION_STARTING) && statuses[i] == HC_ERR_BUSY,
			  "call %u of a partition in state %llu: %lld", controls[i] & 0xff, (unsigned long long)states[i], (long long)statuses[i]);
}

static void judge_life(void)
{
	judge_state(FREE, PARTITION_RUNNING, 1, PARTITION_CAUSE_NONE, "free in its first life");
	expect(HC_PARTITION_STOP, FREE, HC_OK, "stop");
	judge_state(FREE, PARTITION_STOPPED, 1, PARTITION_CAUSE_CALL, "free, stopped by a call");
	expect(HC_PARTITION_STOP, FREE, HC_ERR_STATE, "stop of who is off");
	expect(HC_PARTITION_START, FREE, HC_OK, "start");
	judge_busy();
	judge_state(FREE, PARTITION_RUNNING, 2, PARTITION_CAUSE_CALL, "free, started by a call");
	expect(HC_PARTITION_RESTART, FREE, HC_OK, "restart of who runs");
	judge_busy();
	judge_state(FREE, PARTITION_RUNNING, 3, PARTITION_CAUSE_CALL, "free, restarted by a call");
	expect(HC_PARTITION_STOP, FREE, HC_OK, "stop again");
	judge_state(FREE, PARTITION_STOPPED, 3, PARTITION_CAUSE_CALL, "free, stopped again");
	expect(HC_PARTITION_RESTART, FREE, HC_OK, "restart of who is off");
	judge_state(FREE, PARTITION_RUNNING, 4, PARTITION_CAUSE_CALL, "free, restarted from off");
}

/* Its policy restarts it once, then leaves it failed. */
static void judge_policy(void)
{
	struct smccc info;

	judge_state(MUTE, PARTITION_FAILED, 2, PARTITION_CAUSE_DEADLINE, "mute, stopped by its policy");
	info = ask(HC_PARTITION_INFO, MUTE, 0, 0);
	tap_check(HC_INFO_STATE(info.x[1]) == PARTITION_FAILED && info.x[2] == 2 && HC_INFO_RESTARTS(info.x[3]) == 1 &&
		  HC_INFO_CAUSE(info.x[3]) == PARTITION_CAUSE_DEADLINE, "mute was restarted by its policy once, for its deadline");
}

/* ---- console ---- */

static bool is_zero(const struct smccc *call, unsigned from)
{
	const uint8_t *bytes = (const uint8_t *)&call->x[2];

	for (unsigned i = from; i < HC_CONSOLE_BYTES_MAX; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Types `xyz` is what the test does once it sees the line. */
static void judge_read(void)
{
	static const char typed[] = "xyz";
	struct smccc call = ask(HC_CONSOLE_READ, 48, 0, 0);
	unsigned count = 0;
	bool good = true;

	tap_check(!call.x[0] && is_zero(&call, 0), "nothing typed: 0 bytes, and zeros");
	printf("CALLS type\n");
	for (unsigned i = 0; i < 20000 && count < 3; i++) {
		call = ask(HC_CONSOLE_READ, count ? 1 : 2, 0, 0);
		good = good && call.x[0] <= (count ? 1 : 2) && is_zero(&call, (unsigned)call.x[0]) && !memcmp(&call.x[2], &typed[count], call.x[0]);
		count += (unsigned)call.x[0];
		time_sleep(MILLISECOND);
	}
	tap_check(good && count == 3, "what was typed comes in order, as many bytes as are wanted");
	call = ask(HC_CONSOLE_READ, 0, 0, 0);
	tap_check(!call.x[0], "no byte wanted: none");
	call = ask(HC_CONSOLE_READ, UINT64_MAX, 0, 0);
	tap_check(!call.x[0], "any number wanted: those that wait");
}

static void judge_write(void)
{
	static const char line[] = "CALLS wrote forty-eight bytes by one single call\n";
	struct smccc call = { { HC_CONSOLE_WRITE, 0 } };

	_Static_assert(sizeof(line) - 1 == HC_CONSOLE_BYTES_MAX + 1, "one call and one byte");
	tap_check(smccc_call(&call) == 0, "0 bytes written: 0");
	call = (struct smccc){ { HC_CONSOLE_WRITE, HC_CONSOLE_BYTES_MAX } };
	memcpy(&call.x[2], line, HC_CONSOLE_BYTES_MAX);
	smccc_call(&call);
	bulkhead_console_write("\n", 1);
	tap_check(call.x[0] == HC_CONSOLE_BYTES_MAX, "48 bytes written: 48");
	expect(HC_CONSOLE_WRITE, HC_CONSOLE_BYTES_MAX + 1, HC_ERR_INVALID, "49 bytes");
	expect(HC_CONSOLE_WRITE, UINT64_MAX, HC_ERR_INVALID, "2^64 - 1 bytes");
}

/* ---- lives ---- */

static void first_life(void)
{
	judge_discovery();
	judge_conduits();
	judge_find();
	judge_info();
	judge_rights();
	judge_life();
	judge_policy();
	judge_write();
	judge_read();
	printf("CALLS first life 1..%u\n", tap_count);
	status_of(HC_PARTITION_RESTART, PARTITION_SELF);
	tap_check(false, "a restart of oneself does not come back");
}

static void second_life(const struct smccc *info)
{
	tap_check(HC_INFO_STATE(info->x[1]) == PARTITION_RUNNING && info->x[2] == 2 && !HC_INFO_RESTARTS(info->x[3]) &&
		  HC_INFO_CAUSE(info->x[3]) == PARTITION_CAUSE_CALL, "its second life knows that a call was the cause");
	printf("CALLS second life 1..%u\n", tap_count);
	status_of(HC_PARTITION_STOP, ME);
	tap_check(false, "a stop of oneself does not come back");
}

int main(void)
{
	struct smccc info = ask(HC_PARTITION_INFO, PARTITION_SELF, 0, 0);

	proof_print("calls 1.0");
	if (info.x[2] == 1)
		first_life();
	else
		second_life(&info);
	return 0;
}
