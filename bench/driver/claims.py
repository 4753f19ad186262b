# SPDX-License-Identifier: BSD-2-Clause
"""What sipring means to reach, held against results: a list of (what, figure, bound, is_kept)."""
from results import find, median


def cost(root, program, peers, outstanding, client):
    return median(find(root, program=program, peers=peers, outstanding=outstanding, client=client,
                       size=420), "instructions")


def ratio(over, under):
    return over / under if over and under else None


def at_least(what, figure, bound, form="{:.2f}"):
    return (what, form.format(figure), "at least " + form.format(bound), figure >= bound) \
        if figure is not None else None


def at_most(what, figure, bound, form="{:.2f}"):
    return (what, form.format(figure), "at most " + form.format(bound), figure <= bound) \
        if figure is not None else None


def of_transport(root):
    rows = []
    for peers in (1, 16):
        for client, bound in (("bundles", 1.6), ("plain", 1.2)):
            rows.append(at_least(
                f"stock algorithm / sipring, {peers} peer{'s' * (peers > 1)}, client {client}",
                ratio(cost(root, "shared", peers, 64, client),
                      cost(root, "sipring", peers, 64, client)), bound))
    rows.append(at_least("stock algorithm / sipring, 64 peers, one outstanding each",
                         ratio(cost(root, "shared", 64, 64, "plain"),
                               cost(root, "sipring", 64, 64, "plain")), 1.45))
    for peers in (1, 16):
        rows.append(at_most(f"sipring / UDP by single calls, {peers} peer{'s' * (peers > 1)}",
                            ratio(cost(root, "sipring", peers, 64, "bundles"),
                                  cost(root, "udp", peers, 64, "plain")), 1.0))
    rows.append(at_most("sipring / UDP in batches, 1 peer",
                        ratio(cost(root, "sipring", 1, 64, "bundles"),
                              cost(root, "udp-64", 1, 64, "batch")), 1.45))
    for peers in (1, 16):
        ours = find(root, program="sipring", peers=peers, outstanding=64, client="bundles")
        rows.append(at_most(f"user-space share of a round trip in percent, {peers} peers",
                            median(ours, "user_share"), 10.0, "{:.1f}"))
        rows.append(at_most(f"system calls per message, {peers} peers, 64 outstanding",
                            median(ours, "system_calls"), 0.1, "{:.3f}"))
    rows.append(at_most("sipring / one-to-one epoll, one outstanding",
                        ratio(cost(root, "sipring", 1, 1, "plain"),
                              cost(root, "epoll", 1, 1, "plain")), 1.05))
    return [row for row in rows if row]


def of_latency(root):
    def p99(program):
        return median(find(root, program=program, load_percent=50), "p99")

    rows = [at_most("p99, sipring / stock algorithm, at 50 % of the latter's capacity",
                    ratio(p99("sipring"), p99("shared")), 1.0)]
    return [row for row in rows if row]


def of_userspace(root):
    def rate(program, peers):
        return median(find(root, program=program, peers=peers, outstanding=64), "rate")

    rows = [at_least(f"sipring / usrsctp's own way, rate, {peers} peers, 64 outstanding",
                     ratio(rate("sipring", peers), rate("usrsctp", peers)), 2.0)
            for peers in (1, 16)]
    return [row for row in rows if row]


def of_hosts(root):
    def over_stock(name, peers, outstanding, client):
        found = [median(find(root, program=program, peers=peers, outstanding=outstanding,
                             client=client), name) for program in ("opensips-ours",
                                                                   "opensips-stock")]
        return ratio(*found)

    rows = []
    for peers, client, bound in ((1, "plain", 0.97), (16, "plain", 0.97), (1, "bundles", 0.93),
                                 (16, "bundles", 0.93), (64, "plain", 0.85)):
        where = f"{peers} peer{'s' * (peers > 1)}, client {client}"
        rows.append(at_most(f"OpenSIPS, ours / stock, {where}",
                            over_stock("instructions", peers, 64, client), bound))
        rows.append(at_most(f"its SIP workers alone, {where}",
                            over_stock("worker_instructions", peers, 64, client), 0.85))
    rows.append(at_most("OpenSIPS, ours / stock, one outstanding",
                        over_stock("instructions", 1, 1, "plain"), 1.2))
    rows.append(at_most("wakes of its processes per message, one outstanding",
                        median(find(root, program="opensips-ours", peers=1, outstanding=1),
                               "wakes"), 1.5))
    return [row for row in rows if row]


def of_parser(root):
    """How many of the messages each claim holds for: it is meant for every one."""
    messages = sorted({result["case"]["message"] for result in root["results"]})
    times = {message: {name: median(find(root, program=name, message=message), "time")
                       for name in ("memchr", "index", "sipring", "libosip2", "sofia-sip",
                                    "libre")} for message in messages}

    def others(row):
        return min(row[name] for name in ("libosip2", "sofia-sip", "libre"))

    return [at_least(f"parser, messages of {len(messages)}: {what}",
                     sum(holds(row) for row in times.values()), len(messages), "{:.0f}")
            for what, holds in (
                ("8 times as fast as the fastest other",
                 lambda row: others(row) >= 8 * row["sipring"]),
                ("within 4 times a memchr for the line ends",
                 lambda row: row["sipring"] <= 4 * row["memchr"]),
                ("the index alone within 2.5 times that",
                 lambda row: row["index"] <= 2.5 * row["memchr"]))]


OF_SUITE = {"transport": of_transport, "hosts": of_hosts,
            "latency": of_latency, "userspace": of_userspace, "parser": of_parser}


def of(root):
    return OF_SUITE.get(root["suite"], lambda _: [])(root)
