"""Reports that are made by themselves: each due one once, also those missed while we were down.

What is done is marked durably. A file is written beside its place and moved there when it is whole;
what goes to an address is handed to the webhooks, whose retries it then has.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog
from cronsim import CronSim

from csms.domain.times import format_time
from csms.engine.webhook_settings import key_of
from csms.engine.webhooks import WAITING, Hook
from csms.engine.writes import DeliveryWrite, RecordWrite
from csms.errors import DatabaseUnavailable, LaddvaktError, SettingsError
from csms.reports.asking import Asked, find_report, read_query
from csms.reports.report import QueryInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import IO
    from zoneinfo import ZoneInfo

    from csms.engine.policy import Policy
    from csms.engine.report_settings import ReportScheduleSettings, ReportSettings
    from csms.link.hub import Hub
    from csms.reports.desk import Answer, ReportDesk

COLLECTION: Final = "report-schedules"
HOOK: Final = "report:"
_MADE_UP: Final = 31
_RETRY: Final = tuple(timedelta(seconds=each) for each in (30, 120, 600, 1800, 3600))
_MOST_BYTES: Final = 8 << 20
_LOOK_S: Final = 30.0

log = structlog.get_logger("reports")


@dataclass(frozen=True, slots=True)
class Schedule:
    """A report with the times at which it is due, and where it goes: a folder, or a hook."""

    name: str
    asked: Asked
    cron: str
    zone: ZoneInfo
    folder: Path | None = None
    hook: Hook | None = None

    def due(self, after: datetime) -> Iterator[datetime]:
        """Yields when it is due, in UTC, from the first time after an instant on."""
        for at in CronSim(self.cron, after.astimezone(self.zone)):
            yield at.astimezone(UTC)


@dataclass(slots=True)
class Mark:
    """What is known of a schedule, durably. All that was due until `done_until` is done with.

    `result` is what came of the last one: the file or message, or why it failed. `making` is the
    file that was about to be put in its place, with when it was due.
    """

    done_until: datetime
    last_at: datetime | None = None
    result: str | None = None
    making: tuple[datetime, str] | None = None

    def dump(self) -> dict[str, Any]:
        """Returns the mark as JSON."""
        return {
            "done_until": self.done_until.isoformat(),
            "last_at": None if self.last_at is None else self.last_at.isoformat(),
            "result": self.result,
            "making": None if self.making is None else [self.making[0].isoformat(), self.making[1]],
        }

    @classmethod
    def load(cls, doc: Mapping[str, Any]) -> Mark:
        """Returns a mark that was stored."""
        last, making = doc["last_at"], doc["making"]
        return cls(
            datetime.fromisoformat(doc["done_until"]),
            None if last is None else datetime.fromisoformat(last),
            doc["result"],
            None if making is None else (datetime.fromisoformat(making[0]), making[1]),
        )


@dataclass(slots=True)
class _Tries:
    """How often the next one has failed, and when it is tried again."""

    count: int
    again_at: datetime
    why: str


@dataclass(slots=True)
class Scheduler:
    """Makes what is due. `start` first, then `run` as a task."""

    hub: Hub
    desk: ReportDesk
    schedules: Sequence[Schedule]
    marks: dict[str, Mark] = field(default_factory=dict)
    _failed: dict[str, _Tries] = field(default_factory=dict)

    @property
    def hooks(self) -> list[Hook]:
        """Where messages go; the webhooks have to know them."""
        return [each.hook for each in self.schedules if each.hook is not None]

    async def run(self) -> None:
        """Makes reports when they are due; runs as long as the node does."""
        if not self.schedules:
            await asyncio.Event().wait()
        clock = self.hub.clock
        while True:
            try:
                await self.step(clock.now())
            except DatabaseUnavailable as error:
                log.warning("report.schedules_wait", why=str(error))
            await asyncio.sleep(min(clock.real_seconds(_LOOK_S), _LOOK_S))

    async def step(self, now: datetime) -> None:
        """Makes what is due by now.

        Raises:
            DatabaseUnavailable: if nobody can tell what was done before.
        """
        if not self.marks:
            known = await self.hub.store.load_records(COLLECTION)
            self.marks = {name: Mark.load(doc) for name, doc in known.items()}
        for schedule in self.schedules:
            if schedule.name not in self.marks:
                await self._keep(schedule, Mark(now))
            await self._catch_up(schedule, now)

    def result_of(self, name: str) -> str | None:
        """Returns what came of the last report of a schedule, or why the next one fails."""
        failed, mark = self._failed.get(name), self.marks.get(name)
        if failed is not None:
            return f"failed: {failed.why}; again at {format_time(failed.again_at)}"
        return None if mark is None else mark.result

    def next_at(self, schedule: Schedule, now: datetime) -> datetime:
        """Returns when a schedule is due next."""
        return next(schedule.due(now))

    async def _catch_up(self, schedule: Schedule, now: datetime) -> None:
        """Makes what a schedule has not made yet, the oldest first, until one fails."""
        failed = self._failed.get(schedule.name)
        if failed is not None and now < failed.again_at:
            return
        mark = self.marks[schedule.name]
        due = list(takewhile(lambda at: at <= now, schedule.due(mark.done_until)))
        if len(due) > _MADE_UP:
            log.warning(
                "report.skipped",
                schedule=schedule.name,
                count=len(due) - _MADE_UP,
                until=format_time(due[-_MADE_UP - 1]),
                why=f"the last {_MADE_UP} are made up",
            )
        for at in due[-_MADE_UP:]:
            if not await self._make(schedule, at, now):
                return

    async def _make(self, schedule: Schedule, at: datetime, now: datetime) -> bool:
        """Makes one report as it was asked for at its time. Returns whether it is done with."""
        messages: list[DeliveryWrite] = []
        try:
            if schedule.folder is not None:
                result = await self._to_folder(schedule, schedule.folder, at)
            else:
                messages = [await self._message(schedule, at, now)]
                result = messages[0].delivery_id
        except LaddvaktError as error:
            return await self._failure(schedule, at, now, str(error))
        except OSError as error:
            where = error.filename or schedule.folder
            return await self._failure(schedule, at, now, f"cannot write {where}: {error.strerror}")
        self._failed.pop(schedule.name, None)
        # In one unit: a message is there if and only if its report is done with.
        await self._keep(schedule, Mark(at, now, result), messages)
        self.hub.webhooks.take(messages)
        log.info("report.made", schedule=schedule.name, due_at=format_time(at), result=result)
        return True

    async def _failure(self, schedule: Schedule, at: datetime, now: datetime, why: str) -> bool:
        """Has a report tried again later, or gives it up after the last try."""
        failed = self._failed.get(schedule.name)
        count = 1 if failed is None else failed.count + 1
        told = {"schedule": schedule.name, "due_at": format_time(at), "why": why}
        if count <= len(_RETRY):
            again_at = now + _RETRY[count - 1]
            self._failed[schedule.name] = _Tries(count, again_at, why)
            log.warning("report.failed", again_at=format_time(again_at), **told)
            return False
        self._failed.pop(schedule.name, None)
        log.error("report.given_up", tries=count, **told)
        await self._keep(schedule, Mark(at, now, f"failed: {why}"))
        return True

    async def _keep(
        self, schedule: Schedule, mark: Mark, messages: Sequence[DeliveryWrite] = ()
    ) -> None:
        record = RecordWrite(COLLECTION, schedule.name, mark.dump())
        await self.hub.store.submit([*messages, record])
        self.marks[schedule.name] = mark

    async def _to_folder(self, schedule: Schedule, folder: Path, at: datetime) -> str:
        """Writes a report to its folder, and returns the file's path."""
        answer = self.desk.answer(schedule.asked, at)
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        part = folder / f".{schedule.name}-{os.getpid()}.part"
        try:
            with await asyncio.to_thread(part.open, "wb") as file:
                async for piece in answer.pieces:
                    await asyncio.to_thread(file.write, piece)
                await asyncio.to_thread(_sync, file)
            mark = self.marks[schedule.name]
            if mark.making is not None and mark.making[0] == at:
                name = mark.making[1]
            else:
                name = await asyncio.to_thread(_free_name, folder, _stem(schedule, answer))
            await self._keep(schedule, replace(mark, making=(at, name)))
            await asyncio.to_thread(part.replace, folder / name)
        finally:
            await answer.pieces.aclose()
            await asyncio.to_thread(part.unlink, missing_ok=True)
        return str(folder / name)

    async def _message(self, schedule: Schedule, at: datetime, now: datetime) -> DeliveryWrite:
        """Returns the message with a report, as webhooks send it."""
        assert schedule.hook is not None  # noqa: S101 - it has a folder or a hook
        answer = self.desk.answer(schedule.asked, at)
        content = bytearray()
        try:
            async for piece in answer.pieces:
                content += piece
                if len(content) > _MOST_BYTES:
                    raise QueryInvalid(
                        "url",
                        f"the report is larger than {_MOST_BYTES >> 20} MiB, too much for a "
                        "message; give it a folder",
                    )
        finally:
            await answer.pieces.aclose()
        body = await asyncio.to_thread(_message, schedule, answer, at, bytes(content))
        key = f"{schedule.name}|{format_time(at)}"
        return DeliveryWrite(
            f"W-{hashlib.sha256(key.encode()).hexdigest()[:20].upper()}",
            schedule.hook.name,
            f"{HOOK}{key}",
            now,
            0,
            WAITING,
            0,
            now,
            body,
            {"change": "report"},
        )


