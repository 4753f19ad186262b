/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends and connects by name, through the public interface, over a real name server: where they
 * lead, what is asked and how often, and that each send has its one outcome whatever happens on the
 * way. The same for every provider over every io.
 */
#include "engine_side.h"
#include "names_server.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

/* A worker, a peer that answers, and a server that knows records of that peer. */
struct scene {
	struct engine_peer peer;
	struct names_server server;
	struct engine_side side;
	unsigned port; /* the peer's */
};

/* records: lines, PEER in them is the peer's port. settings: name, value, …, NULL. */
static void begin(struct scene *scene, unsigned ttl, const char *records,
	const char *const *settings)
{
	const char *all[24] = {"dns_servers", scene->server.address, "connect_timeout_ms", "1500"};
	char lines[8192];
	const char *at = strstr(records, "PEER");

	scene->peer = engine_peer_start();
	scene->port = ntohs(scene->peer.address.v4.sin_port);
	if (at)
		snprintf(lines, sizeof lines, "%.*s%u%s", (int)(at - records), records, scene->port,
			at + 4);
	else
		snprintf(lines, sizeof lines, "%s", records);
	names_server_start(&scene->server, NULL, ttl, lines);
	for (size_t i = 0; settings && settings[i]; i++)
		all[4 + i] = settings[i];
	engine_meet(&scene->side, &scene->peer, all);
}

static void finish(struct scene *scene)
{
	struct sipring_stats s;

	sipring_worker_stats(scene->side.worker, &s);
	cr_expect_eq(s.accepted,
		s.sent + s.failed_connect + s.failed_lost + s.failed_timeout + s.failed_refused +
			s.failed_unresolved + s.failed_closed + s.queue_messages);
	engine_close(&scene->side);
	names_server_stop(&scene->server);
	engine_peer_stop(&scene->peer);
}

static unsigned asked(const struct scene *scene, const char *question)
{
	return names_server_asked(&scene->server, question);
}

static void aim(struct sipring_target *target, const char *uri)
{
	struct sipring_uri parsed;

	cr_assert_eq(sipring_uri_parse(&parsed, (struct sipring_span){uri, strlen(uri)}), 0);
	cr_assert_eq(sipring_uri_target(&parsed, 0, target), 0);
}

static int send_to(struct engine_side *side, const char *uri, unsigned number)
{
	struct sipring_target target;
	char text[400];

	aim(&target, uri);
	engine_request(text, number, sizeof text);
	return sipring_send(side->worker,
		&(struct sipring_send){.data = text,
			.size = sizeof text,
			.target = &target,
			.cookie = number});
}

static int connect_to(struct engine_side *side, const char *uri, uint32_t cookie, bool additional)
{
	struct sipring_target target;
	uint32_t association = 1;
	int r;

	aim(&target, uri);
	r = sipring_connect(side->worker,
		&(struct sipring_connect){.target = &target,
			.cookie = cookie,
			.additional = additional},
		&association);
	cr_expect_eq(association, 0);
	return r;
}

static uint64_t names_on_their_way(const struct engine_side *side)
{
	struct sipring_stats stats;

	sipring_worker_stats(side->worker, &stats);
	return stats.names;
}

/* One send, its answer, and from which port. */
static void answered_from(struct scene *scene, const char *uri, unsigned port)
{
	static unsigned number = 1000;
	unsigned n_answers = scene->side.n_status[200];

	number++;
	cr_assert_eq(send_to(&scene->side, uri, number), 0, "%s", uri);
	engine_until(&scene->side, &scene->side.n_status[200], n_answers + 1, uri);
	cr_expect_eq(scene->side.outcomes[number], 1, "%s", uri);
	cr_expect_eq(ntohs(scene->side.last_info.source.v4.sin_port), port, "%s", uri);
}

