/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The releases of OpenSIPS from 3.4 to 4.1 as one: all headers of the core that the glue sees, and
 * what differs between the releases under names that do not. OPENSIPS_RELEASE (304, 401) comes with
 * the definitions that the tree is compiled with. Nobody else asks which release it is.
 */
#pragma once

#include "dprint.h"
#include "evi/evi_modules.h"
#include "evi/evi_params.h"
#include "globals.h"
#include "ip_addr.h"
#include "ipc.h"
#include "mi/mi.h"
#include "net/trans.h"
#include "pt.h"
#include "reactor_defs.h"
#include "receive.h"
#include "socket_info.h"
#include "sr_module.h"
#include "statistics.h"
#include "status_report.h"
#include "trace_api.h"

/* Where a message goes, as the core hands it over. */
#if OPENSIPS_RELEASE < 305
typedef struct socket_info compat_socket;
typedef union sockaddr_union compat_address;
#else
typedef const struct socket_info compat_socket;
typedef const union sockaddr_union compat_address;
#endif

/* The parameters that follow the association's id in the function that sends. */
#if OPENSIPS_RELEASE < 400
#define COMPAT_SEND_MORE
#else
#define COMPAT_SEND_MORE , __attribute__((unused)) struct sip_msg *message
#endif

/* The listeners of a transport, one after the other. */
#if OPENSIPS_RELEASE < 305
static inline struct socket_info *compat_first(int proto)
{
	return protos[proto].listeners;
}

static inline struct socket_info *compat_next(struct socket_info *si)
{
	return si->next;
}
#else
static inline struct socket_info *compat_first(int proto)
{
	struct socket_info_full *full = protos[proto].listeners;

	return full ? &full->socket_info : NULL;
}

static inline struct socket_info *compat_next(struct socket_info *si)
{
	/* The full one begins with it. */
	struct socket_info_full *full = ((struct socket_info_full *)si)->next;

	return full ? &full->socket_info : NULL;
}
#endif

/* How many processes another module has the core fork for it; 0 where it is not loaded. */
static inline unsigned compat_processes_of(const char *module)
{
	for (const struct sr_module *m = modules; m; m = m->next) {
		const proc_export_t *p = m->exports->procs;

		if (strcmp(m->exports->name, module) == 0)
			return p ? p->no : 0;
	}
	return 0;
}

/* TOS of a listener, 0 for none of its own. */
static inline int compat_tos(__attribute__((unused)) const struct socket_info *si)
{
#if OPENSIPS_RELEASE < 306
	return 0;
#else
	return si->tos;
#endif
}

/* The functions of a transport, under the names that its release has for them. */
#if OPENSIPS_RELEASE < 305
typedef int compat_read(void *si, int *size);
#define COMPAT_READ_SOCKET void
#else
typedef int compat_read(const struct socket_info *si, int *size);
#define COMPAT_READ_SOCKET const struct socket_info
#endif

static inline void compat_set_read(struct proto_info *info, compat_read *read)
{
#if OPENSIPS_RELEASE < 305
	info->net.read = read;
#else
	info->net.dgram.read = read;
#endif
}

/* Before 3.6 init_listener is the one function for both. */
static inline void compat_set_listen(struct proto_info *info, int (*init)(struct socket_info *si),
	__attribute__((unused)) int (*bind)(struct socket_info *si))
{
	info->tran.init_listener = init;
#if OPENSIPS_RELEASE >= 306
	info->tran.bind_listener = bind;
#endif
}
