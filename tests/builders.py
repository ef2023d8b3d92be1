"""Small builders of what the domain is made of, and a bench that judges in virtual time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from csms.domain.facts import EventKind, TransactionReported
from csms.domain.sample import PERIODIC, Sample
from csms.domain.station import dump_station
from csms.domain.token import TokenRef
from csms.engine.charge_records import issue_due
from csms.engine.engine import Engine
from csms.engine.policy import Policy
from csms.engine.rejudge import rejudge_due
from csms.engine.state import LiveSession
from csms.engine.views import session_view
from csms.engine.writes import SessionWrite, StationWrite
from csms.monitor import meter
from csms.monitor.deviations import end_session, take_sample
from csms.monitor.limit_track import LimitTrack
from csms.monitor.scene import Circumstances
from csms.monitor.thresholds import Thresholds
from csms.monitor.watch import Watch
from csms.store.memory import MemoryStore
from csms.store.numbers import BlockNumbers
from profiles import Cause, LimitStep, LimitTimeline, Purpose, RateUnit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csms.domain.facts import Fact
    from csms.engine.work import Outcome
    from csms.engine.writes import Write
    from csms.monitor.episodes import Change, Episode, Finding

START = datetime(2026, 11, 21, 8, tzinfo=UTC)
HORIZON_S = 48 * 3600
VOLTS = 230.0


def after(seconds: float) -> datetime:
    """The instant that many seconds after the bench's beginning."""
    return START + timedelta(seconds=seconds)


def a_sample(at: datetime | float = 0.0, **values: Any) -> Sample:
    """A sample; `wh` is its register, `amps` the current of all three phases or of each."""
    at = at if isinstance(at, datetime) else after(at)
    if (wh := values.pop("wh", None)) is not None:
        values["register_milliwh"] = round(wh * 1000)
    if (amps := values.pop("amps", None)) is not None:
        values["currents_a"] = tuple(amps) if isinstance(amps, list | tuple) else (amps,) * 3
    return Sample(at, values.pop("context", PERIODIC), **values)


def a_cause(
    limit: float,
    unit: RateUnit = RateUnit.A,
    purpose: Purpose = Purpose.TX,
    phases: int | None = None,
    *,
    binding: bool = True,
) -> Cause:
    return Cause(1, purpose, 0, 0, unit, limit, phases, binding)


def a_step(
    start_s: float,
    end_s: float,
    *,
    a: float | None = None,
    w: float | None = None,
    phases: int | None = None,
    purpose: Purpose = Purpose.TX,
    others: Sequence[Cause] = (),
) -> LimitStep:
    """A step of one limit for each unit given; `others` spoke too, and were not the tightest."""
    causes = [
        a_cause(limit, unit, purpose, phases)
        for unit, limit in ((RateUnit.A, a), (RateUnit.W, w))
        if limit is not None
    ]
    return LimitStep(
        after(start_s), after(end_s), a, w, phases, ambiguous=False, causes=(*causes, *others)
    )


def a_plan(*limits: tuple[float, dict[str, Any]], end_s: float = HORIZON_S) -> LimitTimeline:
    """A plan of (second, limit) in order, without gaps."""
    starts = [start for start, _ in limits]
    ends = [*starts[1:], end_s]
    return LimitTimeline(
        tuple(a_step(start, end, **limit) for (start, limit), end in zip(limits, ends, strict=True))
    )


class Bench:
    """One session under judgement, in seconds after its start."""

    def __init__(self, thresholds: Thresholds | None = None, **limit: Any) -> None:
        self.thresholds = thresholds or Thresholds()
        self.watch, self.track = Watch(), LimitTrack()
        self.known = Circumstances(START)
        self.verdict = ""
        self.log: list[tuple[float, Finding]] = []
        self.limit(0, **limit)

    def limit(self, since_s: float, **limit: Any) -> None:
        """Puts a new limit in force; none at all lifts it."""
        self.track.change(after(since_s), a_plan((since_s, limit)))

    def plan(self, since_s: float, *limits: tuple[float, dict[str, Any]]) -> None:
        """Puts a whole plan in force."""
        self.track.change(after(since_s), a_plan(*limits))

    def sample(self, at_s: float, **values: Any) -> list[tuple[str, str]]:
        """Judges a sample; returns what changed, as (change, kind)."""
        known = replace(self.known, received_at=after(at_s))
        found, self.verdict, _ = take_sample(
            self.watch, self.track, a_sample(at_s, **values), after(at_s), known, self.thresholds
        )
        return self._keep(at_s, found)

    def run(self, start_s: float, end_s: float, every_s: float = 60, **values: Any) -> None:
        """Judges a sample each `every_s`, the end excluded."""
        at_s = start_s
        while at_s < end_s:
            self.sample(at_s, **values)
            at_s += every_s

    def hear(self, at_s: float) -> list[tuple[str, str]]:
        """Notes that a value arrived."""
        return self._keep(at_s, meter.heard(self.watch, after(at_s)))

    def silence(self, at_s: float, online_since_s: float = 0) -> list[tuple[str, str]]:
        """Looks whether the session has gone silent."""
        found = meter.check(
            self.watch, self.track, after(online_since_s), after(at_s), self.thresholds
        )
        return self._keep(at_s, found)

    def end(self, at_s: float) -> list[tuple[str, str]]:
        """Ends the session."""
        return self._keep(at_s, end_session(self.watch, after(at_s)))

    def _keep(self, at_s: float, found: list[Finding]) -> list[tuple[str, str]]:
        self.log.extend((at_s, finding) for finding in found)
        return [(finding.change.value, finding.episode.kind.value) for finding in found]

    def times(self, change: Change, kind: str) -> list[float]:
        """When this happened, in seconds after the start."""
        return [
            at_s
            for at_s, finding in self.log
            if finding.change is change and finding.episode.kind.value == kind
        ]

    @property
    def episodes(self) -> list[Episode]:
        """Every episode that was ever raised, each once, in the order of their numbers."""
        known = {finding.episode.number: finding.episode for _, finding in self.log}
        return [known[number] for number in sorted(known)]


