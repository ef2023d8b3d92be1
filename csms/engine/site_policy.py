"""Which remedies may be tried where: a policy file, checked, laid over the shipped one.

The file names steps; what each of them does is in `remedy_steps.py`. Whatever a file says, a
station is never reset or made inoperative.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from csms.errors import SettingsError
from csms.monitor.episodes import Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

SHIPPED = Path(__file__).parent / "remedies_default.toml"


class Step(StrEnum):
    """What can be tried. The number says how far a step goes."""

    TRIGGER = "trigger"
    ASK = "ask"
    REPUSH = "repush"
    CLEAR_STALE = "clear_stale"
    PUSH_LOWER = "push_lower"
    WAKE = "wake"
    DEFAULT_AND_MAX = "default_and_max"
    ALERT = "alert"
    STOP = "stop"

    @property
    def number(self) -> int:
        """The rung of the ladder, 0 for the mildest."""
        return _NUMBERS[self]


_NUMBERS = {
    Step.TRIGGER: 0,
    Step.ASK: 1,
    Step.REPUSH: 2,
    Step.CLEAR_STALE: 3,
    Step.PUSH_LOWER: 4,
    Step.WAKE: 4,
    Step.DEFAULT_AND_MAX: 5,
    Step.ALERT: 6,
    Step.STOP: 7,
}
KINDS = tuple(kind.value for kind in Kind if kind is not Kind.CHARGING_REFUSED)
"""The kinds that have remedies."""
_HIGHEST = max(_NUMBERS.values())


def _is_step(name: str) -> str:
    if name not in set(Step):
        raise ValueError(f"{name!r} is no step; there are {', '.join(Step)}")
    return name


def _is_kind(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"{name!r} is no kind with remedies; there are {', '.join(KINDS)}")
    return name


_StepName = Annotated[str, AfterValidator(_is_step)]
_KindName = Annotated[str, AfterValidator(_is_kind)]
_Number = Annotated[int, Field(ge=0, le=_HIGHEST)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KindRules(_Table):
    """The ladder of one kind: its steps in order, and those of a critical alert if they differ."""

    steps: tuple[_StepName, ...] | None = None
    critical: tuple[_StepName, ...] | None = None
    up_to_step: _Number | None = None


class Rules(_Table):
    """What a table of the file may say; None leaves it as it was."""

    enabled: bool | None = None
    up_to_step: _Number | None = None
    cooldown_s: Annotated[float, Field(ge=1, le=86_400)] | None = None
    max_per_episode: Annotated[int, Field(ge=0, le=20)] | None = None
    stop: bool | None = None
    kinds: dict[_KindName, KindRules] = Field(default_factory=dict)


class Where(Rules):
    """Rules for some places only: patterns of sites and of stations, with * and ?."""

    sites: tuple[str, ...] = ("*",)
    stations: tuple[str, ...] = ("*",)

    def covers(self, site: str, station: str) -> bool:
        """Tells whether these rules are for a station."""
        return _fits(site, self.sites) and _fits(station, self.stations)


class PolicyFile(Rules):
    """A whole file. Of several `where` tables that fit, the last one that says something counts."""

    where: tuple[Where, ...] = ()


@dataclass(frozen=True, slots=True)
class Ladder:
    """The steps for one alert, in order, and how often and how soon again each may be taken."""

    steps: tuple[Step, ...] = ()
    cooldown_s: float = 300.0
    max_per_episode: int = 3


class Remedies:
    """The policy files of one site, the shipped one first."""

    def __init__(self, files: tuple[PolicyFile, ...]) -> None:
        self._files = files
        self._ladders: dict[tuple[str, str, Kind, bool], Ladder] = {}

    def ladder(self, place: tuple[str, str], kind: Kind, severity: Severity) -> Ladder:
        """Returns what may be tried for an alert of a station; `place` is its site and its ID."""
        key = (*place, kind, severity is Severity.CRITICAL)
        known = self._ladders.get(key)
        if known is None:
            known = self._ladders[key] = _ladder([*self._rules(*place)], kind, is_critical=key[-1])
        return known

    def _rules(self, site: str, station: str) -> Iterator[Rules]:
        for file in self._files:
            yield file
            yield from (where for where in file.where if where.covers(site, station))


@cache
def shipped() -> Remedies:
    """Returns what is tried where no operator has said anything."""
    return Remedies((_read(SHIPPED),))


def load_remedies(path: Path) -> Remedies:
    """Returns an operator's policy file, laid over the shipped one.

    Raises:
        SettingsError: with every mistake: file, table, field, and what there is instead.
    """
    return Remedies((_read(SHIPPED), _read(path)))


def doubts(path: Path) -> list[str]:
    """Returns what a file says to no effect, one sentence each. Raises: SettingsError."""
    file = _read(path)
    base = _read(SHIPPED)
    found = []
    for name, rules in (("the file", file), *_named(file.where)):
        merged = [base, file, rules]
        may_stop = _last(merged, "stop") and _last(merged, "up_to_step") >= _HIGHEST
        named = [kind for kind, each in rules.kinds.items() if _names_stop(each)]
        if named and not may_stop:
            found.append(
                f"{path}: {name} lists the step stop for {', '.join(named)}, which needs "
                f"stop = true and up_to_step = {_HIGHEST} as well"
            )
        if rules.stop and not may_stop:
            found.append(f"{path}: {name} says stop = true, which needs up_to_step = {_HIGHEST}")
    return found


def _named(tables: tuple[Where, ...]) -> list[tuple[str, Rules]]:
    return [(f"where[{index}]", where) for index, where in enumerate(tables)]


def _names_stop(rules: KindRules) -> bool:
    return Step.STOP.value in {*(rules.steps or ()), *(rules.critical or ())}


def _ladder(rules: list[Rules], kind: Kind, *, is_critical: bool) -> Ladder:
    """Returns the steps that the rules leave of a kind's ladder."""
    if not _last(rules, "enabled"):
        return Ladder()
    own = [each.kinds[kind.value] for each in rules if kind.value in each.kinds]
    # A later table outweighs an earlier one, also where that one was about this kind alone.
    in_order = [each for rule in rules for each in (rule, rule.kinds.get(kind.value)) if each]
    up_to = _last(in_order, "up_to_step")
    named = [Step(name) for name in _last(own, "steps") or ()]
    if is_critical:
        critical = _last(own, "critical")
        told = [Step.ALERT, *(step for step in named if step is not Step.ALERT)]
        named = told if critical is None else [Step(name) for name in critical]
    may_stop = is_critical and _last(rules, "stop")
    steps = [
        step
        for step in named
        if step is Step.ALERT or (step.number <= up_to and (step is not Step.STOP or may_stop))
    ]
    return Ladder(
        tuple(dict.fromkeys(steps)),
        _last(rules, "cooldown_s"),
        _last(rules, "max_per_episode"),
    )