Test(names, naptr_then_srv_then_addresses_and_all_of_it_once)
{
	struct scene scene;

	begin(&scene, 60,
		"naptr-record=full.example.test,10,10,s,SIP+D2S,,_sip._sctp.srv.example.test\n"
		"srv-host=_sip._sctp.srv.example.test,a.example.test,PEER,1,0\n"
		"host-record=a.example.test,127.0.0.1\n",
		NULL);
	answered_from(&scene, "sip:full.example.test", scene.port);
	/* From the cache, to the association that stands: in the call itself. */
	cr_assert_eq(send_to(&scene.side, "sip:full.example.test", 7), 0);
	cr_expect_eq(names_on_their_way(&scene.side), 0);
	engine_until(&scene.side, &scene.side.n_status[200], 2, "the second answer");
	cr_expect_eq(scene.side.n_events[SIPRING_EVENT_UP], 1);
	cr_expect_eq(asked(&scene, "[NAPTR] full.example.test"), 1);
	cr_expect_eq(asked(&scene, "[SRV] _sip._sctp.srv.example.test"), 1);
	cr_expect_eq(asked(&scene, "[A] a.example.test"), 1);
	cr_expect_eq(asked(&scene, "[AAAA] a.example.test"), 1);
	finish(&scene);
}

Test(names, a_named_transport_goes_to_srv_and_a_named_port_to_addresses)
{
	struct scene scene;
	char uri[80];

	begin(&scene, 60,
		"srv-host=_sip._sctp.b.example.test,a.example.test,PEER,1,0\n"
		"host-record=a.example.test,127.0.0.1\nhost-record=b.example.test,127.0.0.1\n"
		"cname=c.example.test,a.example.test\n",
		NULL);
	answered_from(&scene, "sip:b.example.test;transport=sctp", scene.port);
	cr_expect_eq(asked(&scene, "[NAPTR] b.example.test"), 0);
	snprintf(uri, sizeof uri, "sip:b.example.test:%u", scene.port);
	answered_from(&scene, uri, scene.port);
	cr_expect_eq(asked(&scene, "[SRV] _sip._sctp.b.example.test"), 1);
	cr_expect_eq(asked(&scene, "[A] b.example.test"), 1);
	snprintf(uri, sizeof uri, "sip:C.Example.Test:%u;transport=sctp", scene.port);
	answered_from(&scene, uri, scene.port);
	cr_expect_eq(asked(&scene, "[A] c.example.test"), 1);
	finish(&scene);
}

Test(names, sctp_port_is_for_names_without_srv)
{
	char port[8];
	const char *settings[] = {"sctp_port", port, NULL};
	struct scene scene;

	snprintf(port, sizeof port, "%d", 20000 + getpid() % 20000); /* engine_peer_start's */
	begin(&scene, 60, "host-record=a.example.test,127.0.0.1\n", settings);
	cr_assert_eq(atoi(port), (int)scene.port);
	answered_from(&scene, "sip:a.example.test", scene.port);
	cr_expect_eq(asked(&scene, "[NAPTR] a.example.test"), 1);
	cr_expect_eq(asked(&scene, "[SRV] _sip._sctp.a.example.test"), 1);
	finish(&scene);
}

Test(names, goes_to_the_next_target_and_remembers_which_was_dead)
{
	struct scene scene;
	struct sipring_stats stats;

	begin(&scene, 60,
		"srv-host=_sip._sctp.p.example.test,a.example.test,9,1,0\n"
		"srv-host=_sip._sctp.p.example.test,a.example.test,PEER,2,0\n"
		"host-record=a.example.test,127.0.0.1\n",
		NULL);
	for (unsigned i = 1; i <= 10; i++)
		cr_assert_eq(send_to(&scene.side, "sip:p.example.test", i), 0);
	cr_expect_eq(names_on_their_way(&scene.side), 1, "they wait together");
	engine_until(&scene.side, &scene.side.n_status[200], 10, "all answers");
	for (unsigned i = 1; i <= 10; i++)
		cr_expect_eq(scene.side.outcomes[i], 1);
	cr_expect_eq(scene.side.n_outcomes[SIPRING_OUTCOME_SENT], 10);
	sipring_disconnect(scene.side.worker, scene.side.last_event.association, true);
	answered_from(&scene, "sip:p.example.test", scene.port);
	sipring_worker_stats(scene.side.worker, &stats);
	cr_expect_eq(stats.associations_failed, 1, "the dead one is not tried again");
	finish(&scene);
}

