"""What a session costs: under the tariff that it began with, so far and in the end.

The tariff is chosen when a session begins, once more when its token becomes known, and kept.
Readings go into its tally as they come; the bill is made of the tally whenever somebody asks.

Source: OCPP 2.0.1 part 2, I02 and I03. The final cost is in the answer to the event that ends a
transaction, also where it is 0. While it runs, the cost is in the answer to each event that
carries meter values or, if the operator wants that, in a message of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from csms.billing.wall import to_us
from csms.domain.facts import EventKind
from csms.domain.features import Feature
from csms.domain.operations.smart_charging import CostUpdated
from csms.domain.sample import TRANSACTION_BEGIN, TRANSACTION_END
from csms.domain.session import SessionState
from csms.engine.supports import supports
from csms.engine.tallying import (
    METER_FLAGGED,
    Point,
    Tallied,
    is_corrected,
    made_anew,
    oddities_of,
    points_of,
    zone_named,
)
from csms.engine.tariffs import payer_of
from csms.engine.use_case import UseCase
from csms.engine.writes import SampleWrite
from csms.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from csms.billing import Bill
    from csms.domain.facts import TransactionReported
    from csms.domain.ledger import Ledger
    from csms.domain.operations import Operation
    from csms.domain.sample import Sample
    from csms.domain.session import Session
    from csms.engine.engine import Engine
    from csms.engine.state import LiveSession
    from csms.engine.tariffs import FrozenTariff
    from csms.engine.work import Work

log = structlog.get_logger("engine")

_TURNS: Final = {TRANSACTION_BEGIN: -1, TRANSACTION_END: 1}
_FLAWS: Final = frozenset(
    {
        "energy_implausible",
        "estimated",
        "register_missing",
        "register_negative",
        "register_outlier",
        "register_reset",
        "stops_differ",
        "unit_mended",
    }
)
_BY_FLAG: Final = {
    "start_unseen": "start_unseen",
    "events_lost": "events_missing",
    "refold_due": "recount_due",
    "values_unread": "values_unread",
}
_FAILURES: Final = (ArithmeticError, LookupError, TypeError, ValueError)


def begin(engine: Engine, work: Work, live: LiveSession) -> None:
    """Chooses the tariff of a session that has none, or of which token or account are new.

    Rules and tariffs are taken as they were when the session became known.
    """
    session = live.session
    known = _known_of(session)
    if session.tariff is not None and (session.record or not known - set(session.tariff["by"])):
        return
    book, station = engine.policy.tariffs, work.station.record
    as_of = session.started_received_at
    payer = payer_of(station, session)
    chosen = book.of(engine.policy.prices, payer, session.started_at, as_of)
    is_new = session.tariff is None
    is_same = not is_new and engine.policy.tariffs.frozen_of(session) == chosen
    session.tariff = {**chosen.ref, "by": sorted(known)}
    if is_same:
        return
    zone = engine.policy.zone_of(station.site)
    booked = None if session.tally is None else session.tally.get("booked")
    live.tallied = Tallied.begin(session, chosen.tariff, zone)
    live.tallied.booked = booked
    live.tallied.is_due = not is_new or session.last_sample_at is not None
    session.tally = live.tallied.dump()
    if live.tallied.is_due:
        work.late[session.id] = live


def reserved(engine: Engine, live: LiveSession, since: datetime) -> None:
    """Has the reservation that a session used billed with it, from when it was made.

    Source: OCPI 2.2.1, 11.4.6: it ends when the driver starts charging.
    """
    tallied = tallied_of(engine, live)
    if tallied is not None and tallied.booked is None:
        tallied.booked = to_us(since)
        live.session.tally = tallied.dump()


def _known_of(session: Session) -> set[str]:
    """Returns what is known of who pays for a session."""
    return {name for name in ("token", "account") if getattr(session, name) is not None}


def before(live: LiveSession, samples: Sequence[Sample]) -> Ledger | None:
    """Returns the ledger as it is before samples, if the energy at each of them needs it."""
    session = live.session
    if len(samples) == 1 and session.is_active:
        return None
    ledger = session.ledger.copy()
    ledger.stop = None
    return ledger


def feed(
    engine: Engine,
    work: Work,
    live: LiveSession,
    samples: Sequence[Sample],
    ledger: Ledger | None,
) -> None:
    """Takes samples that the session's ledger has just counted; `ledger` is what `before` gave.

    What came late has the tally made anew, with the second judgement of the session.
    """
    session, tallied = live.session, tallied_of(engine, live)
    if tallied is None or tallied.is_due:
        return
    if "refold_due" in session.flags:
        # It is counted anew, as the ledger is, once the database is back.
        tallied.is_due, session.tally = True, tallied.dump()
        return
    tallied.is_due = session.started_at != tallied.began
    tallied.is_measured = tallied.is_measured or session.ledger.start is not None
    is_off = is_corrected(session)
    try:
        for point in _points(work, session, samples, ledger):
            tallied.take(point, session.usage.told, is_corrected=is_off)
    except _FAILURES as error:
        _failed(live, error)
        return
    if tallied.is_due:
        work.late[session.id] = live
    session.tally = tallied.dump()


def _points(
    work: Work, session: Session, samples: Sequence[Sample], ledger: Ledger | None
) -> list[Point]:
    if ledger is not None:
        placed = ((sample, session.placed(sample.at, work.now)) for sample in samples)
        return list(points_of(session, placed, ledger))
    (sample,) = samples
    if sample.register_milliwh is None and sample.interval_milliwh is None:
        return []
    at = max(session.placed(sample.at, work.now), session.started_at)
    energy = max(session.energy_milliwh or 0, 0)
    return [Point(at, energy, sample.power_w, oddities_of(session.ledger))]


async def recount(
    engine: Engine, live: LiveSession, samples: Iterable[tuple[Sample, datetime]]
) -> None:
    """Makes a tally anew from all samples of its session, in our order, with their times.

    To be called under the station's lock.
    """
    session = live.session
    frozen = engine.policy.tariffs.frozen_of(session)
    if frozen is None or session.tally is None:
        return
    zone = zone_named(session.tally["zone"])
    try:
        made = await made_anew(session, frozen.tariff, zone, samples)
    except _FAILURES as error:
        _failed(live, error)
        return
    made.billed, made.booked = session.tally.get("billed"), session.tally.get("booked")
    live.tallied, session.tally = made, made.dump()


async def catch_up(engine: Engine, work: Work, live: LiveSession) -> bool:
    """Makes a tally anew that is due; False if that has to wait for the database."""
    session, tallied = live.session, tallied_of(engine, live)
    if tallied is None:
        return True
    if session.started_at != tallied.began or _outlasts(tallied, session):
        tallied.is_due = True
    if not tallied.is_due:
        return True
    if engine.store.is_behind:
        return False
    fresh = [
        each
        for each in work.writes
        if isinstance(each, SampleWrite) and each.session_id == session.id
    ]
    try:
        if fresh:
            # What was submitted before is in the database once this is; see `registers.count`.
            await engine.store.submit(fresh)
        stored = await engine.store.load_samples(session.id)
    except DatabaseUnavailable:
        return False
    placed = [(each.sample, session.placed(each.sample.at, each.received_at)) for each in stored]
    placed.sort(key=lambda each: (each[1], _TURNS.get(each[0].context, 0)))
    await recount(engine, live, placed)
    work.touch(live)
    return True


def _outlasts(tallied: Tallied, session: Session) -> bool:
    """Tells whether a reading was taken that is later than the end of its session."""
    ended_at = session.ended_at
    return ended_at is not None and tallied.at > max(ended_at, session.started_at)


def tallied_of(engine: Engine, live: LiveSession) -> Tallied | None:
    """Returns a session's tally; None of one that has none, as it began before there were any."""
    session = live.session
    if live.tallied is not None or session.tally is None:
        return live.tallied
    frozen = engine.policy.tariffs.frozen_of(session)
    if frozen is None:
        log.error("tariff.missing", session=session.id, tariff=session.tariff)
        return None
    try:
        live.tallied = Tallied.load(session.tally, frozen.tariff)
    except _FAILURES as error:
        _failed(live, error)
    return live.tallied


