# SPDX-License-Identifier: BSD-2-Clause
"""The report: Markdown with tables and plots from the JSON of a directory, the table of README.

The prose is docs/benchmarks/report.md.in; "@NAME@" on a line of its own stands there for what is
made here, and what has no JSON says so. Nothing is measured here, and the same JSON gives the same
text: the unit tests hold the published pages against it.
"""
import os
import re

import plots
import results
import tables

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def load(folder):
    """{file name without .json: document}"""
    found = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".json"):
            found[name[:-5]] = results.read(os.path.join(folder, name))
    return found


def terminal(root):
    parts = [f"{title}\n{tables.plain(head, rows)}".strip() for title, head, rows
             in tables.of(root)]
    rows = tables.of_claims(root)[1]
    if rows:
        parts.append(tables.plain(tables.of_claims(root)[0],
                                  [[cell.replace("*", "") for cell in row] for row in rows]))
    return "\n\n".join(parts)


def origin(root):
    options = " ".join(f"{name}={value}" for name, value in sorted(root["options"].items())
                       if value not in ("", []))
    given = ", ".join(f"{name.replace('_', ' ')} {value}"
                      for name, value in root["parameters"].items() if name != "reply_size")
    return (f"sipring {root['version']}, commit {root['commit']}; Linux {root['kernel']};"
            f" {root['cpu']}; {options}; {given}.")


def section(root):
    parts = []
    for title, head, rows in tables.of(root):
        if title:
            parts.append(f"**{title}**")
        parts.append(tables.markdown(head, rows))
    return "\n\n".join(parts + [origin(root)])


def claims_section(roots):
    rows = []
    for root in roots.values():
        for row in tables.of_claims(root)[1]:
            rows.append([row[0] + (f" ({kernel_series(root)})" if "transport" == root["suite"]
                                   else "")] + row[1:])
    return tables.markdown(["what", "measured", "meant", "kept"], rows) if rows else ""


def kernel_series(root):
    return ".".join(root["kernel"].split(".")[:2])


def pieces(roots, folder, prefix):
    made = {"claims": claims_section(roots)}
    for name, root in roots.items():
        made[name] = section(root)
    for name in plots.names(roots):
        if os.path.exists(os.path.join(folder, name + ".svg")):
            made["plot-" + name] = f"![{plots.TITLES[name.split('-')[0]]}]({prefix}{name}.svg)"
    return made


def fill(template, made):
    return re.sub(r"^@([a-z0-9.-]+)@$",
                  lambda match: made.get(match[1]) or f"(Not measured: {match[1]}.)",
                  template, flags=re.M)


def readme_table(roots):
    root = roots.get("transport-6.12")
    if not root:
        return ""
    names = ("shared", "epoll", "uring", "sipring")
    settings = (("1 peer, 64 outstanding, client bundles", 1, 64, "bundles"),
                ("16 peers, 64 outstanding, client bundles", 16, 64, "bundles"),
                ("16 peers, 64 outstanding", 16, 64, "plain"),
                ("64 peers, one outstanding each", 64, 64, "plain"),
                ("1 peer, one outstanding", 1, 1, "plain"))
    rows = []
    for title, peers, outstanding, client in settings:
        row = [title]
        for name in names:
            metrics = results.find(root, program=name, peers=peers, outstanding=outstanding,
                                   client=client, size=420)
            row.append(tables.figure(metrics, "instructions"))
        rows.append(row)
    head = ["instructions per round trip", "proto_sctp's algorithm", "a good epoll program",
            "io_uring, call by call", "sipring"]
    return tables.markdown(head, rows)


def with_table(readme, table):
    """README with the table between its marks; ValueError where it has none."""
    begin, end = readme.find(BEGIN), readme.find(END)
    if begin < 0 or end < begin:
        raise ValueError(f"README.md has no lines {BEGIN} and {END}")
    return readme[:begin + len(BEGIN)] + "\n" + table + "\n" + readme[end:]


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def made_pages(source, folder, prefix="benchmarks/"):
    """(report, README) as the JSON of the folder makes them."""
    roots = load(folder)
    template = text_of(os.path.join(source, "docs", "benchmarks", "report.md.in"))
    page = fill(template, pieces(roots, folder, prefix))
    readme = text_of(os.path.join(source, "README.md"))
    table = readme_table(roots)
    return page, with_table(readme, table) if table else readme


def write(source, folder, is_published):
    """Draws, then writes; the paths of what was written."""
    written = plots.draw(load(folder), folder)
    page, readme = made_pages(source, folder, "benchmarks/" if is_published else "")
    targets = {os.path.join(source, "docs", "BENCHMARKS.md"): page,
               os.path.join(source, "README.md"): readme} if is_published \
        else {os.path.join(folder, "report.md"): page}
    for path, text in targets.items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        written.append(path)
    return written
