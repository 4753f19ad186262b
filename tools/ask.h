/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking a server that runs. */
#pragma once

#include <cjson/cJSON.h>
#include <sipring/types.h>
#include <stdint.h>

/* A connection to it, on which nothing takes longer than some seconds; or -errno. */
int ask_call(const char *path);
/* What it answers, of the heap; NULL with a text that names the remedy. */
char *ask_text(const char *path, const char *question, struct sipring_error *error);
/* The same as JSON, which the caller frees. */
cJSON *ask(const char *path, const char *question, struct sipring_error *error);

/* Of an object: 0 and "" where there is no such member. */
uint64_t ask_count(const cJSON *object, const char *name);
const char *ask_string(const cJSON *object, const char *name);
