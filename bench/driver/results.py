# SPDX-License-Identifier: BSD-2-Clause
"""Results as numbers and as JSON: medians, spreads, the schema, and what is wrong with a file.

A file is {"schema", "tool", "suite", "version", "commit", "kernel", "cpu", "options", "parameters",
"results"}; a result is {"case": {...}, "metrics": {name: {"unit", "values", "median",
"spread_percent", "is_wide"}}}. The spread is that of the values over their median; a metric whose
spread is over SPREAD_MAX percent is marked wide. One value has no spread: null.
"""
import json
import os
import statistics
import subprocess

SCHEMA = 1
SPREAD_MAX = 5.0
HEAD = ("schema", "tool", "suite", "version", "commit", "kernel", "cpu", "options", "parameters",
        "results")


def metric(unit, values):
    values = [round(value, 4) for value in values]
    median = statistics.median(values)
    spread = None
    if len(values) > 1:
        spread = round(100.0 * (max(values) - min(values)) / median, 2) if median else 0.0
    return {"unit": unit, "values": values,
            "median": round(median, 4), "spread_percent": spread,
            "is_wide": spread is not None and spread > SPREAD_MAX}


def first_line(command, folder=None):
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        return (done.stdout.strip().splitlines() or [""])[0]
    except (OSError, subprocess.CalledProcessError):
        return ""


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return os.uname().machine


def commit_of(source):
    """The commit that is checked out, with "-dirty" where what is measured is not quite it."""
    commit = first_line(["git", "rev-parse", "--short=12", "HEAD"], source)
    changes = first_line(["git", "status", "--porcelain", "-uno", "--", "src", "tools", "bench",
                          "include"], source)
    return (commit or "unknown") + ("-dirty" if commit and changes else "")


def build_options(build):
    wanted = ("buildtype", "optimization", "b_ndebug", "b_sanitize", "b_lto", "c_args")
    with open(os.path.join(build, "meson-info", "intro-buildoptions.json"),
              encoding="utf-8") as file:
        return {option["name"]: option["value"] for option in json.load(file)
                if option["name"] in wanted}


def document(suite, paths, kernel, parameters, results):
    version = first_line([os.path.join(paths.build, "tools", "sipring"), "--version"])
    return {"schema": SCHEMA, "tool": "sipring bench", "suite": suite,
            "version": version.replace("sipring ", "") or "unknown",
            "commit": commit_of(paths.source), "kernel": kernel, "cpu": cpu_name(),
            "options": build_options(paths.build), "parameters": parameters, "results": results}


def faults(root):
    """What does not do in a document, as texts; none: it is a good one."""
    found = [f"no '{name}'" for name in HEAD if name not in root]
    if found:
        return found
    if root["schema"] != SCHEMA:
        return [f"schema {root['schema']}, and this program knows {SCHEMA}"]
    for number, result in enumerate(root["results"]):
        where = f"result {number}"
        if not isinstance(result.get("case"), dict) or not result.get("metrics"):
            found.append(f"{where}: no case or no metrics")
            continue
        for name, value in result["metrics"].items():
            if set(value) != {"unit", "values", "median", "spread_percent", "is_wide"}:
                found.append(f"{where}: metric '{name}' has other members than it should")
            elif value != metric(value["unit"], value["values"]):
                found.append(f"{where}: metric '{name}' does not go with its values")
    return found


def write(path, root):
    wrong = faults(root)
    assert not wrong, wrong
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(root, file, indent=1, ensure_ascii=False)
        file.write("\n")
    os.replace(path + ".new", path)


def read(path):
    """The document, or ValueError that says what is wrong with it."""
    with open(path, encoding="utf-8") as file:
        root = json.load(file)
    wrong = faults(root)
    if wrong:
        raise ValueError(f"{path}: {wrong[0]}")
    return root


def find(root, **wanted):
    """The metrics of the one result whose case has these values, or None; a link or several
    workers are only found where they are asked for."""
    wanted = dict({"link": None, "workers": None}, **wanted)
    for result in root["results"]:
        if all(result["case"].get(name) == value for name, value in wanted.items()):
            return result["metrics"]
    return None


def median(metrics, name):
    return metrics[name]["median"] if metrics and name in metrics else None