Test(names, when_all_targets_are_dead)
{
	const char *settings[] = {"reconnect_min_ms", "0", NULL};
	struct scene scene;

	begin(&scene, 60,
		"srv-host=_sip._sctp.d.example.test,a.example.test,9,1,0\n"
		"srv-host=_sip._sctp.d.example.test,a.example.test,10,2,0\n"
		"host-record=a.example.test,127.0.0.1\n",
		settings);
	for (unsigned round = 1; round <= 2; round++) {
		cr_assert_eq(send_to(&scene.side, "sip:d.example.test", round), 0);
		engine_until(&scene.side, &scene.side.n_outcomes[SIPRING_OUTCOME_CONNECT_FAILED],
			round, "the outcome");
		cr_expect(scene.side.last_error == -ECONNREFUSED ||
				scene.side.last_error == -ETIMEDOUT,
			"%d", scene.side.last_error);
		cr_expect_eq(scene.side.n_events[SIPRING_EVENT_DOWN], 2 * round, "both were tried");
	}
	finish(&scene);
}

Test(names, no_such_name_is_asked_for_once)
{
	const char *settings[] = {"dns_negative_ttl_max", "2", NULL};
	struct scene scene;

	begin(&scene, 60, "", settings);
	for (unsigned i = 1; i <= 3; i++) {
		cr_assert_eq(send_to(&scene.side, "sip:no.example.test", i), 0);
		cr_expect_eq(scene.side.outcomes[i], 0, "not within the call");
		engine_until(&scene.side, &scene.side.n_outcomes[SIPRING_OUTCOME_UNRESOLVED], i,
			"the outcome");
		cr_expect_eq(scene.side.last_error, -ENOENT);
		cr_expect_str_eq(sipring_unresolved_text(scene.side.last_error), "no such name");
		cr_expect_eq(asked(&scene, "[NAPTR] no.example.test"), i < 3 ? 1 : 2);
		if (i == 2)
			usleep(2100000); /* what is kept of it has a bound */
	}
	cr_expect_eq(asked(&scene, "[A] no.example.test"), 0);
	finish(&scene);
}

Test(names, an_answer_that_expired_is_asked_for_again)
{
	struct scene scene;
	char uri[80];

	begin(&scene, 1, "host-record=a.example.test,127.0.0.1\n", NULL);
	snprintf(uri, sizeof uri, "sip:a.example.test:%u", scene.port);
	answered_from(&scene, uri, scene.port);
	usleep(1100000);
	answered_from(&scene, uri, scene.port);
	cr_expect_eq(asked(&scene, "[A] a.example.test"), 2);
	cr_expect_eq(scene.side.n_events[SIPRING_EVENT_UP], 1, "the association is the same");
	finish(&scene);
}

/* A socket that takes questions and never answers; its port goes into the setting. */
static int deaf_server(char setting[24])
{
	union sipring_address address = {.v4 = {.sin_family = AF_INET}};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cr_assert_eq(bind(fd, &address.sa, sizeof address.v4), 0);
	cr_assert_eq(getsockname(fd, &address.sa, &size), 0);
	snprintf(setting, 24, "127.0.0.1:%u", ntohs(address.v4.sin_port));
	return fd;
}

