/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SD host driver with an eMMC: what it finds out of it, and what it makes of its cache. QEMU has no eMMC that can be plugged into the board
 * on which the other drivers are tried.
 */

#include <string.h>

#include <phys/blk.h>
#include <phys/phys.h>
#include <rt/pci.h>

#include "../tap.h"
#include "machine.h"
#include "models.h"

static struct model_emmc_state *const emmc = &model_emmc_state;
static enum blk_status result;
static bool is_done;

static void done(void *arg, uint64_t cookie, enum blk_status status)
{
	(void)arg;
	(void)cookie;
	result = status;
	is_done = true;
}

static struct blk_device *disk(void)
{
	static struct blk_device *found;

	if (!found) {
		pci_init();
		found = phys_probe_blk(pci_get(0));
		found->done = done;
	}
	return found;
}

static enum blk_status run(enum blk_op op)
{
	static uint8_t sector[512] __attribute__((aligned(8)));
	struct dma_segment segment = { (uintptr_t)sector, sizeof(sector) };
	struct blk_request request = { .op = op };
	enum blk_status status;

	if (op != BLK_FLUSH) {
		request.sector_count = 1;
		request.segments = &segment;
		request.segment_count = 1;
	}
	is_done = false;
	status = blk_submit(disk(), &request);
	for (unsigned n = 0; n < 10 && !status && !is_done; n++)
		blk_poll(disk(), 1);
	return status ? status : is_done ? result : BLK_ERR_BUSY;
}

static void it_comes_up_and_tells_size_and_serial_number(void)
{
	model_emmc();
	CHECK(blk_reset(disk()) == BLK_OK);
	CHECK(disk()->info.sector_count == 1u << 24);
	CHECK(!strcmp(disk()->info.serial, "deadbeef"));
	CHECK(run(BLK_READ) == BLK_OK && run(BLK_WRITE) == BLK_OK);
}

static void all_lines_that_both_sides_have_are_used(void)
{
	model_emmc();
	CHECK(blk_reset(disk()) == BLK_OK);
	CHECK(emmc->ext_csd[183] == 2);
	CHECK(machine.device->read(0x28, 1) & 1u << 5);
}

static void a_small_one_counts_bytes(void)
{
	model_emmc();
	emmc->counts_blocks = false;
	CHECK(blk_reset(disk()) == BLK_OK);
	CHECK(disk()->info.sector_count == 4096u << 9);
}

static void a_cache_is_turned_on_and_flushed(void)
{
	model_emmc();
	CHECK(blk_reset(disk()) == BLK_OK);
	CHECK(emmc->ext_csd[33] == 1 && disk()->info.can & BLK_CAN_FLUSH);
	CHECK(emmc->flushes == 0);
	CHECK(run(BLK_FLUSH) == BLK_OK && emmc->flushes == 1);
}

static void a_flush_that_it_refuses_is_an_error(void)
{
	model_emmc();
	CHECK(blk_reset(disk()) == BLK_OK);
	emmc->refuses = 32;
	CHECK(run(BLK_FLUSH) == BLK_ERR_MEDIUM);
	emmc->refuses = -1;
	CHECK(run(BLK_FLUSH) == BLK_OK);
}

static void one_without_a_cache_is_not_flushed(void)
{
	model_emmc();
	emmc->ext_csd[249] = emmc->ext_csd[250] = 0;
	CHECK(blk_reset(disk()) == BLK_OK);
	CHECK(!(disk()->info.can & BLK_CAN_FLUSH) && run(BLK_FLUSH) == BLK_ERR_UNSUPPORTED);
	model_emmc();
	emmc->ext_csd[192] = 5;		/* older than caches: the bytes mean nothing */
	CHECK(blk_reset(disk()) == BLK_OK && !(disk()->info.can & BLK_CAN_FLUSH) && emmc->ext_csd[33] == 0);
}

static void one_whose_cache_may_be_on_or_off_is_not_used(void)
{
	model_emmc();
	emmc->refuses = 33;
	CHECK(blk_reset(disk()) == BLK_ERR_RESET);
}

static void on_the_board_there_is_no_slot_to_ask(void)
{
	model_emmc();
	model_emmc_soldered();
	CHECK(blk_reset(disk()) == BLK_OK);
	CHECK(!(disk()->info.can & BLK_IS_READ_ONLY) && run(BLK_WRITE) == BLK_OK);
}

static void after_a_transfer_that_failed_the_next_one_is_sound(void)
{
	model_emmc();
	CHECK(blk_reset(disk()) == BLK_OK);
	emmc->fails = 1;
	CHECK(run(BLK_READ) == BLK_ERR_MEDIUM);
	CHECK(run(BLK_READ) == BLK_OK && run(BLK_WRITE) == BLK_OK);
}

int main(void)
{
	machine_init(NULL, 0);
	machine_seed(1);
	model_emmc();
	TEST(it_comes_up_and_tells_size_and_serial_number);
	TEST(all_lines_that_both_sides_have_are_used);
	TEST(a_small_one_counts_bytes);
	TEST(a_cache_is_turned_on_and_flushed);
	TEST(a_flush_that_it_refuses_is_an_error);
	TEST(one_without_a_cache_is_not_flushed);
	TEST(one_whose_cache_may_be_on_or_off_is_not_used);
	TEST(on_the_board_there_is_no_slot_to_ask);
	TEST(after_a_transfer_that_failed_the_next_one_is_sound);
	return tap_done();
}
