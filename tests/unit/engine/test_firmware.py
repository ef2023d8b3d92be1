"""How long a firmware, a log or a customer's data are waited for, in virtual time."""

from datetime import timedelta

import pytest

from csms.domain.answered import Answered
from csms.domain.commands import JobReplaced
from csms.domain.firmware_facts import JobReported
from csms.domain.follow import Follow, Subject
from csms.domain.operations.diagnostics import CustomerInformation, GetLog
from csms.domain.operations.firmware import UpdateFirmware
from csms.engine import firmware, operations
from csms.engine.desk import CommandState
from csms.engine.work import Work
from tests.builders import Desk, after

AGREED = Answered("Accepted", is_agreed=True, goes_on=True)
DAY_S = 86_400
LOCATION = "https://files.example.com/f"


async def asked(desk, operation, follow, at_s=0.0):
    work = Work(desk.state, after(at_s))
    running = await operations.want(desk.engine, work, operation)
    operations.sent(work, running, [{"action": "X", "payload": {}}], follow)
    operations.answered(desk.engine, work, running, AGREED)
    return running


def looked(desk, at_s):
    return operations.check(Work(desk.state, after(at_s)))


@pytest.mark.parametrize(
    ("operation", "subject", "hours"),
    [
        (UpdateFirmware(LOCATION), Subject.FIRMWARE, 24),
        (GetLog(LOCATION), Subject.LOG, 12),
        (CustomerInformation(customer_identifier="C"), Subject.CUSTOMER, 0.5),
    ],
)
async def test_an_operation_of_which_nothing_is_heard_ends_in_time(operation, subject, hours):
    desk = Desk()
    running = await asked(desk, operation, Follow(subject, 7))
    assert looked(desk, hours * 3600 - 1) == after(hours * 3600)
    assert running.state is CommandState.ACCEPTED
    looked(desk, hours * 3600)
    assert running.state is CommandState.FAILED
    assert "nothing was heard" in running.reason


async def test_an_update_for_later_is_waited_for_from_then_on():
    desk = Desk()
    install_at = after(0) + timedelta(days=3)
    running = await asked(
        desk, UpdateFirmware(LOCATION, install_at=install_at), Follow(Subject.FIRMWARE, 7)
    )
    assert running.until == install_at + timedelta(days=1)


async def test_each_word_of_the_station_gives_it_more_time():
    desk = Desk()
    running = await asked(desk, UpdateFirmware(LOCATION), Follow(Subject.FIRMWARE, 7))
    await desk.report(JobReported(Subject.FIRMWARE, "Downloading", 7), DAY_S - 60)
    assert running.until == after(2 * DAY_S - 60)


async def test_idle_ends_nothing():
    desk = Desk()
    running = await asked(desk, UpdateFirmware(LOCATION), Follow(Subject.FIRMWARE))
    await desk.report(JobReported(Subject.FIRMWARE, "Idle"), 60)
    assert running.state is CommandState.ACCEPTED
    assert running.progress == []
    assert desk.state.record.jobs["firmware"]["status"] == "Idle"


async def test_a_log_and_a_firmware_are_two_jobs():
    desk = Desk()
    update = await asked(desk, UpdateFirmware(LOCATION), Follow(Subject.FIRMWARE, 7))
    log = await asked(desk, GetLog(LOCATION), Follow(Subject.LOG, 7))
    await desk.report(JobReported(Subject.LOG, "Uploaded", 7), 60)
    assert (update.state, log.state) == (CommandState.ACCEPTED, CommandState.DONE)


async def test_a_job_without_number_gives_way_to_the_next_of_its_kind():
    desk = Desk()
    first = await asked(desk, UpdateFirmware(LOCATION), Follow(Subject.FIRMWARE))
    second = await asked(desk, UpdateFirmware(LOCATION), Follow(Subject.FIRMWARE), 10)
    firmware.replaced(Work(desk.state, after(10)), JobReplaced(Subject.FIRMWARE))
    assert (first.state, second.state) == (CommandState.CANCELLED, CommandState.ACCEPTED)


async def test_another_firmware_without_an_update_of_ours_is_told():
    desk = Desk()
    work = Work(desk.state, after(0))
    firmware.booted(work, "1.0", "1.1")
    firmware.booted(work, "1.1", "1.1")
    firmware.booted(work, None, "1.1")
    assert [note.event for note in work.notes] == ["station.firmware_changed"]
    assert work.writes == []
