"""Monitors of variables: what is watched, and what has become of it.

Values are texts of the device model. Source: OCPP 2.0.1 part 2, N03 to N08 and N.7.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.v201.definition import Definition, Key

LEAST_SEVERE: Final = 9


class MonitorType(StrEnum):
    """What makes a monitor speak."""

    UPPER = "UpperThreshold"
    LOWER = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    CLOCK_ALIGNED = "PeriodicClockAligned"

    @property
    def is_periodic(self) -> bool:
        """Whether time makes it speak."""
        return self in (MonitorType.PERIODIC, MonitorType.CLOCK_ALIGNED)


class Origin(StrEnum):
    """Who made a monitor, in the words of EventNotificationEnumType."""

    CUSTOM = "CustomMonitor"
    PRECONFIGURED = "PreconfiguredMonitor"
    HARD_WIRED = "HardWiredMonitor"


class Base(StrEnum):
    """Which monitors are on."""

    ALL = "All"
    FACTORY_DEFAULT = "FactoryDefault"
    HARD_WIRED_ONLY = "HardWiredOnly"


@dataclass(frozen=True, slots=True)
class Monitor:
    """One monitor; `key` is that of its variable, `value` a threshold, a difference or seconds."""

    id: int
    key: Key
    type: MonitorType
    value: float
    severity: int
    origin: Origin = Origin.CUSTOM
    transaction_only: bool = False


@dataclass(slots=True)
class _Seen:
    """What a monitor has seen: the text last told, whether its limit is crossed, when it is due.

    `event` is the number of the event that told of the crossing.
    """

    text: str
    is_crossed: bool = False
    event: int | None = None
    due_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a monitor has to say. `cause` is the event that this one ends or follows."""

    monitor: Monitor
    text: str
    trigger: str
    cause: int | None = None
    is_cleared: bool = False


