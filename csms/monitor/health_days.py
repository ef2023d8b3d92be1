"""How a station's time was spent by day: online, fit for use, out of service, or unknown. PURE.

A walk over what happened, from how the station stood before. What nobody saw is unknown, never up
nor down: the time in which this server did not run, and until a station had its time to come back.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from csms.domain.incidents import PLACES, Incident

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GRACE: Final = timedelta(minutes=10)
"""How long a station may take to connect again after this server has stopped or begun."""
BREAKDOWN_S: Final = 300.0
"""How long an EVSE has to be down, and nobody wanted it, to count as one breakdown."""

_DAY: Final = timedelta(days=1)
_STATION: Final = 0
# The first that holds counts, whatever else is true of the EVSE.
_WORST: Final = (
    Incident.OUT_OF_SERVICE,
    Incident.FAULTED,
    Incident.UNAVAILABLE,
    Incident.OPERATIVE,
)
_SPENT: Final = {
    Incident.OUT_OF_SERVICE: "planned_s",
    Incident.FAULTED: "faulted_s",
    Incident.UNAVAILABLE: "unavailable_s",
    Incident.OPERATIVE: "operative_s",
}
_COUNTED: Final = {
    Incident.BOOTED: "boots",
    Incident.TAKEOVER: "takeovers",
    Incident.FAULT_TOLD: "faults_told",
    Incident.CLOCK_CHANGED: "clock_changes",
}

Figures = dict[int, dict[str, float]]


class Happened(NamedTuple):
    """An incident, as far as it matters here; EVSE and connector 0 are the station."""

    at: datetime
    kind: Incident
    evse: int = 0
    connector: int = 0
    is_ours: bool = False
    code: str | None = None


class Served(NamedTuple):
    """A time in which this server ran."""

    since: datetime
    until: datetime


class Day(NamedTuple):
    """What a day (its midnight, UTC) came to, by EVSE, and how the station stood at its end."""

    day: datetime
    figures: Figures
    standing: Standing


@dataclass(slots=True)
class Standing:
    """How a station stands. `is_online` None means that nobody knows.

    `waits_since` is then from when on it had the time to come back, None for one never seen.
    `places` is what each place was told to be last; `down_s` for how long each EVSE is down by now.
    """

    is_online: bool | None = None
    waits_since: datetime | None = None
    places: dict[tuple[int, int], Incident] = field(default_factory=dict)
    down_s: dict[int, float] = field(default_factory=dict)

    def dump(self) -> dict[str, Any]:
        """Returns it as JSON-able values."""
        return {
            "online": self.is_online,
            "waits": None if self.waits_since is None else self.waits_since.isoformat(),
            "places": {f"{e}.{c}": kind.value for (e, c), kind in self.places.items()},
            "down_s": {str(evse): seconds for evse, seconds in self.down_s.items()},
        }

    @classmethod
    def load(cls, doc: Mapping[str, Any] | None) -> Standing:
        """Returns what `dump` described; of a station that nothing is known of, an empty one."""
        if doc is None:
            return cls()
        places = {}
        for name, kind in doc["places"].items():
            evse, _, connector = name.partition(".")
            places[int(evse), int(connector)] = Incident(kind)
        waits = None if doc["waits"] is None else datetime.fromisoformat(doc["waits"])
        down_s = {int(evse): seconds for evse, seconds in doc["down_s"].items()}
        return cls(doc["online"], waits, places, down_s)

    @property
    def evses(self) -> set[int]:
        """The EVSEs that are known."""
        return {evse for evse, _ in self.places if evse}

    def of_evse(self, evse: int) -> Incident:
        """Returns what an EVSE is fit for: as its station, itself, or the best of its connectors.

        The worst of these three counts. An EVSE serves a car as long as one connector does.
        """
        connectors = [
            kind for (each, connector), kind in self.places.items() if each == evse and connector
        ]
        best = next((each for each in reversed(_WORST) if each in connectors), Incident.OPERATIVE)
        if best is Incident.UNAVAILABLE and Incident.FAULTED in connectors:
            best = Incident.FAULTED
        told = {
            best,
            self.places.get((_STATION, 0), Incident.OPERATIVE),
            self.places.get((evse, 0), Incident.OPERATIVE),
        }
        return next(each for each in _WORST if each in told)

    def copy(self) -> Standing:
        """Returns one that goes its own way."""
        return Standing(self.is_online, self.waits_since, dict(self.places), dict(self.down_s))


def walk(
    standing: Standing,
    happened: Iterable[Happened],
    runs: Sequence[Served],
    since: datetime,
    until: datetime,
) -> list[Day]:
    """Returns the days from `since` (a midnight, UTC) to `until`, the last one maybe not whole.

    `happened` in order of time; what is not of that time is left out. `runs` are in order and do
    not overlap. `standing` is how the station stood at `since`, and is not changed.
    """
    walker = _Walker(standing.copy(), since, is_up=_was_up(runs, since))
    days: list[Day] = []
    for at, _, step in sorted(_steps(happened, runs, since, until), key=lambda each: each[:2]):
        walker.go_to(at)
        if isinstance(step, Happened):
            walker.take(step)
        elif isinstance(step, bool):
            walker.turn(is_up=step)
        else:
            days.append(Day(step, walker.closed(), walker.standing.copy()))
    return days


# What is at the same instant: the server begins, then it hears, then it ends, then the day does.
_BEGINS, _HEARS, _ENDS, _MIDNIGHT = range(4)
_Step = tuple[datetime, int, "Happened | bool | datetime"]


def _steps(
    happened: Iterable[Happened], runs: Sequence[Served], since: datetime, until: datetime
) -> list[_Step]:
    steps: list[_Step] = [(each.at, _HEARS, each) for each in happened if since <= each.at < until]
    for run in runs:
        if since <= run.since < until:
            steps.append((run.since, _BEGINS, True))
        if since <= run.until < until:
            steps.append((run.until, _ENDS, False))
    day = since
    while day < until:
        steps.append((min(day + _DAY, until), _MIDNIGHT, day))
        day += _DAY
    return steps


def _was_up(runs: Sequence[Served], at: datetime) -> bool:
    return any(run.since < at <= run.until for run in runs)


@dataclass(slots=True)
class _Walker:
    standing: Standing
    at: datetime
    is_up: bool
    run_since: datetime | None = None
    figures: Figures = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))

    def go_to(self, at: datetime) -> None:
        """Spends the time until then."""
        while self.at < at:
            end = at
            waits = self.standing.waits_since
            if self.is_up and self.standing.is_online is None and waits is not None:
                if self.at >= waits + GRACE:
                    self.standing.is_online, self.standing.waits_since = False, None
                    continue
                end = min(at, waits + GRACE)
            self._spend((end - self.at).total_seconds())
            self.at = end

    def take(self, what: Happened) -> None:
        """Takes something that happened just now."""
        own = self.figures[what.evse]
        if what.kind in PLACES:
            self._place(what)
        elif what.kind is Incident.CONNECTED:
            self.standing.is_online, self.standing.waits_since = True, None
        elif what.kind is Incident.DISCONNECTED:
            self.standing.is_online = None if what.is_ours else False
            self.standing.waits_since = what.at if what.is_ours else None
            if not what.is_ours:
                own["drops"] += 1
        elif what.kind is Incident.REBOOTED:
            # Some stations boot when they find a server again that was away.
            is_of_ours = self.run_since is not None and what.at - self.run_since < GRACE
            own["boots" if is_of_ours else "reboots"] += 1
        else:
            own[_COUNTED[what.kind]] += 1
        if what.code is not None and what.kind in {Incident.FAULTED, Incident.FAULT_TOLD}:
            own[f"code.{what.code}"] += 1

    def _place(self, what: Happened) -> None:
        place = (what.evse, what.connector)
        before = self.standing.places.get(place)
        self.standing.places[place] = what.kind
        if what.kind is Incident.FAULTED and before is not Incident.FAULTED:
            self.figures[what.evse]["faults"] += 1

    def turn(self, *, is_up: bool) -> None:
        """Takes that this server begins to run, or stops."""
        self.is_up = is_up
        if is_up:
            self.run_since = self.at
            if self.standing.is_online is not None or self.standing.waits_since is not None:
                self.standing.is_online, self.standing.waits_since = None, self.at

    def closed(self) -> Figures:
        """Returns the figures of the day, and begins the next one."""
        found = {evse: dict(own) for evse, own in self.figures.items() if own}
        self.figures.clear()
        return found

    def _spend(self, seconds: float) -> None:
        online = self.standing.is_online if self.is_up else None
        spent = {None: "unknown_s", True: "online_s", False: "offline_s"}[online]
        self.figures[_STATION][spent] += seconds
        if self._is_down(_STATION, seconds, None if online is None else not online):
            self.figures[_STATION]["outages"] += 1
        for evse in self.standing.evses:
            self._spend_evse(evse, seconds, online)

    def _spend_evse(self, evse: int, seconds: float, online: bool | None) -> None:  # noqa: FBT001 - a state
        own, kind = self.figures[evse], self.standing.of_evse(evse)
        if online is None:
            own["unknown_s"] += seconds
            return
        is_planned = kind is Incident.OUT_OF_SERVICE
        own[_SPENT[kind] if online or is_planned else "offline_s"] += seconds
        is_down = not is_planned and (not online or kind is not Incident.OPERATIVE)
        if self._is_down(evse, seconds, is_down):
            own["breakdowns"] += 1
        down_s = self.standing.down_s.get(evse, 0.0)
        if down_s >= BREAKDOWN_S:
            own["repair_s"] += down_s if down_s - seconds < BREAKDOWN_S else seconds

    def _is_down(self, evse: int, seconds: float, is_down: bool | None) -> bool:  # noqa: FBT001 - a state
        """Adds to the time for which a place is down; tells whether it has become a breakdown."""
        if is_down is None:
            return False
        before = self.standing.down_s.pop(evse, 0.0)
        if not is_down:
            return False
        self.standing.down_s[evse] = before + seconds
        return before < BREAKDOWN_S <= before + seconds