def _failed(live: LiveSession, error: Exception) -> None:
    """Goes on without a tally: what a station reports counts for more than what it costs."""
    log.error("cost.failed", session=live.session.id, tariff=live.session.tariff, exc_info=error)
    live.session.flags.add("cost_unknown")
    live.tallied = live.session.tally = None


def bill_of(engine: Engine, live: LiveSession, now: datetime) -> Bill | None:
    """Returns what a session comes to until its end, or until now; None if it has no tally."""
    session, tallied = live.session, tallied_of(engine, live)
    frozen: FrozenTariff | None = engine.policy.tariffs.frozen_of(session)
    if tallied is None or frozen is None or session.duplicate_of is not None:
        return None
    until = max(session.ended_at or now, session.started_at)
    try:
        bill = tallied.bill(session, until, engine.policy.series)
    except _FAILURES as error:
        _failed(live, error)
        return None
    more = reasons_of(session).difference(bill.reasons)
    return replace(bill, reasons=tuple(sorted({*bill.reasons, *more}))) if more else bill


def reasons_of(session: Session) -> set[str]:
    """Returns why all that a session costs rests on estimates, beside those of single stretches."""
    found = {_BY_FLAG[flag] for flag in session.flags & _BY_FLAG.keys()}
    if session.missing_sequences:
        found.add("events_missing")
    if not _FLAWS.isdisjoint(session.register_flags):
        found.add(METER_FLAGGED)
    if not session.is_active and session.energy_milliwh is None:
        found.add("energy_unknown")
    if session.state is SessionState.CLOSED:
        found.add("closed_by_operator")
    if session.is_implausible:
        found.add("energy_implausible")
    return found


