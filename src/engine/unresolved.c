/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What to say of a name that led nowhere.
 */
#include <sipring/sipring.h>

#include <errno.h>
#include <string.h>

const char *sipring_unresolved_text(int error)
{
	switch (error) {
	case -ENOENT:
		return "no such name";
	case -ENODATA:
		return "the name has no address";
	case -EPROTONOSUPPORT:
		return "the name offers no SIP over SCTP (transport=sctp in the URI passes over "
		       "its NAPTR records)";
	case -ETIMEDOUT:
		return "no name server answered (the setting dns_servers names others than "
		       "/etc/resolv.conf)";
	case -ECONNREFUSED:
		return "no name server is there (the setting dns_servers names others than "
		       "/etc/resolv.conf)";
	case -EREMOTEIO:
		return "the name server failed (SERVFAIL)";
	case -EACCES:
		return "the name server refuses to answer";
	case -EBADMSG:
		return "the name server's answer cannot be read";
	case -ENFILE:
		return "too many names are looked up (the setting dns_cache bounds them)";
	default:
		return strerror(-error);
	}
}
