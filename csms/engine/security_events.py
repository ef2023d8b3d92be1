"""Security events: kept, told of, and an alert where somebody has to act.

Source: OCPP 2.0.1 part 2, A04 and appendix 1; OCPP 1.6 security whitepaper, A04 and chapter 8.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from csms.domain.facts import Acknowledged
from csms.domain.follow import Follow, Subject
from csms.domain.times import format_time
from csms.engine import operations, timing
from csms.engine.writes import AlertWrite, MessageWrite
from csms.monitor.episodes import Severity, StationKind

if TYPE_CHECKING:
    from csms.domain.certificate_facts import SecurityEventReported
    from csms.engine.engine import Engine
    from csms.engine.work import Work

ACTION: Final = "SecurityEventNotification"
CRITICAL: Final = frozenset(
    {
        "FirmwareUpdated",
        "SettingSystemTime",
        "StartupOfTheDevice",
        "ResetOrReboot",
        "SecurityLogWasCleared",
        "MemoryExhaustion",
        "TamperDetectionActivated",
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
        "InvalidCsmsCertificate",
        "InvalidCentralSystemCertificate",
        "InvalidChargingStationCertificate",
        "InvalidChargePointCertificate",
        "InvalidTLSVersion",
        "InvalidTLSCipherSuite",
        "MaintenanceLoginAccepted",
        "MaintenanceLoginFailed",
    }
)
"""What the specifications call critical. Source: appendix 1; whitepaper, chapter 8."""
_ORDINARY: Final = frozenset(
    {"FirmwareUpdated", "SettingSystemTime", "StartupOfTheDevice", "ResetOrReboot"}
)
_ACTED_ON: Final = frozenset(
    {
        "AttemptedReplayAttacks",
        "InvalidCentralSystemCertificate",
        "InvalidChargePointCertificate",
        "InvalidChargingStationCertificate",
        "InvalidCsmsCertificate",
        "InvalidFirmwareSignature",
        "InvalidFirmwareSigningCertificate",
        "InvalidTLSCipherSuite",
        "InvalidTLSVersion",
        "MaintenanceLoginFailed",
        "SecurityLogWasCleared",
        "TamperDetectionActivated",
    }
)
_REJECTIONS: Final = frozenset(
    {"InvalidChargingStationCertificate", "InvalidChargePointCertificate"}
)
_QUIET: Final = timedelta(hours=24)
_TIMES_KEPT: Final = 20


async def reported(engine: Engine, work: Work, fact: SecurityEventReported) -> Acknowledged:
    """Keeps an event; an operator hears of the critical ones."""
    del engine
    timing.hear(work, fact.at)
    at = work.station.clock.correct(fact.at, work.now)[0] if fact.at else work.now
    note(work, fact.kind, fact.tech_info, source="station", at=at)
    if fact.kind in _REJECTIONS:
        step = {"message": ACTION, "type": fact.kind, "tech_info": fact.tech_info}
        operations.progressed(work, Follow(Subject.CERTIFICATE), step)
    return Acknowledged()


def note(
    work: Work,
    kind: str,
    tech_info: str | None = None,
    *,
    source: str = "csms",
    at: datetime | None = None,
) -> None:
    """Adds an event to a unit: its record, a line of the log, and an alert if one is due.

    `source` is who has noticed it: `station` or `csms`.
    """
    station_id = work.station.id
    work.writes.append(
        event_write(station_id, work.now, kind, tech_info, source, work.message_id, at)
    )
    told = {"type": kind, "tech_info": tech_info, "source": source}
    if kind in CRITICAL and kind not in _ORDINARY:
        work.warn("security.event", None, **told, hint="docs/certificates.md#security-events")
    else:
        work.note("security.event", None, **told)
    if kind in _ACTED_ON:
        _alert(work, kind, tech_info)


def event_write(  # noqa: PLR0913, PLR0917 - the columns of a row
    station_id: str,
    received_at: datetime,
    kind: str,
    tech_info: str | None = None,
    source: str = "csms",
    message_id: str = "",
    at: datetime | None = None,
) -> MessageWrite:
    """Returns the record of an event."""
    doc = {
        "type": kind,
        "at": at or received_at,
        "tech_info": tech_info,
        "source": source,
        "is_critical": kind in CRITICAL,
    }
    return MessageWrite(station_id, received_at, message_id or f"{source}:{kind}", ACTION, doc)


def check(work: Work) -> datetime | None:
    """Clears the alerts of what has not happened for a day; returns when to look again."""
    record = work.station.record
    due: list[datetime] = []
    for kind, episode in list(record.security_alerts.items()):
        over_at = datetime.fromisoformat(episode["last_at"]) + _QUIET
        if work.now < over_at:
            due.append(over_at)
            continue
        over = {"cleared_at": format_time(work.now), "cleared_because": "quiet"}
        work.writes.append(_write(work, {**episode, **over}, "cleared"))
        del record.security_alerts[kind]
        work.save_station()
        work.note("security.alert_over", None, alert=episode["id"], type=kind)
    return min(due, default=None)


def _alert(work: Work, kind: str, tech_info: str | None) -> None:
    """Opens an alert, or counts one more event of the one that is open."""
    alerts = work.station.record.security_alerts
    episode = alerts.get(kind)
    change = None if episode is not None else "raised"
    now = format_time(work.now)
    if episode is None:
        opened = f"{work.station.id}-SECURITY-{kind}-{work.now:%Y%m%dT%H%M%S}"
        episode = {"id": opened, "type": kind, "opened_at": now, "events": 0, "newest": []}
    newest = [*episode["newest"], {"at": now, "tech_info": tech_info}][-_TIMES_KEPT:]
    episode = {**episode, "events": episode["events"] + 1, "last_at": now, "newest": newest}
    work.station.record.security_alerts = {**alerts, kind: episode}
    work.writes.append(_write(work, episode, change))
    work.save_station()


def _write(work: Work, episode: dict[str, Any], change: str | None) -> AlertWrite:
    told = ("type", "events", "last_at", "newest")
    doc = {
        "confirmed_at": episode["opened_at"],
        "cleared_at": episode.get("cleared_at"),
        "cleared_because": episode.get("cleared_because"),
        "evidence": {name: episode[name] for name in told},
    }
    return AlertWrite(
        episode["id"],
        work.station.id,
        None,
        StationKind.SECURITY_EVENT.value,
        Severity.MAJOR.value,
        "open" if episode.get("cleared_at") is None else "cleared",
        datetime.fromisoformat(episode["opened_at"]),
        doc,
        change,
    )
