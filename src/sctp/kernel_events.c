/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel's SCTP says and takes, as plain values: notifications (RFC 6458 6) and receive
 * information (5.3.5) into events, sends into control messages (5.3.4). Pure but for asking a lost
 * socket for its error.
 */
#include "sctp/kernel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static bool association_change(struct kernel_conn *conn, const struct sctp_assoc_change *change,
	struct sipring_sctp_event *event)
{
	switch (change->sac_state) {
	case SCTP_COMM_UP:
		conn->conn.n_streams_out = change->sac_outbound_streams;
		conn->conn.n_streams_in = change->sac_inbound_streams;
		event->type = SIPRING_SCTP_UP;
		return conn->state == KERNEL_CONNECTING;
	case SCTP_RESTART:
		conn->conn.n_streams_out = change->sac_outbound_streams;
		conn->conn.n_streams_in = change->sac_inbound_streams;
		event->type = SIPRING_SCTP_RESTARTED;
		return true;
	case SCTP_SHUTDOWN_COMP:
		event->type = SIPRING_SCTP_LOST;
		return true;
	case SCTP_COMM_LOST:
	case SCTP_CANT_STR_ASSOC:
		event->type = SIPRING_SCTP_LOST;
		event->result = sipring_kernel_socket_error(conn->socket.fd);
		return true;
	default:
		return false;
	}
}

static void path_change(struct kernel *kernel, const struct sctp_paddr_change *change,
	struct sipring_sctp_event *event)
{
	memcpy(&kernel->path, &change->spc_aaddr, sizeof kernel->path);
	sipring_kernel_socket_unmap(&kernel->path);
	event->type = SIPRING_SCTP_PATH;
	event->address = &kernel->path;
	switch (change->spc_state) {
	case SCTP_ADDR_AVAILABLE:
	case SCTP_ADDR_CONFIRMED:
		event->path = SIPRING_SCTP_PATH_UP;
		break;
	case SCTP_ADDR_UNREACHABLE:
	case SCTP_ADDR_REMOVED:
		event->path = SIPRING_SCTP_PATH_DOWN;
		break;
	default:
		event->path = SIPRING_SCTP_PATH_OTHER;
		break;
	}
}

bool sipring_kernel_events_notification(struct kernel *kernel, struct kernel_conn *conn,
	const struct sipring_io_event *io, struct sipring_sctp_event *event)
{
	union sctp_notification note;
	bool first = !conn->in_notification;
	size_t size = io->size < sizeof note ? io->size : sizeof note;

	assert(io->flags & MSG_NOTIFICATION);
	kernel->sctp.counters.n_notifications += first;
	conn->in_notification = !(io->flags & MSG_EOR);
	if (!first || size < sizeof note.sn_header)
		return false;
	memset(&note, 0, sizeof note);
	memcpy(&note, io->data, size);
	switch (note.sn_header.sn_type) {
	case SCTP_ASSOC_CHANGE:
		return association_change(conn, &note.sn_assoc_change, event);
	case SCTP_PEER_ADDR_CHANGE:
		path_change(kernel, &note.sn_paddr_change, event);
		return true;
	case SCTP_SEND_FAILED_EVENT:
		event->type = SIPRING_SCTP_RETURNED;
		event->context = note.sn_send_failed_event.ssfe_info.snd_context;
		event->size =
			note.sn_send_failed_event.ssf_length - sizeof note.sn_send_failed_event;
		event->result = note.sn_send_failed_event.ssf_flags == SCTP_DATA_SENT ? -ETIMEDOUT
										      : -ECANCELED;
		return true;
	case SCTP_SHUTDOWN_EVENT:
		event->type = SIPRING_SCTP_ENDING;
		return true;
	case SCTP_PARTIAL_DELIVERY_EVENT:
		event->type = SIPRING_SCTP_ABANDONED;
		return true;
	default:
		return false;
	}
}

void sipring_kernel_events_data(const struct sipring_io_event *io, struct sipring_sctp_event *event)
{
	struct msghdr header = {.msg_control = io->control, .msg_controllen = io->control_size};
	const struct cmsghdr *control = CMSG_FIRSTHDR(&header);
	struct sctp_rcvinfo info;

	event->type = SIPRING_SCTP_DATA;
	event->data = io->data;
	event->size = io->size;
	event->end = io->flags & MSG_EOR;
	if (!control || control->cmsg_level != IPPROTO_SCTP || control->cmsg_type != SCTP_RCVINFO)
		return;
	memcpy(&info, CMSG_DATA(control), sizeof info);
	event->stream = info.rcv_sid;
	event->ppid = ntohl(info.rcv_ppid);
	event->unordered = info.rcv_flags & SCTP_UNORDERED;
}

void sipring_kernel_events_send(struct kernel_conn *conn, struct sipring_sctp_send *send)
{
	const struct sipring_sctp_config *config = conn->conn.config;
	bool unordered = send->flags & SIPRING_SCTP_UNORDERED;
	struct cmsghdr *control = (struct cmsghdr *)(void *)send->control;
	struct sctp_sndinfo info = {
		.snd_sid = send->stream,
		/* Flags given here stand for the default's, the policy of its lifetime too. */
		.snd_flags = (unordered ? SCTP_UNORDERED : 0) |
			(config->knobs.lifetime_ms ? SCTP_PR_SCTP_TTL : 0),
		.snd_ppid = htonl(send->ppid),
		.snd_context = send->context,
	};

	static_assert(sizeof send->control >= CMSG_SPACE(sizeof info), "room for SCTP_SNDINFO");
	send->io.socket = &conn->socket;
	send->io.parts = send->parts;
	send->io.n_parts = send->n_parts;
	send->io.flags = (send->flags & SIPRING_SCTP_MORE ? SIPRING_IO_MORE : 0u) |
		(send->flags & SIPRING_SCTP_QUIET ? SIPRING_IO_QUIET : 0u) |
		(unordered ? 0u : SIPRING_IO_CHAINED);
	send->io.name = NULL;
	send->io.name_size = 0;
	send->io.owner = send;
	send->io.control_size = 0;
	if (!send->stream && !send->ppid && !send->context && unordered == config->unordered)
		return;
	control->cmsg_level = IPPROTO_SCTP;
	control->cmsg_type = SCTP_SNDINFO;
	control->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(control), &info, sizeof info);
	send->io.control = send->control;
	send->io.control_size = CMSG_SPACE(sizeof info);
}
