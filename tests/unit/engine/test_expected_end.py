"""The expected end in the engine: told when it moves, kept, and a deadline that it misses."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from csms.domain.facts import EventKind, EvNeedsReported, SamplesReported
from csms.engine import habits
from csms.engine.habits import HabitBook
from csms.engine.policy import Policy
from csms.engine.work import Work
from csms.engine.writes import AlertWrite, EstimateWrite, MessageWrite, RecordWrite
from csms.monitor.expected_end_habits import Car, Habits, load_habits
from profiles import CatalogueProfile
from tests.builders import START, Desk, a_sample, after, an_event

KILOWATTS = 11.04
AMPS = 16.0


async def begin(
    desk: Desk, at_s: float = 0, transaction: str = "T1", tag: str = "TAG", wh: float = 0
) -> None:
    sample = a_sample(at_s, wh=wh, context="Transaction.Begin")
    start = an_event(
        EventKind.STARTED, at_s, transaction=transaction, token=tag, evse=1, samples=(sample,)
    )
    await desk.report(start, at_s)


async def charge(
    desk: Desk, start_s: float, end_s: float, transaction: str = "T1", **more: Any
) -> list[dict[str, Any]]:
    """11 kW on three phases, a sample each minute; returns what was told of the end."""
    told = []
    for at_s in range(int(start_s), int(end_s), 60):
        wh = more.get("wh", 0) + KILOWATTS * 1000 * (at_s - more.get("since_s", 0)) / 3600
        levels = {"soc_percent": more["soc"](wh)} if "soc" in more else {}
        sample = a_sample(at_s, wh=wh, amps=AMPS, power_w=KILOWATTS * 1000, **levels)
        outcome = await desk.report(SamplesReported(1, 1, (sample,), transaction), at_s)
        told += [note.fields for note in outcome.notes if note.event == "session.expected_end"]
    return told


async def end(desk: Desk, at_s: float, wh: float, transaction: str = "T1", **more: Any) -> None:
    sample = a_sample(at_s, wh=wh, context="Transaction.End")
    reason = more.pop("reason", "Local")
    fact = an_event(
        EventKind.ENDED, at_s, transaction=transaction, samples=(sample,), stop_reason=reason
    )
    await desk.report(fact, at_s)


def needs(**values: Any) -> EvNeedsReported:
    known = {"energy_transfer": "AC_three_phase", "payload": {"evseId": 1}, **values}
    return EvNeedsReported(1, **known)


def estimates(desk: Desk) -> list[dict[str, Any]]:
    return [dict(row.doc) for row in desk.rows(EstimateWrite)]


async def test_no_ground_is_no_estimate():
    desk = Desk()
    await begin(desk)
    await charge(desk, 60, 1_200)
    assert [(each["basis"], each["p50"]) for each in estimates(desk)] == [("none", None)]
    assert desk.views(1_200)[0]["expected_end"] is None


async def test_what_the_vehicle_asks_for_gives_an_end_that_stays_where_it_is():
    desk = Desk()
    await begin(desk)
    await desk.report(needs(energy_wh=11_040), 10)
    await charge(desk, 60, 1_800)
    shown = desk.views(1_800)[0]["expected_end"]
    assert shown["basis"] == "request"
    assert shown["p10"] < shown["p50"] < shown["p90"]
    # The energy is there after an hour; the last percent may be slow.
    assert 3_600 < seconds(shown["p50"]) < 4_100
    numbers = [each for each in estimates(desk) if each["p50"] is not None]
    assert len(numbers) < 6


def seconds(text: str) -> float:
    return (datetime.fromisoformat(text) - START).total_seconds()


async def test_the_level_that_moves_gives_an_end_without_a_capacity():
    desk = Desk()
    await begin(desk)
    told = await charge(desk, 60, 5_400, soc=lambda wh: 50.0 + wh // 600)
    assert told[-1]["basis"] == "soc"
    shown = desk.views(5_400)[0]["expected_end"]
    # 600 Wh a percent: 46 of them at 11 kW, and the last four slower and slower.
    full_s = 46 * 600 / 11_040 * 3_600 + 4 * 600 / (0.8 * 11_040) * 3_600 * 1.609
    assert seconds(shown["p50"]) == pytest.approx(full_s, rel=0.03)


async def test_it_goes_on_after_a_restart_without_saying_the_same_again():
    desk = Desk()
    await begin(desk)
    await desk.report(needs(energy_wh=22_080), 10)
    await charge(desk, 60, 1_200)
    before = estimates(desk)
    await desk.restart()
    await charge(desk, 1_200, 2_400)
    assert estimates(desk) == before
    assert desk.views(2_400)[0]["expected_end"] is not None


async def test_it_is_over_with_the_session():
    desk = Desk()
    await begin(desk)
    await desk.report(needs(energy_wh=22_080), 10)
    await charge(desk, 60, 600)
    await end(desk, 700, 2_100)
    assert desk.views(700)[0]["expected_end"] is None
    assert estimates(desk)


@pytest.mark.parametrize(
    ("pushes", "profile", "answer"),
    [
        (False, "sixteen", "Accepted"),
        (False, "free", "Rejected"),
        (False, None, "Rejected"),
        (True, None, "Accepted"),
    ],
)
async def test_needs_are_answered_by_whether_there_is_a_schedule(pushes, profile, answer):
    desk = Desk()
    desk.policy.catalogue["sixteen"] = CatalogueProfile.model_validate(
        {
            "name": "sixteen",
            "charging_rate_unit": "A",
            "periods": [{"start_period": 0, "limit": 16}],
        }
    )
    desk.policy.catalogue["free"] = CatalogueProfile(name="free")
    await begin(desk)
    (live,) = desk.state.running.values()
    live.session.profile = profile
    desk.policy.pushes_profiles = pushes
    outcome = await desk.report(needs(energy_wh=9_000), 10)
    assert outcome.answer.status == answer
    assert bool(outcome.then) == pushes
    assert [row.action for row in desk.rows(MessageWrite)] == ["NotifyEVChargingNeeds"]


async def test_needs_before_the_session_are_the_sessions():
    desk = Desk()
    outcome = await desk.report(needs(energy_wh=11_040), 0)
    assert outcome.answer.status == "Processing"
    await begin(desk, 30)
    await charge(desk, 60, 300)
    assert desk.views(300)[0]["expected_end"]["basis"] == "request"


async def test_needs_long_before_it_are_anothers():
    desk = Desk()
    await desk.report(needs(energy_wh=11_040), 0)
    await begin(desk, 700, wh=0)
    await charge(desk, 760, 1_000)
    assert desk.views(1_000)[0]["expected_end"] is None


async def test_impossible_needs_count_as_not_said():
    desk = Desk()
    await begin(desk)
    odd = needs(
        energy_wh=0,
        capacity_wh=5,
        soc_percent=250,
        full_soc_percent=101,
        departure_at=START - timedelta(days=9),
    )
    await desk.report(odd, 10)
    (live,) = desk.state.running.values()
    said = live.session.needs
    assert (said.energy_wh, said.capacity_wh, said.soc_percent) == (None, None, None)
    assert (said.target_percent, said.departs_at) == (None, None)


def alerts(desk: Desk) -> list[tuple[str, str, str]]:
    return [(row.kind, row.severity, row.state) for row in desk.rows(AlertWrite)]


async def test_a_departure_that_comes_too_soon_is_told_once_and_cleared_with_the_session():
    desk = Desk()
    await begin(desk)
    await desk.report(needs(energy_wh=22_080, departure_at=after(3_600)), 10)
    await charge(desk, 60, 180)
    assert alerts(desk) == []
    await charge(desk, 180, 900)
    assert alerts(desk) == [("DEADLINE_RISK", "minor", "open")]
    evidence = desk.rows(AlertWrite)[0].doc["evidence"]
    assert evidence["short_wh"] == pytest.approx(11_040, rel=0.1)
    assert desk.views(900)[0]["expected_end"]["bound"] == "departure"
    await end(desk, 3_600, 11_000)
    assert alerts(desk) == [("DEADLINE_RISK", "minor", "cleared")]


async def test_a_later_departure_clears_the_risk():
    desk = Desk()
    await begin(desk)
    await desk.report(needs(energy_wh=22_080, departure_at=after(3_600)), 10)
    await charge(desk, 60, 900)
    await desk.report(needs(energy_wh=20_000, departure_at=after(20_000)), 900)
    await charge(desk, 960, 1_500)
    (alert,) = desk.rows(AlertWrite)
    assert (alert.state, alert.doc["cleared_because"]) == ("cleared", "in_time")


async def test_nothing_is_at_risk_that_nobody_asked_for():
    desk = Desk()
    await begin(desk)
    await charge(desk, 60, 3_000, soc=lambda wh: 20.0 + wh // 600)
    assert alerts(desk) == []


async def three_sessions(desk: Desk, **more: Any) -> None:
    for number, wh in enumerate((5_520, 11_040, 8_280)):
        at_s, name = number * 10_000.0, f"T{number}"
        await begin(desk, at_s, name, wh=0)
        ended_s = at_s + wh / KILOWATTS * 3.6
        await charge(desk, at_s + 60, ended_s, name, since_s=at_s)
        await end(desk, ended_s, wh, name, **more)


async def test_what_a_token_usually_takes_is_known_from_its_sessions():
    desk = Desk()
    await three_sessions(desk)
    await begin(desk, 40_000, "T9", "tag")
    await charge(desk, 40_060, 40_300, "T9", since_s=40_000)
    (view,) = [each for each in desk.views(40_300) if each["transaction_id"] == "T9"]
    assert view["expected_end"]["basis"] == "history"
    assert seconds(view["expected_end"]["p50"]) == pytest.approx(40_000 + 3_096, abs=120)
    (live,) = desk.state.running.values()
    known = habits.of(desk.engine, live.session)
    assert (known.energies_wh, known.phases) == ([5_520, 11_040, 8_280], 3)
    assert known.ceiling_a == pytest.approx(16)


async def test_habits_are_there_after_a_restart():
    desk = Desk()
    await three_sessions(desk)
    await desk.restart()
    await desk.engine.preload()
    known = desk.engine.habits.get("token:TAG") or desk.engine.habits.get("token:tag")
    assert known is not None
    assert known.median_wh == 8_280


@pytest.mark.parametrize("reason", ["EmergencyStop", "PowerLoss"])
async def test_nothing_is_learnt_from_a_session_that_was_cut_off(reason):
    desk = Desk()
    await three_sessions(desk, reason=reason)
    assert len(desk.engine.habits) == 0


async def test_nothing_is_learnt_where_the_operator_forbids_it():
    desk = Desk(Policy(accept_unknown_tokens=True, learn_habits=False))
    await three_sessions(desk)
    assert len(desk.engine.habits) == 0
    assert not [row for row in desk.rows(RecordWrite) if row.collection == habits.HABITS]


async def test_a_session_is_learnt_from_once_however_often_its_end_comes():
    desk = Desk()
    await begin(desk)
    await charge(desk, 60, 1_800)
    for _ in range(3):
        await end(desk, 1_800, 5_520)
    (row,) = [row for row in desk.rows(RecordWrite) if row.collection == habits.HABITS]
    assert row.doc["energies_wh"] == [5_520]


def test_the_book_forgets_whoever_was_not_seen_for_longest():
    book = HabitBook(most=2)
    assert list(book.keep("a", Habits([1]))) == []
    assert list(book.keep("b", Habits([2]))) == []
    book.get("a")
    assert list(book.keep("c", Habits([3]))) == ["b"]
    assert (book.get("b"), len(book)) == (None, 2)


def test_habits_that_cannot_be_read_are_named_and_left_out():
    book = HabitBook()
    unreadable = book.load({"a": {"energies_wh": 5}, "b": {"energies_wh": [5]}, "c": {"curve": 1}})
    assert set(unreadable) == {"a", "c"}
    assert book.get("b") == load_habits({"energies_wh": [5.0]})


async def test_needs_of_evses_without_number_are_not_all_kept():
    desk = Desk()
    for evse in range(1, 200):
        await desk.report(replace(needs(energy_wh=9_000), evse=evse), 0)
    assert len(desk.state.needs) < 100
    assert 199 in desk.state.needs


async def test_a_token_that_charges_in_two_places_at_once_is_a_car_where_it_was_seen():
    desk = Desk()
    await three_sessions(desk)
    await begin(desk, 40_000, "T9")
    await charge(desk, 40_060, 40_600, "T9", since_s=40_000)
    assert car_of_only(desk).ceiling_a == pytest.approx(16)
    (live,) = desk.state.running.values()
    elsewhere = replace(live.session, id="S-ELSEWHERE", station_id="ELSEWHERE")
    desk.engine.habits.use(str(habits.key_of(live.session)), elsewhere, after(40_610))
    await charge(desk, 40_660, 40_720, "T9", since_s=40_000)
    assert car_of_only(desk) == Car(16.0, 3)
    live.session.station_id = "NEVER-SEEN"
    assert car_of_only(desk) == Car()
    row = [row for row in desk.rows(RecordWrite) if row.collection == habits.HABITS][-1]
    assert row.doc["is_shared"]


def car_of_only(desk: Desk) -> Car:
    (live,) = desk.state.running.values()
    return habits.car(desk.engine, Work(desk.state, after(40_720)), live)
