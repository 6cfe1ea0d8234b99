"""The figures as a picture: an SVG of text and simple shapes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from .corpus import FAMILIES
from .measure import MAX_POLL_INTERVAL, OTHERS, OURS, Figures, Row

_WIDTH, _ROW, _TOP, _LEFT = 1020, 34, 96, 200
_PANEL = 350
_GAP = 70
_WHOLE = "whole corpus"
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 15px }
.faint { fill: #6e7781; font-size: 11px }
.grid { stroke: #d8dee4; stroke-width: 1 }
.limit { stroke: #bc4c00; stroke-width: 1.5; stroke-dasharray: 4 3 }
"""
_LOOKS = {
    OURS: ("#0969da", "circle"),
    **dict(zip(OTHERS, (("#8c959f", "square"), ("#57606a", "diamond"), ("#bf8700", "up")), strict=True)),
}


def picture(figures: Figures) -> str:
    """Return the SVG."""
    height = _TOP + _ROW * (len(figures.families) + 1) + 46
    parts = [*_frame(height), *_legend(), *_axes(height)]
    families = {name: family.rows for name, family in figures.families.items()}
    rows = {name: families.pop(name) for name in FAMILIES}
    rows |= {_WHOLE: figures.whole.rows, **families}
    for index, (name, ways) in enumerate(rows.items()):
        y = _TOP + _ROW * index + _ROW / 2
        weight = ' class="title"' if name == _WHOLE else ""
        parts.append(f'<text x="{_LEFT - 14}" y="{y + 4:.0f}" text-anchor="end"{weight}>{escape(name)}</text>')
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - 30}" y1="{y:.0f}" y2="{y:.0f}"/>')
        for way in (*OTHERS, OURS):
            parts.append(_mark(way, _requests_x(ways[way].requests), y))
        parts += _lag(ways[OURS], y)
    return "\n".join([*parts, "</svg>", ""])


def _frame(height: int) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'role="img" aria-label="Requests for each build, and how late its end is noticed, by family of builds">'
    )
    yield f"<style>{_STYLE}</style>"
    yield f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    yield f'<text class="title" x="{_LEFT}" y="26">Requests for each build</text>'
    yield f'<text class="title" x="{_LEFT + _PANEL + _GAP}" y="26">How late the end is noticed, seconds</text>'


def _legend() -> Iterator[str]:
    x = float(_LEFT)
    for way in (OURS, *OTHERS):
        yield _mark(way, x + 6, 48)
        short = way.partition(" (")[0]
        yield f'<text class="faint" x="{x + 16:.0f}" y="52">{escape(short)}</text>'
        x += 30 + 5.9 * len(short)
    x = _LEFT + _PANEL + _GAP
    yield _mark(OURS, x + 6, 48)
    yield f'<text class="faint" x="{x + 16}" y="52">mean; bar to the 95th percentile; tick at the latest</text>'


def _axes(height: int) -> Iterator[str]:
    bottom = height - 40
    for requests in (3, 10, 30, 100, 300):
        yield from _tick(_requests_x(requests), bottom, str(requests))
    for seconds in (0, 10, 30, 60, 120, 240):
        yield from _tick(_lag_x(seconds), bottom, str(seconds))
    limit = _lag_x(MAX_POLL_INTERVAL)
    yield f'<line class="limit" x1="{limit:.0f}" x2="{limit:.0f}" y1="{_TOP - 12}" y2="{bottom}"/>'
    yield f'<text class="faint" x="{limit + 5:.0f}" y="{_TOP - 12}">max_poll_interval</text>'


def _tick(x: float, bottom: float, label: str) -> Iterator[str]:
    yield f'<line class="grid" x1="{x:.0f}" x2="{x:.0f}" y1="{_TOP - 4}" y2="{bottom:.0f}"/>'
    yield f'<text class="faint" x="{x:.0f}" y="{bottom + 16:.0f}" text-anchor="middle">{label}</text>'


def _requests_x(requests: float) -> float:
    return _LEFT + _PANEL * math.log(requests / 3) / math.log(400 / 3)


def _lag_x(seconds: float) -> float:
    """A square-root scale: seconds stay apart, and minutes still fit."""
    return _LEFT + _PANEL + _GAP + _PANEL * math.sqrt(max(0.0, seconds) / 260)


def _lag(row: Row, y: float) -> Iterator[str]:
    colour = _LOOKS[OURS][0]
    mean, p95, latest = (_lag_x(value) for value in (row.lag_mean, row.lag_p95, row.lag_max))
    yield f'<line x1="{mean:.1f}" x2="{p95:.1f}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="5" opacity="0.35"/>'
    yield f'<line x1="{latest:.1f}" x2="{latest:.1f}" y1="{y - 7}" y2="{y + 7}" stroke="{colour}" stroke-width="2"/>'
    yield _mark(OURS, mean, y)


def _mark(way: str, x: float, y: float) -> str:
    colour, shape = _LOOKS[way]
    title = f"<title>{escape(way)}</title>"
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}">{title}</circle>'
    points = {
        "square": ((-7, -7), (7, -7), (7, 7), (-7, 7)),
        "diamond": ((0, -6), (6, 0), (0, 6), (-6, 0)),
        "up": ((0, -5), (5, 4), (-5, 4)),
    }[shape]
    outline = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points)
    return f'<polygon points="{outline}" fill="{colour}">{title}</polygon>'
