/* SPDX-License-Identifier: BSD-2-Clause */
/* What the doctor finds without the library. */
#pragma once

#include <sipring/sipring.h>

void doctor_system(void (*found)(void *user, const struct sipring_finding *finding), void *user);
