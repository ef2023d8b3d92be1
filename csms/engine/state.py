"""What is held in memory of the stations that talk to us; all of it can be loaded again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from csms.domain.local_list import LocalList
from csms.domain.station import Station, load_station
from csms.domain.station_clock import StationClock
from csms.domain.stored_session import dump_session, load_session
from csms.engine import belief
from csms.engine.belief import Belief
from csms.engine.conduct import Conduct
from csms.engine.haste import REAL_TIME, Haste
from csms.engine.identified import Waiting
from csms.engine.limit_docs import load_plan
from csms.engine.ports import START_KEYS_KEPT
from csms.engine.station_load import StationLoad
from csms.engine.violations import Tally
from csms.engine.writes import SessionWrite
from csms.monitor.limit_track import LimitTrack
from csms.monitor.watch import Watch, dump_watch, load_watch
from profiles import ProfileSet, Rules

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.commands import StartRemotely
    from csms.domain.ending import Needs
    from csms.domain.follow import Subject
    from csms.domain.readings import ReadingLine
    from csms.domain.reservation import Reservation
    from csms.domain.sample import Sample
    from csms.domain.session import Session
    from csms.engine.gathering import Gathered
    from csms.engine.operations import Running
    from csms.engine.ports import StoredSession, StoredStation
    from csms.engine.tallying import Tallied
    from csms.engine.writes import QuarantineWrite
    from profiles import ClearCriteria, InstalledProfile

_ENDED_KEPT = 8
_HELD_KEPT, _STAND_INS_KEPT = 100, 1000


@dataclass(slots=True)
class LiveSession:
    """A session with its judge's memory and its limits.

    `line` holds the readings of one whose readings come late. `pushed_in` is the connection
    (`StationState.epoch`) in which its profile was last wanted on the station. `last_sample` is
    the one that came last, `gathered` a moment of which more may come. `tallied` is what it has
    come to, as `session.tally` has it, once it was asked for.
    """

    session: Session
    watch: Watch = field(default_factory=Watch)
    track: LimitTrack = field(default_factory=LimitTrack)
    line: ReadingLine | None = None
    pushed_in: int = -1
    last_sample: Sample | None = None
    gathered: Gathered | None = None
    tallied: Tallied | None = None

    @classmethod
    def restore(cls, stored: StoredSession) -> LiveSession:
        """Returns the session as the store has it."""
        live = cls(load_session(stored.doc), load_watch(stored.watch))
        if not live.session.is_push_answered:
            live.session.pushed = None
        for since, doc in sorted(stored.limits, key=lambda row: row[0]):
            live.track.change(since, load_plan(doc))
        return live

    def write(self) -> SessionWrite:
        """Returns the write that makes the present state durable."""
        session = self.session
        return SessionWrite(
            session.id,
            session.station_id,
            session.transaction_id,
            session.state.value,
            session.started_at,
            session.ended_at,
            session.token,
            session.vehicle,
            session.energy_milliwh,
            dump_session(session),
            dump_watch(self.watch),
        )


@dataclass(slots=True)
class Reports:
    """The charging profiles that a station has reported so far, for one request of ours.

    `cleared` is what it has agreed to take off since it was asked, which may still be reported.
    """

    asked_at: datetime
    profiles: list[InstalledProfile] = field(default_factory=list)
    cleared: list[ClearCriteria] = field(default_factory=list)


@dataclass(slots=True)
class StationState:
    """One station: its record, its sessions, and what we believe is installed on it.

    `running` and `recent` are sessions by ID; `by_transaction` finds them by the ID on the wire.
    `epoch` counts connections, so that what an old one does late is known as such. `start_keys`
    are the content keys of the last starts that arrived, with their session's ID. `held` are the
    messages of the station in quarantine that may belong to a session still to come, by ID;
    `stand_ins` what transaction ID those were answered with that could not be handled.
    `belief` is what goes with `installed`. `reconcile_at` is when what is wanted of the station is
    compared with what it has, if that is due; `splits` that it sends values of one
    moment in several messages; `standing_waits` that its standing profiles wait to
    hear what it can take. `reports` are the profiles reported so far, by the request's ID.
    `lost_in` is the connection in which it was last found to have lost what it had taken,
    `hour` that in which its standing profiles were last held against the clock. `needs` are what
    vehicles ask for that have no session yet, by EVSE. `operations` are those of operators that are
    not over, by ID, the oldest first; `invited` until when it may send an action that we asked for
    although it is not accepted. `reservations` are those that are open, and the last that have
    ended, by number. `jobs` are the last operations about firmware and logs, which the station may
    take up again. `offered` are the new passwords on their way to it, with their hashes,
    `waiting` is what it has shown of vehicles that have no session yet.
    """

    record: Station
    rules: Rules = Rules.V16
    clock: StationClock = field(default_factory=StationClock)
    running: dict[str, LiveSession] = field(default_factory=dict)
    recent: OrderedDict[str, LiveSession] = field(default_factory=OrderedDict)
    by_transaction: dict[str, str] = field(default_factory=dict)
    installed: ProfileSet = field(default_factory=ProfileSet)
    awaiting: list[StartRemotely] = field(default_factory=list)
    last_start_at: datetime | None = None
    online_since: datetime | None = None
    epoch: int = 0
    start_keys: OrderedDict[str, str] = field(default_factory=OrderedDict)
    held: OrderedDict[str, QuarantineWrite] = field(default_factory=OrderedDict)
    stand_ins: dict[str, str | None] = field(default_factory=dict)
    profile_ids: int = belief.FIRST_ID
    belief: Belief = field(default_factory=Belief)
    reconcile_at: datetime | None = None
    standing_waits: bool = False
    splits: bool = False
    reports: dict[int, Reports] = field(default_factory=dict)
    asked_profiles: int = 0
    lost_in: int = -1
    hour: int = -1
    load: StationLoad = field(default_factory=StationLoad)
    needs: dict[int, Needs] = field(default_factory=dict)
    operations: dict[str, Running] = field(default_factory=dict)
    invited: dict[str, datetime] = field(default_factory=dict)
    states: dict[tuple[int, int], str] = field(default_factory=dict)
    names_components: bool = False
    provision_at: datetime | None = None
    violations: Tally = field(default_factory=Tally)
    reservations: dict[int, Reservation] = field(default_factory=dict)
    local_list: LocalList = field(default_factory=LocalList)
    longest_token: int = 36
    offered: dict[str, str] = field(default_factory=dict)
    jobs: dict[Subject, Running] = field(default_factory=dict)
    waiting: Waiting = field(default_factory=Waiting)
    conduct: Conduct = field(default_factory=Conduct)
    haste: Haste = REAL_TIME
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def in_haste(self, haste: Haste) -> Self:
        """Returns itself, borne with as a clock needs that runs fast."""
        self.haste, self.clock.late_s = haste, haste.late_s
        return self

    @classmethod
    def restore(cls, stored: StoredStation) -> StationState:
        """Returns the station as the store has it."""
        state = cls(load_station(stored.doc), last_start_at=stored.last_start_at)
        state.start_keys.update(stored.start_keys)
        state.clock = StationClock.load(state.record.clock)
        if stored.installed is not None:
            belief.load(stored.installed, state)
        for session in stored.sessions:
            live = LiveSession.restore(session)
            state.adopt(live)
            state.profile_ids = max(state.profile_ids, live.session.profile_id or 0)
        return state

    @property
    def id(self) -> str:
        """The station's ID."""
        return self.record.id

    @property
    def is_online(self) -> bool:
        """Tells whether the station is connected to this node."""
        return self.online_since is not None

    def adopt(self, live: LiveSession) -> None:
        """Takes a session among those in memory."""
        session = live.session
        if session.is_active:
            self.running[session.id] = live
        else:
            self.retire(live)
        if session.transaction_id is not None:
            self.by_transaction[session.transaction_id] = session.id

    def remember_start(self, key: str, session_id: str) -> None:
        """Has the session found when its start comes again; the last few starts are kept."""
        self.start_keys[key] = session_id
        self.start_keys.move_to_end(key)
        while len(self.start_keys) > START_KEYS_KEPT:
            self.start_keys.popitem(last=False)

    def hold(self, held: QuarantineWrite) -> None:
        """Has a message looked at again when a session begins; the last few are."""
        self.held[held.quarantine_id] = held
        while len(self.held) > _HELD_KEPT:
            self.held.popitem(last=False)

    def stand_in(self, quarantine_id: str, transaction_id: str | None) -> None:
        """Remembers what a message that could not be handled is answered with."""
        self.stand_ins[quarantine_id] = transaction_id
        if len(self.stand_ins) > _STAND_INS_KEPT:
            del self.stand_ins[next(iter(self.stand_ins))]

    def is_stand_in(self, transaction_id: str | None) -> bool:
        """Tells whether a start that is still in quarantine was answered with this ID."""
        return transaction_id is not None and transaction_id in self.stand_ins.values()

    def forget(self, session_id: str) -> None:
        """Drops a session from memory, as if it had never been there."""
        live = self.running.pop(session_id, None) or self.recent.pop(session_id, None)
        transaction_id = None if live is None else live.session.transaction_id
        if transaction_id and self.by_transaction.get(transaction_id) == session_id:
            del self.by_transaction[transaction_id]
        for key in [key for key, known in self.start_keys.items() if known == session_id]:
            del self.start_keys[key]

    def take_in(self, stored: StoredSession) -> LiveSession:
        """Returns the session in memory that this one is, or takes it among them."""
        known = self.session(stored.doc["id"])
        if known is not None:
            return known
        live = LiveSession.restore(stored)
        self.adopt(live)
        return live

    def retire(self, live: LiveSession) -> None:
        """Moves an ended session to the few that are kept for late messages."""
        self.running.pop(live.session.id, None)
        self.recent[live.session.id] = live
        while len(self.recent) > _ENDED_KEPT:
            session_id, oldest = self.recent.popitem(last=False)
            transaction_id = oldest.session.transaction_id
            if transaction_id and self.by_transaction.get(transaction_id) == session_id:
                del self.by_transaction[transaction_id]

    def session(self, session_id: str) -> LiveSession | None:
        """Returns a session in memory."""
        return self.running.get(session_id) or self.recent.get(session_id)

    def by_wire_id(self, transaction_id: str) -> LiveSession | None:
        """Returns the session in memory that the station knows by this ID."""
        session_id = self.by_transaction.get(transaction_id)
        return None if session_id is None else self.session(session_id)

    def running_at(self, evse: int | None) -> LiveSession | None:
        """Returns the newest running session of an EVSE; None means any, if there is but one."""
        found = [
            live for live in self.running.values() if evse is None or live.session.evse == evse
        ]
        if evse is None:
            return found[0] if len(found) == 1 else None
        return max(found, key=lambda live: live.session.started_at, default=None)
