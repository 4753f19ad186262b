# SPDX-License-Identifier: BSD-2-Clause
"""Where a server spends its time: stacks that perf samples, folded into one tree.

A tree is a list of rows [depth, samples, name], a parent before its children, these by name. Names
begin with "k:" for the kernel's functions and "u:" for those of a program or a library.
"""
import collections
import os
import re
import subprocess

PERIOD_NS = 29989  # of the processor's clock; prime, so that it keeps step with nothing
USER_STACK = 4096  # bytes that are copied for each sample, to be unwound afterwards
ROWS_FROM = 0.003  # of all samples; less is not worth a row

FRAME = re.compile(r"\s*[0-9a-f]+ (.*) \(([^()]*|.*\[kernel.*|inlined)\)$")


def record(words, pids, folder):
    """Runs the client while the servers are sampled; (its output, the stacks)."""
    data = os.path.join(folder, "perf.data")
    perf = ["perf", "record", "--quiet", "--call-graph", f"dwarf,{USER_STACK}", "--output", data,
            "--event", "cpu-clock", "--count", str(PERIOD_NS),
            "--pid", ",".join(map(str, pids)), "--"]
    done = subprocess.run(perf + words, capture_output=True, text=True, check=False, timeout=600)
    script = subprocess.run(["perf", "script", "--input", data, "--fields", "comm,ip,sym,dso"],
                            capture_output=True, text=True, check=False, timeout=600)
    os.unlink(data)
    return done, read(script.stdout.splitlines())


def name_of(function, place):
    if "kernel" in place or (place.startswith("[") and "vdso" not in place):
        return "k:" + function
    if function == "[unknown]":
        function = f"[{os.path.basename(place).split('.so')[0].strip('[]')}]"
    return "u:" + function


def read(lines):
    """perf script's stacks, each from its outermost frame to the innermost."""
    found, frames = [], []
    for line in lines + [""]:
        match = FRAME.match(line)
        if match and "ffffffffffffffff" not in line:
            frames.append(name_of(match[1].split("+0x")[0], match[2]))
        elif not line.strip() and frames:
            found.append(frames[::-1])
            frames = []
    return found


def from_root(stack, roots):
    """Without what leads to the server's loop, which unwinding sees one time and not another."""
    for root in roots:
        if root in stack:
            return stack[stack.index(root):]
    return ["u:(elsewhere)"] + stack


def tree(found, roots):
    """The rows of all stacks, without those that are too few to be seen."""
    counts = collections.Counter()
    for stack in found:
        path = tuple(from_root(stack, roots))
        for depth in range(len(path)):
            counts[path[:depth + 1]] += 1
    least = len(found) * ROWS_FROM
    return [[0, len(found), "u:all"]] + [[len(path), n, path[-1]] for path, n
                                         in sorted(counts.items()) if n >= least]


def own(rows):
    """[samples, name] of each row, less those of its children."""
    found, path = [], []
    for depth, samples, name in rows:
        del path[depth:]
        if path:
            found[path[-1]][0] -= samples
        path.append(len(found))
        found.append([samples, name])
    return found


def shares(rows):
    """Samples of user space, of functions of SCTP, of functions of io_uring: their own alone."""
    found = own(rows)
    return [sum(n for n, name in found if name.startswith(starts))
            for starts in ("u:", "k:sctp_", ("k:io_", "k:__io_"))]
