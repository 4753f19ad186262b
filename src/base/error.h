/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors inside sipring have two signs. Negative (-errno) is fatal to the operation: the caller
 * only hands it on. Positive is a named condition of that one function which its caller must
 * handle. Where an operator will read it, the text is set once, at the place that knows the remedy.
 */
#pragma once

#include <sipring/types.h>

/*
 * Fills *error (NULL allowed) with a negative errno value and a formatted line; returns code, so
 * that `return sipring_error_set(…)` reads as one step.
 */
int sipring_error_set(struct sipring_error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
