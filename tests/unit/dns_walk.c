/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 3263 step by step over answers from a table: which questions are asked, which addresses come
 * out in which order, and why there are none. Each way is walked twice: with all answers at hand,
 * and with each question answered only when it is asked for the second time.
 */
#include "dns/walk.h"
#include "net/address.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One record, or what else there is to say; several rows with the same key are one answer. */
struct row {
	const char *name;
	enum sipring_dns_type type;
	int status;
	unsigned order, preference, port; /* of NAPTR the port is the transport */
	const char *value;
};

static const struct row zone[] = {
	{"full.test", SIPRING_DNS_NAPTR, 0, 10, 0, SIPRING_TRANSPORT_UDP, "_sip._udp.full.test"},
	{"full.test", SIPRING_DNS_NAPTR, 0, 20, 0, SIPRING_TRANSPORT_TLS_SCTP,
		"_sips._sctp.full.test"},
	{"full.test", SIPRING_DNS_NAPTR, 0, 30, 0, SIPRING_TRANSPORT_SCTP, "none.full.test"},
	{"full.test", SIPRING_DNS_NAPTR, 0, 40, 0, SIPRING_TRANSPORT_SCTP, "list.full.test"},
	{"list.full.test", SIPRING_DNS_SRV, 0, 1, 0, 5071, "a.test"},
	{"list.full.test", SIPRING_DNS_SRV, 0, 2, 0, 5072, "gone.test"},
	{"list.full.test", SIPRING_DNS_SRV, 0, 3, 0, 5073, "both.test"},
	{"_sip._sctp.full.test", SIPRING_DNS_SRV, 0, 1, 0, 5074, "a.test"},
	{"_sips._sctp.full.test", SIPRING_DNS_SRV, 0, 1, 0, 5075, "a.test"},
	{"udp.test", SIPRING_DNS_NAPTR, 0, 10, 0, SIPRING_TRANSPORT_UDP, "_sip._udp.udp.test"},
	{"_sip._sctp.udp.test", SIPRING_DNS_SRV, 0, 1, 0, 5076, "a.test"},
	{"a.test", SIPRING_DNS_A, 0, 0, 0, 0, "192.0.2.1"},
	{"a.test", SIPRING_DNS_NAPTR, SIPRING_DNS_NO_DATA, 0, 0, 0, NULL},
	{"both.test", SIPRING_DNS_A, 0, 0, 0, 0, "192.0.2.2"},
	{"both.test", SIPRING_DNS_A, 0, 0, 0, 0, "192.0.2.3"},
	{"both.test", SIPRING_DNS_AAAA, 0, 0, 0, 0, "2001:db8::2"},
	{"denied.test", SIPRING_DNS_NAPTR, SIPRING_DNS_NO_DATA, 0, 0, 0, NULL},
	{"_sip._sctp.denied.test", SIPRING_DNS_SRV, SIPRING_DNS_NO_SERVICE, 0, 0, 0, NULL},
	{"denied.test", SIPRING_DNS_A, 0, 0, 0, 0, "192.0.2.4"},
	{"empty.test", SIPRING_DNS_NAPTR, SIPRING_DNS_NO_DATA, 0, 0, 0, NULL},
	{"empty.test", SIPRING_DNS_A, SIPRING_DNS_NO_DATA, 0, 0, 0, NULL},
	{"empty.test", SIPRING_DNS_AAAA, SIPRING_DNS_NO_DATA, 0, 0, 0, NULL},
	{"silent.test", SIPRING_DNS_NAPTR, -ETIMEDOUT, 0, 0, 0, NULL},
	{"silent.test", SIPRING_DNS_A, -ETIMEDOUT, 0, 0, 0, NULL},
	{"half.test", SIPRING_DNS_A, 0, 0, 0, 0, "192.0.2.5"},
	{"half.test", SIPRING_DNS_AAAA, -EREMOTEIO, 0, 0, 0, NULL},
	{"local.test", SIPRING_DNS_HOSTS, 0, 0, 0, 0, "127.0.0.7"},
	{"_sip._sctp.local.test", SIPRING_DNS_SRV, 0, 1, 0, 5077, "a.test"},
	{"tolocal.test", SIPRING_DNS_NAPTR, SIPRING_DNS_NO_DATA, 0, 0, 0, NULL},
	{"_sip._sctp.tolocal.test", SIPRING_DNS_SRV, 0, 1, 0, 5078, "local.test"},
};

struct asked {
	char text[1024]; /* " NAPTR full.test, …" */
	bool is_late;    /* an answer comes when it is asked for again */
	struct sipring_list *waiter;
};

static const char *type_name(enum sipring_dns_type type)
{
	return type == SIPRING_DNS_HOSTS   ? "HOSTS"
		: type == SIPRING_DNS_A    ? "A"
		: type == SIPRING_DNS_AAAA ? "AAAA"
		: type == SIPRING_DNS_SRV  ? "SRV"
					   : "NAPTR";
}

