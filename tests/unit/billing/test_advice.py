"""What is legal but surely not meant is told, what is meant is not."""

import pytest

from csms.billing import advise
from tests.unit.billing.made_tariffs import component, element, tariff

ENERGY = component("ENERGY", 0.25)
DAY = {"start_time": "07:00", "end_time": "22:00"}


@pytest.mark.parametrize(
    ("elements", "field", "words"),
    [
        ([element(ENERGY), element(ENERGY)], "elements[1].price_components[0]", "never reached"),
        (
            [
                element(ENERGY, **DAY),
                element(ENERGY, start_time="09:00", end_time="10:00"),
                element(ENERGY),
            ],
            "elements[1].price_components[0]",
            "never reached: elements[0]",
        ),
        (
            [element(ENERGY, max_kwh=5), element(ENERGY, min_kwh=1, max_kwh=5), element(ENERGY)],
            "elements[1].price_components[0]",
            "never reached",
        ),
        (
            [element(ENERGY, min_kwh=1, max_kwh=1)],
            "elements[0].restrictions.max_kwh",
            "never applies",
        ),
        (
            [element(ENERGY, max_duration=0)],
            "elements[0].restrictions.max_duration",
            "never applies",
        ),
        (
            [
                element(
                    ENERGY, start_date="2026-01-12", end_date="2026-01-14", day_of_week=["SUNDAY"]
                )
            ],
            "elements[0].restrictions.day_of_week",
            "none of the dates",
        ),
        (
            [element(ENERGY, **DAY), element(ENERGY, start_time="18:00", end_time="23:00")],
            "elements[1].restrictions.start_time",
            "overlaps with elements[0]",
        ),
        (
            [element(ENERGY, min_kwh=1, max_kwh=5), element(ENERGY, min_kwh=4)],
            "elements[1].restrictions.min_kwh",
            "overlaps with elements[0]",
        ),
        (
            [
                element(ENERGY, day_of_week=["MONDAY", "SUNDAY"]),
                element(ENERGY, day_of_week=["SUNDAY", "SATURDAY"]),
            ],
            "elements[1].restrictions.day_of_week",
            "overlaps with elements[0]",
        ),
        (
            [element(ENERGY, start_time="22:00", end_time="06:00", day_of_week=["FRIDAY"])],
            "elements[0].restrictions.day_of_week",
            "after midnight",
        ),
        ([element(ENERGY, **DAY)], "elements", "leave times"),
        (
            [element(component("FLAT", 1)), element(component("FLAT", 2), min_duration=60)],
            "elements[1].price_components[0]",
            "one FLAT",
        ),
        (
            [element(component("TIME", 1, 900), component("PARKING_TIME", 1, 900))],
            "elements[0].price_components[0].step_size",
            "no effect",
        ),
        (
            [element(component("PARKING_TIME", 1), min_duration=3600)],
            "elements[0].restrictions.min_duration",
            "session's start",
        ),
        ([element(component("ENERGY", -1))], "elements[0].price_components[0].price", "negative"),
        (
            [element(component("ENERGY", 1, vat=25), component("TIME", 1))],
            "elements[0].price_components[1].vat",
            "missing",
        ),
    ],
)
def test_what_is_surely_not_meant_is_told(elements, field, words):
    found = {finding.field: finding.message for finding in advise(tariff(*elements))}
    assert words in found[field]


@pytest.mark.parametrize(
    "elements",
    [
        [element(ENERGY)],
        [element(ENERGY, **DAY), element(ENERGY)],
        [element(ENERGY, **DAY), element(ENERGY, start_time="22:00", end_time="07:00")],
        [element(ENERGY, max_kwh=1), element(ENERGY, min_kwh=1)],
        [element(ENERGY, max_power=16), element(ENERGY, max_power=32), element(ENERGY)],
        [element(component("FLAT", 1)), element(component("FLAT", 2), reservation="RESERVATION")],
    ],
)
def test_what_may_well_be_meant_is_not_told(elements):
    assert advise(tariff(*elements)) == []
