#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads the metrics of a server as a strict Prometheus would (exposition format 0.0.4), twice.

    metrics_peer.py URL

Prints points for the function of that name in lib.sh: the format, what promtool's lint looks at
(HELP and TYPE before the samples, counters that end in _total, no sample twice, the samples of a
metric together), that counters do not go back, and what else the server says to HTTP.
"""
import re
import sys
import urllib.error
import urllib.request

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABELS = r"(?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\n]|\\[\\\"n])*\",?)*"
SAMPLE = re.compile(rf"^({NAME})(?:\{{({LABELS})\}})?"
                    r" (-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\+Inf|-Inf|NaN)$")
failed = False


def point(good, name):
    global failed
    failed = failed or not good
    print(("ok - " if good else "not ok - ") + name)


def fetch(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        kind = answer.headers["Content-Type"]
        return kind, answer.read().decode("utf-8")


def read(text):
    """Samples by name and labels, and what is wrong."""
    samples, types, helps, wrong, current = {}, {}, {}, [], None
    if not text.endswith("\n"):
        wrong.append("the last line has no end")
    for line in text.splitlines():
        meta = re.match(rf"^# (HELP|TYPE) ({NAME}) (\S.*)$", line)
        sample = SAMPLE.match(line)
        if meta:
            kind, name, rest = meta.groups()
            into = helps if kind == "HELP" else types
            if name in into or any(key[0] == name for key in samples):
                wrong.append(f"{kind} of {name} twice, or after its samples")
            into[name] = rest
            current = name
        elif not sample:
            wrong.append(f"no line of the format: {line!r}")
        else:
            key = (sample[1], sample[2] or "")
            if key in samples:
                wrong.append(f"twice: {key}")
            if sample[1] != current:
                wrong.append(f"{sample[1]} is not with its metric")
            samples[key] = float(sample[3])
    for name in {key[0] for key in samples}:
        if types.get(name) not in ("counter", "gauge") or name not in helps:
            wrong.append(f"{name} without HELP or TYPE")
        if (types.get(name) == "counter") != name.endswith("_total"):
            wrong.append(f"{name} is a {types.get(name)}")
    return samples, types, wrong


def status_of(url, data=None):
    try:
        return urllib.request.urlopen(url, data=data, timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code


def main():
    url = sys.argv[1]
    kind, text = fetch(url)
    point(kind.startswith("text/plain; version=0.0.4"), f"the content's type is {kind}")
    first, _, wrong = read(text)
    for line in wrong[:20]:
        print(line)
    point(not wrong, "every line is of the format, every metric has HELP and TYPE")
    up = [value for key, value in first.items() if key[0] == "sipring_worker_up"]
    point(up == [1.0] * 3, f"three workers are up: {up}")
    received = sum(value for key, value in first.items()
                   if key[0] == "sipring_received_messages_total")
    point(received > 0, f"{received:.0f} messages were received")
    reasons = {key[1] for key in first if key[0] == "sipring_failed_total"}
    point(any('reason="killed"' in labels for labels in reasons), "failures have their reasons")
    states = {key[1]: value for key, value in first.items()
              if key[0] == "sipring_associations_by_state"}
    n_all = sum(value for key, value in first.items() if key[0] == "sipring_associations")
    n_up = sum(value for labels, value in states.items() if 'state="up"' in labels)
    point(len(states) == 18 and n_up > 0 and sum(states.values()) == n_all,
          f"associations have their states: {n_up:.0f} of {n_all:.0f} are up")
    second, types, _ = read(fetch(url)[1])
    back = [key for key, value in first.items()
            if types[key[0]] == "counter" and second.get(key, -1) < value]
    point(not back, f"no counter goes back {back[:5]}")
    base = url.rsplit("/", 1)[0]
    point(status_of(base + "/other") == 404, "another path is not found")
    point(status_of(url, b"x" * 100000) == 405, "POST is not allowed")
    sys.exit(failed)


main()
