"""The reports on demand and efficiency over a real database, against plain counts of their own."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from csms.billing import read_tariff
from csms.engine.writes import ConnectorWrite, SummaryWrite

BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SINCE, UNTIL = datetime(2026, 10, 5, tzinfo=BERLIN), datetime(2026, 11, 2, tzinfo=BERLIN)
PERIOD = {"from": "2026-10-05", "to": "2026-11-02", "time_zone": "Europe/Berlin"}
REAL = Path(__file__).parents[3] / "var" / "sessions" / "caltech.csv"


def a_session(number: int, start: datetime, hours: float, **values: object) -> SummaryWrite:
    """A session that is over; it charged for all of its stay but for what is told otherwise."""
    stay_s = hours * 3600
    waiting_s, idle_s = values.get("waiting_s", 0.0), values.get("idle_s", 0.0)
    known = {
        "state": "ended",
        "site": "depot",
        "station_id": "CP1",
        "evse": 1,
        "ended_at": start + timedelta(seconds=stay_s),
        "energy_milliwh": 6_000_000,
        "charging_s": stay_s - waiting_s - idle_s,
    }
    return SummaryWrite(session_id=f"LS-{number:05}", started_at=start, **{**known, **values})


def by_chance(count: int) -> list[SummaryWrite]:
    """Sessions at four EVSEs, one after the other at each, over weeks and the clock's change."""
    chance, found = Random(11), []  # noqa: S311 - no secret
    for evse in range(1, 5):
        at = SINCE.astimezone(UTC) - timedelta(hours=5)
        for index in range(count):
            at += timedelta(seconds=chance.randint(60, 20_000))
            stay_s = chance.randint(60, 16_000)
            idle_s = float(stay_s // 3)
            session = a_session(
                evse * 1000 + index, at, stay_s / 3600, evse=evse, waiting_s=30.0, idle_s=idle_s
            )
            found.append(session)
            at = session.ended_at
    return found


async def ask(node, name, **query):
    answer = await node.http.get(f"/reports/{name}", params={"format": "json", **query})
    assert answer.status_code == 200, answer.text
    return {table["name"]: table for table in answer.json()["tables"]}


async def test_demand_is_what_a_plain_count_comes_to(node):
    sessions = by_chance(90)
    await node.store.submit(sessions)
    tables = await ask(node, "demand", group="site", **PERIOD)
    (row,) = tables["demand"]["rows"]
    inside = [each for each in sessions if SINCE <= each.started_at < UNTIL]
    stays = [(each.started_at, each.ended_at) for each in sessions]
    marks = sorted({SINCE, *(at for stay in stays for at in stay if SINCE <= at < UNTIL)})
    counts = [sum(start <= at < end for start, end in stays) for at in marks]
    lasting = [(b - a).total_seconds() for a, b in zip(marks, [*marks[1:], UNTIL], strict=True)]
    assert row["arrivals"] == len(inside)
    assert row["most_at_once"] == max(counts)
    assert datetime.fromisoformat(row["most_at"]) == marks[counts.index(max(counts))]
    full_s = sum(s for s, there in zip(lasting, counts, strict=True) if there >= 4)
    assert row["full_house_s"] == pytest.approx(full_s, abs=1)
    whole_s = (UNTIL - SINCE).total_seconds() * 4
    assert row["occupied"] == pytest.approx(
        sum(s * there for s, there in zip(lasting, counts, strict=True)) / whole_s * 100, abs=0.06
    )
    assert (row["evses"], row["evses_told"]) == (4, False)
    # Some hour of the week must have been blocked, and the interval must hold the estimate.
    assert 0 <= row["blocked_low"] < row["blocked"] < row["blocked_high"]
    expected = Counter(
        (WEEKDAYS[at.weekday()], at.hour)
        for at in (each.started_at.astimezone(BERLIN) for each in inside)
    )
    hours = {(each["weekday"], each["hour"]): each for each in tables["hours"]["rows"]}
    assert {key: each["arrivals"] for key, each in hours.items() if each["arrivals"]} == expected
    # The clock is set back on the last Sunday of October: its 2 o'clock comes five times.
    assert (hours["Sunday", 2]["hours"], hours["Sunday", 3]["hours"]) == (5, 4)
    assert len(tables["forecast"]["rows"]) == 168
    assert {each["figure"] for each in tables["accuracy"]["rows"]} == {"arrivals", "energy_wh"}


async def test_stations_tell_how_many_evses_there_are_also_of_those_nobody_used(node):
    async with node.station("CP1"):
        pass
    await node.store.submit([a_session(1, SINCE + timedelta(hours=8), 2.0, site="default")])
    await node.store.submit(
        [ConnectorWrite("CP1", evse, 1, "Available", SINCE, {}) for evse in (1, 2, 3)]
    )
    (row,) = (await ask(node, "demand", group="station", **PERIOD))["demand"]["rows"]
    assert (row["station"], row["evses"], row["evses_told"]) == ("CP1", 3, True)
    rows = (await ask(node, "demand", group="evse", **PERIOD))["demand"]["rows"]
    assert [(each["evse"], each["arrivals"]) for each in rows] == [(1, 1), (2, 0), (3, 0)]
    (row,) = (await ask(node, "demand", evses="7", **PERIOD))["demand"]["rows"]
    assert row["evses"] == 7


WRONG = (
    ("demand", {"target": "100"}, "target"),
    ("demand", {"evses": "0"}, "evses"),
    ("demand", {"history_weeks": "x"}, "history_weeks"),
    ("efficiency", {"savings": "-1"}, "savings"),
    ("efficiency", {"other_tariff": "none"}, "other_tariff"),
    ("efficiency", {"group": "day,month"}, "group"),
)


async def test_what_cannot_be_asked_is_named(node):
    for name, query, field in WRONG:
        answer = await node.http.get(f"/reports/{name}", params={"format": "json", **query})
        assert answer.status_code in {400, 422}, query
        assert field in answer.text


async def test_efficiency_adds_up_what_was_lost(node):
    held = {"s": {"profile": 1800.0, "car": 600.0}, "milliwh": {"profile": 2_000_000}}
    start = SINCE + timedelta(hours=10)
    sessions = [
        a_session(1, start, 2.0, waiting_s=600.0, idle_s=1200.0, held=held, held_back_by="profile"),
        a_session(2, start, 1.0, station_id="CP2", held=held, held_back_by="profile"),
        a_session(3, start, 3.0, station_id="CP3", energy_milliwh=0, charging_s=0.0),
    ]
    await node.store.submit(sessions)
    tables = await ask(node, "efficiency", **PERIOD)
    (row,) = tables["efficiency"]["rows"]
    assert (row["stay_s"], row["waiting_s"], row["idle_s"]) == (6 * 3600, 600, 1200)
    assert (row["charging_s"], row["unknown_s"]) == (2 * 3600 - 1800 + 3600, 3 * 3600)
    assert (row["empty"], row["empty_s"]) == (1, 3 * 3600)
    # The second car left without having been full.
    assert (row["held_wh"], row["missing_wh"]) == (4000, 2000)
    causes = {each["cause"]: each for each in tables["causes"]["rows"]}
    assert (causes["profile"]["sessions"], causes["profile"]["held_s"]) == (2, 3600)
    assert (causes["car"]["held_s"], causes["unknown"]["sessions"]) == (1200, 1)
    assert tables["savings"]["rows"] == []


async def test_savings_of_a_day_and_night_tariff(node):
    night = {
        "country_code": "SE",
        "party_id": "LAD",
        "id": "NIGHT",
        "currency": "SEK",
        "last_updated": "2026-01-01T00:00:00Z",
        "elements": [
            {
                "price_components": [{"type": "ENERGY", "price": price, "step_size": 1}],
                **({"restrictions": restrictions} if restrictions else {}),
            }
            for price, restrictions in (
                (1, {"start_time": "22:00", "end_time": "06:00"}),
                (3, {}),
            )
        ],
    }
    book = node.hub.engine.policy.tariffs
    book.put("NIGHT", read_tariff(night), SINCE)
    flat = {
        **night,
        "id": "FLAT",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 2, "step_size": 1}]}],
    }
    book.put("FLAT", read_tariff(flat), SINCE)
    # 6 kWh in the evening at 6 kW, plugged in until the morning.
    evening = datetime(2026, 10, 6, 18, tzinfo=node.hub.engine.policy.zone_of("depot"))
    session = a_session(1, evening, 12.0, idle_s=11 * 3600.0, peak_w=6000.0, tariff="NIGHT")
    await node.store.submit([session])
    tables = await ask(node, "efficiency", other_tariff="FLAT", **PERIOD)
    (row,) = tables["savings"]["rows"]
    assert [Decimal(row[name]) for name in ("was", "moved", "other")] == [18, 6, 12]
    assert (row["cheaper"], Decimal(str(row["moved_saves"]))) == (1, Decimal("66.7"))


