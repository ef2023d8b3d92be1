"""How a station's time was spent: figures worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from csms.domain.incidents import Incident, meaning_of
from csms.monitor.health_days import Day, Happened, Served, Standing, walk

MIDNIGHT = datetime(2026, 3, 28, tzinfo=UTC)
ALWAYS = [Served(MIDNIGHT - timedelta(days=30), MIDNIGHT + timedelta(days=30))]
HOUR = 3600.0


def at(hours: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hours)


def told(hours: float, kind: Incident, evse: int = 0, connector: int = 0, **more) -> Happened:
    return Happened(at(hours), kind, evse, connector, **more)


def day_of(happened: list[Happened], runs=None, standing=None, hours: float = 24) -> Day:
    [day] = walk(standing or Standing(), happened, runs or ALWAYS, MIDNIGHT, at(hours))
    return day


def spent(day: Day, evse: int) -> dict[str, float]:
    return {name: each / HOUR for name, each in day.figures[evse].items() if name.endswith("_s")}


def test_what_nobody_was_told_of_is_unknown():
    day = day_of([])
    assert spent(day, 0) == {"unknown_s": 24}


def test_overlapping_states_count_once_and_the_worst_first():
    """Up at 0, faulted 6 to 10, away 8 to 12, out of service 20 to 24."""
    day = day_of([
        told(0, Incident.CONNECTED),
        told(0, Incident.OPERATIVE, 1, 1),
        told(6, Incident.FAULTED, 1, 1, code="GroundFailure"),
        told(8, Incident.DISCONNECTED),
        told(10, Incident.OPERATIVE, 1, 1),
        told(12, Incident.CONNECTED),
        told(20, Incident.OUT_OF_SERVICE, 1, 1),
    ])  # fmt: skip
    assert spent(day, 0) == {"online_s": 20, "offline_s": 4}
    assert spent(day, 1) == {
        "operative_s": 14, "faulted_s": 2, "offline_s": 4, "planned_s": 4, "repair_s": 6,
    }  # fmt: skip
    assert day.figures[1]["breakdowns"] == 1
    assert day.figures[1]["faults"] == 1
    assert day.figures[1]["code.GroundFailure"] == 1
    assert day.figures[0]["drops"] == day.figures[0]["outages"] == 1


def test_what_is_out_of_service_on_purpose_is_planned_also_without_power():
    day = day_of([
        told(0, Incident.CONNECTED),
        told(0, Incident.OUT_OF_SERVICE, 1, 1),
        told(0, Incident.OPERATIVE, 2, 2),
        told(12, Incident.DISCONNECTED),
    ])  # fmt: skip
    assert spent(day, 1) == {"planned_s": 24}
    assert spent(day, 2) == {"operative_s": 12, "offline_s": 12, "repair_s": 12}
    assert "breakdowns" not in day.figures[1]


def test_an_evse_serves_as_long_as_one_of_its_connectors_does():
    day = day_of([
        told(0, Incident.CONNECTED),
        told(0, Incident.OPERATIVE, 1, 1),
        told(0, Incident.OPERATIVE, 1, 2),
        told(6, Incident.FAULTED, 1, 1),
        told(12, Incident.UNAVAILABLE, 1, 2),
        told(18, Incident.OPERATIVE, 1, 1),
    ])  # fmt: skip
    assert spent(day, 1) == {"operative_s": 18, "faulted_s": 6, "repair_s": 6}


def test_a_fault_of_the_station_is_one_of_each_evse():
    day = day_of([
        told(0, Incident.CONNECTED),
        told(0, Incident.OPERATIVE, 1, 1),
        told(0, Incident.OPERATIVE, 2, 1),
        told(23, Incident.FAULTED),
    ])  # fmt: skip
    assert spent(day, 1) == spent(day, 2)
    assert spent(day, 1) == {"operative_s": 23, "faulted_s": 1, "repair_s": 1}


def test_our_own_downtime_counts_for_nobody_and_a_station_may_take_its_time_to_return():
    """We were down from 6 to 7 and killed, so no end was noted; it was back 9 minutes later."""
    runs = [Served(at(-1), at(6)), Served(at(7), at(24))]
    day = day_of(
        [
            told(0, Incident.CONNECTED),
            told(0, Incident.OPERATIVE, 1, 1),
            told(7.15, Incident.CONNECTED),
            told(7.15, Incident.REBOOTED),
        ],
        runs,
    )
    assert spent(day, 0) == pytest.approx({"online_s": 22.85, "unknown_s": 1.15})
    assert spent(day, 1) == pytest.approx({"operative_s": 22.85, "unknown_s": 1.15})
    assert "drops" not in day.figures[0]
    assert day.figures[0]["boots"] == 1
    assert "reboots" not in day.figures[0]


def test_a_station_that_does_not_return_after_our_restart_is_away():
    runs = [Served(at(-1), at(6)), Served(at(7), at(24))]
    day = day_of([told(0, Incident.CONNECTED), told(0, Incident.OPERATIVE, 1, 1)], runs)
    assert spent(day, 0) == pytest.approx(
        {"online_s": 6, "unknown_s": 1 + 1 / 6, "offline_s": 17 - 1 / 6}
    )
    assert day.figures[1]["breakdowns"] == 1


def test_a_close_of_ours_is_not_the_stations():
    day = day_of([
        told(0, Incident.CONNECTED),
        told(6, Incident.DISCONNECTED, is_ours=True),
        told(6.1, Incident.CONNECTED),
    ])  # fmt: skip
    assert spent(day, 0) == pytest.approx({"online_s": 23.9, "unknown_s": 0.1})
    assert "drops" not in day.figures[0]


def test_a_breakdown_over_midnight_counts_on_the_day_on_which_it_is_one():
    [first, second] = walk(
        Standing(is_online=True, places={(1, 1): Incident.OPERATIVE}),
        [told(24 - 4 / 60, Incident.DISCONNECTED), told(24 + 2 / 60, Incident.CONNECTED)],
        ALWAYS,
        MIDNIGHT,
        at(48),
    )
    assert "breakdowns" not in first.figures[1]
    assert second.figures[1]["breakdowns"] == 1
    assert second.figures[1]["repair_s"] == pytest.approx(360)


def test_short_interruptions_are_no_breakdown():
    day = day_of([
        told(0, Incident.CONNECTED),
        told(0, Incident.OPERATIVE, 1, 1),
        told(6, Incident.DISCONNECTED),
        told(6 + 4 / 60, Incident.CONNECTED),
    ])  # fmt: skip
    assert "breakdowns" not in day.figures[1]
    assert "repair_s" not in day.figures[1]
    assert spent(day, 1)["offline_s"] == pytest.approx(4 / 60)


def test_the_standing_survives_being_stored_and_days_may_be_walked_one_by_one():
    happened = [
        told(0, Incident.CONNECTED),
        told(1, Incident.OPERATIVE, 1, 1),
        told(23.9, Incident.FAULTED, 1, 1),
        told(30, Incident.OPERATIVE, 1, 1),
        told(40, Incident.DISCONNECTED, is_ours=True),
    ]
    whole = walk(Standing(), happened, ALWAYS, MIDNIGHT, at(72))
    standing, apart = Standing(), []
    for day in range(3):
        since, until = at(24 * day), at(24 * (day + 1))
        [each] = walk(standing, happened, ALWAYS, since, until)
        apart.append(each.figures)
        standing = Standing.load(each.standing.dump())
    assert [each.figures for each in whole] == apart


def test_a_reboot_out_of_the_blue_is_counted_and_an_asked_one_apart():
    day = day_of([told(1, Incident.REBOOTED), told(2, Incident.BOOTED), told(3, Incident.TAKEOVER)])
    own = day.figures[0]
    assert (own["reboots"], own["boots"], own["takeovers"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("Available", Incident.OPERATIVE),
        ("Preparing", Incident.OPERATIVE),
        ("Occupied", Incident.OPERATIVE),
        ("Reserved", Incident.OPERATIVE),
        ("Faulted", Incident.FAULTED),
        ("Unavailable", Incident.UNAVAILABLE),
    ],
)
def test_what_serves_a_car_is_operative(state, kind):
    assert meaning_of(state) is kind
