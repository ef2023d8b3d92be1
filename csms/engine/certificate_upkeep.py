"""Certificates of stations that end soon: warned of in time, renewed if the operator wants it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.follow import Follow, Subject
from csms.domain.operations.security import RenewCertificate
from csms.domain.times import format_time
from csms.engine import operations
from csms.engine.certificate_book import ISSUED
from csms.engine.writes import AlertWrite, RecordWrite
from csms.monitor.episodes import Severity, StationKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.certificate_facts import CertificateUse
    from csms.engine.certificate_book import Issued
    from csms.engine.engine import Engine
    from csms.engine.work import Work

_WARNED_DAYS: Final = (30, 7, 1)
_SEVERITIES: Final[Mapping[int, Severity]] = {
    30: Severity.MINOR,
    7: Severity.MAJOR,
    1: Severity.CRITICAL,
}


def look(engine: Engine, work: Work) -> None:
    """Warns of a station's certificates that end within 30, 7 and 1 days, each time once.

    A warning is over once a newer certificate is in use. With `renew_before_days` the station is
    asked to renew, at most once in an hour.
    """
    newest: set[CertificateUse] = set()
    for issued in engine.certificates.of(work.station.id):
        if issued.decided_at is None or issued.state.value not in {"accepted", "revoked"}:
            continue
        if issued.use in newest or issued.state.value == "revoked":
            _clear(work, issued)
            continue
        newest.add(issued.use)
        _warn(work, issued)
        _renew(engine, work, issued)


def _warn(work: Work, issued: Issued) -> None:
    left = issued.not_after - work.now
    due = [days for days in _WARNED_DAYS if left <= timedelta(days=days)]
    if not due or (issued.warned_days is not None and issued.warned_days <= due[-1]):
        return
    change = "raised" if issued.warned_days is None else "escalated"
    issued.warned_days = due[-1]
    work.writes.append(RecordWrite(ISSUED, issued.serial, issued.doc()))
    work.writes.append(_alert(work, issued, change))
    told = {"serial": issued.serial, "use": issued.use.value, "until": issued.not_after}
    work.warn("certificate.ends", None, **told, hint="docs/certificates.md#renewal")


def _clear(work: Work, issued: Issued) -> None:
    if issued.warned_days is None:
        return
    alert = _alert(work, issued, "cleared")
    issued.warned_days = None
    work.writes.append(alert)
    work.writes.append(RecordWrite(ISSUED, issued.serial, issued.doc()))
    work.note("certificate.replaced", None, serial=issued.serial, use=issued.use.value)


def _renew(engine: Engine, work: Work, issued: Issued) -> None:
    """Has a station that is there ask for a new certificate, if that is the operator's policy."""
    days = engine.policy.certificates.renew_before_days
    is_due = days and issued.not_after - work.now <= timedelta(days=days)
    if not is_due or not work.station.is_online:
        return
    if operations.find(work, Follow(Subject.CERTIFICATE, issued.use.value)) is None:
        work.asks.append(RenewCertificate(issued.use.value))


def _alert(work: Work, issued: Issued, change: str) -> AlertWrite:
    is_over = change == "cleared"
    severity = _SEVERITIES[issued.warned_days or _WARNED_DAYS[0]]
    first = timedelta(days=_WARNED_DAYS[0])
    is_short = issued.not_after - issued.issued_at < first
    opened_at = issued.issued_at if is_short else issued.not_after - first
    doc: dict[str, Any] = {
        "confirmed_at": format_time(opened_at),
        "cleared_at": format_time(work.now) if is_over else None,
        "cleared_because": "replaced" if is_over else None,
        "evidence": {
            "serial": issued.serial,
            "use": issued.use.value,
            "subject": issued.subject,
            "not_after": format_time(issued.not_after),
        },
    }
    return AlertWrite(
        f"{work.station.id}-CERTIFICATE-{issued.serial}",
        work.station.id,
        None,
        StationKind.CERTIFICATE_ENDS.value,
        severity.value,
        "cleared" if is_over else "open",
        opened_at,
        doc,
        change,
    )
