/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usrsctp as its own examples use it (echo_server.c): its threads receive and keep time, one
 * one-to-many socket, a loop of blocking usrsctp_recvv and usrsctp_sendv; in UDP (RFC 6951).
 * Answers any request by copying the headers that a reply repeats, since its client is `sipring
 * load`; nothing is parsed beyond the lines.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <usrsctp.h>

#define MESSAGE_MAX 65536
#define BUFFER_SIZE 262144

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(3);
}

static void end(int signal)
{
	(void)signal;
	_Exit(0);
}

static char *put(char *at, const char *text, size_t size)
{
	memcpy(at, text, size);
	return at + size;
}

/* The reply to a request whose lines end by CRLF; its size. */
static size_t answer(char *reply, const char *request, size_t size)
{
	static const char *const repeated[] = {"Via:", "From:", "To:", "Call-ID:", "CSeq:"};
	static const char status[] = "SIP/2.0 200 OK\r\n", last[] = "Content-Length: 0\r\n\r\n";
	const char *line = request, *end_of = request + size;
	char *at = put(reply, status, sizeof(status) - 1);

	while (line < end_of) {
		const char *next = memchr(line, '\n', (size_t)(end_of - line));

		if (!next)
			break;
		next++;
		for (unsigned i = 0; i < sizeof(repeated) / sizeof(repeated[0]); i++) {
			size_t n_name = strlen(repeated[i]);

			if ((size_t)(next - line) <= n_name ||
				strncasecmp(line, repeated[i], n_name))
				continue;
			if (*line == 'T') {
				at = put(at, line, (size_t)(next - line) - 2);
				at = put(at, ";tag=0f3e2d1c\r\n", 15);
			} else {
				at = put(at, line, (size_t)(next - line));
			}
		}
		line = next;
	}
	at = put(at, last, sizeof(last) - 1);
	return (size_t)(at - reply);
}

static struct socket *listen_at(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_ANY)};
	int on = 1, size = BUFFER_SIZE;
	struct socket *fd =
		usrsctp_socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP, NULL, NULL, 0, NULL);

	if (!fd)
		fail("usrsctp_socket");
	if (usrsctp_setsockopt(fd, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof(on)) < 0 ||
		usrsctp_setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on)) < 0 ||
		usrsctp_setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0 ||
		usrsctp_setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0)
		fail("usrsctp_setsockopt");
	if (usrsctp_bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		usrsctp_listen(fd, 4096) < 0)
		fail("usrsctp_bind");
	return fd;
}

static void serve(struct socket *fd)
{
	static char request[MESSAGE_MAX], reply[2 * MESSAGE_MAX];

	for (;;) {
		struct sockaddr_in from;
		struct sctp_rcvinfo info = {0};
		socklen_t from_size = sizeof(from), info_size = sizeof(info);
		unsigned type = 0;
		int flags = 0;
		ssize_t size = usrsctp_recvv(fd, request, sizeof(request), (struct sockaddr *)&from,
			&from_size, &info, &info_size, &type, &flags);

		if (size < 0)
			fail("usrsctp_recvv");
		if (flags & MSG_NOTIFICATION || type != SCTP_RECVV_RCVINFO || !(flags & MSG_EOR))
			continue;
		struct sctp_sndinfo out = {.snd_sid = info.rcv_sid,
			.snd_flags = info.rcv_flags & SCTP_UNORDERED ? SCTP_UNORDERED : 0,
			.snd_ppid = info.rcv_ppid,
			.snd_assoc_id = info.rcv_assoc_id};
		if (usrsctp_sendv(fd, reply, answer(reply, request, (size_t)size), NULL, 0, &out,
			    sizeof(out), SCTP_SENDV_SNDINFO, 0) < 0)
			perror("usrsctp_sendv");
	}
}

int main(int argc, char **argv)
{
	unsigned port = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
	unsigned udp_port = argc > 2 ? (unsigned)atoi(argv[2]) : 0;

	if (argc != 3 || !port || port > 65535 || !udp_port || udp_port > 65535) {
		fprintf(stderr, "usage: %s PORT UDP_PORT\n", argv[0]);
		return 2;
	}
	signal(SIGTERM, end);
	signal(SIGINT, end);
	usrsctp_init((uint16_t)udp_port, NULL, NULL);
	struct socket *fd = listen_at(port);
	puts("ready");
	fflush(stdout);
	serve(fd);
}
