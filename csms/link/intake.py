"""From a call to a durable unit of work, and never to nothing.

What a handler cannot do now or cannot do at all ends in quarantine, and the station is answered as
if all was well: it would drop a transaction message after a few tries, and the bill with it.
Source: OCPP 1.6, 3.7.1 and 4.7 to 4.10.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from csms.domain.anomalies import Anomaly
from csms.domain.facts import Acknowledged, TransactionAnswer, TransactionReported
from csms.domain.station import dump_station
from csms.engine import violations
from csms.engine.authorization import judge
from csms.engine.conduct import REPAIRED
from csms.engine.quarantine import Cause, RawMessage, put
from csms.engine.writes import AnomalyWrite, StationWrite
from csms.errors import DatabaseUnavailable, LaddvaktError, UnitRefused
from csms.link.consulting import CONSULTED
from csms.link.second_look import SecondLook
from csms.link.texts import without_nul
from csms.ocpp.routes import ROUTES
from csms.ocpp.unreadable import Unreadable

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.facts import Answer, Fact
    from csms.engine.state import StationState
    from csms.engine.work import Outcome
    from csms.engine.writes import QuarantineWrite, Write
    from csms.link.hub import Hub
    from csms.ocpp.routes import Route
    from csms.ocppj.frames import Call
    from csms.ocppj.peer import CallReceived
    from csms.ocppj.schemas import Violation
    from csms.ocppj.version import Version

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_SETTLED_WITHIN_S = 5.0
_START, _SAMPLES = "StartTransaction", "MeterValues"
_HINT = "csms quarantine show {}"

log = structlog.get_logger("link")


@dataclass(frozen=True, slots=True)
class Served:
    """What to answer a call with: an answer, or the code and the words of an error.

    What follows from `outcome` is done once the answer has left.
    """

    answer: Answer | None = None
    error: tuple[str, str] | None = None
    outcome: Outcome | None = None


class Intake:
    """The way in for the calls of all stations of a node."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.second_look = SecondLook(hub)

    async def take(
        self, station: StationState, version: Version, received: CallReceived, now: datetime
    ) -> Served:
        """Handles a call, and returns once what came of it is durable.

        Raises: whatever a handler raises for a message that need not be kept.
        """
        station.conduct.messages += 1
        call, violation = received.call, received.violation
        route = ROUTES[version][call.action]
        raw = _raw(station, version, call, now)
        if station.stand_ins and raw.quarantine_id in station.stand_ins:
            return self._again(station, raw, route)
        fact: Fact | None = None
        try:
            fact = route.decode(call.payload, now)
            if type(fact) in CONSULTED:
                fact = await self._hub.consulting.consult(station, fact)
            outcome, done = await self._handle_twice(station, fact, raw, violation, route)
        except Unreadable as unreadable:
            return await self._unreadable(station, raw, violation, unreadable)
        except Exception as error:
            if not route.keeps:
                raise
            return await self._set_aside(station, raw, fact, error)
        try:
            await done
        except UnitRefused as refused:
            await self._keep(station, put(raw, Cause.FAILED, str(refused)))
        return Served(outcome.answer, outcome=outcome)

    async def _handle_twice(
        self,
        station: StationState,
        fact: Fact,
        raw: RawMessage,
        violation: Violation | None,
        route: Route,
    ) -> tuple[Outcome, asyncio.Future[None]]:
        """Has the engine handle a fact; once more at once if it fails."""
        try:
            return await self._handle(station, fact, raw, violation, route)
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("call.failed", station=station.id, action=raw.action)
        return await self._handle(station, fact, raw, violation, route)

    async def _handle(
        self,
        station: StationState,
        fact: Fact,
        raw: RawMessage,
        violation: Violation | None,
        route: Route,
    ) -> tuple[Outcome, asyncio.Future[None]]:
        """Runs the engine and queues its writes, with nothing else of this station in between."""
        async with station.lock:
            outcome = await self._outcome(station, fact, raw, route)
            writes: list[Write] = list(outcome.writes)
            if violation is not None:
                writes.append(_violation_write(station, raw, violation))
            if outcome.held is not None:
                writes.append(self._held(station, raw, outcome))
            if found := violations.of_anomalies(writes, raw.action):
                station.conduct.count(REPAIRED, len(found))
                writes.extend(found)
            return outcome, asyncio.ensure_future(self._hub.store.submit(writes))

    async def _outcome(
        self, station: StationState, fact: Fact, raw: RawMessage, route: Route
    ) -> Outcome:
        """Has the engine handle a fact; what cannot wait in quarantine waits for the database."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await self._hub.engine.handle(station, fact, raw.received_at, raw.message_id)
            except DatabaseUnavailable:
                if route.keeps:
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _held(self, station: StationState, raw: RawMessage, outcome: Outcome) -> QuarantineWrite:
        """Returns the record of a message that belongs to nothing that is known."""
        hold = outcome.held
        assert hold is not None  # noqa: S101 - the caller has looked
        next_to = [
            held for held, answered in station.stand_ins.items() if answered == hold.transaction_id
        ]
        evidence = dict(hold.evidence)
        if next_to and hold.transaction_id is not None:
            evidence["next_to"] = next_to
        write = put(raw, Cause.ORPHAN, hold.why, hold.transaction_id, evidence)
        station.hold(write)
        self.tell(write)
        return write

    def _again(self, station: StationState, raw: RawMessage, route: Route) -> Served:
        """Answers a message that is in quarantine as it was answered before."""
        try:
            fact: Fact | None = route.decode(dict(raw.payload), raw.received_at)
        except Unreadable:
            fact = None
        return Served(self._answer(raw, fact, station.stand_ins[raw.quarantine_id]))

    async def _set_aside(
        self, station: StationState, raw: RawMessage, fact: Fact | None, error: Exception
    ) -> Served:
        """Keeps a message that could not be handled, and answers it all the same."""
        transaction_id = getattr(fact, "transaction_id", None)
        if isinstance(error, DatabaseUnavailable):
            await self._keep(station, put(raw, Cause.AWAY, str(error), transaction_id))
            return Served(self._answer(raw, fact, transaction_id))
        log.error("call.failed_again", station=station.id, action=raw.action, exc_info=error)
        is_start = raw.action == _START
        if is_start:
            transaction_id = str(await self._hub.engine.numbers.next("transaction"))
        station.stand_in(raw.quarantine_id, transaction_id if is_start else None)
        why = f"the handler failed: {type(error).__name__}: {error}"
        await self._keep(station, put(raw, Cause.FAILED, why, transaction_id))
        await self._restore(station)
        return Served(self._answer(raw, fact, transaction_id))

    async def _restore(self, station: StationState) -> None:
        """Takes back what a handler may have changed before it failed."""
        try:
            async with asyncio.timeout(_SETTLED_WITHIN_S), station.lock:
                record = dump_station(station.record)
                await self._hub.store.submit([StationWrite(station.id, record)])
                await self._hub.engine.reload(station)
        except (LaddvaktError, TimeoutError):
            log.warning("station.not_reloaded", station=station.id)

    async def _unreadable(
        self,
        station: StationState,
        raw: RawMessage,
        violation: Violation | None,
        unreadable: Unreadable,
    ) -> Served:
        """Keeps a message about money whose meaning is not clear, and says what was wrong."""
        await self._keep(station, put(raw, Cause.UNREADABLE, str(unreadable)))
        key = ("payload.unreadable", raw.action, unreadable.field)
        example = {"why": unreadable.why, "code": None if violation is None else violation.code}
        self._hub.tell_violation(station, key, example)
        code = "PropertyConstraintViolation" if violation is None else violation.code
        return Served(error=(code, str(unreadable)))

    async def _keep(self, station: StationState, write: QuarantineWrite) -> None:
        self.tell(write)
        try:
            await self._hub.store.submit([write])
        except UnitRefused:
            log.exception("quarantine.refused", station=station.id, action=write.action)

    def tell(self, write: QuarantineWrite) -> None:
        """Says in the log that a message is in quarantine, and how to look at it."""
        self._hub.counters.quarantined.labels(write.doc["cause"]).inc()
        log.warning(
            "call.quarantined",
            station=write.station_id,
            action=write.action,
            state=write.state,
            why=write.why,
            hint=_HINT.format(write.quarantine_id),
        )

    def _answer(self, raw: RawMessage, fact: Fact | None, transaction_id: str | None) -> Answer:
        """Returns a valid answer to a message that is in quarantine."""
        if raw.action == _SAMPLES:
            return Acknowledged()
        token = fact.token if isinstance(fact, TransactionReported) else None
        judged = None if token is None else judge(self._hub.engine, token, raw.received_at)
        return TransactionAnswer(transaction_id, judged)


def _raw(station: StationState, version: Version, call: Call, now: datetime) -> RawMessage:
    message_id = without_nul(call.message_id)
    return RawMessage(station.id, version.value, call.action, call.payload, message_id, now)


def _violation_write(station: StationState, raw: RawMessage, violation: Violation) -> AnomalyWrite:
    anomaly = Anomaly(
        "schema.violation",
        {"action": raw.action, "at": violation.path, "code": violation.code},
    )
    return AnomalyWrite(
        station.id, None, raw.received_at, anomaly.kind, raw.message_id, anomaly.details
    )
