/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a completion belongs to: a pointer to the socket or the send, and in its three low bits
 * which operation it was. The only place that packs or unpacks user_data.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

enum uring_operation {
	URING_RECEIVE = 1, /* socket: multishot recvmsg, or a poll for reading */
	URING_WRITABLE,    /* socket: poll for writing */
	URING_CANCEL,      /* socket: all it has under way */
	URING_SEND,        /* send */
	URING_ACCEPT,      /* listener: multishot accept; its results are fds */
};

static inline uint64_t uring_tag_pack(const void *object, enum uring_operation operation)
{
	uint64_t address = (uint64_t)(uintptr_t)object;

	assert(address && !(address & 7));
	return address | (uint64_t)operation;
}

static inline enum uring_operation uring_tag_operation(uint64_t tag)
{
	return (enum uring_operation)(tag & 7);
}

static inline void *uring_tag_object(uint64_t tag)
{
	return (void *)(uintptr_t)(tag & ~(uint64_t)7);
}
