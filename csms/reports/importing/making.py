"""Rows that were read as writes: each a session as a station's would be, marked as imported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from csms.billing import dump_bill
from csms.domain.ledger import Ledger, Place, Reading
from csms.domain.session import Session, SessionState
from csms.domain.station import Station
from csms.domain.token import TokenRef
from csms.domain.vehicle_ids import guesses, identities_of
from csms.engine.import_writes import ImportWrite
from csms.engine.pricing import course_of_summary, price_course
from csms.engine.state import LiveSession
from csms.engine.summaries import summary_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from csms.engine.policy import Policy
    from csms.engine.tariffs import FrozenTariff
    from csms.engine.writes import Write
    from csms.reports.importing.rows import ReadSession

IMPORTED, CONTRADICTS = "imported", "import_contradicts"
"""Flags: that a session was imported, and that its row contradicted itself."""
_BECAUSE: Final = "imported"
_TOKEN: Final = "token"  # noqa: S105 - no password


@dataclass(frozen=True, slots=True)
class Making:
    """What holds for all sessions of one import.

    `site` is theirs unless the row has one, `source` what they come from; `tariff` is what they
    are billed under instead of what their rows say they cost.
    """

    policy: Policy
    source: str
    site: str
    now: datetime
    tariff: FrozenTariff | None = None

    def station_of(self, read: ReadSession) -> Station:
        """Returns the station of a session as far as its row knows it; it is not recorded."""
        texts = read.texts
        return Station(
            id=read.station,
            created_at=self.now,
            site=texts.get("site", self.site),
            vendor=texts.get("vendor"),
            model=texts.get("model"),
            protocol=texts.get("protocol"),
        )

    def writes(self, session_id: str, read: ReadSession, line: int) -> list[Write]:
        """Returns what makes a session of a row durable."""
        station = self.station_of(read)
        live = LiveSession(_session(session_id, read))
        self._name(live.session, read)
        self._bill(live.session, read, station)
        summary = summary_of(station, live)
        source = self.source if read.texts.get("source", "ocpp") == "ocpp" else read.texts["source"]
        origin = read.texts.get("origin_id")
        summary = replace(summary, source=source, transaction_id=read.texts.get("transaction_id"))
        write = live.write()
        write.source = source
        doc: dict[str, Any] = {"line": line, "kept": dict(read.kept), "oddities": read.oddities}
        return [
            write,
            summary,
            ImportWrite(read.key, session_id, source, origin, self.now, doc),
        ]

    def _name(self, session: Session, read: ReadSession) -> None:
        """Sets by what the session's vehicle was known, and whose it is."""
        people = self.policy.people
        if session.token is not None:
            token = TokenRef(session.token, session.token_kind)
            session.identities = {each.identity.ref: _TOKEN for each in identities_of(token)}
        vehicle = read.texts.get("vehicle")
        if vehicle is not None:
            session.identities[guesses(vehicle)[0].ref] = "imported"
        refs = tuple(session.identities)
        session.vehicle_id = people.vehicle_of(refs).vehicle_id
        session.account = people.account_of(refs, session.vehicle_id, session.started_at)

    def _bill(self, session: Session, read: ReadSession, station: Station) -> None:
        if self.tariff is None:
            if read.total is not None:
                net = None if read.net is None else str(read.net)
                told = {"total": str(read.total), "net": net, "currency": read.currency}
                session.cost = {**told, "is_final": True, "is_estimated": False, "because": []}
            return
        course = course_of_summary(
            read.started_at,
            read.ended_at,
            read.energy_milliwh,
            waiting_s=read.usage.waiting_s,
            idle_s=read.usage.idle_s,
        )
        zone = self.policy.zone_of(station.site)
        bill = price_course(self.tariff.tariff, zone, course, self.policy.series)
        told = dump_bill(bill)
        session.tariff = self.tariff.ref
        session.cost = {
            **{name: told[name] for name in ("total", "net", "vat", "currency")},
            "tariff": self.tariff.id,
            "version": self.tariff.version,
            "is_final": True,
            "is_estimated": True,
            "because": sorted({_BECAUSE, *bill.reasons}),
        }


def _session(session_id: str, read: ReadSession) -> Session:
    start, end = read.started_at.timestamp(), read.ended_at.timestamp()
    texts = read.texts
    flags = {IMPORTED, CONTRADICTS} if read.oddities else {IMPORTED}
    return Session(
        id=session_id,
        station_id=read.station,
        transaction_id=None,
        started_at=read.started_at,
        started_received_at=read.started_at,
        started_at_station=read.started_at,
        ended_at=read.ended_at,
        ended_at_station=read.ended_at,
        ended_received_at=read.ended_at,
        evse=read.evse,
        connector=read.connector,
        token=texts.get("token"),
        token_kind=texts.get("token_kind"),
        vehicle=texts.get("vehicle"),
        state=SessionState.ENDED,
        stop_reason=texts.get("stop_reason"),
        profile=texts.get("profile"),
        ledger=_ledger(start, end, read.energy_milliwh),
        soc_start=read.soc_start,
        soc_now=read.soc_end,
        usage=read.usage,
        flags=flags,
        sources={"start": (0, 0, start), "end": (0, 2, end)},
    )


def _ledger(start: float, end: float, milliwh: int) -> Ledger:
    """Returns the ledger of a register that rose from 0 at the start to all of the energy."""
    return Ledger.fold(
        [Reading(int(Place.START), start, 0), Reading(int(Place.STOP), end, milliwh)]
    )


def columns_by_member(columns: Mapping[str, str]) -> dict[str, str]:
    """Returns the column that gives each member, from the member that each column gives."""
    return {member: column for column, member in columns.items()}
