"""Sessions of stations whose clocks are wrong: exact energy, right durations, both times kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from csms.domain.anomalies import Anomaly
from csms.domain.facts import BootNotified, EventKind, SamplesReported, StatusReported
from csms.domain.sample import PERIODIC, TRANSACTION_BEGIN, TRANSACTION_END
from csms.engine.rejudge import rejudge_due
from tests.builders import Desk, a_sample, after, an_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from csms.domain.facts import Fact

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NETWORK_S = 0.2
LASTS_S = 3600.0
CONTEXTS = {EventKind.STARTED: TRANSACTION_BEGIN, EventKind.ENDED: TRANSACTION_END}


def shifted(seconds: float) -> Callable[[float], datetime]:
    return lambda true_s: after(true_s + seconds)


def jumping(at_s: float, by_s: float, from_s: float = 0) -> Callable[[float], datetime]:
    return lambda true_s: after(true_s + from_s + (by_s if true_s >= at_s else 0))


def since_boot(true_s: float) -> datetime:
    return EPOCH + timedelta(seconds=500 + true_s)


def set_later(true_s: float) -> datetime:
    return since_boot(true_s) if true_s < LASTS_S / 3 else after(true_s)


def of_2099(true_s: float) -> datetime:
    return after(true_s).replace(year=2099)


def drifting(true_s: float) -> datetime:
    return after(true_s * (1 - 1 / 60))


FAULTS: dict[str, Callable[[float], datetime]] = {
    "1970": since_boot,
    "1970, then set": set_later,
    "an hour ahead": shifted(3600),
    "two hours ahead": shifted(7200),
    "five hours behind": shifted(-5 * 3600),
    "jumps ahead": jumping(LASTS_S / 2, 7200),
    "jumps back": jumping(LASTS_S / 2, -7200),
    "jumps back at the end": jumping(LASTS_S - 1, -7200),
    "jumps ahead at the end": jumping(LASTS_S - 1, 7200),
    "drift": drifting,
    "2099": of_2099,
    "years back": shifted(-2 * 365 * 86_400),
    "summer time ends": jumping(LASTS_S / 2, -3600, 7200),
    "summer time begins": jumping(LASTS_S / 2, 3600, 3600),
}


@dataclass
class Report:
    """What a station says, when it was, and when it arrived."""

    fact: Fact
    received_s: float


def told(version: str, clock: Callable[[float], datetime], every_s: float, lasts_s: float) -> Any:
    """A session of both versions' shapes, as (true second, fact)."""
    reports: list[tuple[float, Fact]] = []
    count = round(lasts_s / every_s)
    for index in range(count + 1):
        true_s, wh = index * every_s, 1000 + 10 * index
        kind = (
            EventKind.STARTED
            if index == 0
            else EventKind.ENDED
            if index == count
            else EventKind.UPDATED
        )
        context = CONTEXTS.get(kind, PERIODIC) if version == "2.0.1" else PERIODIC
        sample = a_sample(clock(true_s), wh=wh, amps=16, context=context)
        if version == "2.0.1":
            fact: Fact = an_event(
                kind, clock(true_s), sequence=index, evse=1, samples=(sample,), is_offline=False
            )
        elif kind is EventKind.UPDATED:
            fact = SamplesReported(1, 1, (sample,), "1")
        else:
            fact = an_event(
                kind,
                clock(true_s),
                transaction=None if kind is EventKind.STARTED else "1",
                token="A1",
                wh=wh,
                evse=1 if kind is EventKind.STARTED else None,
                connector=1 if kind is EventKind.STARTED else None,
            )
        reports.append((true_s, fact))
    return reports


async def live(desk: Desk, reports: Any) -> dict[str, Any]:
    """Reports each fact as it happens, and returns the one session."""
    for true_s, fact in reports:
        await desk.report(fact, true_s + NETWORK_S)
    await rejudge_due(desk.engine, after(2 * LASTS_S))
    (view,) = desk.views(2 * LASTS_S)
    return view


def duration_s(view: dict[str, Any]) -> float:
    begun, ended = (datetime.fromisoformat(view[name]) for name in ("started_at", "ended_at"))
    return (ended - begun).total_seconds()


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_wrong_clock_costs_nothing_while_the_link_is_up(version, fault):
    desk = Desk()
    view = await live(desk, told(version, FAULTS[fault], 60, LASTS_S))
    assert abs(duration_s(view) - LASTS_S) <= 60
    assert abs(datetime.fromisoformat(view["started_at"]) - after(0)) < timedelta(seconds=60)
    assert view["energy_wh"] == 600
    assert not {"register_reset", "register_disordered"} & set(view["flags"])
    assert "clock_suspect" in view["flags"]
    assert "energy_implausible" not in view["flags"]
    for name in ("started", "ended"):
        true_s = 0 if name == "started" else LASTS_S
        said = FAULTS[fault](true_s)
        assert datetime.fromisoformat(view[f"{name}_at_station"]) == said
        arrived = datetime.fromisoformat(view[f"{name}_received_at"])
        assert abs(arrived - after(true_s + NETWORK_S)) < timedelta(milliseconds=1)