def arrange(
    desk: ReportDesk, settings: ReportSettings, schedules: Sequence[ReportScheduleSettings]
) -> None:
    """Has a desk make reports as the settings say, those that are due by themselves as well.

    Raises:
        SettingsError: naming the schedule whose report cannot be asked for like that.
    """
    hub = desk.hub
    desk.limit(settings.at_once, settings.statement_timeout_s)
    made = schedules_of(schedules, hub.engine.policy, hub.clock.now())
    desk.scheduler = Scheduler(hub, desk, made)


def schedules_of(
    settings: Sequence[ReportScheduleSettings], policy: Policy, now: datetime
) -> list[Schedule]:
    """Returns the schedules that are set.

    Raises:
        SettingsError: naming the one whose report cannot be asked for like that.
    """
    return [_schedule(each, policy, now) for each in settings]


def _schedule(settings: ReportScheduleSettings, policy: Policy, now: datetime) -> Schedule:
    given = {name: tuple(values) for name, values in settings.filters.items()}
    given |= {"period": (settings.period,), "format": (settings.format,)}
    for name, text in (("time_zone", settings.time_zone), ("table", settings.table)):
        if text is not None:
            given[name] = (text,)
    if settings.group is not None:
        given["group"] = tuple(settings.group)
    asked = Asked(settings.report, given)
    try:
        find_report(settings.report)
        zone = read_query(asked, policy, now).zone
    except QueryInvalid as error:
        raise SettingsError(f"report_schedules: {settings.name}: {error.field}: {error}") from None
    hook = None
    if settings.url is not None and settings.secret is not None:
        # The kind is that of no alert: this one hears of reports only.
        kinds = frozenset({"report"})
        hook = Hook(f"{HOOK}{settings.name}", settings.url, key_of(settings.secret), kinds)
    return Schedule(settings.name, asked, settings.cron, zone, settings.folder, hook)


