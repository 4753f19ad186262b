/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending, from whatever process: the message is copied to the engine that has the association,
 * and that is all. What cannot go is refused at once, with a negative result, by which tm tries the
 * next destination; what fails later the engine process tells (glue_events.c).
 */
#include "opensips/glue.h"

#include <string.h>
#include <time.h>

/* A line a second and process; the lines not written are counted in the next one. */
static void complain(const struct sipring_send *send, int r)
{
	static time_t last;
	static unsigned n_silent;
	struct ip_addr ip;
	time_t now = time(NULL);

	if (now == last) {
		n_silent++;
		return;
	}
	sockaddr2ip_addr(&ip, (struct sockaddr *)(uintptr_t)&send->to->sa);
	LM_ERR("%zu bytes to sctp:%s:%d not sent: %s (and %u more since the last line)\n",
		send->size, ip_addr2a(&ip), ntohs(send->to->v4.sin_port), strerror(-r), n_silent);
	last = now;
	n_silent = 0;
}

int sipring_glue_send(compat_socket *si, char *buffer, unsigned size, compat_address *to,
	unsigned id COMPAT_SEND_MORE)
{
	struct sipring_send send = {
		.data = buffer,
		.size = size,
		.to = (const union sipring_address *)to,
		.association = sipring_glue_reuse ? id : 0,
	};
	int number = sipring_glue_listen_number(si);
	int r;

	if (!sipring_glue_bridge)
		return -1;
	if (number >= 0)
		send.listener = (uint8_t)(number + 1);
	r = sipring_bridge_send(sipring_glue_bridge, &send);
	if (r < 0) {
		complain(&send, r);
		return -1;
	}
	return (int)size;
}