def _last(tables: Sequence[Any], name: str) -> Any:  # noqa: ANN401 - values of a table
    """Returns what the last table that says something says; the shipped file says everything."""
    known = [value for each in tables if (value := getattr(each, name)) is not None]
    return known[-1] if known else None


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _read(path: Path) -> PolicyFile:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no TOML: {error}") from None
    try:
        return PolicyFile.model_validate(table)
    except ValidationError as error:
        lines = [_sentence(path, each) for each in error.errors(include_url=False)]
        raise SettingsError("\n".join(lines)) from None


def _sentence(path: Path, error: ErrorDetails) -> str:
    """Returns one mistake: the file, the table in brackets, the field, and what there is."""
    location = [part for part in error["loc"] if part != "[key]"]
    *table, name = location or [""]
    if isinstance(name, int) and table:
        name = f"{table.pop()}[{name}]"
    parts = [f" {part + 1}" if isinstance(part, int) else f".{part}" for part in table]
    place = "".join(parts).removeprefix(".")
    where = f"{path}: [{place}] {name}" if place else f"{path}: {name}"
    if error["type"] == "extra_forbidden":
        return f"{where}: there is no such field; there are {', '.join(_fields(table))}"
    if error["type"] == "tuple_type":
        return f'{where}: must be a list, such as ["depot-*"]'
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"


def _fields(table: list[int | str]) -> Mapping[str, Any]:
    names = [part for part in table if not isinstance(part, int)]
    if "kinds" in names:
        return KindRules.model_fields
    return Where.model_fields if names[:1] == ["where"] else PolicyFile.model_fields
