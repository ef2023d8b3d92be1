"""What earlier sessions have taught of vehicles and tokens: kept, bounded, and asked for.

Learnt when a session ends that nothing is odd about; of the vehicle where it is known, else of
the token. An operator may forbid it (`learn_habits`).
"""

from __future__ import annotations

from collections import OrderedDict
from copy import deepcopy
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from csms.domain.token import token_key
from csms.engine.writes import RecordWrite
from csms.monitor.episodes import Kind
from csms.monitor.expected_end_energy import seen_percent_energy
from csms.monitor.expected_end_habits import (
    KEPT,
    Car,
    Habits,
    Visit,
    car_of,
    load_habits,
    with_visit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from csms.domain.ending import EndMemory
    from csms.domain.session import Session
    from csms.domain.vehicle_ids import Identity
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.work import Work

HABITS = "habits"
MOST = 100_000
_LEAST_WH = 500.0
_LEAST_SOC_MOVED = 10.0
_LEAST_CURVE = 4
_CEILINGS_KEPT, _SAME = 5, 0.15
_AT_ONCE = timedelta(minutes=2)
_ODD = frozenset(
    {
        "energy_implausible",
        "estimated",
        "register_disordered",
        "register_missing",
        "register_outlier",
        "register_reset",
        "start_unseen",
        "superseded",
    }
)
_CUT_OFF = frozenset(
    {
        "EmergencyStop",
        "GroundFault",
        "HardReset",
        "ImmediateReset",
        "OvercurrentFault",
        "PowerLoss",
        "PowerQuality",
        "Reboot",
        "SoftReset",
        "UnlockCommand",
    }
)


class _Use(NamedTuple):
    """The session that was last seen of a token, where, and when it last told a value."""

    session_id: str
    station: str
    evse: int
    at: datetime


class HabitBook:
    """Habits by key, the least lately used first; at most 100,000. So are the tokens in use."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[str, Habits] = OrderedDict()
        self._in_use: OrderedDict[str, _Use] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def load(self, docs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
        """Takes what the store has; returns why, by key, some of it could not be read."""
        unreadable: dict[str, str] = {}
        for key, doc in sorted(docs.items(), key=lambda each: str(each[1].get("learnt_at"))):
            try:
                self._known[key] = load_habits(doc)
            except (TypeError, ValueError) as error:
                unreadable[key] = f"{type(error).__name__}: {error}"
        return unreadable

    def get(self, key: str) -> Habits | None:
        """Returns what is known of a key, which stays longer for having been asked for."""
        habits = self._known.get(key)
        if habits is not None:
            self._known.move_to_end(key)
        return habits

    def use(self, key: str, session: Session, at: datetime) -> bool:
        """Notes a value of a session; True if another one has its token elsewhere meanwhile."""
        now = _Use(session.id, session.station_id, session.evse or 0, at)
        before = self._in_use.get(key)
        self._in_use[key] = now
        self._in_use.move_to_end(key)
        if len(self._in_use) > self._most:
            self._in_use.popitem(last=False)
        if before is None or before.session_id == session.id or before[1:3] == now[1:3]:
            return False
        return before.at - session.started_at > _AT_ONCE and abs(at - before.at) < _AT_ONCE * 15

    def keep(self, key: str, habits: Habits) -> Iterator[str]:
        """Keeps habits, and yields the keys that had to go for them."""
        self._known[key] = habits
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            yield self._known.popitem(last=False)[0]


def of(engine: Engine, session: Session) -> Habits | None:
    """Returns what is known of a session's vehicle, else of its token; None if nothing."""
    return _known(engine, session) if engine.policy.learn_habits else None


def of_identity(engine: Engine, identity: Identity) -> Habits | None:
    """Returns what is known of something that a vehicle is known by; None if nothing."""
    texts = {identity.key, identity.text, identity.key.lower(), identity.text.lower()}
    keys = (f"{kind}:{text}" for text in sorted(texts) for kind in ("vehicle", "token"))
    return next((each for key in keys if (each := engine.habits.get(key)) is not None), None)


def car(engine: Engine, work: Work, live: LiveSession) -> Car:
    """Returns what may be expected of a session's car when its next value comes."""
    session = live.session
    key = key_of(session)
    if key is None or not engine.policy.learn_habits:
        return Car()
    habits = _known(engine, session)
    is_one_car = (session.vehicle_id or session.vehicle) is not None
    at = live.watch.last_at
    if not is_one_car and at is not None and session.is_active:
        is_shared = engine.habits.use(key, session, at)
        if is_shared and (habits is None or not habits.is_shared):
            habits = habits or Habits()
            habits.is_shared = True
            _save(engine, work, key, habits)
    if habits is None:
        return Car()
    return car_of(habits, session.station_id, session.evse or 0, is_one_car=is_one_car)


def key_of(session: Session) -> str | None:
    """Returns the key that a session's habits are kept under, None if nobody is known."""
    if session.vehicle_id:
        return f"vehicle:{session.vehicle_id}"
    return _key_before(session)


def _key_before(session: Session) -> str | None:
    """Returns the key of a session whose vehicle nobody has joined with others."""
    if session.vehicle:
        return f"vehicle:{session.vehicle}"
    return f"token:{token_key(session.token)}" if session.token else None


def _known(engine: Engine, session: Session) -> Habits | None:
    """Returns what is known of a session's vehicle; of one just joined what was known before."""
    for key in (key_of(session), _key_before(session)):
        habits = None if key is None else engine.habits.get(key)
        if habits is not None:
            return habits
    return None


def learn(engine: Engine, work: Work, live: LiveSession) -> None:
    """Learns from a session that has ended, once, if nothing is odd about it."""
    session = live.session
    if session.ending.is_learnt:
        return
    key = key_of(session)
    if key is None or not engine.policy.learn_habits or not _is_clean(live):
        return
    session.ending.is_learnt = True
    habits = engine.habits.get(key) or deepcopy(_known(engine, session)) or Habits()
    is_one_car = (session.vehicle_id or session.vehicle) is not None
    _take(habits, session, is_one_car=is_one_car)
    _save(engine, work, key, habits)


def _save(engine: Engine, work: Work, key: str, habits: Habits) -> None:
    for gone in engine.habits.keep(key, habits):
        work.writes.append(RecordWrite(HABITS, gone, None))
    visits = [list(each) for each in habits.visits]
    doc = {**asdict(habits), "visits": visits, "learnt_at": work.now.isoformat()}
    work.writes.append(RecordWrite(HABITS, key, doc))


def _is_clean(live: LiveSession) -> bool:
    session, episodes = live.session, [each.episode for each in live.watch.suspicions.values()]
    if any(each is not None and each.kind is Kind.METER_ANOMALY for each in episodes):
        return False
    if session.state.value != "ended" or _energy_wh(session) < _LEAST_WH:
        return False
    flags = session.flags | set(session.register_flags)
    return not (flags & _ODD) and session.stop_reason not in _CUT_OFF and not session.is_implausible


def _energy_wh(session: Session) -> float:
    """Returns what a session took; of a meter without a register what its powers come to."""
    energy = session.energy_milliwh
    return energy / 1000 if energy else session.ending.wh or 0.0


def _take(habits: Habits, session: Session, *, is_one_car: bool) -> None:
    memory = session.ending
    habits.energies_wh = [*habits.energies_wh, _energy_wh(session)][-KEPT:]
    if session.soc_now is not None:
        habits.socs = [*habits.socs, session.soc_now][-KEPT:]
    habits.is_dc = memory.is_dc or bool(session.needs is not None and session.needs.is_dc)
    if memory.phases:
        habits.phases = memory.phases
    peak_a = round(max(memory.peak_a, 0.0), 2)
    visit = Visit(
        session.station_id,
        session.evse or 0,
        bool(habits.is_dc),
        memory.phases,
        peak_a,
        memory.free_w > 0,
        round(max(memory.peak_w, 0.0), 1),
    )
    habits.visits = with_visit(habits.visits, visit)
    _take_ceiling(habits, memory, is_one_car=is_one_car)
    seen = seen_percent_energy(memory)
    if seen is not None and memory.soc_edge[0] - memory.soc_base[0] >= _LEAST_SOC_MOVED:
        before = habits.wh_per_percent
        habits.wh_per_percent = round(seen[0] if before is None else (before + seen[0]) / 2, 2)
    if len(memory.curve) >= _LEAST_CURVE:
        habits.curve = [list(point) for point in memory.curve]


def _take_ceiling(habits: Habits, memory: EndMemory, *, is_one_car: bool) -> None:
    """Learns the current that the car takes where it is not held back.

    A token may be that of several cars; then what all of them can counts.
    """
    if memory.peak_w > 0 and memory.free_w > 0:
        habits.ceiling_w = round(max(memory.peak_w, memory.free_w))
    if memory.peak_a <= 0:
        return
    if memory.free_w <= 0:
        # It followed its limit, and can do at least that.
        if not habits.ceilings_a:
            habits.ceiling_a = round(max(habits.ceiling_a or 0.0, memory.peak_a), 2)
        return
    habits.ceilings_a = [*habits.ceilings_a, round(memory.peak_a, 2)][-_CEILINGS_KEPT:]
    lowest, newest = min(habits.ceilings_a), habits.ceilings_a[-1]
    is_same = newest <= lowest * (1 + _SAME)
    habits.ceiling_a = newest if is_one_car or is_same else lowest