static void add(struct sipring_dns_answer *answer, const struct row *row)
{
	union sipring_address address;
	struct sipring_dns_record *record;
	int at;

	answer->status = row->status;
	if (!row->value)
		return;
	if (sipring_address_parse(&address, row->value, strlen(row->value)) == 0) {
		sipring_dns_answer_add_address(answer, &address);
		return;
	}
	at = sipring_dns_answer_add_name(answer, row->value);
	cr_assert_geq(at, 0);
	record = &answer->records[answer->n_records++];
	*record = (struct sipring_dns_record){.order = (uint16_t)row->order,
		.preference = (uint16_t)row->preference,
		.port = (uint16_t)row->port,
		.transport = (uint8_t)row->port,
		.name = (uint16_t)at};
}

static int missing(const char *name, enum sipring_dns_type type)
{
	for (size_t i = 0; i < sizeof zone / sizeof *zone; i++)
		if (type == SIPRING_DNS_HOSTS || strcmp(zone[i].name, name) == 0)
			return SIPRING_DNS_NO_DATA;
	return SIPRING_DNS_NO_NAME;
}

static const struct sipring_dns_answer *look_up(void *user, const char *name,
	enum sipring_dns_type type, struct sipring_list *waiter, int *error)
{
	static struct sipring_dns_answer answer;
	struct asked *asked = user;
	char question[300];

	(void)error;
	snprintf(question, sizeof question, " %s %s, ", type_name(type), name);
	if (!strstr(asked->text, question)) {
		if (type != SIPRING_DNS_HOSTS)
			strcat(asked->text, question + 1);
		if (asked->is_late && type != SIPRING_DNS_HOSTS) {
			asked->waiter = waiter;
			return NULL;
		}
	}
	answer = (struct sipring_dns_answer){.status = missing(name, type)};
	for (size_t i = 0; i < sizeof zone / sizeof *zone; i++)
		if (zone[i].type == type && strcmp(zone[i].name, name) == 0)
			add(&answer, &zone[i]);
	return &answer;
}

static struct asked asked;

/* The addresses of a URI in their order, and why there are no more: "192.0.2.1:5060 -61". */
static const char *walk(const char *text, enum sipring_transport transport, bool is_late)
{
	static char out[512];
	static struct sipring_dns_walk walk;
	uint64_t random = 1;
	struct sipring_dns_source source = {.look_up = look_up, .user = &asked, .random = &random};
	struct sipring_uri uri;
	struct sipring_target target;
	union sipring_address address;
	char printed[SIPRING_ADDRESS_TEXT_MAX];
	int step;

	asked = (struct asked){.text = " ", .is_late = is_late};
	out[0] = '\0';
	cr_assert_eq(sipring_uri_parse(&uri, (struct sipring_span){text, strlen(text)}), 0);
	cr_assert_eq(sipring_uri_target(&uri, 6060, &target), 0);
	if (!target.is_transport_named && !target.is_port_named)
		target.port = 6060; /* as the engine, for which SCTP is what there is */
	if (target.host_kind != SIPRING_HOST_NAME)
		sipring_address_set_port(&target.address, target.port);
	cr_assert_eq(sipring_dns_walk_begin(&walk, &target, transport), 0);
	while ((step = sipring_dns_walk_next(&walk, &source, &address)) >= 0) {
		cr_assert_lt(strlen(out), 300, "%s does not end", text);
		if (step == SIPRING_DNS_STEP_WAIT) {
			cr_assert(asked.waiter == &walk.waiters[0] ||
				asked.waiter == &walk.waiters[1]);
			continue;
		}
		sprintf(out + strlen(out), "%s ", sipring_address_print(&address, printed));
	}
	cr_expect_eq(sipring_dns_walk_next(&walk, &source, &address), step,
		"the end stays the end");
	sprintf(out + strlen(out), "%d", step);
	return out;
}

static void expect(const char *uri, const char *addresses, int error, const char *questions)
{
	char wanted[512];

	snprintf(wanted, sizeof wanted, "%s%s%d", addresses, *addresses ? " " : "", error);
	for (unsigned late = 0; late < 2; late++) {
		cr_expect_str_eq(walk(uri, SIPRING_TRANSPORT_SCTP, late), wanted, "%s", uri);
		cr_expect_str_eq(asked.text + 1, questions, "%s", uri);
	}
}

Test(dns_walk, a_numeric_host_asks_nothing)
{
	expect("sip:192.0.2.9;transport=sctp", "192.0.2.9:6060", -ENODATA, "");
	expect("sip:[2001:db8::9]:5071;transport=sctp", "[2001:db8::9]:5071", -ENODATA, "");
}

