/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Methods: every number has a name that leads back to it, and only in capitals.
 */
#include "sip_edge.h"

Test(sip_method, there_and_back)
{
	for (unsigned i = 1; i < SIPRING_METHOD_COUNT; i++) {
		const char *name = sipring_method_name((enum sipring_method)i);

		cr_assert_geq(strlen(name), 3);
		cr_assert_eq(sipring_method_find(edge_span(name)), i, "%s", name);
	}
}

Test(sip_method, others)
{
	static const char *const names[] = {"", "A", "AC", "ACKX", "Ack", "invite", "INVITED",
		"INFOS", "INV", "REFERS", "PRACKS", "REGISTERS", "SUBSCRIBED", "NOTIFI", "FOO",
		"INVI", "PUBLI", "REGIS"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		cr_assert_eq(sipring_method_find(edge_span(names[i])), SIPRING_METHOD_OTHER, "%s",
			names[i]);
	cr_assert_str_empty(sipring_method_name(SIPRING_METHOD_OTHER));
}