@dataclass(slots=True)
class Monitors:
    """The monitors of one station; those that it was made with are in `made`."""

    made: tuple[Monitor, ...]
    base: Base = Base.ALL
    level: int = LEAST_SEVERE
    events: int = 0
    _held: dict[int, Monitor] = field(default_factory=dict)
    _seen: dict[int, _Seen] = field(default_factory=dict)
    _next_id: int = 1

    def __post_init__(self) -> None:
        """Begin with what the maker has put in."""
        self._held = {each.id: each for each in self.made}
        self._next_id = max(self._held, default=0) + 1

    def __iter__(self) -> Iterator[Monitor]:
        """Return all, in the order of their numbers."""
        return iter([self._held[number] for number in sorted(self._held)])

    def get(self, number: int | None) -> Monitor | None:
        """Return a monitor by its number."""
        return None if number is None else self._held.get(number)

    def is_taken(self, wanted: Monitor) -> bool:
        """Whether another one of its type and severity watches the variable (N04.FR.10)."""
        return any(
            each.id != wanted.id
            and (each.key, each.type, each.severity) == (wanted.key, wanted.type, wanted.severity)
            for each in self._held.values()
        )

    def put(self, wanted: Monitor) -> Monitor:
        """Take a monitor, number 0 gets one of its own.

        A threshold that is changed still knows that the old one was crossed (N07.FR.11).
        """
        if wanted.id == 0:
            wanted = replace(wanted, id=self._next_id)
            self._next_id += 1
        self._held[wanted.id] = wanted
        if wanted.type not in (MonitorType.UPPER, MonitorType.LOWER):
            self._seen.pop(wanted.id, None)
        return wanted

    def remove(self, number: int) -> None:
        """Forget a monitor."""
        del self._held[number]
        self._seen.pop(number, None)

    def rebase(self, base: Base) -> None:
        """Choose which monitors are on (N03.FR.03 to N03.FR.05)."""
        self.base = base
        custom = {} if base is not Base.ALL else dict(self._held)
        kept = [each for each in self.made if self._is_kept(each)]
        self._held = {**{each.id: each for each in kept}, **custom}
        self._seen = {number: each for number, each in self._seen.items() if number in self._held}

    def active(self) -> list[Monitor]:
        """Return those that may speak (N05.FR.03)."""
        return [each for each in self if each.severity <= self.level]

    def look(
        self, monitor: Monitor, definition: Definition, text: str, now: float
    ) -> Sighting | None:
        """Return what a monitor has to say of a text that it sees now, None for nothing."""
        seen = self._seen.get(monitor.id)
        if seen is None:
            # What the station was made with watches from the beginning on.
            is_made = monitor in self.made
            seen = self._seen[monitor.id] = _Seen(definition.default if is_made else text)
        match monitor.type:
            case MonitorType.UPPER | MonitorType.LOWER:
                return self._threshold(monitor, seen, text)
            case MonitorType.DELTA:
                return _delta(monitor, seen, definition, text)
            case _:
                return _periodic(monitor, seen, text, now)

    def told(self, sighting: Sighting) -> int:
        """Give what a monitor says the number of its event."""
        self.events += 1
        seen = self._seen[sighting.monitor.id]
        seen.event = None if sighting.is_cleared else self.events
        return self.events

    def plan(self, monitor: Monitor, now: float, second_of_day: float) -> float:
        """Return when a periodic monitor is due next; aligned ones count from midnight."""
        seen = self._seen.setdefault(monitor.id, _Seen(""))
        if seen.due_s == math.inf:
            every = max(1.0, monitor.value)
            if monitor.type is MonitorType.PERIODIC:
                seen.due_s = now + every
            else:
                seen.due_s = now + (every - second_of_day % every)
        return seen.due_s

    def remember(self) -> dict[str, Any]:
        """Return what a central system has made of them (N04, note on reboots)."""
        custom = [asdict(each) for each in self if each.origin is Origin.CUSTOM]
        if not custom and self.base is Base.ALL and self.level == LEAST_SEVERE:
            return {}
        return {"base": self.base.value, "level": self.level, "custom": custom}

    def recall(self, remembered: dict[str, Any]) -> None:
        """Take that up again. Raises: KeyError, TypeError or ValueError."""
        custom = [_recalled(each) for each in remembered["custom"]]
        self.rebase(Base(remembered["base"]))
        self.level = int(remembered["level"])
        for each in custom:
            self.put(each)
            self._next_id = max(self._next_id, each.id + 1)

    def _is_kept(self, made: Monitor) -> bool:
        return self.base is not Base.HARD_WIRED_ONLY or made.origin is Origin.HARD_WIRED

    def _threshold(self, monitor: Monitor, seen: _Seen, text: str) -> Sighting | None:
        """Speak when the limit is crossed, and when it is so no more (N07.FR.16, N07.FR.17)."""
        is_upper = monitor.type is MonitorType.UPPER
        amount = _number(text)
        is_crossed = amount > monitor.value if is_upper else amount < monitor.value
        if is_crossed is seen.is_crossed:
            return None
        seen.is_crossed, seen.text = is_crossed, text
        return Sighting(
            monitor,
            text,
            "Alerting",
            cause=None if is_crossed else seen.event,
            is_cleared=not is_crossed,
        )


def _delta(monitor: Monitor, seen: _Seen, of: Definition, text: str) -> Sighting | None:
    if text == seen.text:
        return None
    if of.is_number and abs(_number(text) - _number(seen.text)) <= monitor.value:
        return None
    seen.text = text
    return Sighting(monitor, text, "Delta")


def _periodic(monitor: Monitor, seen: _Seen, text: str, now: float) -> Sighting | None:
    if now < seen.due_s or seen.due_s == math.inf:
        return None
    every = max(1.0, monitor.value)
    seen.due_s += every * max(1, math.ceil((now - seen.due_s + 1e-6) / every))
    return Sighting(monitor, text, "Periodic")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return {"true": 1.0}.get(text, 0.0)


def _recalled(told: dict[str, Any]) -> Monitor:
    component, instance, evse, connector, name, of = told["key"]
    return Monitor(
        **{
            **told,
            "key": (component, instance, int(evse), int(connector), name, of),
            "type": MonitorType(told["type"]),
            "origin": Origin(told["origin"]),
        }
    )
