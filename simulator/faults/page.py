"""The tables of docs/simulator-faults.md, made of the catalogue.

`python -m simulator.faults.page docs/simulator-faults.md` puts those of today into the page.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from simulator.faults.catalogue import FAULTS
from simulator.faults.fault import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.faults.fault import Fault

_VERSIONS = 2


def tables() -> list[str]:
    """Return a heading and a table for each group, as lines of Markdown."""
    lines: list[str] = []
    for group, faults in groupby(
        sorted(FAULTS.values(), key=_position), key=lambda each: each.group
    ):
        lines += [f"## {group.capitalize()}", ""]
        lines += ["| fault | the station … | versions | on | shows as |", "|---|---|---|---|---|"]
        lines += [_row(each) for each in faults]
        lines.append("")
    return lines


def window(fault: Fault) -> str:
    """Return in words when a fault is on if nothing else is said."""
    is_station = fault.span is Span.STATION
    if fault.every_s is not None:
        return f"about every {_duration(fault.every_s)}, for {_duration(fault.length_s or 0.0)}"
    if fault.start_s == 0 and fault.length_s is None:
        return "always"
    of = "of the simulation" if is_station else "of a transaction"
    since = f"from {_duration(fault.start_s)} {of} on"
    return since if fault.length_s is None else f"{since}, for {_duration(fault.length_s)}"


def _position(fault: Fault) -> int:
    return list(type(fault.group)).index(fault.group)


def _row(fault: Fault) -> str:
    versions = "both" if len(fault.versions) == _VERSIONS else next(iter(fault.versions))
    shows = ", ".join(fault.shows_as)
    return f"| `{fault.name}` | {fault.summary} | {versions} | {window(fault)} | {shows} |"


def _duration(seconds: float) -> str:
    return " ".join(_parts(round(seconds))) or "0 s"


def _parts(seconds: int) -> Iterator[str]:
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            yield f"{count} {unit}"


def rewrite(page: Path) -> None:
    """Put the tables of today in the place of those in a page, which end it."""
    text = page.read_text(encoding="utf-8")
    own = "\n".join(tables()).rstrip() + "\n"
    before = text.partition(own.partition("\n")[0])[0]
    page.write_text(before + own, encoding="utf-8")


if __name__ == "__main__":
    rewrite(Path(sys.argv[1]))
