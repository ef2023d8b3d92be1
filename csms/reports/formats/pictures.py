"""Charts as SVG: drawn by hand, so that a page needs nothing but itself."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from csms.reports.report import Chart

_WIDTH, _HEIGHT = 860, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 20, 46
_INNER_W, _INNER_H = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
_CELL_H: Final = 24
_MOST_POINTS: Final = 2000
_LABELS: Final = 12
_TICKS: Final = 5
# Told apart also by those who do not see all colours (Okabe and Ito).
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_DASHES: Final = ("", "6 3", "2 2", "8 3 2 3")


def svg_of(chart: Chart, number: int) -> str:
    """Returns a chart as one SVG element, with a title for those who listen to it."""
    body, height = _DRAWN[chart.kind](chart)
    title = escape(f"{chart.title}, {chart.unit}" if chart.unit else chart.title)
    name = f"chart-{number}"
    return (
        f'<svg role="img" aria-labelledby="{name}" viewBox="0 0 {_WIDTH} {height}" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{name}">{title}</title>{body}</svg>'
    )


def _line(chart: Chart) -> tuple[str, int]:
    low, high = _range(chart)
    step = _INNER_W / max(len(chart.x) - 1, 1)
    parts = [_grid(low, high), _x_labels(chart.x, lambda index: _LEFT + index * step)]
    for number, figures in enumerate(chart.series.values()):
        style = f'fill="none" stroke="{_colour(number)}" stroke-width="2"'
        dash = _DASHES[number // len(_COLOURS) % len(_DASHES)]
        parts.append(
            f'<path d="{_path(figures, step, low, high)}" {style} stroke-dasharray="{dash}"/>'
        )
    return "".join([*parts, _legend(chart)]), _HEIGHT + _legend_height(chart)


def _path(figures: Sequence[float | None], step: float, low: float, high: float) -> str:
    """Returns the way of a line; a gap in the figures is one in the line."""
    words, is_down = [], False
    every = max(1, len(figures) // _MOST_POINTS)
    for index in range(0, len(figures), every):
        figure = figures[index]
        if figure is None:
            is_down = False
            continue
        words.append(
            f"{'L' if is_down else 'M'}{_LEFT + index * step:.1f} {_y(figure, low, high):.1f}"
        )
        is_down = True
    return "".join(words)


def _bar(chart: Chart) -> tuple[str, int]:
    low, high = _range(chart)
    slot = _INNER_W / max(len(chart.x), 1)
    width = slot * 0.8 / max(len(chart.series), 1)
    parts = [_grid(low, high), _x_labels(chart.x, lambda index: _LEFT + (index + 0.5) * slot)]
    zero = _y(0, low, high)
    for number, (name, figures) in enumerate(chart.series.items()):
        for index, figure in enumerate(figures):
            if figure is None:
                continue
            top = _y(figure, low, high)
            left = _LEFT + index * slot + slot * 0.1 + number * width
            told = escape(f"{chart.x[index]}, {name}: {figure:g} {chart.unit}".strip())
            parts.append(
                f'<rect x="{left:.1f}" y="{min(top, zero):.1f}" width="{max(width, 0.5):.1f}" '
                f'height="{abs(zero - top):.1f}" fill="{_colour(number)}">'
                f"<title>{told}</title></rect>"
            )
    return "".join([*parts, _legend(chart)]), _HEIGHT + _legend_height(chart)


def _heat(chart: Chart) -> tuple[str, int]:
    known = [figure for line in chart.series.values() for figure in line if figure is not None]
    most = max(known, default=0) or 1
    slot = _INNER_W / max(len(chart.x), 1)
    parts = []
    for row, (name, line) in enumerate(chart.series.items()):
        top = _TOP + row * _CELL_H
        parts.append(_text(_LEFT - 8, top + _CELL_H * 0.7, name, "end"))
        for index, figure in enumerate(line):
            told = escape(f"{name} {chart.x[index]}: {_figure(figure)} {chart.unit}".strip())
            share = 0.0 if figure is None else max(figure, 0) / most
            parts.append(
                f'<rect x="{_LEFT + index * slot:.1f}" y="{top}" width="{slot:.1f}" '
                f'height="{_CELL_H}" fill="#0072b2" fill-opacity="{share:.3f}" stroke="#ddd">'
                f"<title>{told}</title></rect>"
            )
    height = _TOP + len(chart.series) * _CELL_H
    parts.append(_x_labels(chart.x, lambda index: _LEFT + (index + 0.5) * slot, height + 16))
    return "".join(parts), height + 30


_DRAWN: Final[dict[str, Callable[[Chart], tuple[str, int]]]] = {
    "line": _line,
    "bar": _bar,
    "heat": _heat,
}


def _figure(figure: float | None) -> str:
    return "no figure" if figure is None else f"{figure:g}"


def _range(chart: Chart) -> tuple[float, float]:
    """Returns the lowest and highest line of the grid: round figures, and always zero."""
    known = [figure for line in chart.series.values() for figure in line if figure is not None]
    low, high = min([0, *known]), max([0, *known])
    if low == high:
        return 0, 1
    step = _round_step((high - low) / _TICKS)
    return math.floor(low / step) * step, math.ceil(high / step) * step


def _round_step(step: float) -> float:
    base: float = 10.0 ** math.floor(math.log10(step))
    return next(factor * base for factor in (1, 2, 5, 10) if factor * base >= step)


def _y(figure: float, low: float, high: float) -> float:
    return _TOP + (high - figure) / (high - low) * _INNER_H


def _grid(low: float, high: float) -> str:
    step = _round_step((high - low) / _TICKS)
    parts = []
    for index in range(round((high - low) / step) + 1):
        figure = low + index * step
        y = _y(figure, low, high)
        parts.append(
            f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#ccc" stroke-width="1"/>'
            + _text(_LEFT - 8, y + 4, f"{figure:.10g}", "end")
        )
    return "".join(parts)


def _x_labels(x: Sequence[str], place: Callable[[int], float], y: float | None = None) -> str:
    every = max(1, math.ceil(len(x) / _LABELS)) if len(x) > 2 * _LABELS else 1
    height = _HEIGHT - _BOTTOM + 18 if y is None else y
    return "".join(
        _text(place(index), height, x[index], "middle") for index in range(0, len(x), every)
    )


def _legend(chart: Chart) -> str:
    """Returns the names of the lines, if there is more than one."""
    if len(chart.series) < 2:  # noqa: PLR2004 - one line needs no name
        return ""
    parts = []
    for number, name in enumerate(chart.series):
        x, y = _LEFT + number % 4 * 195, _HEIGHT - 6 + number // 4 * 18
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{_colour(number)}"/>')
        parts.append(_text(x + 15, y, name, "start"))
    return "".join(parts)


def _legend_height(chart: Chart) -> int:
    return 0 if len(chart.series) < 2 else 18 * math.ceil(len(chart.series) / 4)  # noqa: PLR2004 - as above


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
