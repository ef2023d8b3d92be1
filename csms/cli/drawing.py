"""Pictures of sessions: for the terminal, and as SVG or PNG files."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from csms.errors import LaddvaktError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from csms.cli.picture import Picture, Step

FORMATS = ("svg", "png")

_COLOURS = {"info": "#9aa5b1", "minor": "#f2c14e", "major": "#f08a4b", "critical": "#d1495b"}
_MEASURED, _LIMIT = "#1f6f8b", "#22223b"
_MARKS = 6
_SHORT = timedelta(minutes=_MARKS)
_LEGEND = "⠒ measured   ─ limit in force   ░ deviation"


class DrawingError(LaddvaktError):
    """A picture cannot be drawn; the message says why."""


def check_file(path: Path) -> None:
    """Raises: DrawingError if a picture cannot become this kind of file."""
    if path.suffix.lower().lstrip(".") not in FORMATS:
        known = " or ".join(f".{each}" for each in FORMATS)
        raise DrawingError(f"{path}: a picture's file ends in {known}")


def terminal_text(picture: Picture, width: int, height: int, *, colour: bool) -> str:
    """Returns a picture made of characters; episodes are shaded."""
    import plotext

    origin, top = picture.start, _top(picture)

    def second(at: datetime) -> float:
        return (at - origin).total_seconds()

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)  # noqa: FBT003 - its own way
    plotext.plot_size(width, height)
    plotext.plot([0, second(picture.end)], [0, 0], marker=" ")
    for shade in picture.shades:
        edges = [second(shade.start), second(shade.end)]
        plotext.rectangle(edges, [0, top], fill=True, marker="░", color="red")
    for run in _unbroken(picture.steps):
        times = [second(edge) for step in run for edge in (step.start, step.end)]
        values = [step.limit for step in run for _ in range(2)]
        plotext.plot(times, values, marker="─", color="orange")
    if picture.measured:
        times = [second(at) for at, _ in picture.measured]
        values = [value for _, value in picture.measured]
        plotext.plot(times, values, marker="braille", color="blue")
    plotext.ylim(0, top)
    plotext.xlim(0, second(picture.end))
    marks = [origin + (picture.end - origin) * share / _MARKS for share in range(_MARKS + 1)]
    form = "%H:%M:%S" if picture.end - origin < _SHORT else "%H:%M"
    plotext.xticks([second(at) for at in marks], [at.strftime(form) for at in marks])
    built: str = plotext.build()
    drawn = built if colour else plotext.uncolorize(built)
    return f"{picture.title}\n{drawn}\n{picture.quantity}, by UTC   {_LEGEND}"


def draw(picture: Picture, path: Path) -> None:
    """Writes a picture as SVG or PNG, by the file's ending.

    Raises:
        DrawingError: if the file has another ending or cannot be written.
    """
    check_file(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    axes: Any = figure.subplots()
    _draw_shades(axes, picture)
    _draw_limits(axes, picture)
    if picture.measured:
        times, values = zip(*picture.measured, strict=True)
        axes.plot(times, values, color=_MEASURED, linewidth=1.4, label="measured")
    axes.set_ylim(0, _top(picture))
    axes.set_ylabel(picture.quantity)
    axes.set_title(picture.title, loc="left", fontsize=11, parse_math=False)
    axes.grid(visible=True, alpha=0.25)
    _date_axis(axes)
    axes.set_xlim(picture.start, picture.end)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=4, fontsize=8, frameon=False
        )
    try:
        figure.savefig(path, metadata={"Title": picture.title})
    except OSError as error:
        raise DrawingError(f"cannot write {path}: {error.strerror}") from None


def _draw_shades(axes: Any, picture: Picture) -> None:  # noqa: ANN401 - a matplotlib Axes
    named: set[str] = set()
    for shade in picture.shades:
        label = f"{shade.kind} ({shade.severity})"
        colour = _COLOURS.get(shade.severity, _COLOURS["minor"])
        axes.axvspan(
            shade.start,
            shade.end,
            color=colour,
            alpha=0.3,
            linewidth=0,
            label=None if label in named else label,
        )
        named.add(label)
        axes.annotate(
            f"{shade.kind}\n{shade.about}",
            (shade.start, 1),
            xycoords=("data", "axes fraction"),
            xytext=(2, -3),
            textcoords="offset points",
            va="top",
            fontsize=7,
            parse_math=False,
        )


def _draw_limits(axes: Any, picture: Picture) -> None:  # noqa: ANN401 - a matplotlib Axes
    label: str | None = "limit in force"
    for line in _unbroken(picture.steps):
        times = [edge for step in line for edge in (step.start, step.end)]
        values = [step.limit for step in line for _ in range(2)]
        axes.plot(times, values, color=_LIMIT, linewidth=1.2, linestyle="--", label=label)
        label = None
        for step in line:
            axes.annotate(
                step.cause,
                (step.start, step.limit),
                xytext=(2, 3),
                textcoords="offset points",
                fontsize=6,
                parse_math=False,
                color=_LIMIT,
            )


def _date_axis(axes: Any) -> None:  # noqa: ANN401 - a matplotlib Axes
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel("UTC")


def _unbroken(steps: list[Step]) -> list[list[Step]]:
    """Returns runs of steps that follow each other and all limit."""
    runs: list[list[Step]] = []
    for step in steps:
        if step.limit is None:
            continue
        if runs and runs[-1][-1].end == step.start:
            runs[-1].append(step)
        else:
            runs.append([step])
    return runs


def _top(picture: Picture) -> float:
    values = [value for _, value in picture.measured]
    values += [step.limit for step in picture.steps if step.limit is not None]
    return max([*values, 1.0]) * 1.15
