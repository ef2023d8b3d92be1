"""Reading tariffs: every mistake by its path, numbers as written, nothing but TariffInvalid."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.billing import TariffInvalid, advise, dump_tariff, read_tariff
from tests.unit.billing.made_tariffs import component, document, element, tariff

ENERGY = component("ENERGY", 0.25)


def mistakes(doc):
    with pytest.raises(TariffInvalid) as caught:
        read_tariff(doc)
    return {finding.field: finding.message for finding in caught.value.findings}


@pytest.mark.parametrize(
    ("doc", "field", "words"),
    [
        (document(), "elements", "at least one"),
        (document(element()), "elements[0].price_components", "at least one"),
        (document(element(ENERGY), currency="XXY"), "currency", "ISO 4217"),
        (document(element(ENERGY), currency="eur"), "currency", "did you mean EUR"),
        (document(element(ENERGY), currency="XAU"), "currency", "ISO 4217"),
        (document(element(ENERGY), country_code="S!"), "country_code", "letters"),
        (document(element(ENERGY), type="CHEAP"), "type", "PROFILE_CHEAP"),
        (document(element(ENERGY), tax_included="YES"), "tax_included", "exclude VAT"),
        (document(element(ENERGY), last_updated="yesterday"), "last_updated", "no time"),
        (document(element(ENERGY), min_price={}), "min_price.excl_vat", "missing"),
        (document(element(ENERGY), min_price=5), "min_price", "must be an object, is 5"),
        (
            document(element(ENERGY), min_price={"excl_vat": 5}, max_price={"excl_vat": 4}),
            "min_price.excl_vat",
            "max_price",
        ),
        (
            document(element(ENERGY), max_price={"excl_vat": 5, "incl_vat": 4}),
            "max_price.incl_vat",
            "below excl_vat",
        ),
        (
            document(
                element(ENERGY),
                start_date_time="2026-02-01T00:00:00Z",
                end_date_time="2026-01-01T00:00:00Z",
            ),
            "end_date_time",
            "after start_date_time",
        ),
        (
            document(element(component("POWER", 1))),
            "elements[0].price_components[0].type",
            "'POWER'",
        ),
        (
            document(element(component("ENERGY", "0.25"))),
            "elements[0].price_components[0].price",
            "without quotes",
        ),
        (
            document(element(component("ENERGY", float("nan")))),
            "elements[0].price_components[0].price",
            "number",
        ),
        (
            document(element(component("ENERGY", float("inf")))),
            "elements[0].price_components[0].price",
            "number",
        ),
        (
            document(element(component("ENERGY", 10**5000))),
            "elements[0].price_components[0].price",
            "digits",
        ),
        (
            document(element({**ENERGY, "price": True})),
            "elements[0].price_components[0].price",
            "must be a number, is true",
        ),
        (
            document(element(component("ENERGY", 1, -5))),
            "elements[0].price_components[0].step_size",
            "from 0",
        ),
        (
            document(element(component("ENERGY", 1, 1.5))),
            "elements[0].price_components[0].step_size",
            "whole number",
        ),
        (
            document(element({"type": "ENERGY", "price": 1})),
            "elements[0].price_components[0].step_size",
            "missing",
        ),
        (
            document(element(component("ENERGY", 1, vat=101))),
            "elements[0].price_components[0].vat",
            "to 100",
        ),
        (
            document(element(ENERGY, ENERGY)),
            "elements[0].price_components[1].type",
            "second ENERGY",
        ),
        (
            document(element(component("TIME", 1, spot={"series": "SE3"}))),
            "elements[0].price_components[0].spot",
            "only ENERGY",
        ),
        (
            document(element(component("ENERGY", 1, spot={"factor": 2}))),
            "elements[0].price_components[0].spot.series",
            "missing",
        ),
        (
            document(element(ENERGY, reservation="RESERVATION")),
            "elements[0].price_components",
            "FLAT and TIME",
        ),
        (
            document({"price_components": [ENERGY], "restriction": {"max_kwh": 1}}),
            "elements[0].restriction",
            "restrictions",
        ),
        ([], "", "must be an object, is a list"),
        (None, "", "must be an object, is null"),
        ({"elements": "none"}, "elements", "must be a list, is 'none'"),
    ],
)
def test_a_mistake_is_named_by_its_path(doc, field, words):
    assert words in mistakes(doc)[field]


@pytest.mark.parametrize(
    ("rules", "field", "words"),
    [
        ({"start_time": "25:00"}, "start_time", "HH:MM"),
        ({"end_time": "24:00"}, "end_time", "HH:MM"),
        ({"start_time": "7:00"}, "start_time", "HH:MM"),
        ({"start_time": "07:00", "end_time": "07:00"}, "end_time", "same as start_time"),
        ({"start_date": "2026-02-30"}, "start_date", "date"),
        ({"start_date": "2026-03-02", "end_date": "2026-03-01"}, "start_date", "end_date"),
        ({"min_kwh": 2, "max_kwh": 1}, "min_kwh", "max_kwh"),
        ({"min_power": 22, "max_power": 11}, "min_power", "max_power"),
        ({"min_current": -1}, "min_current", "from 0"),
        ({"min_duration": 60, "max_duration": 59}, "min_duration", "max_duration"),
        ({"max_duration": 1.5}, "max_duration", "whole number"),
        ({"day_of_week": ["MONDAY", "Tuesday"]}, "day_of_week[1]", "TUESDAY"),
        ({"day_of_week": ["MONDAY", "MONDAY"]}, "day_of_week[1]", "twice"),
        ({"day_of_week": "MONDAY"}, "day_of_week", "must be a list"),
        ({"reservation": "YES"}, "reservation", "RESERVATION_EXPIRES"),
        ({"min_khw": 1}, "min_khw", "no restriction"),
    ],
)
def test_a_mistake_in_restrictions_is_named_by_its_path(rules, field, words):
    doc = document(element(ENERGY), element(ENERGY, **rules))
    assert words in mistakes(doc)[f"elements[1].restrictions.{field}"]


def test_every_mistake_is_named_at_once():
    doc = document(element(component("ENERGY", -1, -1)), element(component("X", 1)), currency="?")
    assert len(mistakes(doc)) == 3


def test_numbers_are_read_as_they_are_written():
    doc = json.loads('{"type": "ENERGY", "price": 2.50, "vat": 0.1, "step_size": 1}')
    read = tariff(element(doc)).elements[0].price_components[0]
    assert (read.price, read.vat) == (Decimal("2.5"), Decimal("0.1"))
    exact = json.loads(
        '{"type": "ENERGY", "price": 0.30000000000001, "step_size": 1.0}', parse_float=Decimal
    )
    assert tariff(element(exact)).elements[0].price_components[0].price == Decimal(
        "0.30000000000001"
    )


def test_members_of_other_versions_and_nulls_are_read_over():
    doc = document(
        element({**ENERGY, "vat": None, "taxes": []}, day_of_week=[]),
        type=None,
        preauthorize_amount=20,
        tax_included="NO",
        energy_mix={
            "is_green_energy": True,
            "energy_sources": [{"source": "WIND", "percentage": 100}],
        },
    )
    read = read_tariff(doc)
    assert read.elements == tariff(element(ENERGY)).elements
    assert read.ignored == ("elements[0].price_components[0].taxes", "preauthorize_amount")
    assert [finding.field for finding in advise(read)] == list(read.ignored)
    assert read_tariff(dump_tariff(read)) == read


def test_defaults_fill_what_is_missing_and_nothing_else():
    doc = {"id": "A", "currency": "SEK", "elements": [element(ENERGY)], "party_id": "ABC"}
    assert set(mistakes(doc)) == {"country_code", "last_updated"}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    read = read_tariff(
        doc, {"country_code": "SE", "party_id": "XYZ", "last_updated": now.isoformat()}
    )
    assert (read.country_code, read.party_id, read.last_updated) == ("SE", "ABC", now)


def test_a_tariff_is_valid_from_its_start_until_before_its_end():
    read = tariff(
        element(ENERGY),
        start_date_time="2026-01-01T00:00:00Z",
        end_date_time="2026-02-01T00:00:00Z",
    )
    assert read.is_valid_at(datetime(2026, 1, 1, tzinfo=UTC))
    assert not read.is_valid_at(datetime(2026, 2, 1, tzinfo=UTC))
    assert not read.is_valid_at(datetime(2025, 12, 31, tzinfo=UTC))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["ENERGY", "TIME", "07:00", "2026-01-01", "EUR", "MONDAY", "RESERVATION"]),
)
MEMBERS = (
    "price_components restrictions type price spot min_price day_of_week energy_mix vat step_size "
    "tariff_alt_text start_time end_time min_kwh"
)
KEYS = st.sampled_from([*document(), *MEMBERS.split()])
GARBAGE = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(GARBAGE, st.dictionaries(KEYS, GARBAGE, max_size=4))
def test_garbage_is_a_tariff_or_is_refused_with_findings(garbage, members):
    for doc in (garbage, {**document(element(ENERGY)), **members}):
        try:
            read = read_tariff(doc)
        except TariffInvalid as error:
            refused = error
            assert refused.findings
        else:
            json.dumps(dump_tariff(read))
            advise(read)


def test_a_deep_document_is_refused_with_findings():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    doc = document(element(ENERGY), energy_mix=deep, tariff_alt_url=deep)
    assert set(mistakes(doc)) >= {"energy_mix", "tariff_alt_url"}
