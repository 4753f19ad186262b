# SPDX-License-Identifier: BSD-2-Clause
"""SVG plots by gnuplot, which gets its data within its script, without gnuplot none; and flame
graphs (flame.py)."""
import os
import shutil
import subprocess
import sys

import flame
import programs
from results import find, median

TITLES = {"cost": "instructions per round trip", "peers": "cost against the number of peers",
          "latency": "p99 against load", "flame": "where a server's time goes"}
STYLE = """set terminal svg size 900,420 font 'sans,12' background '#ffffff'
set key outside right
set grid ytics lc rgb '#dddddd'
set yrange [0:*]
"""
BARS = (("1 peer bundles", 1, 64, "bundles"), ("16 peers bundles", 16, 64, "bundles"),
        ("16 peers", 16, 64, "plain"), ("64 peers", 64, 64, "plain"), ("one at a time", 1, 1,
                                                                     "plain"))
DRAWN = ("shared", "epoll", "uring", "sipring-epoll", "sipring-unbundled", "sipring", "udp")


def plot_names(roots):
    found = []
    for name, root in roots.items():
        if root["suite"] == "transport":
            found.append("cost-" + name.split("-", 1)[1])
        elif root["suite"] == "dimensions":
            found.append("peers-" + name.split("-", 1)[1])
        elif root["suite"] == "latency":
            found.append(name)
    return found


def flames(roots):
    """{name: result} of what is drawn as a flame graph."""
    return {f"{name}-{result['case']['program']}": result
            for name, root in roots.items() if root["suite"] == "flame"
            for result in root["results"]}


def names(roots):
    return plot_names(roots) + list(flames(roots))


def cost(root, program, peers, outstanding, client):
    if programs.is_udp(program):
        client = "plain"
    return median(find(root, program=program, peers=peers, outstanding=outstanding, client=client,
                       size=420), "instructions")


def cost_script(root):
    lines = []
    for title, peers, outstanding, client in BARS:
        values = [cost(root, name, peers, outstanding, client) for name in DRAWN]
        lines.append(f'"{title}" ' + " ".join("NaN" if value is None else f"{value:.0f}"
                                              for value in values))
    data = "\n".join(lines)
    drawn = ", ".join(f"$data using {column + 2}" + (":xtic(1)" if column == 0 else "")
                      + f" title '{name}'" for column, name in enumerate(DRAWN))
    return (STYLE + f"$data << EOD\n{data}\nEOD\nset style data histograms\n"
            "set style histogram clustered gap 2\nset style fill solid 0.8\n"
            "set ylabel 'guest instructions per round trip'\n" + f"plot {drawn}\n")


def lines_script(series, xlabel, ylabel, extra=""):
    """series: {title: [(x, y), ...]}; of none nothing is drawn"""
    if not series:
        return ""
    blocks, drawn = [], []
    for number, (title, points) in enumerate(series.items()):
        blocks.append(f"$data{number} << EOD\n"
                      + "\n".join(f"{x} {y}" for x, y in points) + "\nEOD")
        drawn.append(f"$data{number} using 1:2 with linespoints lw 2 title '{title}'")
    return (STYLE + extra + "\n".join(blocks)
            + f"\nset xlabel '{xlabel}'\nset ylabel '{ylabel}'\nplot " + ", ".join(drawn) + "\n")


def peers_script(root):
    series = {}
    for name in ("shared", "epoll", "uring", "sipring"):
        points = [(result["case"]["peers"], result["metrics"]["instructions"]["median"])
                  for result in root["results"]
                  if result["case"]["program"] == name and result["case"]["client"] == "plain"
                  and result["case"]["size"] == 420 and "link" not in result["case"]
                  and result["case"]["outstanding"] == max(64, result["case"]["peers"])]
        if points:
            series[name] = sorted(points)
    return lines_script(series, "peers", "guest instructions per round trip",
                        "set logscale x 2\n")


def latency_script(root):
    series = {}
    for result in root["results"]:
        series.setdefault(result["case"]["program"], []).append(
            (result["case"]["load_percent"], result["metrics"]["p99"]["median"] / 1000))
    return lines_script(series, "load, percent of what the stock algorithm can do",
                        "p99 in guest us")


def draw(roots, folder):
    """The paths of what was drawn."""
    return draw_flames(roots, folder) + draw_plots(roots, folder)


def draw_flames(roots, folder):
    written = []
    for name, result in flames(roots).items():
        written.append(os.path.join(folder, name + ".svg"))
        with open(written[-1], "w", encoding="utf-8") as file:
            file.write(flame.svg(programs.title(result["case"]["program"]), result["stacks"]))
    return written


def draw_plots(roots, folder):
    if not shutil.which("gnuplot"):
        print("sipring bench: no plots without gnuplot: install gnuplot-nox", file=sys.stderr)
        return []
    written = []
    for name in plot_names(roots):
        kind, series = name.split("-", 1)
        source, make = {"cost": ("transport", cost_script), "peers": ("dimensions", peers_script),
                        "latency": ("latency", latency_script)}[kind]
        root = roots[f"{source}-{series}"]
        script = make(root)
        if not script:
            continue
        path = os.path.join(folder, name + ".svg")
        with open(path + ".new", "w", encoding="utf-8") as file:
            done = subprocess.run(["gnuplot", "-"], input=script, text=True, stdout=file,
                                  stderr=subprocess.PIPE, check=False)
        if done.returncode:
            os.unlink(path + ".new")
            raise ValueError(f"gnuplot: {done.stderr.strip()}")
        os.replace(path + ".new", path)
        written.append(path)
    return written
