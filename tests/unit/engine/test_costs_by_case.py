"""Costs of sessions that are not plain: reserved ones, coarse registers."""

from __future__ import annotations

import pytest

from csms.domain.facts import EventKind, SamplesReported
from csms.domain.reservation import ReservationAnswered, ReservationStatus
from tests.builders import a_sample, after, an_event
from tests.unit.engine.test_costs import (
    a_desk,
    a_session,
    event,
    hear,
    records,
    restart,
    settle,
    tariff,
)


def component(kind: str, price: float, vat: int, step: int = 1) -> dict:
    return {"type": kind, "price": price, "vat": vat, "step_size": step}


RESERVED = tariff(
    "reserved",
    {
        "price_components": [component("TIME", 5, 20, 60)],
        "restrictions": {"reservation": "RESERVATION"},
    },
    {"price_components": [component("FLAT", 0.5, 20), component("ENERGY", 0.25, 10)]},
)
"""OCPI 2.2.1, 11.3.1, the example with a price for reservations."""

PARKED = tariff("parked", {"price_components": [component("PARKING_TIME", 4, 0, 900)]})


async def reserve(desk, at_s: float) -> None:
    said = ReservationAnswered(1, ReservationStatus.ACCEPTED, "TAG1", after(7200), evse=1)
    await desk.keep(desk.engine.agreed(desk.state, said, after(at_s)))


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_reservation_is_billed_with_the_session_that_used_it(is_restarted):
    """A quarter of an hour at 5 per h and 20 kWh: 6.75 and 7.60, as the specification says."""
    desk = await a_desk(RESERVED)
    await reserve(desk, 900)
    await hear(desk, event(EventKind.STARTED, 0, 1800, 0, token="TAG1"))
    if is_restarted:
        await restart(desk)
    await hear(desk, event(EventKind.UPDATED, 1, 3600, 10_000))
    await hear(desk, event(EventKind.ENDED, 2, 5400, 20_000))
    (doc,) = records(desk)
    assert (doc["bill"]["net"], doc["bill"]["total"]) == ("6.75", "7.60")
    assert [line["element"] for line in doc["bill"]["lines"]] == [0, 1, 1]


async def test_a_reservation_stays_on_the_bill_when_readings_come_late():
    desk = await a_desk(RESERVED)
    await reserve(desk, 900)
    started, *updates, ended = a_session(token="TAG1")
    await hear(desk, started, *updates[1:], ended)
    await hear(desk, updates[0], received_s=5500)
    await settle(desk, 5700)
    last = records(desk)[-1]["bill"]
    assert (last["net"], last["lines"][0]["net"]) == ("3.25", "1.250000")


async def test_a_session_that_nobody_reserved_pays_for_none():
    desk = await a_desk(RESERVED)
    await hear(desk, *a_session(token="TAG1"))
    assert records(desk)[0]["bill"]["net"] == "2.00"


def powers(transaction: str, at_s: float, wh: float, power_w: float) -> SamplesReported:
    return SamplesReported(1, 1, (a_sample(at_s, wh=wh, power_w=power_w),), transaction)


async def charge(desk, step_wh: int, power_w: float, until_s: float) -> None:
    """A 1.6 session at constant power, a reading a minute, by a register that counts in steps."""
    start = an_event(EventKind.STARTED, 0, transaction=None, connector=1, evse=1, wh=0)
    (outcome,) = await hear(desk, start)
    transaction = outcome.answer.transaction_id

    def register(at_s: float) -> float:
        return power_w * at_s / 3600 // step_wh * step_wh

    at_s = 60.0
    while at_s < until_s:
        await desk.report(powers(transaction, at_s, register(at_s), power_w), at_s)
        at_s += 60
    stop = an_event(
        EventKind.ENDED, until_s, transaction=transaction, wh=register(until_s), id_is_ours=True
    )
    await hear(desk, stop)


@pytest.mark.parametrize("step_wh", [1, 10, 100, 1000])
@pytest.mark.parametrize("power_w", [1400.0, 3600.0, 11_000.0])
async def test_a_coarse_register_is_no_parking_while_power_flows(step_wh, power_w):
    desk = await a_desk(PARKED)
    await charge(desk, step_wh, power_w, 3610)
    (doc,) = records(desk)
    assert (doc["bill"]["total"], doc["bill"]["parking_s"]) == ("0.00", 0.0)


async def test_a_register_that_stands_without_power_is_parking():
    """Ten minutes at 6 kW, then twenty at none: as thirty, at 4 per h."""
    desk = await a_desk(PARKED)
    start = an_event(EventKind.STARTED, 0, transaction=None, connector=1, evse=1, wh=0)
    (outcome,) = await hear(desk, start)
    transaction = outcome.answer.transaction_id
    for minute in range(1, 30):
        wh, power_w = (100 * minute, 6000.0) if minute <= 10 else (1000, 0.0)
        await desk.report(powers(transaction, 60 * minute, wh, power_w), 60 * minute)
    stop = an_event(EventKind.ENDED, 1800, transaction=transaction, wh=1000, id_is_ours=True)
    await hear(desk, stop)
    (doc,) = records(desk)
    assert (doc["bill"]["total"], doc["bill"]["parking_s"]) == ("2.00", 1200.0)


async def test_a_stored_tariff_that_nobody_can_read_is_passed_over():
    desk = await a_desk(RESERVED)
    book = desk.policy.tariffs
    book.version({"id": "reserved", "version": 1})
    broken = {"id": "reserved", "currency": "no such", "elements": []}
    made = {"id": "reserved", "version": 2, "made_at": after(-60).isoformat(), "doc": broken}
    book.load([made], [], [])
    await hear(desk, *a_session(token="TAG1"))
    assert records(desk)[0]["tariff"]["id"] == "settings"
