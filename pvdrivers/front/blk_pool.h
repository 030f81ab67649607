/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FRONT_BLK_POOL_H
#define FRONT_BLK_POOL_H

/*
 * The way of a disk's requests through a pool, if it has one: what blk.c needs of blk_pool.c. It must not know rings.
 */

#include "blk.h"

/** Takes the device's share of a pool, if there is one. */
void front_blk_pool_open(struct front_blk *blk);

/** The most bytes of one request, given what the disk takes: four of them fit the pool. 0: not even one block does. */
uint32_t front_blk_pool_limit(const struct front_blk *blk, uint32_t bytes);

/** Finds cell and place of data, and copies what is to be written there. False: no room now. */
bool front_blk_show(struct front_blk *blk, struct front_blk_request *request);

/** The device is done with it: gives cell and place back; with `is_good`, what was read is copied out first. */
void front_blk_hide(struct front_blk *blk, struct front_blk_request *request, bool is_good);

#endif
