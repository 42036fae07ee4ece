#!/usr/bin/env python3
"""Makes an SVG of a terminal screen from text with colours: numamark report DIR | scripts/screen-svg.py > docs/screen.svg

Only what numamark prints is understood: SGR 0, 31, 32, 33. On a terminal it prints colours, so run it under `script`.
"""

import html
import re
import sys

COLOURS = {"31": "#e5534b", "32": "#57ab5a", "33": "#daaa3f"}
WIDTH, HEIGHT, MARGIN = 8.4, 18, 16


def line_of(text, row):
    """One line as a text element, with a span for each colour."""
    spans, colour = [], None
    for piece in re.split(r"(\x1b\[\d+m)", text):
        code = re.fullmatch(r"\x1b\[(\d+)m", piece)
        if code:
            colour = COLOURS.get(code[1])
        elif piece:
            fill = f' fill="{colour}"' if colour else ""
            spans.append(f"<tspan{fill}>{html.escape(piece)}</tspan>")
    return f'<text x="{MARGIN}" y="{MARGIN + HEIGHT * (row + 0.75):.0f}" xml:space="preserve">{"".join(spans)}</text>'


def svg(text):
    """The whole picture, dark, as wide as the longest line."""
    lines = text.replace("\r", "").rstrip("\n").split("\n")
    bare = [re.sub(r"\x1b\[\d+m", "", line) for line in lines]
    width = 2 * MARGIN + WIDTH * max(len(line) for line in bare)
    height = 2 * MARGIN + HEIGHT * len(lines)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" font-size="14"'
    body = "\n".join(line_of(line, row) for row, line in enumerate(lines) if line)
    style = 'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" fill="#adbac7"'
    return f'{head} {style}>\n<rect width="100%" height="100%" rx="8" fill="#22272e"/>\n{body}\n</svg>\n'


if __name__ == "__main__":
    sys.stdout.write(svg(sys.stdin.read()))
