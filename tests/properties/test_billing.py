"""Bills against a reference that goes second by second, and what holds for all of them."""

import json
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.billing import Tally, dump_bill, dump_tariff, load_bill, read_tariff
from tests.reference.second_by_second import clock_changes, reference_net
from tests.unit.billing.made_tariffs import component, document, element

ZONES = ("Europe/Stockholm", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca")
CHANGES = [(name, change) for name in ZONES for change in clock_changes(ZoneInfo(name), 2026)]
RATE = 1000  # milliwatt-hours a second: 3.6 kW

prices = st.integers(0, 500).map(lambda cents: cents / 100)
minutes_of_day = st.integers(0, 143).map(lambda ten: f"{ten // 6:02}:{ten % 6}0")
steps = st.sampled_from([1, 60, 300, 900])


@st.composite
def restrictions(draw):
    rules = {}
    for name, values in (
        ("start_time", minutes_of_day),
        ("end_time", minutes_of_day),
        ("min_duration", st.integers(0, 1200)),
        ("max_duration", st.integers(1200, 3000)),
        ("min_kwh", st.integers(0, 250).map(lambda step: step / 500)),
        ("max_kwh", st.integers(250, 1000).map(lambda step: step / 500)),
        ("min_power", st.sampled_from([1, 3.6, 5])),
        ("max_power", st.sampled_from([5, 7.2, 11])),
        ("day_of_week", st.sampled_from([["SATURDAY"], ["SUNDAY", "MONDAY"]])),
        ("start_date", st.sampled_from(["2026-03-29", "2026-10-25", "2026-03-08"])),
    ):
        if draw(st.integers(0, 4)) == 0:
            rules[name] = draw(values)
    if rules.get("start_time") == rules.get("end_time"):
        rules.pop("end_time", None)
    return rules


@st.composite
def documents(draw, dimensions=("ENERGY", "TIME", "PARKING_TIME", "FLAT"), steps=steps):
    elements = []
    for _ in range(draw(st.integers(1, 4))):
        kinds = draw(st.lists(st.sampled_from(dimensions), min_size=1, max_size=3, unique=True))
        parts = [component(kind, draw(prices), draw(steps), vat=20) for kind in kinds]
        elements.append(element(*parts, **draw(restrictions())))
    return document(*elements)


# One rate in a session, of which all bounds are multiples: they are reached at whole seconds.
sessions = st.sampled_from([RATE, 2 * RATE]).flatmap(
    lambda rate: st.lists(
        st.tuples(st.integers(1, 1000), st.sampled_from([0, rate]), st.booleans()),
        min_size=1,
        max_size=3,
    )
)
starts = st.tuples(st.sampled_from(CHANGES), st.integers(-2400, 600)).map(
    lambda drawn: (ZoneInfo(drawn[0][0]), drawn[0][1] + timedelta(seconds=drawn[1]))
)


def points_of(start, stretches):
    at, milliwh, points = start, 0, []
    for seconds, rate, charging in stretches:
        at += timedelta(seconds=seconds)
        milliwh += seconds * rate
        points.append((at, milliwh, charging))
    return points


def billed(doc, zone, start, points):
    tally = Tally.begin(read_tariff(doc), zone, start)
    for at, milliwh, charging in points:
        assert tally.take(at, milliwh, is_charging=charging)
    return tally


def cents(exact):
    """Half up, as an amount in cents, without our own rounding."""
    return Decimal(int(exact * 100 + Fraction(1, 2))).scaleb(-2)


@settings(max_examples=20, deadline=None)
@given(documents(), starts, sessions)
def test_a_bill_is_what_its_seconds_come_to(doc, begun, stretches):
    zone, start = begun
    tally = billed(doc, zone, start, points_of(start, stretches))
    made = tally.bill(tally.at, None, {})
    assert made.net == cents(reference_net(doc, zone, start, stretches))


@pytest.mark.parametrize(("name", "change"), CHANGES)
@settings(max_examples=3, deadline=None)
@given(cuts=st.lists(st.integers(1, 95), min_size=1, max_size=6, unique=True), data=st.data())
def test_every_hour_around_a_clock_change_is_billed_once(name, change, cuts, data):
    """A day cut in pieces with a price each: the pieces' times come to the session's time."""
    zone = ZoneInfo(name)
    marks = [f"{cut // 4:02}:{cut % 4 * 15:02}" for cut in sorted(cuts)]
    spans = list(zip(["00:00", *marks], [*marks, "00:00"], strict=True))
    doc = document(
        *(
            element(component("TIME", data.draw(prices)), start_time=start, end_time=end)
            for start, end in spans
        )
    )
    start = change - timedelta(seconds=data.draw(st.integers(0, 2400)))
    stretches = [(4000, RATE, True)]
    tally = billed(doc, zone, start, points_of(start, stretches))
    made = tally.bill(tally.at, None, {})
    times = [line for line in made.lines if line.dimension == "TIME"]
    assert sum((line.end - line.start for line in times), timedelta()) == timedelta(seconds=4000)
    assert all(one.end == two.start for one, two in pairwise(times))
    assert made.net == cents(reference_net(doc, zone, start, stretches))


def test_both_changes_of_2026_are_known_in_all_four_zones():
    assert len(CHANGES) == 2 * len(ZONES)


@settings(max_examples=40, deadline=None)
@given(documents(), starts, sessions, st.data())
def test_more_points_on_the_same_line_never_change_a_bill(doc, begun, stretches, data):
    zone, start = begun
    parts = []
    for seconds, rate, charging in stretches:
        marks = data.draw(st.lists(st.integers(1, seconds), max_size=4, unique=True))
        ends = sorted({*marks, seconds})
        parts += [(end - begin, rate, charging) for begin, end in pairwise([0, *ends])]
    whole = billed(doc, zone, start, points_of(start, stretches))
    split = billed(doc, zone, start, points_of(start, parts))
    assert whole.dump()["runs"] == split.dump()["runs"]
    assert whole.bill(whole.at, None, {}) == split.bill(split.at, None, {})


@settings(max_examples=40, deadline=None)
@given(documents(), starts, sessions, st.integers(0, 4))
def test_a_tally_goes_on_from_its_dump(doc, begun, stretches, stop):
    zone, start = begun
    points = points_of(start, stretches)
    priced = read_tariff(doc)
    straight = billed(doc, zone, start, points)
    broken = billed(doc, zone, start, points[:stop])
    broken = Tally.load(json.loads(json.dumps(broken.dump())), priced, zone)
    for at, milliwh, charging in points[stop:]:
        assert broken.take(at, milliwh, is_charging=charging)
    assert broken.dump() == straight.dump()


@settings(max_examples=60, deadline=None)
@given(
    documents(),
    starts,
    sessions,
    st.integers(0, 20_000_000),
    st.integers(0, 5000),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.tuples(prices, prices),
)
def test_the_lines_come_to_the_totals_exactly(  # noqa: PLR0917 - drawn
    doc, begun, stretches, final, later_s, currency, limits
):
    low, high = sorted(limits)
    doc |= {"currency": currency, "min_price": {"excl_vat": low}, "max_price": {"excl_vat": high}}
    zone, start = begun
    tally = billed(doc, zone, start, points_of(start, stretches))
    made = tally.bill(tally.at + timedelta(seconds=later_s), final, {})
    assert sum(line.net for line in made.lines) == made.net
    assert sum(line.vat for line in made.lines) == made.vat
    assert sum(line.total for line in made.lines) == made.total
    assert sum(period.energy_milliwh for period in made.periods) == made.energy_milliwh == final
    digits = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    assert made.total == made.total.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    least = Decimal(str(low)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    most = Decimal(str(high)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    assert least <= made.net <= most
    assert load_bill(json.loads(json.dumps(dump_bill(made)))) == made


@settings(max_examples=40, deadline=None)
@given(documents(dimensions=("ENERGY", "FLAT"), steps=st.just(1)), starts, sessions)
def test_a_bill_for_energy_never_falls(doc, begun, stretches):
    zone, start = begun
    tally = Tally.begin(read_tariff(doc), zone, start)
    before = Decimal(0)
    for at, milliwh, charging in points_of(start, stretches):
        tally.take(at, milliwh, is_charging=charging)
        total = tally.bill(at, milliwh, {}).total
        # Energy is billed in whole Wh: a cheaper price that takes over may take one back.
        assert total >= before - Decimal("0.01")
        before = total


@settings(max_examples=60, deadline=None)
@given(documents())
def test_a_tariff_is_what_its_json_says(doc):
    priced = read_tariff(doc)
    assert read_tariff(json.loads(json.dumps(dump_tariff(priced)))) == priced


def test_a_session_before_1970_or_of_no_time_is_billed_too():
    doc = document(element(component("FLAT", 1), component("ENERGY", 0.3)))
    for start in (datetime(1969, 7, 20, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)):
        tally = Tally.begin(read_tariff(doc), UTC, start)
        assert str(tally.bill(start, 0, {}).total) == "1.00"
