"""A small line chart of a diff's size over time, as an image in Markdown."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from netbox_sync_dagster.text import html_text, markdown

_WIDTH, _HEIGHT = 560, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 10, 26, 24
# Readable on Dagster's light and dark background.
_COLOURS = ("#2f7ed8", "#d9822b", "#a3419b", "#6b7280")


@dataclass(frozen=True)
class Line:
    """One series; ``values`` are in the order of the points in time."""

    name: str
    values: Sequence[int]


def chart(times: Sequence[str], lines: Sequence[Line], title: str) -> str:
    """Markdown with the chart of these lines; ``times`` label the first and the last point."""
    highest = max((value for line in lines for value in line.values), default=0) or 1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'font-family="sans-serif" font-size="11" role="img" aria-label="{html_text(title)}">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    for share in (0.0, 0.5, 1.0):
        y = _y(share * highest, highest)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#dddddd"/>')
        if share != 0.5 or highest > 1:
            parts.append(
                f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end" fill="#555555">'
                f"{share * highest:g}</text>"
            )
    for number, line in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [(_x(at, len(line.values)), _y(value, highest)) for at, value in enumerate(line.values)]
        path = " ".join(f"{x},{y}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>' for x, y in points]
        place = _LEFT + number * 125
        parts.append(f'<rect x="{place}" y="8" width="10" height="10" fill="{colour}"/>')
        parts.append(f'<text x="{place + 15}" y="17" fill="#333333">{html_text(line.name)}</text>')
    if times:
        bottom = _HEIGHT - 7
        parts.append(f'<text x="{_LEFT}" y="{bottom}" fill="#555555">{html_text(times[0])}</text>')
    if len(times) > 1:
        parts.append(
            f'<text x="{_WIDTH - _RIGHT}" y="{bottom}" text-anchor="end" fill="#555555">{html_text(times[-1])}</text>'
        )
    parts.append("</svg>")
    data = base64.b64encode("".join(parts).encode()).decode()
    return f"![{markdown(title)}](data:image/svg+xml;base64,{data})"


def _x(at: int, number: int) -> float:
    span = _WIDTH - _LEFT - _RIGHT
    return round(_LEFT + (span * at / (number - 1) if number > 1 else span / 2), 1)


def _y(value: float, highest: int) -> float:
    span = _HEIGHT - _TOP - _BOTTOM
    return round(_TOP + span * (1 - value / highest), 1)
