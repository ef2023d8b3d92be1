"""Reports that are made by themselves, in virtual time, over the store in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from builders import Desk

from csms.engine.report_settings import ReportScheduleSettings, with_own_names
from csms.engine.writes import DeliveryWrite, RecordWrite
from csms.errors import DatabaseUnavailable, SettingsError
from csms.reports.asking import read_query
from csms.reports.desk import Answer, Run
from csms.reports.formats.choice import writer_of
from csms.reports.schedule import Mark, Scheduler, schedules_of

NOW = datetime(2026, 10, 23, 12, tzinfo=UTC)


class FakeDesk:
    """Answers with the period that was asked about; fails as often as told."""

    def __init__(self, policy):
        self.policy, self.fails, self.made = policy, 0, []

    def answer(self, asked, at):
        query = read_query(asked, self.policy, at)
        form = asked.one("format")
        self.made.append(at)
        return Answer(writer_of(form), query, Run("1", asked.report, form, at), self._pieces(query))

    async def _pieces(self, query):
        if self.fails:
            self.fails -= 1
            raise DatabaseUnavailable("the database is away")
        yield f"{query.since:%d}-".encode()
        yield f"{query.until:%d}".encode()


def a_scheduler(store=None, **settings):
    known = {"name": "daily", "report": "costs", "cron": "0 6 * * *"}
    known |= {"time_zone": "Europe/Berlin"} | settings
    engine = Desk()
    taken = []
    hub = SimpleNamespace(
        store=store or engine.store, webhooks=SimpleNamespace(take=taken.extend), taken=taken
    )
    made = schedules_of([ReportScheduleSettings(**known)], engine.policy, NOW)
    return Scheduler(hub, FakeDesk(engine.policy), made)


async def run(scheduler, until, start=NOW):
    """Steps through time by half hours."""
    at = start
    while at <= until:
        await scheduler.step(at)
        at += timedelta(minutes=30)


async def test_each_day_is_made_once_at_its_local_hour_across_the_change_of_clocks(tmp_path):
    scheduler = a_scheduler(folder=tmp_path)
    await run(scheduler, NOW + timedelta(days=4))
    assert [f"{at:%d %H}" for at in scheduler.desk.made] == ["24 04", "25 05", "26 05", "27 05"]
    files = {each.name: each.read_text() for each in tmp_path.iterdir()}
    assert files == {
        "daily_2026-10-23_2026-10-24.csv": "22-23",  # from 22:00 UTC on, as summer time is
        "daily_2026-10-24_2026-10-25.csv": "23-24",
        "daily_2026-10-25_2026-10-26.csv": "24-25",
        "daily_2026-10-26_2026-10-27.csv": "25-26",
    }


async def test_what_was_missed_is_made_up_once_and_never_twice(tmp_path):
    first = a_scheduler(folder=tmp_path)
    await run(first, NOW + timedelta(days=1))
    later = a_scheduler(first.hub.store, folder=tmp_path)
    await later.step(NOW + timedelta(days=4))
    assert [f"{at:%d}" for at in later.desk.made] == ["25", "26", "27"]
    again = a_scheduler(first.hub.store, folder=tmp_path)
    await again.step(NOW + timedelta(days=4))
    assert again.desk.made == []
    assert len(list(tmp_path.iterdir())) == 4


async def test_of_many_missed_only_the_last_are_made_up(tmp_path):
    scheduler = a_scheduler(folder=tmp_path, cron="0 * * * *", period="1h")
    await scheduler.step(NOW)
    await scheduler.step(NOW + timedelta(days=10))
    assert len(scheduler.desk.made) == 31
    assert scheduler.desk.made[-1] == NOW + timedelta(days=10)


async def test_a_file_of_somebody_else_stays_and_our_own_half_made_one_is_replaced(tmp_path):
    scheduler = a_scheduler(folder=tmp_path)
    theirs = tmp_path / "daily_2026-10-23_2026-10-24.csv"
    theirs.write_text("mine")
    await run(scheduler, NOW + timedelta(days=1))
    assert theirs.read_text() == "mine"
    assert (tmp_path / "daily_2026-10-23_2026-10-24-2.csv").read_text() == "22-23"

    # A crash after the file was put in its place, before that was noted.
    due = datetime(2026, 10, 25, 5, tzinfo=UTC)
    name = "daily_2026-10-24_2026-10-25.csv"
    (tmp_path / name).write_text("old")
    mark = Mark(scheduler.marks["daily"].done_until, making=(due, name))
    await scheduler.hub.store.submit([RecordWrite("report-schedules", "daily", mark.dump())])
    restarted = a_scheduler(scheduler.hub.store, folder=tmp_path)
    await restarted.step(due)
    assert (tmp_path / name).read_text() == "23-24"
    assert len(list(tmp_path.iterdir())) == 3


async def test_a_failure_is_tried_again_and_given_up_in_the_end(tmp_path):
    scheduler = a_scheduler(folder=tmp_path)
    scheduler.desk.fails = 2
    await run(scheduler, NOW + timedelta(days=1))
    assert len(scheduler.desk.made) == 3
    assert [each.name for each in tmp_path.iterdir()] == ["daily_2026-10-23_2026-10-24.csv"]
    scheduler.desk.fails = 6
    await run(scheduler, NOW + timedelta(days=2), NOW + timedelta(days=1))
    assert scheduler.marks["daily"].result == "failed: the database is away"
    assert len(list(tmp_path.iterdir())) == 1
    await run(scheduler, NOW + timedelta(days=3), NOW + timedelta(days=2))
    assert len(list(tmp_path.iterdir())) == 2


async def test_a_schedule_tells_that_it_fails_while_it_is_tried_again(tmp_path):
    scheduler = a_scheduler(folder=tmp_path)
    await run(scheduler, NOW)
    assert scheduler.result_of("daily") is None
    scheduler.desk.fails = 1
    await scheduler.step(NOW + timedelta(days=1))
    again = "failed: the database is away; again at 2026-10-24T12:00:30.000Z"
    assert scheduler.result_of("daily") == again
    await scheduler.step(NOW + timedelta(days=1, minutes=1))
    assert scheduler.result_of("daily").endswith("daily_2026-10-23_2026-10-24.csv")


async def test_a_folder_that_is_a_file_is_named(tmp_path):
    scheduler = a_scheduler(folder=tmp_path / "file" / "folder")
    (tmp_path / "file").write_text("")
    await run(scheduler, NOW + timedelta(days=2))
    assert "file" in scheduler.marks["daily"].result


async def test_a_message_is_there_with_its_mark_and_holds_the_report():
    scheduler = a_scheduler(url="https://bi.example.com/in", secret="whsec_" + "QUJD" * 8)
    assert [hook.name for hook in scheduler.hooks] == ["report:daily"]
    await run(scheduler, NOW + timedelta(days=1))
    (message,) = scheduler.hub.store.rows(DeliveryWrite)
    assert scheduler.hub.taken == [message]
    body = orjson.loads(message.body)
    assert body["type"] == "report.made"
    data = body["data"]
    assert (data["content"], data["file"]) == ("22-23", "daily_2026-10-23_2026-10-24.csv")
    assert (data["from"], data["to"]) == ("2026-10-22T22:00:00.000Z", "2026-10-23T22:00:00.000Z")
    assert scheduler.marks["daily"].result == message.delivery_id


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cron": "61 * * * *", "folder": Path("x")}, "no cron expression"),
        ({"cron": "0 0 30 2 *", "folder": Path("x")}, "no cron expression"),
        ({}, "either folder or url"),
        ({"folder": Path("x"), "url": "https://a.example"}, "either folder or url"),
        ({"url": "https://a.example"}, "secret"),
        ({"url": "ftp://a.example", "secret": "x" * 20}, "must be a URL"),
        ({"folder": Path("x"), "time_zone": "Mars"}, "no time zone"),
        ({"folder": Path("x"), "name": "A b"}, "pattern"),
    ],
)
def test_what_cannot_be_scheduled_is_told_when_it_is_set(settings, words):
    with pytest.raises(ValueError, match=words):
        a_scheduler(**settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"report": "sums"}, "daily: report: there is no report 'sums'"),
        ({"period": "someday"}, "daily: period: 'someday' is no period"),
        ({"filters": {"colour": ["red"]}}, "daily: colour: is no filter"),
        ({"group": ["colour"]}, "daily: group: "),
    ],
)
def test_a_report_that_cannot_be_asked_for_ends_the_start(settings, words, tmp_path):
    with pytest.raises(SettingsError, match=words):
        a_scheduler(folder=tmp_path, **settings)


def test_names_are_their_own():
    one = ReportScheduleSettings(name="a", report="costs", cron="0 6 * * *", folder=Path("x"))
    with pytest.raises(ValueError, match="'a'"):
        with_own_names([one, one])
