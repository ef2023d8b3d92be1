"""Every stored vector, under our reading and under the implementation's own."""

from __future__ import annotations

from typing import Any

import pytest

from profiles import CompositeQuery, RateUnit, Transaction, composite, limit_at
from tests.reference import vectors


def _cases(expectation: str) -> list[Any]:
    return [
        pytest.param(vector, id=f"{name}-{vector['id']}")
        for name in vectors.COMPOSITE_FILES
        for vector in vectors.load(name)
        if expectation in vector
    ]


@pytest.mark.parametrize("vector", _cases("expected"))
def test_limits_follow_the_rules(vector: dict[str, Any]) -> None:
    _check(vector, vector["expected"], None)


@pytest.mark.parametrize("vector", _cases("upstream_expected"))
def test_switches_reproduce_the_other_reading(vector: dict[str, Any]) -> None:
    _check(vector, vector["upstream_expected"], vector["upstream_rules"])


def _check(
    vector: dict[str, Any], expected: list[dict[str, Any]], switches: dict[str, Any] | None
) -> None:
    found = (_composite if vector["kind"] == "composite" else _limits_at)(vector, switches)
    assert [each[:2] for each in found] == [
        (each.get("startPeriod", each.get("at")), _approx(each["limit"])) for each in expected
    ]
    for (_, _, phases), wanted in zip(found, expected, strict=True):
        assert phases == wanted.get("numberPhases", phases)


def _approx(limit: float | None) -> Any:
    return None if limit is None else pytest.approx(limit)


def _composite(
    vector: dict[str, Any], switches: dict[str, Any] | None
) -> list[tuple[Any, float | None, int | None]]:
    query = vector["query"]
    rules = vectors.read_rules(vector["ocpp"], switches)
    answer = composite(
        vectors.read_set(vector["profiles"], rules),
        CompositeQuery(
            query["evse"],
            vectors.instant(query["start"]),
            query["duration"],
            RateUnit(query["unit"]),
            query["assumeTransaction"],
        ),
        transactions=vectors.read_transactions(vector.get("transactions")),
        station=vectors.read_station(vector.get("station")),
        rules=rules,
    )
    return [(each.start_s, each.limit, each.number_phases) for each in answer.periods]


def _limits_at(
    vector: dict[str, Any], switches: dict[str, Any] | None
) -> list[tuple[Any, float | None, int | None]]:
    query = vector["query"]
    rules = vectors.read_rules(vector["ocpp"], switches)
    station = vectors.read_station(vector.get("station"))
    profiles = vectors.read_set(vector["profiles"], rules)
    transaction = vectors.read_transactions(vector.get("transactions")).get(query["evse"])
    if transaction is None and query["assumeTransaction"]:
        transaction = Transaction(None, vectors.instant(query["start"]))
    found = []
    for at in query["at"]:
        step = limit_at(
            profiles,
            evse=query["evse"],
            transaction=transaction,
            at=vectors.instant(at),
            rules=rules,
        )
        limit = step.in_unit(
            RateUnit(query["unit"]), station.voltage, station.phases, rules.mixed_units
        )
        phases = min(step.phases or station.phases, station.phases) if step.is_limited else None
        found.append((at, limit, phases))
    return found