def an_event(
    kind: EventKind = EventKind.UPDATED,
    at: datetime | float | None = 0.0,
    *,
    transaction: str | None = "T1",
    token: str | None = None,
    **values: Any,
) -> TransactionReported:
    """A TransactionEvent; `wh` is the 1.6 register."""
    when = after(at) if isinstance(at, int | float) else at
    if (wh := values.pop("wh", None)) is not None:
        values["register_milliwh"] = round(wh * 1000)
    return TransactionReported(
        kind=kind,
        at=when,
        transaction_id=transaction,
        token=None if token is None else TokenRef(token, values.pop("token_kind", None)),
        **values,
    )


class Desk:
    """An engine on the store in memory, fed with facts at chosen times."""

    def __init__(self, policy: Policy | None = None, station: str = "CP1") -> None:
        self.policy = policy or Policy(accept_unknown_tokens=True)
        self.store = MemoryStore()
        self.engine = Engine(
            self.store, BlockNumbers(self.store), self.policy, lambda text: f"hash:{text}"
        )
        self.state = self.engine.enroll(station, START)
        self.messages = 0

    async def report(self, fact: Fact, received_s: float = 0.0) -> Outcome:
        """Hands a fact in, with a message ID of its own, and makes it durable."""
        self.messages += 1
        now = after(received_s)
        outcome = await self.engine.handle(self.state, fact, now, f"m{self.messages}")
        await self.store.submit(outcome.writes)
        return outcome

    async def keep(self, outcome: Outcome) -> Outcome:
        """Makes an outcome durable."""
        await self.store.submit(outcome.writes)
        return outcome

    async def restart(self) -> None:
        """Forgets everything that is only in memory."""
        await self.store.submit([StationWrite(self.state.id, dump_station(self.state.record))])
        self.engine = Engine(
            self.store, self.engine.numbers, self.policy, self.engine.hash_password
        )
        state = await self.engine.station(self.state.id)
        assert state is not None
        self.state = state

    def sessions(self) -> list[LiveSession]:
        """Every session as the store has it, in the order of their first coming."""
        return [LiveSession.restore(self.store.stored(row)) for row in self.rows(SessionWrite)]

    def views(self, now_s: float = 0.0) -> list[dict[str, Any]]:
        """The same, as the API shows them."""
        return [session_view(live, after(now_s)) for live in self.sessions()]

    async def settled(self, now_s: float) -> list[dict[str, Any]]:
        """Every session as it is once all that waited is done, without what tells of its arrival.

        Judged again, records issued. What bound a session, its peak, how a sample without
        a register is read, and whether a cost is an estimate rest on what was known by then, and
        how many records it took on what came late; that every second counts does not.
        """
        await rejudge_due(self.engine, after(now_s))
        for due in self.engine.records.take_due(after(now_s)):
            station = self.engine.stations[due.station_id]
            outcome = await issue_due(self.engine, station, due, after(now_s))
            await self.store.submit(outcome.writes)
        return [_settled(live, now_s) for live in self.sessions()]

    def rows(self, kind: type[Write]) -> list[Any]:
        """All writes of one kind."""
        return self.store.rows(kind)


_OF_ESTIMATES = frozenset({"because", "is_estimated"})
_OF_ARRIVAL = frozenset({"started_received_at", "ended_received_at", "record"})


def _settled(live: LiveSession, now_s: float) -> dict[str, Any]:
    usage = live.session.usage
    spent_s = usage.waiting_s + usage.charging_s + usage.paused_s + usage.idle_s
    view = session_view(live, after(now_s))
    cost = view["cost"] or {}
    told = {name: value for name, value in cost.items() if name not in _OF_ESTIMATES}
    kept = {name: value for name, value in view.items() if name not in _OF_ARRIVAL}
    return kept | {"usage": round(spent_s, 1), "cost": told}
