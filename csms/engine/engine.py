"""What all handlers share: the stations in memory, and a unit of work around each report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog

from csms.domain.commands import InstallProfile
from csms.domain.facts import BootNotified, SamplesReported, TransactionReported
from csms.domain.station import Station
from csms.engine import (
    charge_records,
    desk,
    duplicates,
    effects,
    expected_end,
    habits,
    incidents,
    local_list,
    meter_start,
    metering,
    operations,
    provisioning_policy,
    pushing,
    quirks,
    reconcile,
    refusals,
    refused,
    reservations,
    signed_alerts,
    standing,
    transactions,
    without_session,
)
from csms.engine.answers import take_answer
from csms.engine.belief import next_id
from csms.engine.certificate_book import INSTALLED, ISSUED, ROOTS, CertificateBook
from csms.engine.handlers import CARES, HANDLERS
from csms.engine.lateness import LONG_AGO, REJUDGE_DUE, Late
from csms.engine.state import LiveSession, StationState
from csms.engine.use_cases import load_operation, use_case_of
from csms.engine.work import STATION, Work
from csms.engine.writes import RecordWrite

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from csms.domain.commands import Command, InstallRefused
    from csms.domain.facts import Answer, Fact
    from csms.engine.gaps import Gap
    from csms.engine.policy import Policy
    from csms.engine.ports import Numbers, Store
    from csms.engine.quirks import Quirk
    from csms.engine.work import Order, Outcome
    from csms.engine.writes import QuarantineWrite

log = structlog.get_logger("engine")


def _take_back(work: Work) -> None:
    """Forgets the sessions that a unit which failed has begun: nothing of it gets written."""
    for session_id in work.begun:
        work.station.forget(session_id)


class Engine:
    """All use cases over one store. Calls for one station must not overlap; others may.

    Nothing here waits for a station: what shall be sent is in the outcome.
    """

    def __init__(
        self,
        store: Store,
        numbers: Numbers,
        policy: Policy,
        hash_password: Callable[[str], str],
    ) -> None:
        self.store, self.numbers, self.policy = store, numbers, policy
        self.hash_password = hash_password
        self.stations: dict[str, StationState] = {}
        self.gaps: dict[str, Gap] = {}
        self._is_preloaded = False
        self.late = Late(policy.haste.pace)
        self.habits = habits.HabitBook()
        self.certificates = CertificateBook()
        self.records = charge_records.RecordBook()
        self.quirks: dict[str, Quirk] = {}
        self.use_case_of, self.load_operation = use_case_of, load_operation

    async def preload(self) -> None:
        """Loads every station with its running sessions, so that none waits for the store later.

        Raises:
            DatabaseUnavailable: if the store is away.
        """
        for stored in (await self.store.load_all()).values():
            self._keep(StationState.restore(stored))
        for session_id, doc in (await self.store.load_records(REJUDGE_DUE)).items():
            self.late.put(session_id, doc["station_id"], LONG_AGO)
        self.quirks, unreadable = quirks.load_all(await self.store.load_records(quirks.QUIRKS))
        for key, why in unreadable.items():
            log.error("record.skipped", collection=quirks.QUIRKS, name=key, why=why)
        stored_lists = await self.store.load_records(local_list.LOCAL_LISTS)
        for key, why in local_list.load_all(self, stored_lists).items():
            log.error("record.skipped", collection=local_list.LOCAL_LISTS, name=key, why=why)
        stored_reservations = await self.store.load_open_reservations()
        for key, why in reservations.load_all(self, stored_reservations).items():
            log.error("record.skipped", collection=reservations.RESERVATIONS, name=key, why=why)
        unreadable = self.certificates.load(
            *[await self.store.load_records(name) for name in (ISSUED, INSTALLED, ROOTS)]
        )
        for key, why in unreadable.items():
            log.error("record.skipped", collection=ISSUED, name=key, why=why)
        unreadable = self.habits.load(await self.store.load_records(habits.HABITS))
        for key, why in unreadable.items():
            log.error("record.skipped", collection=habits.HABITS, name=key, why=why)
        await self.records.load(self.store)
        self._is_preloaded = True

    async def station(self, station_id: str) -> StationState | None:
        """Returns a station with its sessions, from memory or from the store; None if unknown."""
        state = self.stations.get(station_id)
        if state is None and not self._is_preloaded:
            stored = await self.store.load_station(station_id)
            if stored is None:
                return None
            state = self._keep(StationState.restore(stored))
        return state

    def enroll(self, station_id: str, now: datetime) -> StationState:
        """Takes a station in that nobody has told us of."""
        at_first = self.policy.unknown_stations_are
        record = Station(id=station_id, created_at=now, registration=at_first)
        return self._keep(StationState(record))

    def _keep(self, state: StationState) -> StationState:
        return self.stations.setdefault(state.id, state.in_haste(self.policy.haste))

    def connected(self, station: StationState, protocol: str, now: datetime) -> Outcome:
        """Notes that a station is there, and wants what was not settled on it before."""
        work = Work(station, now)
        station.epoch += 1
        station.online_since = now
        station.record.connected_at, station.record.protocol = now, protocol
        work.save_station()
        work.note("station.connected", protocol=protocol)
        incidents.connected(work, protocol)
        work.watched.extend(station.running)
        reconcile.connected(self, work)
        return work.outcome(None)

    def disconnected(self, station: StationState, now: datetime, reason: str) -> Outcome:
        """Notes that a station is gone; its sessions go on, unseen."""
        work = Work(station, now)
        station.online_since = station.reconcile_at = None
        station.standing_waits = False
        station.record.disconnected_at = now
        work.save_station()
        incidents.disconnected(work, reason)
        work.note("station.disconnected", reason=reason, sessions=len(station.running))
        return work.outcome(None)

    async def handle(
        self, station: StationState, fact: Fact, now: datetime, message_id: str
    ) -> Outcome:
        """Takes a report, and returns what it comes to."""
        work = Work(station, now, message_id)
        try:
            answer = await HANDLERS[type(fact)](self, work, fact)
            if isinstance(fact, BootNotified):
                reconcile.booted(self, work)
            else:
                reconcile.heard(self, work)
            return self._closed(work, answer)
        except BaseException:
            _take_back(work)
            raise

    async def check_start(self, station: StationState, live: LiveSession, now: datetime) -> Outcome:
        """Looks whether a session that began while the store was away repeats an older one."""
        work = Work(station, now)
        await duplicates.check(self, work, live)
        return self._with_records(work, None)

    async def reload(self, station: StationState) -> None:
        """Takes a station's sessions from the store, as they were before a handler failed.

        All that was submitted must be durable. Raises: DatabaseUnavailable.
        """
        for session_id, live in [*station.running.items(), *station.recent.items()]:
            stored = await self.store.find_session(session_id)
            if stored is not None:
                fresh = LiveSession.restore(stored)
                live.session, live.watch, live.track = fresh.session, fresh.watch, fresh.track
                live.tallied = None
                station.adopt(live)

    async def attach(
        self, station: StationState, held: QuarantineWrite, fact: Fact, live: LiveSession | None
    ) -> tuple[LiveSession, Outcome]:
        """Takes a held message as one about this session; None begins one of its own."""
        work = Work(station, held.received_at, held.message_id)
        try:
            if isinstance(fact, TransactionReported):
                is_new = live is None
                if live is None:
                    live = await transactions.begin(self, work, fact, held.transaction_id)
                await transactions.take(self, work, live, fact, is_new=is_new)
            else:
                assert isinstance(fact, SamplesReported) and live is not None  # noqa: S101, PT018
                await metering.take(self, work, live, fact.samples)
                work.touch(live)
            details = {"quarantine_id": held.quarantine_id}
            work.flag(live, "attached_by_operator", "quarantine.attached", details)
            return live, self._closed(work, None)
        except BaseException:
            _take_back(work)
            raise

    def _closed(self, work: Work, answer: Answer | None) -> Outcome:
        """Closes a unit, after a look at what follows from the sessions that it touched."""
        self._mark_late(work)
        for live in work.touched.values():
            refused.look(work, live)
            metering.note_rest(work, live)
            meter_start.look(work, live)
            if live.session.signed is not None:
                signed_alerts.look(work, live)
            expected_end.look(self, work, live)
        return self._with_records(work, answer)

    def _with_records(self, work: Work, answer: Answer | None) -> Outcome:
        """Closes a unit after which the records of sessions that are over may be out of date."""
        for live in list(work.touched.values()):
            charge_records.look(self, work, live)
        return work.outcome(answer)

    def _mark_late(self, work: Work) -> None:
        """Has the sessions that got late samples judged again, also after a restart."""
        for session_id in work.late:
            if self.late.put(session_id, work.station.id, work.now):
                doc = {"station_id": work.station.id}
                work.writes.append(RecordWrite(REJUDGE_DUE, session_id, doc))

    def command_answered(
        self, station: StationState, order: Order, answer: desk.CommandAnswer, now: datetime
    ) -> Outcome:
        """Takes a station's answer to an order."""
        work = Work(station, now)
        take_answer(self, work, order, answer)
        return work.outcome(None)

    def command_sent(
        self, station: StationState, order: Order, request: Mapping[str, Any], now: datetime
    ) -> Outcome:
        """Notes that a profile has left for its station."""
        work = Work(station, now)
        if isinstance(order.command, InstallProfile):
            note = standing.sent if order.session_id is None else pushing.sent
            note(work, order, now, request)
        return work.outcome(None)

    def wishes_changed(
        self, station: StationState, names: Collection[str] | None, now: datetime
    ) -> Outcome:
        """Takes that the operator wants something else of a station: see `reconcile`."""
        work = Work(station, now)
        reconcile.wishes_changed(self, work, names)
        return work.outcome(None)

    def tried(self, station: StationState, refusal: InstallRefused, now: datetime) -> Outcome:
        """Takes that somebody else sends a profile, whose answer is still to come."""
        work = Work(station, now)
        refusals.tried_by_other(work, refusal.evse, refusal.profile)
        return work.outcome(None)

    def agreed(
        self, station: StationState, command: Command, now: datetime, *, has_more: bool = False
    ) -> Outcome:
        """Takes over what a station agreed to, or refused, when somebody else asked it.

        `has_more` where it was asked in parts, and more of them follow.
        """
        work = Work(station, now, has_more=has_more)
        effects.take_from_other(self, work, command)
        return work.outcome(None)

    def bind_transaction(self, station: StationState, old: str, new: str, now: datetime) -> Outcome:
        """Gives a session the transaction ID that its station was told in the end."""
        work = Work(station, now)
        live = station.by_wire_id(old)
        if live is not None:
            live.session.transaction_id = new
            station.by_transaction.pop(old, None)
            station.by_transaction[new] = live.session.id
            work.touch(live)
        return work.outcome(None)

    def look_after(
        self, station: StationState, session_id: str, now: datetime
    ) -> tuple[Outcome, datetime | None]:
        """Looks after a running session when its time has come; also returns when to look again.

        What each of `CARES` wants is done in one unit. The station itself has an ID too.
        """
        work = Work(station, now)
        if session_id == STATION:
            wanted = [
                reconcile.check(self, work),
                operations.check(work),
                without_session.check(self, work),
                provisioning_policy.check(self, work),
                reservations.check(work),
            ]
        else:
            live = station.running.get(session_id)
            wanted = [] if live is None else [care(self, work, live) for care in CARES]
        return work.outcome(None), min((each for each in wanted if each is not None), default=None)

    def close_session(
        self, station: StationState, session_id: str, reason: str, now: datetime
    ) -> Outcome | None:
        """Ends a running session by an operator's decision; None if it does not run."""
        live = station.running.get(session_id)
        if live is None:
            return None
        work = Work(station, now)
        live.session.close(now, reason)
        transactions.finish(work, live)
        transactions.tell_end(work, live)
        work.touch(live)
        return self._with_records(work, None)

    async def next_session_id(self, station: Station, started_at: datetime) -> str:
        """Returns the ID of a session that begins now, in the operator's format."""
        id_format = self.policy.id_format
        local = started_at.astimezone(self.policy.zone_of(station.site))
        scope = id_format.scope(at=local, station=station.id, site=station.site)
        return id_format.render(scope, await self.numbers.next(f"session:{scope}"))

    @staticmethod
    def next_profile_id(station: StationState) -> int:
        """Returns an ID that no profile believed on the station has."""
        return next_id(station)
