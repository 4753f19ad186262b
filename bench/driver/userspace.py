# SPDX-License-Identifier: BSD-2-Clause
"""The suite userspace: usrsctp as its examples use it against sipring over usrsctp, natively.

`sipring load` drives both, in UDP on the loopback. Runs take turns, so that what else the machine
does strikes both alike. Where client and server share processors the rate is that of both together;
the server's own time per round trip is given beside it.
"""
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile

import results

UDP_PORT = 29899
PORT = 25060
CASES = ((1, 64), (16, 64), (1, 1))


def servers(build):
    return {
        "usrsctp": [os.path.join(build, "bench/transport/usrsctp_threads"), str(PORT),
                    str(UDP_PORT)],
        "sipring": [os.path.join(build, "tools/sipring"), "serve", "--provider", "usrsctp",
                    "--set", f"encaps_port={UDP_PORT}", f"sctp:127.0.0.1:{PORT}"],
    }


def processor_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def load(build, peers, outstanding, seconds, path):
    words = [os.path.join(build, "tools/sipring"), "load", "--provider", "usrsctp", "--quiet",
             "--set", "encaps_port=0", "--set", f"encaps_peer_port={UDP_PORT}", "--peers",
             str(peers), "--window", str(outstanding), "--duration", str(seconds), "--json", path,
             f"sip:127.0.0.1:{PORT}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"sipring bench: {' '.join(words)}: {done.stderr.strip()}")
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def run_once(build, command, peers, outstanding, seconds, folder):
    """Rate, latency and the server's processor time per answer."""
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in server.stdout:
        if line.strip() == "ready":
            break
    else:
        sys.exit(f"sipring bench: {' '.join(command)} did not start")
    found = load(build, peers, outstanding, seconds, os.path.join(folder, "load.json"))
    before = processor_s()
    server.send_signal(signal.SIGTERM)
    server.communicate()
    return {"rate": found["rate"], "p99": found["latency_ns"]["p99"],
            "server": 1e6 * (processor_s() - before) / max(found["answered"], 1)}


def measure(paths, options):
    collected = {}
    commands = servers(paths.build)
    if not os.path.exists(commands["usrsctp"][0]):
        sys.exit("sipring bench: built without usrsctp: install libusrsctp-dev and set up again")
    total = options.repetitions * len(CASES) * len(commands)
    with tempfile.TemporaryDirectory(prefix="sipring-bench.") as folder:
        for _ in range(options.repetitions):
            for peers, outstanding in CASES:
                for name, command in commands.items():
                    run = run_once(paths.build, command, peers, outstanding, options.seconds,
                                   folder)
                    collected.setdefault((name, peers, outstanding), []).append(run)
                    done = sum(len(runs) for runs in collected.values())
                    print(f"{done:4}/{total}  {name:10} {peers}/{outstanding}"
                          f" {run['rate']:10.0f} /s", flush=True)
    units = {"rate": "round trips per second", "p99": "ns",
             "server": "us of processor time per round trip, the server"}
    found = [{"case": {"program": name, "peers": peers, "outstanding": outstanding},
              "metrics": {key: results.metric(unit, [run[key] for run in runs])
                          for key, unit in units.items()}}
             for (name, peers, outstanding), runs in collected.items()]
    return results.document("userspace", paths, os.uname().release,
                            {"clock": "the machine's", "seconds": options.seconds,
                             "processors": os.cpu_count(), "repetitions": options.repetitions,
                             "order": "interleaved"}, found)