@pytest.mark.skipif(not REAL.exists(), reason="`make sessions` fetches them")
async def test_real_sessions_against_plain_counts(node):
    zone = ZoneInfo("America/Los_Angeles")
    since, until = datetime(2019, 10, 1, tzinfo=zone), datetime(2019, 12, 1, tzinfo=zone)
    lines = (line for line in REAL.read_text().splitlines() if not line.startswith("#"))
    stays = []
    for index, row in enumerate(csv.DictReader(lines)):
        start, end = (datetime.fromisoformat(row[name]) for name in ("arrival", "departure"))
        if since - timedelta(days=3) <= start < until:
            stays.append((index, row["place"], start, end))
    await node.store.submit(
        [
            a_session(index, start, (end - start).total_seconds() / 3600, station_id=place)
            for index, place, start, end in stays
        ]
    )
    tables = await ask(
        node, "demand", **{"from": "2019-10-01", "to": "2019-12-01", "time_zone": zone.key}
    )
    (row,) = tables["demand"]["rows"]
    inside = [stay for stay in stays if stay[2] >= since]
    assert row["arrivals"] == len(inside)
    assert row["evses"] == len({place for _, place, _, _ in stays})
    events = sorted(
        [(start, 1) for _, _, start, _ in stays] + [(end, -1) for *_, end in stays],
    )
    there = most = 0
    for at, step in events:
        there += step
        if since <= at < until:
            most = max(most, there)
    assert row["most_at_once"] == most
    found = {(each["weekday"], each["hour"]): each for each in tables["hours"]["rows"]}
    expected = Counter(
        (WEEKDAYS[at.weekday()], at.hour) for at in (s.astimezone(zone) for _, _, s, _ in inside)
    )
    assert {key: each["arrivals"] for key, each in found.items() if each["arrivals"]} == expected
    (ours,) = [
        each
        for each in tables["accuracy"]["rows"]
        if (each["figure"], each["model"]) == ("arrivals", "mean_of_weeks")
    ]
    assert ours["is_used"]
    assert ours["mase"] < 1