def cost_doc(session: Session, bill: Bill, *, is_final: bool) -> dict[str, Any]:
    """Returns a bill in short, as it is kept with its session and shown; amounts as text."""
    tariff = session.tariff or {"id": None, "version": None}
    return {
        "total": str(bill.total),
        "net": str(bill.net),
        "vat": str(bill.vat),
        "currency": bill.currency,
        "tariff": tariff["id"],
        "version": tariff["version"],
        "is_final": is_final,
        "is_estimated": bill.is_estimated,
        "because": list(bill.reasons),
    }


def cost_now(engine: Engine, live: LiveSession, now: datetime) -> dict[str, Any] | None:
    """Returns what a session costs, as the API shows it: of one that runs, so far."""
    if not live.session.is_active:
        return live.session.cost
    bill = bill_of(engine, live, now)
    return live.session.cost if bill is None else cost_doc(live.session, bill, is_final=False)


def logged(session: Session) -> dict[str, Any]:
    """Returns what a log line tells of a session's cost."""
    cost = session.cost
    if cost is None:
        return {}
    return {"cost": cost["total"], "currency": cost["currency"], "record": session.record}


def told(
    engine: Engine, work: Work, live: LiveSession, fact: TransactionReported
) -> Decimal | None:
    """Returns what the answer to a report tells of the cost, None for nothing.

    What the station is told is kept with the session.
    """
    is_end = fact.kind is EventKind.ENDED
    if not is_end and (fact.kind is not EventKind.UPDATED or not fact.samples):
        return None
    running = engine.policy.prices.running
    if not is_end and running == "off":
        return None
    session = live.session
    # What waited in a queue tells what it cost by then, not what the time since would cost.
    at = work.now if fact.at is None else session.placed(fact.at, work.now)
    bill = bill_of(engine, live, at)
    if bill is None:
        return None
    if session.is_active or session.cost is None:
        session.cost = cost_doc(session, bill, is_final=False)
    if is_end or running == "answer":
        return bill.total
    _send(work, live, fact, bill.total)
    return None


def _send(work: Work, live: LiveSession, fact: TransactionReported, total: Decimal) -> None:
    """Has a station that is there and can show it told by a message; a queued event is history."""
    transaction_id = live.session.transaction_id
    is_current = live.session.is_active and not fact.is_offline
    if transaction_id is None or not is_current or not work.station.is_online:
        return
    if supports(work.station, Feature.COST) is False:
        return
    work.asks.append(CostUpdated(transaction_id, total))


USE_CASES: Final[Mapping[type[Operation], UseCase]] = {CostUpdated: UseCase(may_wait=False)}