def _stem(schedule: Schedule, answer: Answer) -> tuple[str, str]:
    """Returns the name of a report's file in two parts: with its period, and what it ends with."""
    begin, end = (
        _in_name(at.astimezone(answer.query.zone))
        for at in (answer.query.since, answer.query.until)
    )
    return f"{schedule.name}_{begin}_{end}", answer.writer.extension


def _in_name(local: datetime) -> str:
    is_midnight = (local.hour, local.minute, local.second) == (0, 0, 0)
    return f"{local:%Y-%m-%d}" if is_midnight else f"{local:%Y-%m-%dT%H%M%S}"


def _free_name(folder: Path, parts: tuple[str, str]) -> str:
    """Returns a name that no file has: what somebody else has put there stays."""
    stem, extension = parts
    name, count = f"{stem}.{extension}", 1
    while (folder / name).exists():
        count += 1
        name = f"{stem}-{count}.{extension}"
    return name


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _message(schedule: Schedule, answer: Answer, at: datetime, content: bytes) -> str:
    """Returns the message with a report: as text, a spreadsheet in base64."""
    stem, extension = _stem(schedule, answer)
    is_text = extension != "xlsx"
    data = {
        "schedule": schedule.name,
        "report": schedule.asked.report,
        "due_at": format_time(at),
        "from": format_time(answer.query.since),
        "to": format_time(answer.query.until),
        "time_zone": answer.query.zone.key,
        "format": answer.run.format,
        "media_type": answer.writer.media_type,
        "file": f"{stem}.{extension}",
        "content" if is_text else "content_base64": (
            content.decode() if is_text else base64.b64encode(content).decode()
        ),
    }
    message = {"type": "report.made", "timestamp": format_time(at), "data": data}
    return orjson.dumps(message).decode()
