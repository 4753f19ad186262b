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

# What a function belongs to: (title, how its name begins), the first that does.
PARTS = (("user space", "u:"), ("the kernel's SCTP", "k:sctp_"), ("io_uring", ("k:io_", "k:__io_")),
         ("the rest of the kernel", "k:"))
FRAME = re.compile(r"\s*[0-9a-f]+ (.*) \(([^()]*)\)$")


def record(words, pids, folder, is_deep=True):
    """Runs the client while the servers are sampled: (how it ended, the stacks, perf's complaints).
    To unwind a stack takes the guest long; of those that are not deep only the inner end is there.
    """
    data = os.path.join(folder, "perf.data")
    graph = ["--call-graph", f"dwarf,{USER_STACK}"] if is_deep else []
    perf = ["perf", "record", "--quiet", *graph, "--output", data, "--event", "cpu-clock",
            "--count", str(PERIOD_NS), "--pid", ",".join(map(str, pids)), "--"]
    done = subprocess.run(perf + words, capture_output=True, text=True, check=False, timeout=600)
    script = subprocess.run(["perf", "script", "--input", data, "--fields",
                             "comm,ip,sym,dso" if is_deep else "ip,sym,dso"],
                            capture_output=True, text=True, check=False, timeout=600)
    os.unlink(data)
    lines = script.stdout.splitlines()
    found = read(lines) if is_deep else [stack for line in lines for stack in read([line])]
    return done, found, script.stderr.strip()


def name_of(function, place):
    """By perf's name of what it lies in: the kernel's modules stand in brackets."""
    if place.startswith("[") and place not in ("[vdso]", "[unknown]"):
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


def share_of(found, function):
    """Of all stacks, in percent, those that a function of user space is at the inner end of."""
    inner = sum(stack[-1] == "u:" + function for stack in found)
    return 100.0 * inner / max(len(found), 1)


def from_root(stack, root):
    """Without what leads to the server's loop, which unwinding sees one time and not another."""
    return stack[stack.index(root):] if root in stack else ["u:(elsewhere)"] + stack


def tree(found, root):
    """The rows of all stacks, without those that are too few to be seen."""
    counts = collections.Counter()
    for stack in found:
        path = tuple(from_root(stack, root))
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


def part_of(name):
    """Index in PARTS."""
    return next(i for i, (_, start) in enumerate(PARTS) if name.startswith(start))


def shares(rows):
    """Samples of the functions of each part: their own alone."""
    found = [0] * len(PARTS)
    for samples, name in own(rows):
        found[part_of(name)] += samples
    return found
