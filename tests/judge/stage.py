"""A station with a scenario on it: what scenarios draw from, play with and expect."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from tests.judge.frames import Frames
from tests.judge.labels import Truth, truth
from tests.judge.physics import ON_BOARD, Battery, Car, Mains, Meter
from tests.judge.profiles import Period, Profile, clear, send
from tests.judge.session import Session, Steps, amps_of
from tests.judge.telling import Telling

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tests.judge.ends import End

MINUTE, HOUR = 60.0, 3600.0
WITH_CURRENTS = (
    frozenset({"currents", "volts", "power", "register"}),
    frozenset({"currents", "power", "register"}),
    frozenset({"currents", "register"}),
    frozenset({"currents", "volts", "register"}),
    frozenset({"currents"}),
)
POWER, REGISTER, CURRENTS = (frozenset({each}) for each in ("power", "register", "currents"))


@dataclass(frozen=True, slots=True)
class Limit:
    """From `at_s` of the session on; None is none any more."""

    at_s: float
    limit: float | None
    unit: str = "A"
    phases: int | None = None


@dataclass
class Stage:
    """One scenario of one seed in one version, on a station of its own."""

    name: str
    version: str
    seed: int
    base: datetime
    index: int = 0
    truths: list[Truth] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    _meters: dict[int, Meter] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Both versions of a seed play the same physics.
        self.rng = Random(f"{self.seed} {self.name}")  # noqa: S311 - a draw, no secret
        self.frames = Frames(
            self.name,
            self.version,
            self.base,
            Random(f"{self.seed} {self.name} {self.version}"),  # noqa: S311 - a draw, no secret
            first_transaction=1 + 50 * self.index,
        )
        self.frames.repeats_state = self.rng.random() < 0.7
        self.frames.is_bare = self.rng.random() < 0.25
        self.purpose = self.rng.choice(("TxProfile", "TxProfile", "TxProfile", "TxDefaultProfile"))
        self.level, self.names_phases = self.rng.choice((0, 0, 1, 3)), self.rng.random() < 0.3
        self.duration_s = self.rng.choice((None, None, 86_400))
        self.frames.boot(-120)

    @property
    def is_v16(self) -> bool:
        return self.version == "1.6"

    def between(self, low: float, high: float) -> float:
        return self.rng.uniform(low, high)

    def amps(self, low: int, high: int) -> float:
        """A limit in whole or, now and then, tenths of amperes."""
        if self.rng.random() < 0.7:
            return float(self.rng.randint(low, high))
        return round(self.rng.uniform(low, high), 1)

    def every_s(self) -> float:
        return float(self.rng.choice((30, 60, 60, 60)))

    def car(self, rating_a: float | None = None, phases: int | None = None, **own: Any) -> Car:
        """A car, drawn but for what is given."""
        rng = self.rng
        kinds = [
            each
            for each in ON_BOARD
            if phases in {None, each[0]} and (rating_a is None or each[1] >= rating_a - 1)
        ] or [(phases or 3, 32)]
        number, amps = rng.choice(kinds)
        first = rng.choice((0, 0, 0, 1, 2)) if number == 1 else 0
        drawn: dict[str, Any] = {
            "rating_a": rating_a or float(amps),
            "lines": tuple(range(first, first + number)),
            "offset_a": rng.uniform(-0.5, 0.3),
            "delay_s": rng.uniform(1, 3),
            "settle_s": rng.uniform(3.5, 11),
            "overshoot_a": rng.uniform(-0.5, 0.5),
            "wakes_s": rng.uniform(2, 60),
            "standby_a": rng.choice((0.0, rng.uniform(0, 0.43))),
        }
        return Car(**drawn | own)

    def battery(self, soc: float, hours: float, watts: float, **own: Any) -> Battery:
        """One that the given power fills from `soc` to the top in about `hours`."""
        missing = own.get("until", 1.0) - soc
        return Battery(hours * watts * own.get("efficiency", 0.9) / missing, soc, **own)

    def meter(self, evse: int = 1) -> Meter:
        """The meter of an EVSE; it runs on from one session to the next."""
        if evse not in self._meters:
            self._meters[evse] = Meter.drawn(self.rng)
        return self._meters[evse]

    def session(
        self,
        car: Car | None = None,
        tells: frozenset[str] | Sequence[frozenset[str]] | None = None,
        **own: Any,
    ) -> Session:
        """A session, drawn but for what is given; nothing has happened yet.

        Without currents no system can tell a lone phase from a third of three: such a car is one
        that uses three, unless it is given.
        """
        what = tells
        if isinstance(tells, list | tuple):
            what = self.rng.choice(tells)
        telling = Telling.drawn(self.rng, what)
        hears = "currents" in telling.what
        telling.only_used = telling.only_used and "volts" not in telling.what
        car = car or self.car(phases=None if hears else 3)
        last = self.sessions[-1] if self.sessions else None
        drawn: dict[str, Any] = {
            "starts_s": 0.0 if last is None else last.at(last.lasts_s) + self.between(300, 1500),
            "lasts_s": self.between(1.0, 1.6) * HOUR,
            "every_s": self.every_s(),
            "mains": Mains.drawn(self.rng, 0.07 if hears else 0.03),
            "meter": self.meter(own.get("evse", 1)),
            "token": f"TOKEN{self.index}",
            "jitter_s": self.rng.choice((0.0, 2.0)),
            "irregular": self.rng.choice((0.0, 0.0, 0.0, 0.2)),
        }
        return Session(frames=self.frames, rng=self.rng, car=car, telling=telling, **drawn | own)

    def obeyed(self, limits: Sequence[Limit]) -> Steps:
        """What an EVSE that obeys applies, 2 to 10 s after each limit."""
        steps: Steps = []
        for each in limits:
            amps = None
            if each.limit is not None:
                amps = amps_of(each.limit, each.unit, each.phases)
            steps.append((each.at_s + self.between(2, 10), amps, each.phases))
        return steps

    def play(
        self,
        session: Session,
        limits: Sequence[Limit] = (),
        pilot: Steps | None = None,
        how: str | None = None,
    ) -> Session:
        """Plays a session under limits, which the EVSE obeys unless it is told otherwise.

        `how` they are sent: "each" by a profile at its time, "schedule" by one profile at the
        first's time that has a period for each, "not" at all. Drawn if not given.
        """
        session.pilot = self.obeyed(limits) if pilot is None else pilot
        session.play()
        self.sessions.append(session)
        self.beats(session)
        if how is None:
            how = self.rng.choice(("each", "schedule"))
        if how == "schedule" and all(each.limit is not None for each in limits) and limits:
            self._send_schedule(session, limits)
        elif how != "not":
            self._send_each(session, limits)
        return session

    def expect(
        self, kinds: str | tuple[str, ...], session: Session, at_s: float, **more: Any
    ) -> None:
        """Labels: from this time of the session on, and to be found in the budget."""
        if "seen_s" in more:
            more["seen_s"] = session.at(more["seen_s"])
        longest_s = session.every_s
        if longest_s > 60:
            longest_s *= 1 + session.irregular
        self.truths.append(truth(kinds, session.at(at_s), longest_s, **more))

    def known_car(self, car: Car, every_s: float = 60) -> None:
        """Lets the car charge once under a limit looser than it needs: then it is known."""
        limit = Limit(self.between(4, 10), car.rating_a + 8)
        first = self.session(
            car, tells=WITH_CURRENTS[:4], lasts_s=self.between(40, 60) * MINUTE, every_s=every_s
        )
        first.evse_max_a = car.rating_a + 8
        self.play(first, [limit])

    def first_limit_s(self) -> float:
        """When the first profile of a session usually comes."""
        return self.between(3, 15)

    def beats(self, session: Session) -> None:
        """Heartbeats as long as a session lasts."""
        for number in range(int(session.lasts_s // 300)):
            self.frames.heartbeat(session.at(300.0 * number + 120))

    def _send_each(self, session: Session, limits: Sequence[Limit]) -> None:
        profile = None
        for each in limits:
            at_s = session.at(each.at_s)
            if each.limit is None:
                if profile is not None:
                    clear(self.frames, at_s, profile)
                continue
            profile = self._profile([self._period(0, each)], each.unit, at_s - 1, session)
            send(self.frames, at_s, profile, session.transaction)
        self._clear_default(session, profile)

    def _send_schedule(self, session: Session, limits: Sequence[Limit]) -> None:
        first = limits[0]
        at_s = session.at(first.at_s)
        periods = [self._period(round(each.at_s - first.at_s), each) for each in limits]
        profile = self._profile(periods, first.unit, at_s, session)
        send(self.frames, at_s, profile, session.transaction)
        self._clear_default(session, profile)

    def _period(self, start_s: int, limit: Limit) -> Period:
        phases = 3 if limit.phases is None and self.names_phases else limit.phases
        return Period(start_s, limit.limit or 0.0, phases)

    def _profile(
        self, periods: Sequence[Period], unit: str, start_s: float, session: Session
    ) -> Profile:
        return Profile(
            periods,
            self.purpose,
            unit=unit,
            start_s=start_s,
            duration_s=self.duration_s,
            level=self.level,
            id=7 + session.evse,
            evse=session.evse,
        )

    def _clear_default(self, session: Session, profile: Profile | None) -> None:
        """A default must not meet the next session."""
        if profile is not None and self.purpose != "TxProfile":
            clear(self.frames, session.at(session.lasts_s) + 5, profile)