SHORT = ["1970", "an hour ahead", "five hours behind", "2099", "years back"]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize("fault", SHORT)
async def test_the_first_session_of_a_minute_counts_too(version, fault):
    view = await live(Desk(), told(version, FAULTS[fault], 5, 60))
    assert abs(duration_s(view) - 60) <= 5
    assert abs(datetime.fromisoformat(view["started_at"]) - after(0)) < timedelta(seconds=10)
    assert "clock_suspect" in view["flags"]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_a_right_clock_is_not_suspect(version):
    view = await live(Desk(), told(version, after, 60, LASTS_S))
    assert "clock_suspect" not in view["flags"]
    assert duration_s(view) == LASTS_S


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize("apart_s", [0.01, 0.3, 1.1])
async def test_the_queue_of_a_right_clock_is_not_suspect(version, apart_s):
    desk = Desk()
    for index, (_, fact) in enumerate(told(version, after, 60, LASTS_S)):
        await desk.report(fact, 3 * LASTS_S + index * apart_s)
    (view,) = desk.views(4 * LASTS_S)
    assert "clock_suspect" not in view["flags"]
    assert duration_s(view) == LASTS_S
    assert view["energy_wh"] == 600


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
@pytest.mark.parametrize("clock", [since_boot, of_2099], ids=["1970", "2099"])
async def test_the_queue_of_a_wrong_clock_keeps_how_long_it_lasted(version, clock):
    desk = Desk()
    for index, (_, fact) in enumerate(told(version, clock, 60, LASTS_S)):
        await desk.report(fact, 3 * LASTS_S + index * 0.05)
    (view,) = desk.views(4 * LASTS_S)
    assert duration_s(view) == pytest.approx(LASTS_S, abs=1)
    ended = datetime.fromisoformat(view["ended_at"])
    assert abs(ended - after(3 * LASTS_S)) < timedelta(seconds=10)
    assert "clock_suspect" in view["flags"]


async def test_a_clock_that_is_known_to_be_wrong_corrects_the_queue():
    """An hour ahead; offline from the tenth minute to the end."""
    desk = Desk()
    for true_s, fact in told("1.6", shifted(3600), 60, LASTS_S):
        await desk.report(fact, true_s + NETWORK_S if true_s < 600 else LASTS_S * 2 + true_s / 100)
    (view,) = desk.views(4 * LASTS_S)
    assert duration_s(view) == pytest.approx(LASTS_S, abs=2)


async def test_other_messages_teach_the_clock_before_the_session():
    desk = Desk()
    for true_s in (-30, -20, -10):
        await desk.report(StatusReported(1, 1, "Preparing", after(true_s - 7200)), true_s)
    await desk.report(an_event(EventKind.STARTED, after(-7200), evse=1), 0)
    (view,) = desk.views(10)
    assert view["started_at"] == "2026-11-21T08:00:00.000Z"
    assert "clock_suspect" in view["flags"]


async def test_what_is_learnt_outlasts_a_restart():
    desk = Desk()
    reports = told("1.6", shifted(-3600), 60, LASTS_S)
    for true_s, fact in reports[:30]:
        await desk.report(fact, true_s + NETWORK_S)
    await desk.restart()
    assert desk.state.clock.offset_s == pytest.approx(3600, abs=1)
    for true_s, fact in reports[30:]:
        await desk.report(fact, true_s + NETWORK_S)
    (view,) = desk.views(2 * LASTS_S)
    assert abs(duration_s(view) - LASTS_S) < 1


async def test_a_station_that_counts_from_each_boot_has_each_session_right():
    desk = Desk()
    for session in range(3):
        boot_s = session * 2 * LASTS_S
        await desk.report(BootNotified("Maker", "One"), boot_s)
        for true_s, fact in told(
            "2.0.1", lambda true_s: EPOCH + timedelta(seconds=true_s + 10), 60, LASTS_S
        ):
            fact.transaction_id = f"T{session}"
            await desk.report(fact, boot_s + 10 + true_s)
    views = desk.views(9 * LASTS_S)
    assert [round(duration_s(view)) for view in views] == [round(LASTS_S)] * 3
    begun = [datetime.fromisoformat(view["started_at"]) for view in views]
    assert [round((each - after(0)).total_seconds() / LASTS_S) for each in begun] == [0, 2, 4]


@pytest.mark.parametrize("swapped", [False, True])
async def test_the_end_does_not_depend_on_which_message_came_last(swapped):
    """The clock went back between start and stop; the start was repeated after the stop."""
    desk = Desk()
    start = an_event(EventKind.STARTED, after(0), sequence=0, evse=1)
    ended = an_event(EventKind.ENDED, after(1800 - 7200), sequence=2)
    for fact in [ended, start] if swapped else [start, ended]:
        await desk.report(fact, 1800)
    (view,) = desk.views(9999)
    assert view["ended_at"] == "2026-11-21T08:30:00.000Z"
    assert view["started_at"] == "2026-11-21T08:00:00.000Z"


async def test_one_sample_ahead_of_us_is_enough_to_be_suspect():
    desk = Desk()
    await desk.report(an_event(EventKind.STARTED, 0, evse=1), 0)
    sample = a_sample(3 * 3600, amps=16)
    await desk.report(an_event(EventKind.UPDATED, 60, sequence=1, samples=(sample,)), 60)
    (view,) = desk.views(60)
    assert "clock_suspect" in view["flags"]


@pytest.mark.parametrize("kind", ["time.no_zone", "time.unreadable"])
async def test_a_time_that_is_not_clear_is_suspect(kind):
    desk = Desk()
    note = Anomaly(kind, {"raw": "2026-11-21T08:00:00"})
    await desk.report(an_event(EventKind.STARTED, 0, evse=1, anomalies=(note,)), 0)
    (view,) = desk.views(10)
    assert "clock_suspect" in view["flags"]
