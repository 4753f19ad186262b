# SPDX-License-Identifier: BSD-2-Clause
"""Tables of results: rows of texts, as Markdown and for the terminal. A figure whose spread over
the repetitions is over 5 % has a mark, "~"."""
import claims
import programs
import results
import stacks
from results import find


def figure(metrics, name, form="{:,.0f}"):
    if not metrics or name not in metrics:
        return "–"
    value = metrics[name]
    return form.format(value["median"]) + ("~" if value["is_wide"] else "")


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def plain(head, rows):
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]

    def line(row):
        return "  ".join([row[0].ljust(widths[0])]
                         + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])])
    return "\n".join(line(row) for row in [head] + rows)


def scenario(case):
    peers, outstanding = case["peers"], case["outstanding"]
    return (f"{peers} peer{'s' * (peers > 1)}, {outstanding} outstanding, client {case['client']}"
            + (f", {case['size']} B" if case["size"] != 420 else "")
            + (f", {case['link']}" if "link" in case else "")
            + (f", {case['workers']} workers" if case.get("workers", 1) > 1 else ""))


def of_scenario(root, wanted):
    """One scenario of transport or hosts: a row per program."""
    head = ["", "instructions", "server's",
            "of them its allocator" if root["suite"] == "hosts" else "of them user space",
            "system calls", "switches", "wakes", "packets"]
    rows = []
    for result in root["results"]:
        case, metrics = result["case"], result["metrics"]
        if scenario(case) != wanted:
            continue
        user = "–"
        if "user_share" in metrics:
            share = metrics["user_share"]["median"]
            user = f"{share * metrics['instructions']['median'] / 100:,.0f} ({share:.1f} %)"
        elif root["suite"] == "hosts":
            user = figure(metrics, "allocator_instructions")
        packets = figure(metrics, "packets", "{:.2f}")
        rows.append([programs.title(case["program"]), figure(metrics, "instructions"),
                     figure(metrics, "server_instructions"), user,
                     figure(metrics, "system_calls", "{:.2f}"),
                     figure(metrics, "switches", "{:.2f}"),
                     figure(metrics, "wakes", "{:.2f}"),
                     "–" if programs.is_udp(case["program"]) else packets])
    return head, rows


def scenarios(root):
    found = []
    for result in root["results"]:
        name = scenario(result["case"])
        if name not in found:
            found.append(name)
    return found


def of_dimensions(root):
    """A row per scenario, a column per program; how many packets a round trip takes beside it."""
    names = []
    for result in root["results"]:
        if result["case"]["program"] not in names:
            names.append(result["case"]["program"])
    found = {(scenario(result["case"]), result["case"]["program"]): result["metrics"]
             for result in root["results"]}
    head = ["instructions (packets)"] + [programs.title(name) for name in names] \
        + ["stock / sipring"]
    rows = []
    for wanted in scenarios(root):
        row = [wanted]
        for name in names:
            metrics = found.get((wanted, name))
            row.append(figure(metrics, "instructions")
                       + (f" ({figure(metrics, 'packets', '{:.2f}')})" if metrics else ""))
        over, under = (results.median(found.get((wanted, name)), "instructions")
                       for name in ("shared", "sipring"))
        rows.append(row + [f"{over / under:.2f}" if over and under else "–"])
    return head, rows


def of_latency(root):
    head = ["load", "program", "p50", "p90", "p99", "p99.9"]
    rows = [[f"{result['case']['load_percent']} %", programs.title(result["case"]["program"])]
            + [figure(result["metrics"], name) for name in ("p50", "p90", "p99", "p99_9")]
            for result in root["results"]]
    return head, rows


def of_userspace(root):
    titles = {"usrsctp": "usrsctp, its own threads and sockets", "sipring": "sipring over usrsctp"}
    head = ["peers, outstanding", "program", "round trips/s", "server's us each", "p99 in us"]
    rows = []
    for result in root["results"]:
        case, metrics = result["case"], result["metrics"]
        p99 = figure({"p99": dict(metrics["p99"], median=metrics["p99"]["median"] / 1000)}, "p99")
        rows.append([f"{case['peers']}, {case['outstanding']}", titles[case["program"]],
                     figure(metrics, "rate"), figure(metrics, "server", "{:.1f}"), p99])
    return head, rows


def of_parser(root):
    names = []
    for result in root["results"]:
        if result["case"]["program"] not in names:
            names.append(result["case"]["program"])
    messages = []
    for result in root["results"]:
        if result["case"]["message"] not in messages:
            messages.append(result["case"]["message"])
    rows = [[message] + [figure(find(root, message=message, program=name), "time")
                         for name in names] for message in messages]
    return ["ns per message"] + names, rows


def of_flame(root):
    """How much of the samples each part has, and so each graph shows."""
    head = ["", "samples"] + [title for title, _ in stacks.PARTS]
    rows = []
    for result in root["results"]:
        total = result["stacks"][0][1]
        shares = [f"{100 * n / total:.1f} %" for n in stacks.shares(result["stacks"])]
        rows.append([programs.title(result["case"]["program"]), f"{total:,}"] + shares)
    return head, rows


def of_claims(root):
    rows = [[what, value, bound, "yes" if kept else "**no**"]
            for what, value, bound, kept in claims.of(root)]
    return ["what", "measured", "meant", "kept"], rows


def of(root):
    """[(title, head, rows)] of a document."""
    if root["suite"] in ("transport", "hosts"):
        return [(name,) + of_scenario(root, name) for name in scenarios(root)]
    if root["suite"] == "flame":
        return [("",) + of_flame(root)]
    make = {"dimensions": of_dimensions, "latency": of_latency, "userspace": of_userspace,
            "parser": of_parser}[root["suite"]]
    return [("",) + make(root)]
