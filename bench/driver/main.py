#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The driver of the benchmarks, behind `sipring bench` and `meson test --benchmark`.

Runs suites, each of which writes one JSON document (results.py) into the results' directory and
shows its table; then draws the plots and writes the report from the JSON alone. Exit status: 0 all
ran, 1 one failed, 2 usage.
"""
import argparse
import collections
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import dimensions  # noqa: E402
import hosts  # noqa: E402
import parsers  # noqa: E402
import report  # noqa: E402
import results  # noqa: E402
import transport  # noqa: E402
import userspace  # noqa: E402

Paths = collections.namedtuple("Paths", "source build")
SUITES = ("transport", "dimensions", "latency", "flame", "userspace", "parser", "hosts")
DEFAULT = SUITES[:6]


def whole(least):
    def read(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is under {least}")
        return value
    return read


def read_arguments(words):
    parser = argparse.ArgumentParser(
        prog="sipring bench", description="Measures sipring against programs of the usual kinds.",
        epilog="transport, dimensions, latency, flame and hosts run in a guest of tools/lab, whose"
               " clock counts instructions; userspace and parser here, on a machine that does"
               " nothing else.")
    parser.add_argument("suites", nargs="*", metavar="SUITE",
                        help=f"{', '.join(SUITES)} (default: all but hosts), or report:"
                             " no measuring, only plots, report and README from the JSON that"
                             " is there")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--results", metavar="DIR", help="where the JSON, the plots and the report"
                        " go (default: bench/results in the build directory)")
    parser.add_argument("--publish", action="store_true", help="write to docs/benchmarks,"
                        " docs/BENCHMARKS.md and the table in README.md of the sources")
    parser.add_argument("--kernel", action="append", metavar="SERIES",
                        help="kernel of the lab, again for another (default 6.12)")
    parser.add_argument("--set", choices=("claims", "quick"), default="claims",
                        help="which cases of transport (default claims: those that something is"
                        " claimed of)")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases with this in their name,"
                        " PROGRAM PEERS/OUTSTANDING CLIENT SIZE")
    parser.add_argument("--repetitions", type=whole(1), default=3, metavar="N")
    parser.add_argument("--count", type=whole(1), default=5000, metavar="N",
                        help="round trips of a run (default 5000)")
    parser.add_argument("--warm-up", type=whole(0), default=1000, metavar="N",
                        help="round trips before them (default 1000)")
    parser.add_argument("--seconds", type=whole(1), default=3, metavar="N",
                        help="of a run of userspace (default 3)")
    parser.add_argument("--opensips", metavar="TREE", help="hosts: a built tree of OpenSIPS")
    parser.add_argument("--module", metavar="FILE", help="hosts: our proto_sctp.so (default: of"
                        " the build directory)")
    parser.add_argument("--timeout", type=whole(1), default=7200, metavar="SECONDS",
                        help="for a guest (default 7200)")
    options = parser.parse_args(words)
    for suite in options.suites:
        if suite not in SUITES + ("report",):
            parser.error(f"no suite '{suite}': {', '.join(SUITES)} or report")
    options.suites = options.suites or list(DEFAULT)
    options.kernel = options.kernel or ["6.12"]
    return options


def source_of(build):
    """Where the sources of a build directory are."""
    path = os.path.join(build, "meson-info", "meson-info.json")
    with open(path, encoding="utf-8") as file:
        return results.json.load(file)["directories"]["source"]


def documents(suite, paths, options):
    """(file name, document) of each run of a suite."""
    if suite == "parser":
        yield "parser.json", parsers.measure(paths, options)
    elif suite == "userspace":
        yield "userspace.json", userspace.measure(paths, options)
    else:
        measure = {"transport": transport.measure_transport,
                   "dimensions": dimensions.measure,
                   "latency": transport.measure_latency,
                   "flame": transport.measure_flame,
                   "hosts": hosts.measure}[suite]
        for kernel in options.kernel:
            yield f"{suite}-{kernel}.json", measure(paths, options, kernel)


def main(words):
    options = read_arguments(words)
    build = os.path.abspath(options.build)
    paths = Paths(source_of(build), build)
    folder = options.results or os.path.join(build, "bench", "results")
    if options.publish:
        folder = os.path.join(paths.source, "docs", "benchmarks")
    if results.build_options(build).get("b_sanitize", "none") != "none":
        print("sipring bench: this build has sanitizers: its figures mean nothing",
              file=sys.stderr)
    for suite in options.suites:
        if suite == "report":
            continue
        print(f"== {suite}", flush=True)
        for name, root in documents(suite, paths, options):
            results.write(os.path.join(folder, name), root)
            print(report.terminal(root), flush=True)
    written = report.write(paths.source, folder, options.publish)
    print("\n".join(f"wrote {path}" for path in written))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, ValueError) as error:
        sys.exit(f"sipring bench: {error}")
