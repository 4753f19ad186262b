/* SPDX-License-Identifier: BSD-2-Clause */
/* What the processes of `sipring serve` share beside the library's own: counts, wishes, news. */
#pragma once

#include "tools/serve_report.h"

#include <stdatomic.h>

/* One worker's, written by it and whoever comes after it in its place. */
struct board_slot {
	_Alignas(64) struct serve_counts counts; /* only grow: a successor goes on from there */
	_Atomic uint32_t n_ready;                /* how often one was ready in this place */
	char provider[16], provider_reason[256]; /* of struct sipring_choice, before n_ready */
	char io[16], io_reason[256];
};

/* In shared memory. */
struct board {
	unsigned n_slots;
	int news_fd;           /* an eventfd: a worker has something to tell */
	_Atomic uint32_t wish; /* enum supervisor_wish */
	struct board_slot slots[];
};

/* NULL: errno tells. Before any fork. */
struct board *board_open(unsigned n_slots);
void board_close(struct board *board);

/* A worker's: it is ready, and that is news. */
void board_ready(struct board *board, unsigned index, const struct sipring_choice *choice);
void board_tell(const struct board *board);

/* The supervisor's. */
bool board_all_ready(const struct board *board);
void board_choice(const struct board *board, unsigned index, struct sipring_choice *choice);
void board_counts(const struct board *board, struct serve_counts *sum);
