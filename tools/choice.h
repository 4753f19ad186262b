/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling which provider and io were chosen, and why. */
#pragma once

struct sipring_worker;

void choice_print(const struct sipring_worker *worker);
