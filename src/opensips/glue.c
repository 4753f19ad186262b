/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proto_sctp, as the OpenSIPS core loads it: what the module exports, and the transport that it is.
 * Who does what is in the other files: engine processes do all I/O (glue_engine.c), the core's SIP
 * workers take whole messages from them and run the script (glue_receive.c), and any process hands
 * them what it sends (glue_send.c). Nothing here waits for the network.
 *
 * Order, by the core: parameters, proto_init, module init, listeners (the bridge is opened with the
 * first, when the number of processes is known), engine processes, all others.
 */
#include "opensips/glue.h"

struct sipring_bridge *sipring_glue_bridge;
struct sipring_roster *sipring_glue_roster;

static int proto_init(struct proto_info *info)
{
	if (sipring_glue_port < 1 || sipring_glue_port > 65535) {
		LM_ERR("sctp_port is %d; it takes 1 to 65535\n", sipring_glue_port);
		return -1;
	}
	info->id = PROTO_SCTP;
	info->name = "sctp";
	info->default_port = (unsigned short)sipring_glue_port;
	info->tran.send = sipring_glue_send;
	compat_set_listen(info, sipring_glue_listen_init, sipring_glue_listen_bind);
	info->net.flags = PROTO_NET_USE_UDP;
	compat_set_read(info, sipring_glue_receive_read);
	return 0;
}

static int init(void)
{
	if (sipring_glue_io_workers < 1 || sipring_glue_io_workers > 64) {
		LM_ERR("io_workers is %d; it takes 1 to 64\n", sipring_glue_io_workers);
		return -1;
	}
	sipring_glue_engines[0].no = (unsigned)sipring_glue_io_workers;
	if (!sipring_glue_trace_open())
		return -1;
	return sipring_glue_events_publish();
}

/* What traces go to is there before we look for it. */
static const dep_export_t dependencies = {
	{
		{MOD_TYPE_DEFAULT, "proto_hep", DEP_SILENT},
		{MOD_TYPE_NULL, NULL, 0},
	},
	{
		{NULL, NULL},
	},
};

static const cmd_export_t commands[] = {
	{"proto_init", (cmd_function)(void (*)(void))proto_init, {{0, 0, 0}}, 0},
	{0, 0, {{0, 0, 0}}, 0},
};

SIPRING_PUBLIC extern struct module_exports exports;

struct module_exports exports = {
	.name = PROTO_PREFIX "sctp",
	.type = MOD_TYPE_DEFAULT,
	.ver_info = MODULE_VERSION,
	.dlflags = DEFAULT_DLFLAGS,
	.deps = &dependencies,
	.cmds = commands,
	.params = sipring_glue_params,
	.stats = sipring_glue_stats,
	.mi_cmds = sipring_glue_commands,
	.procs = sipring_glue_engines,
	.init_f = init,
	.init_child_f = sipring_glue_receive_child,
};
