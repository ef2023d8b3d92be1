"""Price series: forgiving shapes, exact hours, and what is missing or said twice by its instant."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.billing import SeriesInvalid, read_series
from tests.unit.billing.made_tariffs import STOCKHOLM, bill, component, element, tariff


def at(text):
    return int(datetime.fromisoformat(text).timestamp())


def mistakes(text, **more):
    with pytest.raises(SeriesInvalid) as caught:
        read_series("SE3", text, **more)
    return [(finding.field, finding.message) for finding in caught.value.findings]


HOURLY = "time,price,currency\n2026-01-01T00:00:00Z,50.5,EUR\n2026-01-01T01:00:00Z,-3,EUR\n"


def test_a_csv_in_mwh_gives_prices_of_a_kwh():
    series = read_series("SE3", HOURLY, unit="MWh")
    assert (series.currency, series.resolution_s, series.notes) == ("EUR", 3600, ())
    assert series.price(at("2026-01-01T00:00:00Z")) == Decimal("0.0505")
    assert series.price(at("2026-01-01T01:00:00Z")) == Decimal("-0.003")


@pytest.mark.parametrize(
    "text",
    [
        "start;SEK_per_kWh\n2026-01-01 01:00;1,25\n",
        "Timestamp\tPrice [SEK/kWh]\n2026-01-01T01:00:00+01:00\t1.25\n",
        "\ufeffMTU (CET/CEST),Price [SEK/MWh]\n01.01.2026 01:00 - 01.01.2026 02:00,1250\n",
        "time,value,unit,currency\n2026-01-01T00:00:00Z,1.25,SEK/kWh,SEK\n",
        json.dumps(
            [{"SEK_per_kWh": 1.25, "EUR_per_kWh": 0.1, "time_start": "2026-01-01T01:00:00+01:00"}]
        ),
        json.dumps({"currency": "SEK", "unit": "MWh", "prices": {"2026-01-01T00:00:00Z": 1250}}),
        json.dumps(
            {
                "currency": "SEK",
                "unit": "kWh",
                "prices": [{"time": "2026-01-01T00:00Z", "price": "1.25"}],
            }
        ),
    ],
)
def test_shapes_that_people_have_are_read(text):
    series = read_series("SE3", text, zone=STOCKHOLM)
    assert series.currency == "SEK"
    assert dict(series.prices) == {at("2026-01-01T00:00:00Z"): Decimal("1.25")}


def test_the_currency_asked_for_chooses_the_column():
    text = json.dumps(
        [{"SEK_per_kWh": 1.25, "EUR_per_kWh": 0.1, "time_start": "2026-01-01T01:00:00+01:00"}]
    )
    assert list(read_series("SE3", text, currency="EUR").prices.values()) == [Decimal("0.1")]


@pytest.mark.parametrize(
    ("text", "more", "field", "words"),
    [
        ("time,price\n2026-01-01T00:00:00Z,1\n", {"unit": "kWh"}, "currency", "give the currency"),
        (
            "time,price\n2026-01-01T00:00:00Z,1\n",
            {"currency": "SEK"},
            "line 2, price",
            "unit is not said",
        ),
        (
            "time,price\n2026-01-01T00:00:00Z,1\n",
            {"currency": "SEX", "unit": "kWh"},
            "currency",
            "ISO 4217",
        ),
        ("time,price\n", {"currency": "SEK", "unit": "kWh"}, "", "no prices"),
        ("a,b\n1,2\n", {"currency": "SEK", "unit": "kWh"}, "line 1", "no column for the time"),
        ("time,SEK/kWh\nnoon,1\n", {}, "line 2, time", "no time"),
        ("time,SEK/kWh\n2026-01-01T00:00:00Z,dear\n", {}, "line 2, SEK/kWh", "no number: 'dear'"),
        ("time,SEK/kWh\n2026-01-01T00:07:00Z,1\n", {}, "line 2", "2026-01-01T00:07:00Z"),
        (
            HOURLY,
            {"unit": "MWh", "currency": "SEK"},
            "line 2",
            "2026-01-01T00:00:00Z is in EUR, not in SEK",
        ),
        (
            HOURLY + "2026-01-01T01:00:00Z,4,EUR\n",
            {"unit": "MWh"},
            "line 4",
            "2026-01-01T01:00:00Z has two prices",
        ),
        (
            "time,end,EUR/kWh\n2026-01-01T00:00Z,2026-01-01T02:00Z,1\n2026-01-01T01:00Z,2026-01-01T02:00Z,2\n",
            {},
            "line 3",
            "two prices",
        ),
        (HOURLY, {"unit": "Wh"}, "unit", "kWh or MWh"),
        ("{", {}, "", "no JSON"),
        ("<a", {}, "", "no XML"),
        ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", {}, "", "document type"),
    ],
)
def test_what_is_wrong_is_named_by_line_or_instant(text, more, field, words):
    found = mistakes(text, **more)
    assert any(place == field and words in message for place, message in found), found


def test_holes_and_doubles_are_noted_by_their_instants():
    text = HOURLY + "2026-01-01T01:00:00Z,-3,EUR\n2026-01-01T05:00:00Z,7,EUR\n"
    notes = [note.message for note in read_series("SE3", text, unit="MWh").notes]
    assert notes == [
        "the price of 2026-01-01T01:00:00Z is there twice",
        "no price from 2026-01-01T02:00:00Z to 2026-01-01T05:00:00Z",
    ]


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)]
)
def test_local_hours_of_a_day_with_a_clock_change_are_all_there(day, hours):
    clock = [hour for hour in range(24) if (day, hour) != ("2026-03-29", 2)]
    clock = sorted([*clock, 2] if day == "2026-10-25" else clock)
    rows = "".join(f"{day} {hour:02}:00,{number}\n" for number, hour in enumerate(clock))
    series = read_series("SE3", f"time,EUR/kWh\n{rows}", zone=STOCKHOLM)
    assert (len(series.prices), series.notes) == (hours, ())
    slots = sorted(series.prices)
    assert slots == list(range(slots[0], slots[0] + hours * 3600, 3600))


def test_a_local_time_that_clocks_jump_over_is_named():
    (place, message), *_ = mistakes("time,EUR/kWh\n2026-03-29 02:00,1\n", zone=STOCKHOLM)
    assert (place, "does not exist" in message) == ("line 2, time", True)


def document(curve, points, resolution="PT60M", end="2026-03-29T03:00Z"):
    inner = "".join(
        f"<Point><position>{place}</position><price.amount>{price}</price.amount></Point>"
        for place, price in points
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Publication_MarketDocument xmlns="urn:x:1">'
        "<TimeSeries><currency_Unit.name>EUR</currency_Unit.name>"
        "<price_Measure_Unit.name>MWH</price_Measure_Unit.name>"
        f"<curveType>{curve}</curveType><Period><timeInterval><start>2026-03-28T23:00Z</start>"
        f"<end>{end}</end></timeInterval><resolution>{resolution}</resolution>{inner}"
        "</Period></TimeSeries></Publication_MarketDocument>"
    )


def test_a_missing_position_is_the_one_before_under_curve_a03_and_a_hole_under_a01():
    points = [(1, 10), (3, 30)]
    same = read_series("SE3", document("A03", points))
    assert [str(price) for price in same.prices.values()] == ["0.01", "0.01", "0.03", "0.03"]
    assert same.notes == ()
    holed = read_series("SE3", document("A01", points))
    assert [note.message for note in holed.notes] == [
        "no price from 2026-03-29T00:00:00Z to 2026-03-29T01:00:00Z"
    ]


def test_quarters_of_an_hour_are_read_and_the_same_document_as_json():
    series = read_series("SE3", document("A03", [(1, 10), (6, 60)], "PT15M"))
    assert (series.resolution_s, len(series.prices)) == (900, 16)
    doc = {
        "TimeSeries": {
            "currency_Unit.name": "EUR",
            "price_Measure_Unit.name": "MWH",
            "curveType": "A03",
            "Period": [
                {
                    "timeInterval": {"start": "2026-03-28T23:00Z", "end": "2026-03-29T03:00Z"},
                    "resolution": "PT15M",
                    "Point": [
                        {"position": 1, "price.amount": 10},
                        {"position": 6, "price.amount": 60.0},
                    ],
                }
            ],
        }
    }
    assert read_series("SE3", json.dumps(doc)) == series


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (document("A03", [(9, 10)]), "TimeSeries 1, Period 1, Point", "from 1 to 4"),
        (document("A03", [(1, "x")]), "TimeSeries 1, Period 1, Point 1", "no number"),
        (document("A03", [(1, 1)], "PT5M"), "TimeSeries 1, Period 1, resolution", "PT15M"),
        (
            document("A03", [(1, 1)], end="2026-03-28T23:00Z"),
            "TimeSeries 1, Period 1, timeInterval",
            "end after",
        ),
        (
            "<A_MarketDocument><Reason><text>No data</text></Reason></A_MarketDocument>",
            "",
            "No data",
        ),
        ("<a><b/></a>", "", "has no TimeSeries"),
    ],
)
def test_what_is_wrong_in_a_document_is_named_by_its_place(text, place, words):
    found = mistakes(text)
    assert any(field == place and words in message for field, message in found), found


SPOT = tariff(element(component("ENERGY", 9, spot={"series": "SE3", "factor": 1.25, "add": 0.5})))


def test_a_spot_price_holds_for_its_slot_and_its_stand_in_for_a_hole():
    start = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    text = "time,EUR/kWh\n2026-01-01T00:00:00Z,1\n2026-01-01T01:00:00Z,2\n"
    series = {"SE3": read_series("SE3", text)}
    made = bill(SPOT, (120, 4, True), start=start, series=series)
    assert [(str(line.quantity), str(line.price), line.reasons) for line in made.lines] == [
        ("1.000000", "1.75", ()),
        ("2.000000", "3.00", ()),
        ("1.000000", "9", ("price_missing",)),
    ]
    assert (str(made.total), made.reasons) == ("16.75", ("price_missing",))


def test_prices_in_another_currency_or_not_there_are_missing():
    yen = {"SE3": read_series("SE3", "time,JPY/kWh\n2026-01-14T10:00:00Z,1\n")}
    for series in (yen, {}):
        made = bill(SPOT, (30, 1, True), series=series)
        assert (str(made.total), made.reasons) == ("9.00", ("price_missing",))


@settings(max_examples=40, deadline=None)
@given(
    st.text(max_size=60) | st.sampled_from([HOURLY, document("A03", [(1, 1)])]),
    st.text(max_size=20),
)
def test_any_text_is_a_series_or_is_refused_with_findings(text, more):
    for whole in (text + more, more + text, "[" + text, "<" + text, "time,EUR/kWh\n" + text):
        try:
            series = read_series("SE3", whole)
        except SeriesInvalid as error:
            refused = error
            assert refused.findings
        else:
            assert series.prices
