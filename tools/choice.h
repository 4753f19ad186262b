/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling which provider and io were chosen, and why. */
#pragma once

struct sipring_choice;

void choice_print(const struct sipring_choice *choice);
