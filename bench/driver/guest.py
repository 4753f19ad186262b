#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The half of the driver that runs in the guest: starts server and client of each step in turn.

    guest.py PLAN        writes raw.json beside the plan

Repetitions are interleaved: every step once, then every step again. What counts system calls or
samples the processor disturbs what it measures, so these are runs of their own, once per step. A
server is fresh for each run and has a port of its own, so that no association of the last is left.
"""
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import stacks  # noqa: E402

FIRST_PORT = 20000
READY_S = 60


class Failed(Exception):
    """A server that did not start, or a client that found fault."""


def start(build, command, port):
    words = [word.replace("PORT", str(port)) for word in command]
    words[0] = os.path.join(build, words[0])
    # Standard error beside standard output: what a server complains of is part of the failure.
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True)
    said, pids, groups = [], [], []
    until = time.monotonic() + READY_S
    for line in server.stdout:
        if line.strip() == "ready":
            return server, pids or [server.pid], groups or ["server"]
        if line.startswith("pid "):
            pids.append(int(line.split()[1]))
            groups.append(line.split()[2])
            continue
        said.append(line)
        if time.monotonic() > until:
            break
    server.kill()
    raise Failed(f"{' '.join(words)}: not ready: {''.join(said)}")


def stop(server):
    server.send_signal(signal.SIGTERM)
    try:
        server.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.communicate()


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def client_words(plan, step, mode, port, pids, rate):
    case = step["case"]
    words = [os.path.join(plan["build"], "bench/transport/client"), "--port", str(port),
             "--peers", str(case["peers"]), "--size", str(case["size"]),
             "--count", str(plan["count"]), "--warm-up", str(plan["warm_up"])]
    for pid in pids:
        words += ["--watch", str(pid)]
    if rate:
        words += ["--rate", str(rate)]
    else:
        words += ["--outstanding", str(case["outstanding"])]
    if case["client"] == "bundles":
        words.append("--bundle")
    if "udp" in case["program"]:
        words.append("--udp")
    if case["client"] == "batch":
        words += ["--batch", "64"]
    if mode in ("calls", "samples"):
        words.append("--" + mode)
    return words


def run_client(words, pids, step, mode):
    """What it tells of its run; with the tree of the servers' stacks, where these are wanted."""
    if mode == "stacks":
        with tempfile.TemporaryDirectory() as folder:
            done, found, complaints = stacks.record(words, pids, folder)
    else:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        raise Failed(f"{' '.join(words)}: {done.stderr.strip()}")
    run = json.loads(done.stdout)
    if mode == "stacks":
        if not found:
            raise Failed(f"perf has sampled nothing: {complaints}")
        run["stacks"] = stacks.tree(found, step["root"])
    return run


def measure(plan, step, mode, port, rate):
    server, pids, groups = start(plan["build"], step["command"], port)
    try:
        words = client_words(plan, step, mode, port, pids, rate)
        run = run_client(words, pids, step, mode)
        run["memory_kib"] = sum(memory_kib(pid) for pid in pids)
        run["groups"] = groups
        return run
    finally:
        stop(server)


def prepare():
    subprocess.run(["mount", "-t", "tracefs", "none", "/sys/kernel/tracing"], check=False,
                   capture_output=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    # The last: the kernel slows sampling down where it takes long, and here everything does.
    for name, value in (("perf_event_mlock_kb", "65536"), ("kptr_restrict", "0"),
                        ("perf_cpu_time_max_percent", "0")):
        with open("/proc/sys/kernel/" + name, "w", encoding="ascii") as file:
            file.write(value)


def rounds_of(plan):
    """What to run, in order: (index of step, mode)."""
    steps = list(enumerate(plan["steps"]))
    order = [(i, "cost") for _ in range(plan["repetitions"]) for i, _ in steps]
    for mode in ("calls", "samples", "stacks"):
        order += [(i, mode) for i, step in steps if mode in step["modes"]]
    return order


def rate_of(step, capacity):
    load = step["case"].get("load_percent")
    return int(capacity * load / 100) if load else 0


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        plan = json.load(file)
    prepare()
    raw = {"kernel": os.uname().release, "capacity": 0, "reply_sizes": {},
           "runs": [{} for _ in plan["steps"]]}
    order = rounds_of(plan)
    for number, (i, mode) in enumerate(order):
        step = plan["steps"][i]
        run = measure(plan, step, mode, FIRST_PORT + number, rate_of(step, raw["capacity"]))
        raw["runs"][i].setdefault(mode, []).append(run)
        raw["reply_sizes"][step["case"]["program"]] = run["reply_size"]
        if step.get("is_capacity"):
            raw["capacity"] = int(1e9 * run["count"] / run["elapsed_ns"])
        shown = " ".join(str(value) for value in step["case"].values())
        print(f"{number + 1:4}/{len(order)}  {mode:7}  {shown:40}"
              f" {run['elapsed_ns'] / run['count']:10.0f} ns", flush=True)
    with open(os.path.join(os.path.dirname(sys.argv[1]), "raw.json"), "w",
              encoding="utf-8") as file:
        json.dump(raw, file)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"guest: {failure}")
