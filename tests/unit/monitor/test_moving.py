"""Charging moved to the cheapest parts of a stay: none dearer, no energy lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from csms.billing import read_tariff
from csms.engine.policy import Policy
from csms.engine.pricing import course_of_summary, price_course
from csms.monitor.moving import Part, cheapest, least_power_w
from csms.reports.savings import Comparison, percent_saved, price_of_kwh, quarters

START = datetime(2026, 11, 16, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)


def parts(*prices: int) -> list[Part]:
    return [
        Part(START + HOUR * index, START + HOUR * (index + 1), Decimal(price))
        for index, price in enumerate(prices)
    ]


def a_tariff(*elements: dict[str, object], **more: object):
    doc = {
        "country_code": "SE",
        "party_id": "LAD",
        "id": "T",
        "currency": "SEK",
        "last_updated": "2026-01-01T00:00:00Z",
        "elements": list(elements),
        **more,
    }
    return read_tariff(doc)


def energy(price: float, **restrictions: object) -> dict[str, object]:
    component = {"type": "ENERGY", "price": price, "vat": 25, "step_size": 1}
    found: dict[str, object] = {"price_components": [component]}
    return {**found, "restrictions": restrictions} if restrictions else found


NIGHT = a_tariff(energy(1.0, start_time="22:00", end_time="06:00"), energy(3.0))


def a_row(tariff: str = "T", **values: object) -> dict[str, object]:
    row = {
        "tariff": tariff,
        "site": "default",
        "started_at": START,
        "ended_at": START + 12 * HOUR,
        "energy_milliwh": 12_000_000,
        "waiting_s": 0.0,
        "charging_s": 3600.0,
        "idle_s": 11 * 3600.0,
        "peak_w": 12_000.0,
    }
    return {**row, **values}


def test_the_cheapest_hours_first_and_of_equal_ones_the_earlier():
    found = cheapest(parts(3, 1, 2, 1), 25_000, 10.0)
    assert found is not None
    assert [(each.part.price, each.milliwh) for each in found] == [
        (1, 10_000),
        (2, 5_000),
        (1, 10_000),
    ]


def test_without_room_there_is_no_plan():
    assert cheapest(parts(1, 1), 25_000, 10.0) is None
    assert cheapest([], 1, 10.0) is None


@given(
    st.lists(st.integers(-3, 9), min_size=1, max_size=5),
    st.integers(1, 20),
    st.integers(1, 6),
)
@settings(max_examples=60, deadline=None)
def test_no_other_plan_is_cheaper(prices, milliwh, power_w):
    # Units of 1 Wh an hour, so that every plan can be tried.
    found = cheapest(parts(*prices), milliwh * 1000, float(power_w))
    plans = [
        plan for plan in product(range(power_w + 1), repeat=len(prices)) if sum(plan) == milliwh
    ]
    if not plans:
        assert found is None
        return
    assert found is not None
    assert sum(each.milliwh for each in found) == milliwh * 1000
    assert all(each.milliwh <= power_w * 1000 for each in found)
    best = min(sum(a * b for a, b in zip(plan, prices, strict=True)) for plan in plans)
    assert sum(each.part.price * each.milliwh for each in found) == best * 1000


@given(st.integers(1, 10**9), st.floats(1, 10**6))
@settings(max_examples=60, deadline=None)
def test_the_least_power_always_has_room(milliwh, stay_s):
    end = START + timedelta(seconds=stay_s)
    power_w = least_power_w(milliwh, (end - START).total_seconds())
    found = cheapest([Part(START, end, Decimal(1))], milliwh, power_w)
    assert found is not None
    assert found[0].milliwh == milliwh


def compared(*rows: dict[str, object], other=None, tariff=NIGHT) -> Comparison:
    policy = Policy()
    policy.tariffs.put("T", tariff, START)
    comparison = Comparison(policy, other)
    comparison.take(rows)
    return comparison


def test_an_evening_charge_moved_to_the_night_by_hand():
    # 12 kWh at 3.00 and 25 % VAT are 45.00; after 22:00 at 1.00 they are 15.00.
    flat = a_tariff(energy(2.0))
    saved = compared(a_row(), other=flat).sums["SEK"]
    assert (saved.was, saved.moved, saved.other) == (Decimal(45), Decimal(15), Decimal(30))
    assert (saved.sessions, saved.could) == (1, 1)
    assert percent_saved(saved.was, saved.moved) == Decimal("66.7")


def test_a_car_that_needs_all_of_its_stay_cannot_be_moved():
    row = a_row(ended_at=START + HOUR, idle_s=0.0)
    saved = compared(row).sums["SEK"]
    assert (saved.was, saved.moved, saved.could) == (Decimal(45), Decimal(45), 0)


def test_a_session_whose_tariff_is_gone_is_left_out_and_told():
    found = compared(a_row(tariff="gone"))
    assert (found.left_out, found.sums) == (1, {})


@given(
    st.integers(0, 30 * 60),
    st.integers(1, 14 * 60),
    st.integers(1, 40_000),
    st.floats(0.0, 0.5),
    st.one_of(st.none(), st.floats(1_000, 50_000)),
)
@settings(max_examples=40, deadline=None)
def test_moved_is_never_dearer_and_has_the_same_energy(begin, minutes, wh, waits, peak_w):
    start = START + timedelta(minutes=begin)
    end = start + timedelta(minutes=minutes)
    row = a_row(
        started_at=start,
        ended_at=end,
        energy_milliwh=wh * 1000,
        waiting_s=waits * minutes * 60,
        idle_s=0.0,
        peak_w=peak_w,
    )
    found = compared(row)
    saved = found.sums["SEK"]
    assert saved.moved <= saved.was
    course = course_of_summary(start, end, wh * 1000, waiting_s=waits * minutes * 60, idle_s=0.0)
    plan = found.moved(NIGHT, found.policy.zone_of("default"), course, row)
    assert plan is not None
    assert plan.energy_milliwh == wh * 1000
    assert all(start <= point.at <= end for point in plan.points)
    bill = price_course(NIGHT, found.policy.zone_of("default"), plan, {})
    assert bill.energy_milliwh == wh * 1000


def test_the_price_of_a_kilowatt_hour_is_that_of_its_quarter():
    zone = UTC
    assert price_of_kwh(NIGHT, zone, START, {}) == Decimal("3.75")
    assert price_of_kwh(NIGHT, zone, START + 5 * HOUR, {}) == Decimal("1.25")


def test_quarters_cover_a_stay():
    found = quarters(START + timedelta(minutes=7), START + timedelta(minutes=40))
    assert [(a.minute, b.minute) for a, b in found] == [(7, 15), (15, 30), (30, 40)]