Test(dns_walk, naptr_then_srv_then_addresses)
{
	expect("sip:full.test", "192.0.2.1:5071 [2001:db8::2]:5073 192.0.2.2:5073 192.0.2.3:5073",
		-ENODATA,
		"NAPTR full.test, SRV none.full.test, SRV list.full.test, AAAA a.test, A a.test, "
		"AAAA gone.test, A gone.test, AAAA both.test, A both.test, ");
	expect("sip:Full.Test.", "192.0.2.1:5071 [2001:db8::2]:5073 192.0.2.2:5073 192.0.2.3:5073",
		-ENODATA,
		"NAPTR full.test, SRV none.full.test, SRV list.full.test, AAAA a.test, A a.test, "
		"AAAA gone.test, A gone.test, AAAA both.test, A both.test, ");
}

Test(dns_walk, a_named_transport_passes_over_naptr)
{
	expect("sip:full.test;transport=sctp", "192.0.2.1:5074", -ENODATA,
		"SRV _sip._sctp.full.test, AAAA a.test, A a.test, ");
}

Test(dns_walk, sips_takes_the_secured_services)
{
	cr_expect_str_eq(walk("sips:full.test", SIPRING_TRANSPORT_TLS_SCTP, true),
		"192.0.2.1:5075 -61");
	cr_expect_str_eq(walk("sips:full.test;transport=sctp", SIPRING_TRANSPORT_TLS_SCTP, false),
		"192.0.2.1:5075 -61");
	cr_expect_str_eq(walk("sips:a.test;transport=sctp", SIPRING_TRANSPORT_TLS_SCTP, false),
		"192.0.2.1:5061 -61");
}

Test(dns_walk, a_named_port_is_for_addresses_alone)
{
	expect("sip:full.test:5099", "", -ENODATA, "AAAA full.test, A full.test, ");
	expect("sip:both.test:5099;transport=sctp",
		"[2001:db8::2]:5099 192.0.2.2:5099 192.0.2.3:5099", -ENODATA,
		"AAAA both.test, A both.test, ");
}

Test(dns_walk, the_default_port_is_for_names_without_srv)
{
	expect("sip:a.test", "192.0.2.1:6060", -ENODATA,
		"NAPTR a.test, SRV _sip._sctp.a.test, AAAA a.test, A a.test, ");
	expect("sip:a.test;transport=sctp", "192.0.2.1:6060", -ENODATA,
		"SRV _sip._sctp.a.test, AAAA a.test, A a.test, ");
	expect("sip:other.test;maddr=a.test;transport=sctp", "192.0.2.1:6060", -ENODATA,
		"SRV _sip._sctp.a.test, AAAA a.test, A a.test, ");
}

Test(dns_walk, why_there_is_nothing)
{
	expect("sip:udp.test", "", -EPROTONOSUPPORT, "NAPTR udp.test, ");
	expect("sip:udp.test;transport=sctp", "192.0.2.1:5076", -ENODATA,
		"SRV _sip._sctp.udp.test, AAAA a.test, A a.test, ");
	expect("sip:denied.test", "", -EPROTONOSUPPORT,
		"NAPTR denied.test, SRV _sip._sctp.denied.test, ");
	expect("sip:nobody.test", "", -ENOENT, "NAPTR nobody.test, ");
	expect("sip:empty.test", "", -ENODATA,
		"NAPTR empty.test, SRV _sip._sctp.empty.test, AAAA empty.test, A empty.test, ");
	expect("sip:silent.test", "", -ETIMEDOUT, "NAPTR silent.test, ");
	expect("sip:silent.test:5060", "", -ETIMEDOUT, "AAAA silent.test, A silent.test, ");
}

Test(dns_walk, one_family_is_enough)
{
	expect("sip:half.test:5060", "192.0.2.5:5060", -EREMOTEIO, "AAAA half.test, A half.test, ");
}

Test(dns_walk, etc_hosts_comes_before_all)
{
	expect("sip:local.test", "127.0.0.7:6060", -ENODATA, "");
	expect("sip:local.test:5099", "127.0.0.7:5099", -ENODATA, "");
	expect("sip:tolocal.test", "127.0.0.7:5078", -ENODATA,
		"NAPTR tolocal.test, SRV _sip._sctp.tolocal.test, ");
}

Test(dns_walk, a_name_that_is_too_long)
{
	static struct sipring_dns_walk walk_of_it;
	char name[300];
	struct sipring_target target = {.host = {name, sizeof name},
		.host_kind = SIPRING_HOST_NAME};

	memset(name, 'a', sizeof name);
	cr_expect_eq(sipring_dns_walk_begin(&walk_of_it, &target, SIPRING_TRANSPORT_SCTP),
		-ENAMETOOLONG);
	target.host.size = 240;
	cr_expect_eq(sipring_dns_walk_begin(&walk_of_it, &target, SIPRING_TRANSPORT_SCTP), 0);
}
