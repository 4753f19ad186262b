/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of the tools themselves, told in the library's form. */
#pragma once

struct sipring_error;

/* Sets the text, one line that names the remedy; returns code, which is negative. */
__attribute__((format(printf, 3, 4))) int fault_set(struct sipring_error *error, int code,
	const char *format, ...);
