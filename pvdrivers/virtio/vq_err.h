/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VIRTIO_VQ_ERR_H
#define VIRTIO_VQ_ERR_H

/*
 * What can go wrong with rings and with a peer's memory. It must not know devices.
 */

#define MUST_CHECK __attribute__((warn_unused_result))

enum vq_err {
	VQ_OK = 0,
	VQ_ERR_EMPTY = -1,	/* nothing waits in the ring: no mistake of anybody */
	VQ_ERR_FULL = -2,	/* no room in the ring now; there will be */
	VQ_ERR_GUEST = -3,	/* the peer broke the protocol: mark the device broken; nothing of ours is wrong */
	VQ_ERR_FAULT = -4,	/* the peer's memory did not answer: its window was taken away */
	VQ_ERR_SETUP = -5,	/* sizes or addresses that no queue can have */
};

/* Returns from the calling function with the error of `call`, if there is one. */
#define VQ_TRY(call)                                      \
	do {                                              \
		enum vq_err vq_try_err_ = (call);         \
		if (__builtin_expect(vq_try_err_ != 0, 0)) \
			return vq_try_err_;               \
	} while (0)

#endif
