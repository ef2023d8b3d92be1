"""Reservations, from asked to used, expired or given up. Source: OCPP 1.6, 5.1 and 5.13; 2.0.1, H.

A reservation ends by the first of: its use, the station's word, an accepted cancellation, its time.
The ended ones of late stay in memory, since a start may come that was made before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from csms.domain.facts import Acknowledged
from csms.domain.features import Feature
from csms.domain.operations.authorization import ReserveNow
from csms.domain.operations.prepared import PreparedReservation
from csms.domain.reservation import (
    Reservation,
    ReservationStatus,
    load_reservation,
)
from csms.domain.token import token_key
from csms.engine import costs
from csms.engine.supports import require
from csms.engine.token_names import group_of, named
from csms.engine.use_case import UseCase
from csms.engine.work import STATION
from csms.engine.writes import MessageWrite, RecordWrite
from csms.errors import OperationRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.domain.answered import Answered
    from csms.domain.facts import TransactionReported
    from csms.domain.operations import Operation
    from csms.domain.operations.remote_control import TokenType
    from csms.domain.reservation import (
        ReservationAnswered,
        ReservationCancelled,
        ReservationEnded,
    )
    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.state import LiveSession, StationState
    from csms.engine.work import Work

RESERVATIONS: Final = "reservations"
_ENDED_KEPT = 50
_MAY_BE_USED: Final = frozenset(
    {ReservationStatus.REQUESTED, ReservationStatus.ACCEPTED, ReservationStatus.EXPIRED}
)


def load_all(engine: Engine, docs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Takes the reservations that were open when we stopped; returns why some cannot be read."""
    unreadable: dict[str, str] = {}
    for name, doc in docs.items():
        try:
            reservation = load_reservation(doc)
        except (KeyError, TypeError, ValueError) as error:
            unreadable[name] = f"{type(error).__name__}: {error}"
            continue
        station = engine.stations.get(reservation.station_id)
        if station is not None:
            station.reservations[reservation.id] = reservation
    return unreadable


async def prepare(engine: Engine, work: Work, operation: ReserveNow) -> ReserveNow:
    """Gives a reservation its number, that no other one has.

    Raises: OperationRefused for one that would be over at once.
    """
    require(work.station, Feature.RESERVATION, "reservations")
    if operation.expires_at <= work.now:
        raise OperationRefused("must lie in the future", "expires_at")
    kind = operation.token_type or cast("TokenType", named(engine.policy, operation.token).kind)
    number = operation.reservation_id
    if number is None:
        number = await engine.numbers.next("reservation")
        while any(number in each.reservations for each in engine.stations.values()):
            number = await engine.numbers.next("reservation")
    return replace(operation, reservation_id=number, token_type=kind)


def complete(
    engine: Engine, station: StationState, operation: ReserveNow, now: datetime
) -> PreparedReservation:
    """Returns a reservation as it leaves."""
    del station, now
    policy, known = engine.policy, engine.policy.token(operation.token)
    parent = operation.group
    if parent is None and known is not None:
        parent = known.parent or known.group
    return PreparedReservation(
        operation.reservation_id or 0,
        named(policy, operation.token, operation.token_type),
        operation.expires_at,
        parent,
        group_of(policy, operation.token, operation.group),
        operation.evse,
        operation.connector_type,
    )


def unanswered(engine: Engine, work: Work, running: Running, answer: Answered) -> None:
    """Keeps a reservation that the station has got and not answered: it may hold a place."""
    del engine
    operation: ReserveNow = running.operation  # type: ignore[assignment]
    number = operation.reservation_id
    if answer.status is not None or running.sent_at is None or number is None:
        return
    made = Reservation(
        number,
        work.station.id,
        ReservationStatus.REQUESTED,
        operation.token,
        operation.expires_at,
        work.now,
        work.now,
        operation.token_type,
        operation.group,
        operation.evse,
        operation.connector_type,
        reason=answer.reason,
    )
    _keep(work, made)


