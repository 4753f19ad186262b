# SPDX-License-Identifier: BSD-2-Clause
"""Flame graphs as SVG, of the trees of stacks.py: a row up is a call deeper, the width is the share
of samples, and what has no row above it is a function's own. The mouse over a frame tells the rest.
"""
import html

import stacks

WIDTH, ROW, TOP, SIDE = 1200, 17, 46, 10
LETTER = 6.7  # of the font, in pixels; text is cut to what fits
COLOURS = ("#8fcf8f", "#e8795a", "#8fb7e3", "#f0c27b")  # of stacks.PARTS


def fitted(text, width):
    """As much of a text as is as wide; nothing where that is no help."""
    room = int((width - 6) / LETTER)
    if len(text) <= room:
        return text
    return text[:room - 2] + ".." if room >= 5 else ""


def places(rows):
    """(row's left edge in samples, row): children side by side from their parent's left on."""
    left, edges = [0], []
    for row in rows:
        depth = row[0]
        del left[depth + 1:]
        edges.append((left[depth], row))
        left.append(left[depth])
        left[depth] += row[1]
    return edges


def frame(edge, row, total, base):
    depth, samples, name = row
    scale = (WIDTH - 2 * SIDE) / total
    x, width = SIDE + edge * scale, max(samples * scale - 0.5, 0.5)
    y = base - depth * ROW
    shown = html.escape(name[2:])
    text = html.escape(fitted(name[2:], width))
    where = "kernel" if name.startswith("k:") else "user space"
    label = f'<text x="{x + 3:.1f}" y="{y + 12}">{text}</text>' if text else ""
    return (f'<g><title>{shown} ({where}): {100 * samples / total:.1f} %</title>'
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}"'
            f' fill="{COLOURS[stacks.part_of(name)]}"/>{label}</g>')


def legend():
    parts, x = [], SIDE
    for (text, _), colour in zip(stacks.PARTS, COLOURS):
        parts.append(f'<rect x="{x}" y="26" width="11" height="11" fill="{colour}"/>'
                     f'<text x="{x + 15}" y="36">{text}</text>')
        x += 35 + int(len(text) * LETTER)
    return "".join(parts)


def svg(title, rows):
    total = rows[0][1]
    height = TOP + (max(row[0] for row in rows) + 1) * ROW + 8
    base = height - ROW - 6
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
            f' width="{WIDTH}" height="{height}" font-family="monospace" font-size="11">\n'
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
            f'<text x="{SIDE}" y="17" font-size="14">{html.escape(title)}</text>{legend()}\n')
    return head + "\n".join(frame(edge, row, total, base)
                            for edge, row in places(rows)) + "\n</svg>\n"
