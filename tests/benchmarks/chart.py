"""Pictures as SVG: bars side by side, and lines over a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape

OURS = "#0969da"
OTHERS = "#8c959f"
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 15px }
.faint { fill: #6e7781; font-size: 11px }
.grid { stroke: #d8dee4 }
"""


def bars(title: str, unit: str, values: Mapping[str, float], ours: Sequence[str], digits: int = 2) -> str:
    """One bar for each value; those of ``ours`` stand out."""
    left, width, row, top = 330, 940, 30, 44
    longest = max(values.values())
    parts = []
    for index, (name, value) in enumerate(values.items()):
        y = top + row * index
        length = (width - left - 90) * value / longest
        colour = OURS if name in ours else OTHERS
        parts.append(f'<text x="{left - 12}" y="{y + 15}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="{left}" y="{y + 2}" width="{length:.1f}" height="18" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{left + length + 8:.1f}" y="{y + 15}">{value:.{digits}f} {escape(unit)}</text>')
    return _svg(title, width, top + row * len(values) + 8, parts)


def lines(title: str, unit: str, series: Mapping[str, Mapping[int, float]], ours: Sequence[str]) -> str:
    """One line for each series of values by size; both axes are logarithmic, so what grows evenly is straight."""
    left, top, width, height = 70, 44, 940, 400
    sizes = sorted({size for values in series.values() for size in values})
    figures = [value for values in series.values() for value in values.values()]
    lowest, highest = math.floor(math.log10(min(figures))), math.ceil(math.log10(max(figures)))
    right, bottom = width - 250, height - 40

    def x(size: float) -> float:
        return left + (right - left) * math.log(size / sizes[0]) / math.log(sizes[-1] / sizes[0])

    def y(value: float) -> float:
        return bottom - (bottom - top) * (math.log10(value) - lowest) / (highest - lowest)

    parts = list(_grid({size: x(size) for size in sizes}, (top, bottom)))
    for power in range(lowest, highest + 1):
        height_of = y(10.0**power)
        parts.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{height_of:.1f}" y2="{height_of:.1f}"/>')
        parts.append(
            f'<text class="faint" x="{left - 8}" y="{height_of + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
        )
    labels = _apart({name: y(values[max(values)]) for name, values in series.items()})
    for name, values in series.items():
        colour = OURS if name in ours else OTHERS
        points = [(x(size), y(value)) for size, value in sorted(values.items())]
        path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{px:.1f}" cy="{py:.1f}" r="4" fill="{colour}"/>' for px, py in points]
        parts.append(f'<text x="{points[-1][0] + 12:.1f}" y="{labels[name] + 4:.1f}">{escape(name)}</text>')
    return _svg(f"{title}, {unit}", width, height, parts)


def _apart(heights: Mapping[str, float], gap: float = 15) -> dict[str, float]:
    """Return the heights of labels, moved down where they would stand on each other."""
    moved: dict[str, float] = {}
    for name, height in sorted(heights.items(), key=lambda item: item[1]):
        moved[name] = max(height, max(moved.values(), default=-math.inf) + gap)
    return moved


def _grid(marks: Mapping[int, float], vertical: tuple[float, float]) -> Iterator[str]:
    top, bottom = vertical
    for size, x in marks.items():
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
        yield f'<text class="faint" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{size:,}</text>'


def _svg(title: str, width: int, height: int, parts: Sequence[str]) -> str:
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    )
    return "\n".join(
        [
            f'{opening} role="img" aria-label="{escape(title)}">',
            f"<style>{_STYLE}</style>",
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            f'<text class="title" x="16" y="26">{escape(title)}</text>',
            *parts,
            "</svg>",
            "",
        ]
    )
