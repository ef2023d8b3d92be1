"""Firmware and logs: asked for, followed by what the station says of them, to their end.

Source: OCPP 1.6, 4.4, 4.5, 5.9 and 5.19, security whitepaper L01 and N01; OCPP 2.0.1 part 2,
L01 to L04 and N01. The station's word counts as it comes: one that has failed and is tried again
by the station goes on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from csms.domain.facts import Acknowledged
from csms.domain.features import Feature
from csms.domain.follow import Follow, Subject
from csms.domain.operations.diagnostics import GetLog
from csms.domain.operations.firmware import PublishFirmware, UpdateFirmware
from csms.domain.times import format_time
from csms.engine import operations
from csms.engine.desk import CommandState
from csms.engine.supports import require
from csms.engine.use_case import UseCase
from csms.engine.work import STATION
from csms.engine.writes import MessageWrite
from csms.errors import OperationRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.answered import Answered
    from csms.domain.commands import JobReplaced
    from csms.domain.firmware_facts import JobReported
    from csms.domain.operations import Operation
    from csms.engine.engine import Engine
    from csms.engine.operations import Running
    from csms.engine.work import Work

_T = TypeVar("_T", UpdateFirmware, PublishFirmware, GetLog)

_IDLE: Final = "Idle"
_DONE: Final = {
    Subject.FIRMWARE: {"Installed"},
    Subject.LOG: {"Uploaded"},
    Subject.DIAGNOSTICS: {"Uploaded"},
    Subject.PUBLISH_FIRMWARE: {"Published"},
}
_FAILED: Final = {
    Subject.FIRMWARE: {
        "DownloadFailed",
        "InstallationFailed",
        "InstallVerificationFailed",
        "InvalidSignature",
    },
    Subject.LOG: {"BadMessage", "NotSupportedOperation", "PermissionDenied", "UploadFailure"},
    Subject.DIAGNOSTICS: {"UploadFailed"},
    Subject.PUBLISH_FIRMWARE: {"DownloadFailed", "InvalidChecksum", "PublishFailed"},
}
_CANCELED: Final = "AcceptedCanceled"
_FIRMWARE_WITHIN, _LOG_WITHIN = timedelta(days=1), timedelta(hours=12)
_LAST = datetime.max.replace(tzinfo=UTC) - _FIRMWARE_WITHIN


async def reported(engine: Engine, work: Work, fact: JobReported) -> Acknowledged:
    """Takes how far a station has come with a firmware or a log."""
    del engine
    message = (work.station.id, work.now, work.message_id, fact.action, fact.payload)
    work.writes.append(MessageWrite(*message))
    work.note("station.message", action=fact.action, status=fact.status)
    follow = Follow(fact.subject, fact.number)
    _take_up_again(work, follow, fact.status)
    step, state = {"status": fact.status, **fact.details}, _state_of(fact)
    running = operations.find(work, follow)
    if running is not None and fact.status != _IDLE:
        if running.until is not None:
            running.until = max(running.until, work.now + _within(fact.subject))
        reason = None if state in {None, CommandState.DONE} else _why(fact)
        operations.progressed(
            work, follow, step, state=state, reason=reason, result=dict(fact.details)
        )
        work.station.jobs[fact.subject] = running
    _keep(work, fact, running)
    return Acknowledged()


def replaced(work: Work, command: JobReplaced) -> None:
    """Takes that a station has given up a job for a newer one, of this number if it has any."""
    newest = operations.find(work, Follow(command.subject, command.number))
    if newest is None:
        return
    for each in list(work.station.operations.values()):
        is_other = each is not newest and each.state in operations.OPEN
        if is_other and each.follow is not None and each.follow.subject == command.subject:
            why = f"the station gave it up for {newest.id}"
            operations.end(work, each, CommandState.CANCELLED, why)


def booted(work: Work, before: str | None, after: str | None) -> None:
    """Notes in the last update, under way or over, that a station came back with a firmware.

    Before and after are the versions that it told at its last boot and at this one.
    """
    if before is None or after is None or before == after:
        return
    work.note("station.firmware_changed", before=before, after=after)
    running = operations.find(work, Follow(Subject.FIRMWARE)) or work.station.jobs.get(
        Subject.FIRMWARE
    )
    if running is None:
        return
    told = {"firmware_version": after, "firmware_version_before": before}
    running.result |= told
    running.progress.append({"at": format_time(work.now), "booted_with": after})
    work.writes.append(running.write())


async def prepare_update(engine: Engine, work: Work, operation: UpdateFirmware) -> UpdateFirmware:
    """Returns an update with its number, and with a time to fetch it.

    Raises: OperationRefused where a signature comes without its certificate, or times are odd.
    """
    require(work.station, Feature.FIRMWARE, "firmware management")
    given = (operation.signing_certificate, operation.signature)
    if (given[0] is None) is not (given[1] is None):
        missing = "signing_certificate" if given[0] is None else "signature"
        raise OperationRefused(
            f"signing_certificate and signature go together, and {missing} is missing"
        )
    retrieve_at = operation.retrieve_at or work.now
    if operation.install_at is not None and operation.install_at < retrieve_at:
        raise OperationRefused("install_at is before the firmware is retrieved")
    certificate = given[0] and given[0].replace("\r\n", "\n")
    numbered = await _numbered(engine, operation)
    return replace(numbered, retrieve_at=retrieve_at, signing_certificate=certificate)


async def prepare_publish(
    engine: Engine, work: Work, operation: PublishFirmware
) -> PublishFirmware:
    """Returns a publication with its number."""
    del work
    return await _numbered(engine, operation)


async def prepare_log(engine: Engine, work: Work, operation: GetLog) -> GetLog:
    """Returns a request with its number.

    Raises: OperationRefused where the log would end before it begins.
    """
    del work
    oldest, latest = operation.oldest_at, operation.latest_at
    if oldest is not None and latest is not None and latest < oldest:
        raise OperationRefused("latest_at is before oldest_at")
    return await _numbered(engine, operation)


def answered_update(engine: Engine, work: Work, running: Running, answer: Answered) -> None:
    """Waits longer for an update that is to be fetched or installed later."""
    del engine, answer
    operation = running.operation
    if running.is_over or not isinstance(operation, UpdateFirmware):
        return
    times = [at for at in (operation.retrieve_at, operation.install_at) if at is not None]
    running.until = min(max([work.now, *times]), _LAST) + _FIRMWARE_WITHIN
    work.writes.append(running.write())
    work.watched.append(STATION)


async def next_number(engine: Engine) -> int:
    """Returns a number for a request that no other request of ours has."""
    return await engine.numbers.next("request")


async def _numbered(engine: Engine, operation: _T) -> _T:
    if operation.request_id is not None:
        return operation
    return replace(operation, request_id=await next_number(engine))


def _state_of(fact: JobReported) -> CommandState | None:
    if fact.status in _DONE[fact.subject]:
        return CommandState.DONE
    if fact.status in _FAILED[fact.subject]:
        return CommandState.FAILED
    return CommandState.CANCELLED if fact.status == _CANCELED else None


def _why(fact: JobReported) -> str:
    return f"the station reported {fact.status}"


def _within(subject: Subject) -> timedelta:
    is_log = subject in {Subject.LOG, Subject.DIAGNOSTICS}
    return _LOG_WITHIN if is_log else _FIRMWARE_WITHIN


def _take_up_again(work: Work, follow: Follow, status: str) -> None:
    """Has the last operation go on where its station tries again what had failed.

    Source: OCPP 1.6, 5.19 and OCPP 2.0.1 part 2, L01: `retries`.
    """
    last = work.station.jobs.get(follow.subject)
    if last is None or last.state is not CommandState.FAILED or status == _IDLE:
        return
    number = None if last.follow is None else last.follow.number
    is_same = follow.number is None or number in {None, follow.number}
    if not is_same or operations.find(work, follow) is not None:
        return
    last.state, last.ended_at, last.reason = CommandState.ACCEPTED, None, None
    last.until = work.now + _within(follow.subject)
    work.station.operations[last.id] = last
    work.watched.append(STATION)


def _keep(work: Work, fact: JobReported, running: Running | None) -> None:
    """Keeps what was told last on the station's record."""
    doc: dict[str, Any] = {
        "status": fact.status,
        "at": work.now.isoformat(),
        "request_id": fact.number,
        "operation_id": None if running is None else running.id,
        **fact.details,
    }
    work.station.record.jobs[fact.subject.value] = doc
    work.save_station()


USE_CASES: Final[Mapping[type[Operation], UseCase]] = {
    UpdateFirmware: UseCase(
        prepare=prepare_update, answered=answered_update, outcome_within=_FIRMWARE_WITHIN
    ),
    PublishFirmware: UseCase(prepare_publish, outcome_within=_FIRMWARE_WITHIN),
    GetLog: UseCase(prepare_log, outcome_within=_LOG_WITHIN),
}
