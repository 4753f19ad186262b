# SPDX-License-Identifier: BSD-2-Clause
"""The suite parser: bench/parser's table as results. The program compares the parsers by itself."""
import glob
import os
import subprocess
import sys

import results

PARSERS = ("memchr", "index", "sipring", "libosip2", "sofia-sip", "libre")


def read_table(text):
    """{message: {parser: ns}} of what bench/parser printed."""
    table = {}
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) >= 2 + len(PARSERS) and words[0].endswith(".sip"):
            table[words[0]] = dict(zip(PARSERS, map(float, words[2:2 + len(PARSERS)])))
    return table


def measure(paths, options):
    program = os.path.join(paths.build, "bench", "parser", "parser")
    if not os.path.exists(program):
        sys.exit("sipring bench: the other parsers are not there: install libosip2-dev,"
                 " libsofia-sip-ua-dev and libre-dev, and set the build up again")
    corpus = sorted(glob.glob(os.path.join(paths.source, "bench", "parser", "corpus", "*.sip")))
    runs = []
    for number in range(options.repetitions):
        done = subprocess.run([program] + corpus, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"sipring bench: {program}: {done.stderr.strip()}")
        runs.append(read_table(done.stdout))
        print(f"{number + 1:4}/{options.repetitions}  parser", flush=True)
    found = [{"case": {"program": parser, "message": message},
              "metrics": {"time": results.metric("ns per message",
                                                 [run[message][parser] for run in runs])}}
             for message in runs[0] for parser in PARSERS]
    return results.document("parser", paths, os.uname().release,
                            {"clock": "the machine's, the best of 200 rounds",
                             "repetitions": options.repetitions}, found)