Test(names, name_servers_that_are_dead_or_deaf)
{
	char deaf[24], dead[24], both[80];
	struct scene scene;
	const struct {
		const char *servers;
		int error;
	} rows[] = {{dead, -ECONNREFUSED}, {deaf, -ETIMEDOUT}};
	int fd = deaf_server(deaf), other = deaf_server(dead);

	close(other);
	for (unsigned i = 0; i < 2; i++) {
		const char *settings[] = {"dns_servers", rows[i].servers, "dns_timeout_ms", "100",
			NULL};
		struct engine_side side;

		engine_open(&side, NULL, settings);
		cr_assert_eq(send_to(&side, "sip:a.example.test", 1), 0);
		engine_until(&side, &side.n_outcomes[SIPRING_OUTCOME_UNRESOLVED], 1, "the outcome");
		cr_expect_eq(side.last_error, rows[i].error, "%s: %d", rows[i].servers,
			side.last_error);
		cr_expect(strstr(sipring_unresolved_text(side.last_error), "dns_servers"));
		engine_close(&side);
	}
	begin(&scene, 60, "host-record=a.example.test,127.0.0.1\n", NULL);
	engine_close(&scene.side);
	snprintf(both, sizeof both, "%s,%s, %s", dead, deaf, scene.server.address);
	engine_meet(&scene.side, &scene.peer,
		(const char *[]){"dns_servers", both, "dns_timeout_ms", "100", NULL});
	snprintf(both, sizeof both, "sip:a.example.test:%u", scene.port);
	answered_from(&scene, both, scene.port);
	close(fd);
	finish(&scene);
}

/* More targets than a datagram holds: the server says so, and TCP has them all. */
Test(names, a_long_answer_comes_by_tcp)
{
	char records[8192] = "host-record=a.example.test,127.0.0.1\n"
			     "srv-host=_sip._sctp.l.example.test,a.example.test,PEER,1,0\n";
	struct scene scene;

	for (unsigned i = 0; i < 40; i++)
		sprintf(records + strlen(records),
			"srv-host=_sip._sctp.l.example.test,somebody-else-%u.example.test,9,"
			"%u,0\n",
			i, 2 + i);
	begin(&scene, 60, records, NULL);
	answered_from(&scene, "sip:l.example.test;transport=sctp", scene.port);
	cr_expect_eq(asked(&scene, "[SRV] _sip._sctp.l.example.test"), 2, "UDP, then TCP");
	finish(&scene);
}

