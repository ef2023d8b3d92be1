"""Sessions in JSON: three forms that come to the same, and contradictions by their field."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from csms.__main__ import app
from csms.billing import SessionInvalid, price_session
from csms.errors import SettingsError
from tests.unit.billing.made_tariffs import STOCKHOLM, component, document, element, tariff, totals

PRICED = tariff(
    element(component("FLAT", 1, vat=20), component("ENERGY", 0.5, vat=10)),
    element(component("TIME", 3, 60, vat=20), component("PARKING_TIME", 6, 600, vat=20)),
)
START, FULL, END = "2026-03-28T22:00:00Z", "2026-03-29T00:30:00Z", "2026-03-29T01:12:00Z"
POINTS = {
    "points": [
        {"at": START, "energy_kwh": 1000.5},
        {"at": "2026-03-28T23:00:00Z", "energy_kwh": 1010.5},
        {"at": FULL, "energy_kwh": 1020.5, "charging": True},
        {"at": END, "energy_kwh": 1020.5},
    ]
}
PERIODS = {
    "end_date_time": END,
    "charging_periods": [
        {
            "start_date_time": START,
            "dimensions": [{"type": "ENERGY", "volume": 20}, {"type": "TIME", "volume": 2.5}],
        },
        {
            "start_date_time": FULL,
            "dimensions": [{"type": "PARKING_TIME", "volume": 0.7}, {"type": "FLAT", "volume": 1}],
        },
    ],
}
FORMS = [
    {"start": START, "end": END, "energy_kwh": 20, "charging_end": FULL},
    {"start": START, "end": END, "energy_kwh": 20, "parking_s": 2520},
    {"started_at": START, "ended_at": END, "energy_wh": 20_000, "charging_s": 9000},
    {**POINTS, "start": None},
    {"start": START, "end": END, "points": [{"at": FULL, "energy_kwh": 20}]},
    PERIODS,
    {
        "start_date_time": START,
        "end_date_time": END,
        "charging_periods": [
            {
                "start_date_time": START,
                "dimensions": [
                    {"type": "ENERGY", "volume": 20},
                    {"type": "TIME", "volume": 2.5},
                    {"type": "PARKING_TIME", "volume": 0.7},
                ],
            }
        ],
    },
]


@pytest.mark.parametrize("doc", FORMS)
def test_every_form_of_a_session_comes_to_the_same(doc):
    """1.00 + 20 kWh at 0.50 + 2.5 h at 3.00 + 42 min as 50 at 6.00/h."""
    assert totals(price_session(PRICED, doc, STOCKHOLM)) == ("23.50", "27.20")


def test_powers_and_currents_of_periods_choose_the_element():
    priced = tariff(element(component("ENERGY", 1), max_power=11), element(component("ENERGY", 2)))
    doc = json.loads(json.dumps(PERIODS))
    doc["charging_periods"][0]["dimensions"].append({"type": "MAX_POWER", "volume": 22})
    assert str(price_session(priced, doc, STOCKHOLM).total) == "40.00"
    assert str(price_session(priced, PERIODS, STOCKHOLM).total) == "20.00"


def test_the_example_of_a_charge_detail_record_comes_to_its_total():
    """OCPI 2.2.1, 10.3.2: 1.973 h at 2.00/h by 5 minutes, 10% VAT: 4.00 and 4.40."""
    record = {
        "start_date_time": "2015-06-29T21:39:09Z",
        "end_date_time": "2015-06-29T23:37:32Z",
        "charging_periods": [
            {
                "start_date_time": "2015-06-29T21:39:09Z",
                "dimensions": [{"type": "TIME", "volume": 1.973}],
                "tariff_id": "12",
            }
        ],
        "total_cost": {"excl_vat": 4.0, "incl_vat": 4.4},
        "total_energy": 15.342,
        "total_time": 1.973,
    }
    made = price_session(tariff(element(component("TIME", 2, 300, vat=10))), record, STOCKHOLM)
    assert (totals(made), made.energy_milliwh) == (("4.00", "4.40"), 15_342_000)


def test_a_reservation_is_read_as_such_and_as_a_period():
    priced = tariff(
        element(component("TIME", 6, 60), reservation="RESERVATION"),
        element(component("ENERGY", 1)),
    )
    booked = {"start": "2026-03-28T21:30:00Z", "end": START}
    period = {
        "start_date_time": "2026-03-28T21:30:00Z",
        "dimensions": [{"type": "RESERVATION_TIME", "volume": 0.5}],
    }
    for doc in (
        {**FORMS[0], "reservation": booked},
        {**PERIODS, "charging_periods": [period, *PERIODS["charging_periods"]]},
    ):
        assert str(price_session(priced, doc, STOCKHOLM).total) == "23.00"
    assert (
        str(price_session(priced, {"reservation": {**booked, "expired": True}}, STOCKHOLM).total)
        == "3.00"
    )


@pytest.mark.parametrize(
    ("doc", "field", "words"),
    [
        ([], "", "must be an object"),
        ({}, "start", "missing"),
        ({"start": END, "end": START, "energy_kwh": 1}, "end", "before the start"),
        ({"start": START, "end": END, "energy_kwh": -1}, "energy_kwh", "from 0"),
        ({"start": START, "end": END, "energy_kwh": 1, "parking_s": 99999}, "parking_s", "outside"),
        ({"start": START, "end": "2028-01-01T00:00:00Z", "energy_kwh": 1}, "", "366 days"),
        (
            {"start": START, "end": END, "energy_kwh": 1, "charging_s": 10**9},
            "charging_s",
            "outside",
        ),
        ({"points": []}, "points", "at least one"),
        ({"points": [{"at": END}]}, "points[0].energy_kwh", "missing"),
        (
            {"points": [{"at": END, "energy_kwh": 1}, {"at": START, "energy_kwh": 2}]},
            "points[1].at",
            "before 2026-03-29T01:12:00Z",
        ),
        (
            {"points": [{"at": START, "energy_kwh": 2}, {"at": END, "energy_kwh": 1}]},
            "points[1].energy_kwh",
            "less than",
        ),
        ({**POINTS, "end": START}, "end", "before the last point"),
        ({"charging_periods": PERIODS["charging_periods"]}, "end", "missing"),
        ({**PERIODS, "end_date_time": START}, "charging_periods[1].start_date_time", "after"),
        (
            {
                "end": END,
                "charging_periods": [
                    {"start_date_time": START, "dimensions": [{"type": "TIME", "volume": 9}]}
                ],
            },
            "charging_periods[0].dimensions",
            "longer than the period",
        ),
        (
            {
                "end": END,
                "charging_periods": [
                    {"start_date_time": START, "dimensions": [{"type": "TIMES", "volume": 1}]}
                ],
            },
            "charging_periods[0].dimensions[0].type",
            "one of",
        ),
    ],
)
def test_a_contradiction_is_named_by_its_field(doc, field, words):
    with pytest.raises(SessionInvalid) as caught:
        price_session(PRICED, doc, STOCKHOLM)
    found = [(finding.field, finding.message) for finding in caught.value.findings]
    assert any(place == field and words in message for place, message in found), found


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([START, END, "TIME"])
)
MEMBERS = (
    "start end points at energy_kwh charging charging_periods start_date_time end_date_time "
    "dimensions type volume parking_s charging_end reservation"
)
KEYS = st.sampled_from(MEMBERS.split())
GARBAGE = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)
)


@settings(max_examples=60, deadline=None)
@given(GARBAGE, st.dictionaries(KEYS, GARBAGE, max_size=3), st.sampled_from(FORMS))
def test_garbage_is_a_session_or_is_refused_with_findings(garbage, members, form):
    for doc in (garbage, {**form, **members}):
        try:
            made = price_session(PRICED, doc, STOCKHOLM)
        except SessionInvalid as error:
            refused = error
            assert refused.findings
        else:
            assert sum(line.total for line in made.lines) == made.total


def priced_by_command(tmp_path, tariff_doc, session_doc, *options):
    (tmp_path / "tariff.json").write_text(json.dumps(tariff_doc))
    (tmp_path / "session.json").write_text(json.dumps(session_doc))
    args = ["price", str(tmp_path / "tariff.json"), str(tmp_path / "session.json"), *options]
    return CliRunner().invoke(app, args)


DOC = document(
    element(component("ENERGY", 0.5, vat=10), start_time="00:00", end_time="06:00"),
    element(component("ENERGY", 1, vat=10)),
)


def test_the_command_prints_lines_in_local_time_and_totals(tmp_path):
    ran = priced_by_command(tmp_path, DOC, FORMS[0], "--time-zone", "Europe/Stockholm")
    assert ran.exit_code == 0
    assert "2026-03-29 00:00:00 CET" in ran.output
    assert "net 14.00  VAT 1.40  total 15.40 EUR" in ran.output


def test_the_command_prints_json_of_one_bill_or_of_a_list(tmp_path):
    one = json.loads(priced_by_command(tmp_path, DOC, FORMS[0], "--json").output)
    two = json.loads(priced_by_command(tmp_path, DOC, FORMS[:2], "--json").output)
    assert (one["total"], [doc["total"] for doc in two]) == ("19.80", ["19.80", "19.80"])


def test_the_command_tells_of_a_tariff_that_was_not_valid_and_reads_an_endpoints_answer(tmp_path):
    old = {"status_code": 1000, "data": {**DOC, "end_date_time": "2026-01-01T00:00:00Z"}}
    ran = priced_by_command(tmp_path, old, FORMS[0])
    assert ran.exit_code == 0
    assert "not valid at the start" in ran.stderr


def test_the_command_tells_where_a_record_says_otherwise(tmp_path):
    for excl, is_told in ((18, False), (17.5, True)):
        record = {**FORMS[0], "total_cost": {"excl_vat": excl, "incl_vat": 19.8}}
        ran = priced_by_command(tmp_path, DOC, record)
        assert ("the record itself says: net 17.5, total 19.8" in ran.output) is is_told


def test_the_command_reads_spot_prices(tmp_path):
    (tmp_path / "spot.csv").write_text(
        "time,EUR/kWh\n2026-03-28T22:00:00Z,2\n2026-03-28T23:00:00Z,3\n"
    )
    spot = document(element(component("ENERGY", 9, spot={"series": "SE3"})))
    ran = priced_by_command(tmp_path, spot, FORMS[0], "--series", f"SE3={tmp_path / 'spot.csv'}")
    assert "net 76.00" in ran.output  # 8 kWh at 2, 8 at 3, 4 at 9
    assert "price_missing" in ran.output


@pytest.mark.parametrize(
    ("tariff_doc", "session_doc", "options", "words"),
    [
        ({**DOC, "currency": "EURO"}, FORMS[0], (), "tariff.json: currency must have 3 characters"),
        (DOC, [FORMS[0], {}], (), "session.json: [1].start is missing"),
        (DOC, [], (), "has no sessions"),
        (DOC, FORMS[0], ("--time-zone", "Mars/Base"), "'Mars/Base' is no time zone"),
        (DOC, FORMS[0], ("--series", "SE3"), "NAME=FILE"),
        (DOC, FORMS[0], ("--series", "SE3=/nowhere.csv"), "cannot be read"),
    ],
)
def test_the_command_says_what_is_wrong_in_a_sentence(
    tmp_path, tariff_doc, session_doc, options, words
):
    ran = priced_by_command(tmp_path, tariff_doc, session_doc, *options)
    assert isinstance(ran.exception, SettingsError)
    assert words in str(ran.exception)
