"""The fields of scenario files as tables, made of the models so that they cannot go stale."""

from __future__ import annotations

from datetime import date, datetime, time
from enum import StrEnum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from simulator.worlds.arrivals import Entry, Rates, Replay, Shift, Shifts, Timetable
from simulator.worlds.calendar import WEEKDAYS, CalendarSpec
from simulator.worlds.cars import CarSpec, VehicleSpec
from simulator.worlds.faulty import FaultSpec, SpreadSpec
from simulator.worlds.happenings import Dimming, FirmwareWave, GridOutage, LinkOutage
from simulator.worlds.populations import PopulationSpec
from simulator.worlds.scenario import Scenario
from simulator.worlds.spec import MOST
from simulator.worlds.stations import StationSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic.fields import FieldInfo

TABLES: Final[Mapping[str, type[BaseModel]]] = {
    "The file": Scenario,
    "calendar": CalendarSpec,
    "stations": StationSpec,
    "stations.cars": CarSpec,
    "stations.faults": FaultSpec,
    "vehicles.NAME": VehicleSpec,
    "populations": PopulationSpec,
    "arrivals: rates": Rates,
    "arrivals: shifts": Shifts,
    "shifts": Shift,
    "arrivals: timetable": Timetable,
    "entries": Entry,
    "arrivals: sessions": Replay,
    "faults": SpreadSpec,
    "events: dimming": Dimming,
    "events: grid-outage": GridOutage,
    "events: link-outage": LinkOutage,
    "events: firmware-wave": FirmwareWave,
}
_NAMES: Final = {
    bool: "true, false",
    str: "text",
    int: "whole number",
    float: "number",
    time: "HH:MM",
    date: "date",
    datetime: "date and time",
}
_FEW: Final = 4
_BOUNDS: Final = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def table(model: type[BaseModel]) -> list[str]:
    """Return the lines of the table of one model."""
    lines = ["| field | value | default | |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        cells = (f"`{name}`", _value(field), _default(field), field.description or "")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return lines


def _value(field: FieldInfo) -> str:
    kind = _kind(field.annotation, field.metadata)
    bounds = _bounds(field.metadata)
    return f"{kind}, {bounds}" if bounds and kind.endswith("number") else kind


def _kind(annotation: Any, metadata: Iterable[object] = ()) -> str:  # noqa: ANN401, PLR0911 - types
    if _is_amount(metadata):
        return "number, range or distribution"
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(args[0], args[1:])
    if origin is Literal:
        return "the week's days" if args == WEEKDAYS else ", ".join(f"`{each}`" for each in args)
    if origin in (UnionType, Union):
        kinds = dict.fromkeys(_kind(each) for each in args if each is not NoneType)
        return "a table" if all(_is_table(each) for each in args) else " or ".join(kinds)
    if origin is tuple:
        return "tables" if _is_table(args[0]) else f"list of {_plural(_kind(args[0]))}"
    if origin is dict:
        return "tables" if _is_table(args[1]) else "names and shares"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a table"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        few = len(annotation) <= _FEW
        return ", ".join(f"`{each}`" for each in annotation) if few else "text"
    return _NAMES[annotation]


def _plural(kind: str) -> str:
    return {"text": "texts", "date": "dates", "number": "numbers"}.get(kind, kind)


def _is_table(annotation: object) -> bool:
    args = get_args(annotation)
    if get_origin(annotation) is Annotated or get_origin(annotation) in (UnionType, Union):
        return _is_table(args[0])
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_amount(metadata: Iterable[object]) -> bool:
    return any(getattr(each, "custom_error_type", None) == "amount" for each in metadata)


def _bounds(metadata: Iterable[object]) -> str:
    found = [
        f"{sign} {getattr(each, name):g}"
        for each in metadata
        for name, sign in _BOUNDS.items()
        if getattr(each, name, None) not in (None, MOST)
    ]
    return ", ".join(found)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    return _spelled(field.default)


def _spelled(given: object) -> str:
    if given is None or given in ((), {}) or isinstance(given, BaseModel):
        return "—"
    if isinstance(given, bool):
        return f"`{str(given).lower()}`"
    if isinstance(given, datetime):
        return f'`"{given:%Y-%m-%dT%H:%M}"`'
    if isinstance(given, tuple):
        return f"`[{', '.join(_plain(each) for each in given)}]`"
    if isinstance(given, dict):
        return f"`{{ {', '.join(f'{name} = {_plain(each)}' for name, each in given.items())} }}`"
    return f"`{_plain(given)}`"


def _plain(given: object) -> str:
    return f"{given:g}" if isinstance(given, (int, float)) else f'"{given}"'


def pages() -> Iterator[str]:
    """Yield the lines of all tables, each under its heading."""
    for heading, model in TABLES.items():
        yield f"#### {heading}"
        yield ""
        yield from table(model)
        yield ""