/* A network and an /etc/resolv.conf of the test's own: its real one stays as it is. */
static void move_into_namespaces(const char *resolv_conf)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		cr_skip_test("namespaces are for root");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
	cr_assert_eq(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount(resolv_conf, "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert(file && fputs(text, file) >= 0);
	fclose(file);
}

Test(names, etc_resolv_conf_is_read_again_after_its_servers_failed)
{
	char path[] = "/tmp/sipring-resolv.XXXXXX", uri[80];
	struct scene scene;
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	close(fd);
	write_file(path, "nameserver 127.0.0.3\n");
	move_into_namespaces(path);
	scene.peer = engine_peer_start();
	names_server_start(&scene.server, "127.0.0.2:53", 60,
		"host-record=a.example.test,127.0.0.1\n");
	engine_meet(&scene.side, &scene.peer, NULL);
	snprintf(uri, sizeof uri, "sip:a.example.test:%u", ntohs(scene.peer.address.v4.sin_port));
	cr_assert_eq(send_to(&scene.side, uri, 1), 0);
	engine_until(&scene.side, &scene.side.n_outcomes[SIPRING_OUTCOME_UNRESOLVED], 1,
		"nobody there");
	cr_expect_eq(scene.side.last_error, -ECONNREFUSED);
	write_file(path, "nameserver 127.0.0.2\n");
	unlink(path);
	usleep(1100000); /* that nobody knew is remembered for a second */
	answered_from(&scene, uri, ntohs(scene.peer.address.v4.sin_port));
	finish(&scene);
}

Test(names, etc_hosts_is_asked_first)
{
	struct scene scene;
	char uri[80];

	begin(&scene, 60, "", NULL);
	snprintf(uri, sizeof uri, "sip:localhost:%u", scene.port);
	answered_from(&scene, uri, scene.port);
	cr_expect_eq(asked(&scene, "[A] localhost"), 0);
	finish(&scene);
}

Test(names, what_waits_for_a_name_is_bounded_and_has_one_outcome)
{
	char deaf[24];
	const char *settings[] = {"dns_servers", deaf, "queue_messages", "50", "names_max", "2",
		NULL};
	int fd = deaf_server(deaf);
	struct engine_side side;

	engine_open(&side, NULL, settings);
	for (unsigned i = 1; i <= 50; i++)
		cr_assert_eq(send_to(&side, "sip:a.example.test", i), 0);
	cr_expect_eq(send_to(&side, "sip:A.example.test.", 51), -ENOBUFS, "it is the same name");
	cr_expect_eq(send_to(&side, "sip:a.example.test:5060", 52), 0, "another way");
	cr_expect_eq(send_to(&side, "sip:b.example.test", 53), -ENFILE);
	cr_expect_eq(connect_to(&side, "sip:b.example.test", 1, false), -ENFILE);
	for (unsigned i = 0; i < 3; i++)
		sipring_worker_turn(side.worker, 1000000);
	engine_close(&side);
	cr_expect_eq(side.n_outcomes[SIPRING_OUTCOME_CLOSED], 51);
	for (unsigned i = 1; i <= 52; i++)
		cr_expect_eq(side.outcomes[i], i != 51, "%u", i);
	close(fd);
}

Test(names, who_was_refused_while_a_name_was_looked_up_is_told_of_room)
{
	const char *settings[] = {"queue_messages", "20", NULL};
	struct scene scene;
	char uri[80];

	begin(&scene, 60, "host-record=a.example.test,127.0.0.1\n", settings);
	snprintf(uri, sizeof uri, "sip:a.example.test:%u", scene.port);
	for (unsigned i = 1; i <= 20; i++)
		cr_assert_eq(send_to(&scene.side, uri, i), 0);
	cr_assert_eq(send_to(&scene.side, uri, 21), -ENOBUFS);
	engine_until(&scene.side, &scene.side.n_events[SIPRING_EVENT_WRITABLE], 1, "WRITABLE");
	cr_assert_eq(send_to(&scene.side, uri, 21), 0);
	engine_until(&scene.side, &scene.side.n_status[200], 21, "all answers");
	for (unsigned i = 1; i <= 21; i++)
		cr_expect_eq(scene.side.outcomes[i], 1);
	finish(&scene);
}

Test(names, time_runs_out_for_messages_and_drain_for_names)
{
	char deaf[24];
	const char *settings[] = {"dns_servers", deaf, "send_timeout_ms", "300", "dns_timeout_ms",
		"20000", NULL};
	int fd = deaf_server(deaf);
	struct engine_side side;

	engine_open(&side, NULL, settings);
	cr_assert_eq(send_to(&side, "sip:a.example.test", 1), 0);
	for (unsigned i = 0; i < 3; i++)
		sipring_worker_turn(side.worker, 20000000);
	cr_assert_eq(send_to(&side, "sip:a.example.test", 3), 0);
	engine_until(&side, &side.n_outcomes[SIPRING_OUTCOME_TIMED_OUT], 1, "its time");
	cr_expect_eq(side.outcomes[3], 0, "each has its own");
	engine_until(&side, &side.n_outcomes[SIPRING_OUTCOME_TIMED_OUT], 2, "the next one's");
	cr_assert_eq(send_to(&side, "sip:a.example.test", 2), 0);
	cr_assert_eq(connect_to(&side, "sip:b.example.test", 9, false), 0);
	sipring_worker_turn(side.worker, 0);
	cr_expect_not(sipring_worker_drained(side.worker));
	sipring_worker_drain(side.worker, 1000);
	cr_expect_eq(side.n_outcomes[SIPRING_OUTCOME_CONNECT_FAILED], 1);
	cr_expect_eq(side.last_error, -ESHUTDOWN);
	cr_expect_eq(side.n_events[SIPRING_EVENT_CONNECTED], 1);
	cr_expect(sipring_worker_drained(side.worker));
	cr_expect_eq(send_to(&side, "sip:a.example.test", 4), -ESHUTDOWN);
	engine_close(&side);
	close(fd);
}

Test(names, connects_by_name_and_by_number)
{
	struct scene scene;
	char uri[80];
	uint32_t first;

	begin(&scene, 60,
		"srv-host=_sip._sctp.p.example.test,a.example.test,9,1,0\n"
		"srv-host=_sip._sctp.p.example.test,a.example.test,PEER,2,0\n"
		"host-record=a.example.test,127.0.0.1\n",
		NULL);
	cr_assert_eq(connect_to(&scene.side, "sip:p.example.test", 77, false), 0);
	engine_until(&scene.side, &scene.side.n_events[SIPRING_EVENT_CONNECTED], 1, "the connect");
	cr_expect_eq(scene.side.last_event.cookie, 77);
	cr_expect_eq(scene.side.last_event.error, 0);
	first = scene.side.last_event.association;
	cr_expect_neq(first, 0);
	snprintf(uri, sizeof uri, "sip:127.0.0.1:%u;transport=sctp", scene.port);
	cr_assert_eq(connect_to(&scene.side, uri, 78, false), 0);
	engine_until(&scene.side, &scene.side.n_events[SIPRING_EVENT_CONNECTED], 2, "the next");
	cr_expect_eq(scene.side.last_event.association, first);
	cr_assert_eq(connect_to(&scene.side, "sip:p.example.test", 79, true), 0);
	engine_until(&scene.side, &scene.side.n_events[SIPRING_EVENT_CONNECTED], 3, "another");
	cr_expect_neq(scene.side.last_event.association, first);
	cr_assert_eq(connect_to(&scene.side, "sip:no.example.test", 80, false), 0);
	engine_until(&scene.side, &scene.side.n_events[SIPRING_EVENT_CONNECTED], 4, "its failure");
	cr_expect_eq(scene.side.last_event.association, 0);
	cr_expect_eq(scene.side.last_event.error, -ENOENT);
	cr_expect(scene.side.last_event.unresolved);
	finish(&scene);
}

Test(names, what_is_refused)
{
	struct engine_side side;
	char uri[300];

	engine_open(&side, NULL, NULL);
	cr_expect_eq(send_to(&side, "sip:a.example.test;transport=tcp", 1), -EPROTONOSUPPORT);
	cr_expect_eq(send_to(&side, "sips:a.example.test", 1), -EPROTONOSUPPORT);
	cr_expect_eq(send_to(&side, "sip:127.0.0.1;transport=udp", 1), -EPROTONOSUPPORT);
	memset(uri, 'a', sizeof uri);
	memcpy(uri, "sip:", 4);
	uri[sizeof uri - 1] = '\0';
	cr_expect_eq(send_to(&side, uri, 1), -ENAMETOOLONG);
	cr_expect_eq(names_on_their_way(&side), 0);
	engine_close(&side);
}

Test(names, a_host_with_a_loop_of_its_own)
{
	/* No timer is short enough to come to the help of a host that was not told. */
	const char *patient[] = {"connect_timeout_ms", "60000", "dns_timeout_ms", "60000", NULL};
	struct scene scene;
	struct pollfd fd = {.events = POLLIN};

	begin(&scene, 60,
		"srv-host=_sip._sctp.p.example.test,a.example.test,PEER,2,0\n"
		"host-record=a.example.test,127.0.0.1\n",
		patient);
	fd.fd = sipring_worker_pollable(scene.side.worker);
	cr_assert_geq(fd.fd, 0);
	while (sipring_worker_idle_ns(scene.side.worker) == 0)
		sipring_worker_turn(scene.side.worker, 0);
	cr_assert_eq(send_to(&scene.side, "sip:p.example.test", 1), 0);
	cr_expect_eq(sipring_worker_idle_ns(scene.side.worker), 0);
	for (int i = 0; i < 2000 && !scene.side.n_status[200]; i++) {
		int64_t idle_ns = sipring_worker_idle_ns(scene.side.worker);
		int limit_ms = idle_ns < 0 ? 4000 : (int)((idle_ns + 999999) / 1000000);

		cr_assert(poll(&fd, 1, limit_ms) == 1 || limit_ms < 1400, "nobody told");
		sipring_worker_turn(scene.side.worker, 0);
	}
	cr_expect_eq(scene.side.n_status[200], 1);
	finish(&scene);
}
