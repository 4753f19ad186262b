/* SPDX-License-Identifier: BSD-2-Clause */
/* sipring.conf: settings, listeners and answers from a file. */
#pragma once

#include "tools/answer.h"
#include "tools/options.h"

struct settings_file {
	struct cfg_t *parsed;
};

/*
 * Reads the file; its settings go where the command line has named none. 0, or -errno with a text
 * that has file and line. In either case free it, and no sooner than its texts are needed.
 */
int settings_file_read(struct settings_file *file, const char *path, struct options *options,
	struct sipring_error *error);
/* One by one, NULL after the last. */
const char *settings_file_listener(const struct settings_file *file, unsigned index);
const char *settings_file_answer(const struct settings_file *file, unsigned index);
void settings_file_free(struct settings_file *file);
