/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reason phrases: known codes, the class of unknown ones.
 */
#include "sip_edge.h"

Test(sip_phrase, known_and_unknown)
{
	static const struct {
		unsigned status;
		const char *text;
	} rows[] = {{100, "Trying"}, {180, "Ringing"}, {200, "OK"}, {400, "Bad Request"},
		{486, "Busy Here"}, {505, "Version Not Supported"}, {503, "Service Unavailable"},
		{603, "Decline"}, {608, "Rejected"}, {299, "Success"}, {399, "Redirection"},
		{499, "Request Failure"}, {599, "Server Failure"}, {699, "Global Failure"},
		{150, "Progress"}, {99, "Unknown"}, {700, "Unknown"}};
	unsigned n_known = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_assert_str_eq(sipring_reply_phrase((uint16_t)rows[i].status), rows[i].text);
	for (unsigned status = 100; status < 700; status++) {
		const char *text = sipring_reply_phrase((uint16_t)status);

		n_known += strcmp(text, sipring_reply_phrase((uint16_t)(status / 100 * 100 + 98)));
	}
	cr_assert_gt(n_known, 0);
}
