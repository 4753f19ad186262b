/* SPDX-License-Identifier: BSD-2-Clause */
/* The order in which the targets of SRV records are tried (RFC 2782). */
#pragma once

#include "dns/answer.h"

/*
 * Brings records that are sorted by priority into the order of use: within a priority by weighted
 * chance. *random is the state of the chance, any number but 0; the same state gives the same
 * order.
 */
void sipring_dns_order(struct sipring_dns_record *records, unsigned n_records, uint64_t *random);
