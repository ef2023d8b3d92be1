"""Boot, heartbeat, and messages that are kept as they came.

Source: OCPP 1.6, 4.2, 4.6, 4.9; OCPP 2.0.1 part 2, blocks B, G and N.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from csms.domain.facts import (
    Acknowledged,
    BootAnswer,
    HeartbeatAnswer,
    Registration,
)
from csms.domain.follow import Follow, Subject
from csms.engine import firmware, incidents, timing
from csms.engine.desk import CommandState
from csms.engine.operations import progressed
from csms.engine.writes import MessageWrite

if TYPE_CHECKING:
    from csms.domain.facts import (
        BootNotified,
        HeartbeatReceived,
        MessageReported,
    )
    from csms.engine.engine import Engine
    from csms.engine.work import Work

_SPREAD = 0.1


async def boot(engine: Engine, work: Work, fact: BootNotified) -> BootAnswer:
    """Takes what the station tells of itself, and answers as the operator has decided."""
    record = work.station.record
    record.vendor, record.model = fact.vendor, fact.model
    record.serial_number = fact.serial_number
    firmware.booted(work, record.firmware_version, fact.firmware_version)
    record.firmware_version = fact.firmware_version
    incidents.booted(work, fact.reason, is_first=record.booted_at is None)
    record.booted_at = work.now
    work.station.clock.boot(work.now)
    work.save_station()
    work.keep_anomalies(fact.anomalies)
    work.writes.append(
        MessageWrite(
            record.id,
            work.now,
            work.message_id,
            "BootNotification",
            {"vendor": fact.vendor, "model": fact.model, "reason": fact.reason, **fact.identity},
        )
    )
    work.note(
        "station.booted",
        vendor=fact.vendor,
        model=fact.model,
        firmware=fact.firmware_version,
        registration=record.registration.value,
    )
    booted = {"boot": fact.reason or "unknown", "registration": record.registration.value}
    while progressed(work, Follow(Subject.BOOT), booted, state=CommandState.DONE):
        pass
    if record.registration is Registration.REJECTED:
        # Whatever it was asked for before: it may say nothing now (B03.FR.07).
        work.station.invited.clear()
    is_accepted = record.registration is Registration.ACCEPTED
    policy = engine.policy
    interval_s = policy.heartbeat_interval_s if is_accepted else policy.retry_interval_s
    return BootAnswer(
        record.registration,
        spread(interval_s, record.id),
        work.now,
        with_milliseconds=record.time_with_milliseconds,
    )


def spread(interval_s: int, station_id: str) -> int:
    """Returns an interval within 10 % of the given one, always the same for a station; never 0.

    Stations that begin together, as after a power cut, do not go on together.
    """
    share = zlib.crc32(station_id.encode()) / 0xFFFFFFFF
    return max(round(interval_s * (1 + _SPREAD * (2 * share - 1))), 1)


async def heartbeat(engine: Engine, work: Work, fact: HeartbeatReceived) -> HeartbeatAnswer:
    """Tells the station the time."""
    del engine, fact
    record = work.station.record
    return HeartbeatAnswer(work.now, with_milliseconds=record.time_with_milliseconds)


async def keep(engine: Engine, work: Work, fact: MessageReported) -> Acknowledged:
    """Keeps a report, an event or a status as it came."""
    del engine
    timing.hear(work, fact.at)
    work.writes.append(
        MessageWrite(work.station.id, work.now, work.message_id, fact.action, fact.payload)
    )
    work.note("station.message", action=fact.action)
    return Acknowledged()
