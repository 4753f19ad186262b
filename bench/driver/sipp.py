# SPDX-License-Identifier: BSD-2-Clause
"""In the guest: SIPp as the client, which nobody here wrote. One socket, OPTIONS and their 200, so
many calls at a time as requests are to be outstanding.

It has no warm-up that is not measured, so what counts is the difference of two runs, one of the
warm-up's calls and one of those to be measured as well. It sleeps now and then; so a round trip
costs what the processes had of the processor.
"""
import os
import subprocess
import tempfile

SCENARIO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sipp_options.xml")
NAMES = ("run_ns", "switches", "wakes")


def account(pid):
    """What the kernel has counted of a process, and of its threads."""
    sums = dict.fromkeys(NAMES, 0)
    for thread in os.listdir(f"/proc/{pid}/task"):
        folder = f"/proc/{pid}/task/{thread}/"
        with open(folder + "schedstat", encoding="ascii") as file:
            sums["run_ns"] += int(file.read().split()[0])
        with open(folder + "status", encoding="ascii") as file:
            said = dict(line.split(":", 1) for line in file if ":" in line)
        sums["wakes"] += int(said["voluntary_ctxt_switches"])
        sums["switches"] += int(said["voluntary_ctxt_switches"]) \
            + int(said["nonvoluntary_ctxt_switches"])
    return sums


def packets():
    """Of the whole machine, sent."""
    with open("/proc/net/sctp/snmp", encoding="ascii") as file:
        return dict(line.split() for line in file).get("SctpOutSCTPPacks", 0)


def command(case, host, port, count):
    return ["sipp", "-sf", SCENARIO, "-t", "u1" if "udp" in case["program"] else "s1",
            "-i", host, "-m", str(count), "-l", str(case["outstanding"]), "-r", "1000000",
            "-timeout", "300", "-nostdin", f"{host}:{port}"]


def call(words, folder):
    """What SIPp itself used."""
    done = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)
    _, status, used = os.wait4(done.pid, 0)
    if status:
        raise OSError(f"{' '.join(words)}: status {status}: {done.stderr.read().strip()}")
    return {"run_ns": int(1e9 * (used.ru_utime + used.ru_stime)),
            "switches": used.ru_nvcsw + used.ru_nivcsw, "wakes": used.ru_nvcsw}


def measure_calls(case, host, port, count, pids):
    """A list of accounts, SIPp's first, and last that of the packets."""
    before = [account(pid) for pid in pids] + [{"out": int(packets())}]
    with tempfile.TemporaryDirectory() as folder:
        found = [call(command(case, host, port, count), folder)]
    after = [account(pid) for pid in pids] + [{"out": int(packets())}]
    for old, new in zip(before, after):
        found.append({name: new[name] - old[name] for name in new})
    return found


def run(plan, case, host, port, pids):
    """As bench/transport/client tells it."""
    n_before = max(plan["warm_up"], 1)
    few = measure_calls(case, host, port, n_before, pids)
    many = measure_calls(case, host, port, n_before + plan["count"], pids)
    spent = [{name: more[name] - less[name] for name in more} for less, more in zip(few, many)]
    processes = [dict(one, system_calls=0, user_samples=0, kernel_samples=0)
                 for one in spent[:-1]]
    return {"count": plan["count"], "elapsed_ns": sum(one["run_ns"] for one in processes),
            "packets_out": spent[-1]["out"], "processes": processes}
