/* SPDX-License-Identifier: BSD-2-Clause */
/* What the processes of `sipring serve` share beside the library's own: counts, wishes, news. */
#pragma once

#include "tools/serve_report.h"

#include <stdatomic.h>

#define BOARD_INFOS_MAX 512

/* One worker's, written by it and whoever comes after it in its place. */
struct board_slot {
	_Alignas(64) struct serve_counts counts; /* only grow: a successor goes on from there */
	_Atomic uint32_t n_ready;                /* how often one was ready in this place */
	char provider[16], provider_reason[256]; /* of struct sipring_choice, before n_ready */
	char io[16], io_reason[256];
	/* Of the associations, as they were when asked last. */
	_Atomic uint32_t answered;      /* the question that infos is the answer to */
	uint32_t n_infos, n_infos_left; /* those for which there was no room */
	struct sipring_association_info infos[BOARD_INFOS_MAX];
};

/* In shared memory. */
struct board {
	unsigned n_slots;
	int news_fd;                 /* an eventfd: a worker has something to tell */
	_Atomic uint32_t wish;       /* enum supervisor_wish */
	_Atomic uint32_t asked;      /* who has associations? Grows with each question, from 0 */
	_Atomic uint32_t hand_asked; /* what do you listen by? Likewise */
	int hand_fds[2];             /* the supervisor's end, and that of workers who answer */
	struct board_slot slots[];
};

/* A worker's own: how far it has come with an answer. */
struct board_look {
	uint32_t question;
	uint32_t cursor;
};

/* NULL: errno tells. Before any fork. */
struct board *board_open(unsigned n_slots);
void board_close(struct board *board);

/* A worker's: it is ready, and that is news. */
void board_ready(struct board *board, unsigned index, const struct sipring_choice *choice);
/*
 * Between turns: a part of the answer to what the supervisor asks; true when there is more to be
 * told, and it should be called again soon.
 */
bool board_answer(struct board *board, unsigned index, struct board_look *look,
	struct sipring_worker *worker);

/* The supervisor's. */
bool board_all_ready(const struct board *board);
void board_choice(const struct board *board, unsigned index, struct sipring_choice *choice);
/* Of one worker: true when its infos may be read, up to the next question. */
bool board_has_answered(const struct board *board, unsigned index, uint32_t question);
void board_counts(const struct board *board, struct serve_counts *sum);
