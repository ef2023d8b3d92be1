"""Charge records: what a session cost, issued once with a number and never changed.

The first record leaves in the unit that ends the session, before its station is answered. What
comes later and changes the bill makes a record with a number of its own, which names the one that
it replaces. Where more is about to come, both wait for a short while, durably.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from csms.billing import dump_bill, dump_tariff
from csms.domain.energy import wh
from csms.domain.times import format_time
from csms.engine import costs, signed_values
from csms.engine.state import LiveSession
from csms.engine.work import Work
from csms.engine.writes import ChargeRecordWrite, RecordWrite
from csms.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from csms.billing import Bill
    from csms.domain.session import Session
    from csms.engine.engine import Engine
    from csms.engine.ports import Store
    from csms.engine.state import StationState
    from csms.engine.tariffs import FrozenTariff
    from csms.engine.work import Outcome

DUE: Final = "charge_records_due"
"""The collection of sessions whose record, first or corrected, waits for what is to come."""
UNPRICED: Final = "charge_records_unpriced"
"""The collection of sessions whose record lacks prices of a series."""
DEFAULT_FORMAT: Final = "CDR-{year}-{number}"

_PRICE_MISSING = "price_missing"
_FIRST_WAIT = timedelta(minutes=2)
_QUIET = timedelta(seconds=10)
_AT_MOST = timedelta(minutes=2)
_AGAIN = timedelta(seconds=30)
_DIGITS = 6


@dataclass(slots=True)
class Due:
    """A record that waits: since when, until when, and for what."""

    session_id: str
    station_id: str
    since: datetime
    due_at: datetime
    why: str

    def write(self) -> RecordWrite:
        """Returns the write that has it survive a restart."""
        doc = {
            "station_id": self.station_id,
            "since": self.since.isoformat(),
            "due_at": self.due_at.isoformat(),
            "why": self.why,
        }
        return RecordWrite(DUE, self.session_id, doc)


class Unpriced(NamedTuple):
    """A record that lacks prices: of which series, and from when until when."""

    station_id: str
    series: frozenset[str]
    since: datetime
    until: datetime

    def write(self, session_id: str) -> RecordWrite:
        """Returns the write that has it survive a restart."""
        doc = {
            "station_id": self.station_id,
            "series": sorted(self.series),
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
        }
        return RecordWrite(UNPRICED, session_id, doc)


@dataclass(slots=True)
class RecordBook:
    """What is still to be issued. `unpriced` are records that lack prices, by session."""

    due: dict[str, Due] = field(default_factory=dict)
    unpriced: dict[str, Unpriced] = field(default_factory=dict)

    async def load(self, store: Store) -> None:
        """Takes what waited when the program ended. Raises: DatabaseUnavailable."""
        for session_id, doc in (await store.load_records(DUE)).items():
            since, due_at = (datetime.fromisoformat(doc[name]) for name in ("since", "due_at"))
            self.due[session_id] = Due(session_id, doc["station_id"], since, due_at, doc["why"])
        for session_id, doc in (await store.load_records(UNPRICED)).items():
            since, until = (datetime.fromisoformat(doc[name]) for name in ("since", "until"))
            self.unpriced[session_id] = Unpriced(
                doc["station_id"], frozenset(doc["series"]), since, until
            )

    def take_due(self, now: datetime) -> list[Due]:
        """Returns what is due by now, the earliest first; it stays until it is issued."""
        found = [each for each in self.due.values() if each.due_at <= now]
        return sorted(found, key=lambda each: each.due_at)

    def priced(
        self, series: str, span: tuple[datetime, datetime], now: datetime
    ) -> list[RecordWrite]:
        """Has the records made anew that lacked prices which came; returns the writes.

        `span` is from when until when prices of the series came.
        """
        writes = []
        for session_id, each in self.unpriced.items():
            is_meant = series in each.series and each.since < span[1] and span[0] <= each.until
            if is_meant and session_id not in self.due:
                due = self.due[session_id] = Due(session_id, each.station_id, now, now, "prices")
                writes.append(due.write())
        return writes


async def settle(engine: Engine, work: Work, live: LiveSession) -> None:
    """Issues the first record of a session that has just ended, unless more is about to come."""
    session = live.session
    if session.is_active or session.record is not None or session.duplicate_of is not None:
        return
    why = "readings"
    if session.unchecked_key is not None:
        why = "check"
    elif await costs.catch_up(engine, work, live):
        why = "events" if _lacks_events(session) else ""
    if not why and await issue(engine, work, live):
        return
    _wait(engine, work, live, _FIRST_WAIT, why or "numbers")
    bill = costs.bill_of(engine, live, work.now)
    if bill is not None:
        session.cost = costs.cost_doc(session, bill, is_final=False)
        work.note("record.waits", live, why=why or "numbers")


def look(engine: Engine, work: Work, live: LiveSession, *, has_heard: bool = True) -> None:
    """Looks whether a session that is over has come to something else than its record says.

    As long as more is heard of it (`has_heard`) the record waits on, up to two minutes.
    """
    session = live.session
    if session.is_active or session.tally is None or session.duplicate_of is not None:
        return
    known = engine.records.due.get(session.id)
    if known is not None:
        if known.why == "events" and not _lacks_events(session):
            _put(
                engine,
                work,
                replace(known, due_at=min(known.due_at, work.now + _QUIET), why="late"),
            )
        elif known.why == "late" and has_heard:
            due_at = min(work.now + _QUIET, known.since + _AT_MOST)
            _put(engine, work, replace(known, due_at=max(due_at, known.due_at)))
        return
    if session.record is None:
        _wait(engine, work, live, timedelta(0), "ended")
        return
    bill = costs.bill_of(engine, live, work.now)
    if bill is not None and session.tally.get("billed") != _in_short(work, session, bill):
        _wait(engine, work, live, _QUIET, "late")


async def issue(engine: Engine, work: Work, live: LiveSession) -> bool:
    """Issues a session's record if it says something new; False if that has to wait.

    Raises nothing where the database is away: numbers come from a reserved block.
    """
    session = live.session
    frozen = engine.policy.tariffs.frozen_of(session)
    bill = costs.bill_of(engine, live, work.now)
    if bill is None or frozen is None or live.tallied is None:
        _drop(engine, work, session)
        return True
    in_short = _in_short(work, session, bill)
    if session.record is not None and live.tallied.billed == in_short:
        _drop(engine, work, session)
        return True
    try:
        number = await _next_number(engine, work.now)
    except DatabaseUnavailable:
        return False
    doc = _doc(work, live, (frozen, bill)) | {"number": number}
    work.writes.append(ChargeRecordWrite(number, session.id, work.now, session.record, doc))
    work.note(
        "record.issued",
        live,
        number=number,
        replaces=session.record,
        total=str(bill.total),
        currency=bill.currency,
        **({"because": list(bill.reasons)} if bill.reasons else {}),
    )
    session.record, live.tallied.billed = number, in_short
    session.tally = live.tallied.dump()
    session.cost = costs.cost_doc(session, bill, is_final=True)
    _drop(engine, work, session)
    _note_prices(engine, work, session, (frozen, bill))
    work.touch(live)
    return True


async def issue_due(engine: Engine, station: StationState, due: Due, now: datetime) -> Outcome:
    """Issues a record that has waited; to be called under the station's lock.

    What the database is needed for and away stays due, a little later.
    """
    work = Work(station, now)
    live = station.session(due.session_id)
    try:
        if live is None:
            stored = await engine.store.find_session(due.session_id)
            live = None if stored is None else LiveSession.restore(stored)
        is_ready = live is None or await costs.catch_up(engine, work, live)
        is_done = is_ready and (live is None or await _issue_or_drop(engine, work, live))
    except DatabaseUnavailable:
        is_done = False
    if live is None and is_done:
        engine.records.due.pop(due.session_id, None)
        work.writes.append(RecordWrite(DUE, due.session_id, None))
    if not is_done:
        _put(engine, work, replace(due, due_at=now + _AGAIN))
    return work.outcome(None)


async def _issue_or_drop(engine: Engine, work: Work, live: LiveSession) -> bool:
    session = live.session
    if session.unchecked_key is not None:
        # It may repeat an older one: nobody is billed twice. See `duplicates.check`.
        return False
    if session.is_active:
        _drop(engine, work, session)
        return True
    return await issue(engine, work, live)


def _lacks_events(session: Session) -> bool:
    missing = [list(span) for span in session.missing_sequences]
    return bool(missing) and missing != [list(span) for span in session.lost_sequences]


def _wait(engine: Engine, work: Work, live: LiveSession, wait: timedelta, why: str) -> None:
    session = live.session
    known = engine.records.due.get(session.id)
    if known is None:
        due = Due(session.id, session.station_id, work.now, work.now + wait, why)
        _put(engine, work, due)


def _put(engine: Engine, work: Work, due: Due) -> None:
    engine.records.due[due.session_id] = due
    work.writes.append(due.write())


def _drop(engine: Engine, work: Work, session: Session) -> None:
    if engine.records.due.pop(session.id, None) is not None:
        work.writes.append(RecordWrite(DUE, session.id, None))


def _note_prices(
    engine: Engine, work: Work, session: Session, billed: tuple[FrozenTariff, Bill]
) -> None:
    """Remembers a record that lacks prices, until they come."""
    frozen, bill = billed
    if _PRICE_MISSING in bill.reasons:
        lacking = [line for line in bill.lines if _PRICE_MISSING in line.reasons]
        unpriced = engine.records.unpriced[session.id] = Unpriced(
            session.station_id,
            frozen.tariff.series,
            min(line.start for line in lacking),
            max(line.end for line in lacking),
        )
        work.writes.append(unpriced.write(session.id))
    elif engine.records.unpriced.pop(session.id, None) is not None:
        work.writes.append(RecordWrite(UNPRICED, session.id, None))


async def _next_number(engine: Engine, now: datetime) -> str:
    local = now.astimezone(engine.policy.default_zone)
    text = engine.policy.record_numbers
    scope = text.replace("{year}", f"{local:%Y}").replace("{month}", f"{local:%m}")
    number = await engine.numbers.next(f"record:{scope}")
    return scope.replace("{number}", f"{number:0{_DIGITS}}")


def _in_short(work: Work, session: Session, bill: Bill) -> str:
    """Returns a text that is another one if a record would say something else that counts."""
    doc, signed = dump_bill(bill), signed_values.verdict(session, work.station.record)
    reasons = doc.pop("reasons")
    lines = [{**line, "reasons": bool(line["reasons"])} for line in doc["lines"]]
    told = [
        doc | {"lines": lines, "is_estimated": bool(reasons)},
        session.started_at,
        session.ended_at,
        session.token,
        session.energy_milliwh is None,
        None if signed is None else signed["state"],
    ]
    return hashlib.blake2b(orjson.dumps(told), digest_size=8).hexdigest()


def _doc(work: Work, live: LiveSession, billed: tuple[FrozenTariff, Bill]) -> dict[str, Any]:
    """Returns all that a record says, but for its number."""
    session, (frozen, bill) = live.session, billed
    assert live.tallied is not None  # noqa: S101 - without one there is no bill
    return {
        "session_id": session.id,
        "issued_at": format_time(work.now),
        "replaces": session.record,
        "session": _snapshot(work, session),
        "time_zone": live.tallied.zone,
        "tariff": dump_tariff(frozen.tariff),
        "tariff_version": frozen.version,
        "bill": dump_bill(bill),
        "contradictions": contradictions_of(session),
        "signed": signed_values.verdict(session, work.station.record),
    }


def _snapshot(work: Work, session: Session) -> dict[str, Any]:
    """Returns the session as it is on its record; energy in Wh, times in UTC with Z."""
    record, span = work.station.record, session.ledger.span
    plain = ("station_id", "evse", "connector", "transaction_id", "token", "token_kind")
    ended_at = session.ended_at
    return {
        **{name: getattr(session, name) for name in plain},
        "site": record.site,
        "protocol": record.protocol,
        "vehicle": session.vehicle,
        "vehicle_id": session.vehicle_id,
        "account": session.account,
        "started_at": format_time(session.started_at),
        "ended_at": None if ended_at is None else format_time(ended_at),
        "energy_wh": wh(session.energy_milliwh),
        "register_start_wh": None if span is None else wh(span.first_milliwh),
        "register_end_wh": None if span is None else wh(span.last_milliwh),
        "soc_start": session.soc_start,
        "soc_end": session.soc_now,
        "stop_reason": session.stop_reason,
        "state": session.state.value,
        "flags": session.all_flags,
    }


def contradictions_of(session: Session) -> list[dict[str, str]]:
    """Returns where the data of a session contradict each other, each with what was made of it."""
    found = _contradictions(session)
    return [{"kind": kind, "message": message} for kind, message in found]


def _contradictions(session: Session) -> Iterable[tuple[str, str]]:
    begun, ended = session.started_at_station, session.ended_at_station
    if begun is not None and ended is not None and ended < begun:
        until = max(session.ended_at or session.started_at, session.started_at)
        message = (
            f"the station says that it ended at {format_time(ended)}, before it began at "
            f"{format_time(begun)}; it is billed from {format_time(session.started_at)} to "
            f"{format_time(until)}"
        )
        yield "end_before_start", message
    energy = session.energy_milliwh
    if energy and session.ended_at is not None and session.ended_at <= session.started_at:
        yield "energy_without_time", f"{wh(energy)} Wh in no time; the energy is billed"
    if energy is None and not session.is_active:
        yield "energy_unknown", "no reading of its register came; no energy is billed"
    if session.is_implausible:
        yield "energy_implausible", f"{wh(energy)} Wh are more than 1 MW could deliver in that time"
    by_flag: Mapping[str, str] = _FLAGGED
    for flag in session.register_flags:
        if flag in by_flag:
            yield flag, by_flag[flag]


_FLAGGED: Final = {
    "stops_differ": "its end was told with different registers; the highest is billed",
    "register_negative": "its register was below zero; such readings count for nothing",
    "register_reset": "its register fell and began anew; what it rose before and after is billed",
}