def answered(work: Work, said: ReservationAnswered) -> None:
    """Takes what a station makes of a reservation; one of the same number is replaced.

    Source: OCPP 1.6, 5.13; OCPP 2.0.1 part 2, H01.FR.02.
    """
    known = work.station.reservations.get(said.id)
    if known is not None and known.status.is_open and not said.status.is_open:
        work.note("reservation.kept", reservation=said.id, refused=said.status.value)
        return
    made = Reservation(
        said.id,
        work.station.id,
        said.status,
        said.token,
        said.expires_at,
        work.now,
        work.now,
        said.token_type,
        said.group,
        said.evse,
        said.connector_type,
        reason=said.reason,
    )
    work.station.reservations.pop(said.id, None)
    live = _user(work, made)
    if live is not None:
        made.status, made.session_id = ReservationStatus.USED, live.session.id
    _keep(work, made)


def cancelled(work: Work, said: ReservationCancelled) -> None:
    """Takes that a station has given up a reservation as it was asked to. Source: 2.0.1, H02."""
    known = work.station.reservations.get(said.id)
    if known is not None and known.status in _MAY_BE_USED:
        _end(work, known, ReservationStatus.CANCELLED)


async def ended(engine: Engine, work: Work, fact: ReservationEnded) -> Acknowledged:
    """Takes a station's word that a reservation is over."""
    del engine
    known = work.station.reservations.get(fact.id)
    if known is not None and fact.status is not None and known.status in _MAY_BE_USED:
        _end(work, known, fact.status)
        return Acknowledged()
    doc = {"reservation_id": fact.id, "status": None if fact.status is None else fact.status.value}
    work.writes.append(
        MessageWrite(work.station.id, work.now, work.message_id, "ReservationStatusUpdate", doc)
    )
    return Acknowledged()


def look(engine: Engine, work: Work, live: LiveSession, fact: TransactionReported) -> None:
    """Marks the reservation that a transaction ends.

    By its number; where a station leaves that out, by the token at the place that is reserved.
    Source: OCPP 1.6, 4.8; OCPP 2.0.1 part 2, H03 and E03.FR.03.
    """
    reservations = work.station.reservations
    if fact.reservation_id is not None:
        known = reservations.get(fact.reservation_id)
    elif fact.token is not None and live.session.reservation_id is None:
        known = next((each for each in reservations.values() if _is_for(each, fact)), None)
    else:
        return
    if known is not None and known.status in _MAY_BE_USED:
        known.session_id = live.session.id
        _end(work, known, ReservationStatus.USED)
        costs.reserved(engine, live, known.created_at)


def check(work: Work) -> datetime | None:
    """Has reservations expire whose time is over; returns when to look again."""
    due: list[datetime] = []
    for known in list(work.station.reservations.values()):
        if not known.status.is_open:
            continue
        if known.expires_at <= work.now:
            _end(work, known, ReservationStatus.EXPIRED)
        else:
            due.append(known.expires_at)
    return min(due, default=None)


def give_up(work: Work) -> None:
    """Ends the reservations of a station that will not be there any more."""
    for known in list(work.station.reservations.values()):
        if known.status.is_open:
            _end(work, known, ReservationStatus.CANCELLED)


def _is_for(known: Reservation, fact: TransactionReported) -> bool:
    if fact.token is None or not known.status.is_open:
        return False
    is_here = not known.evse or fact.evse == known.evse
    return is_here and token_key(known.token) == fact.token.key and not known.connector_type


def _user(work: Work, made: Reservation) -> LiveSession | None:
    """Returns the session that names a reservation of which the answer is only read now."""
    if not made.status.is_open:
        return None
    return next(
        (live for live in work.station.running.values() if live.session.reservation_id == made.id),
        None,
    )


def _end(work: Work, known: Reservation, status: ReservationStatus) -> None:
    known.status, known.updated_at = status, work.now
    _keep(work, known)


def _keep(work: Work, known: Reservation) -> None:
    kept = work.station.reservations
    kept.pop(known.id, None)
    kept[known.id] = known
    over = [each.id for each in kept.values() if not each.status.is_open]
    for number in over[:-_ENDED_KEPT]:
        del kept[number]
    work.writes.append(RecordWrite(RESERVATIONS, f"{known.station_id}:{known.id}", known.dump()))
    if known.status.is_open:
        work.watched.append(STATION)
    work.note(
        f"reservation.{known.status.value}",
        reservation=known.id,
        evse=known.evse,
        token=known.token,
        session=known.session_id,
    )


USE_CASES: Final[Mapping[type[Operation], UseCase]] = {
    ReserveNow: UseCase(prepare, unanswered, complete=complete),
}
