"""A station that lies about energy is found out, and one that does not is never accused.

Source: OCPP 1.6, 7.31: registers only grow, and go on from transaction to transaction.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from csms.engine.writes import AnomalyWrite
from csms.ocpp.v16.metering import decode_meter_values
from csms.ocpp.v16.transactions import decode_start, decode_stop
from tests import orders
from tests.builders import START, Desk, after

SEEDS = 1000
MINUTE_S = 60.0


@dataclass
class Charge:
    """One honest session: what the register shows at its start, each minute and its end, in Wh."""

    begun_s: float
    start: int
    samples: list[Any]
    stop: int
    moved: int = field(default=0)


def honest(random: Random) -> list[Charge]:
    """Three sessions at one connector, one after the other, on one register."""
    register, at_s, charges = random.choice([0, 5_000, 1_807_881]), 0.0, []
    for _ in range(3):
        power_w = random.choice([3_680, 11_000, 22_000, 150_000])
        steps = [round(power_w / 60 * random.uniform(0.9, 1)) for _ in range(random.randint(3, 9))]
        values = [register + sum(steps[: index + 1]) for index in range(len(steps))]
        charges.append(Charge(at_s, register, [*values[:-1]], values[-1], values[-1] - register))
        register = values[-1]
        at_s += MINUTE_S * (len(steps) + random.randint(1, 60))
    return charges


def negative_stop(random: Random, charge: Charge) -> None:
    charge.stop = -random.randint(1, 10**6)


def negative_start(random: Random, charge: Charge) -> None:
    charge.start = -random.randint(1, 10**6)


def negative_sample(random: Random, charge: Charge) -> None:
    charge.samples[random.randrange(len(charge.samples))] = -random.randint(1, 10**6)


def stop_below_start(random: Random, charge: Charge) -> None:
    charge.stop = max(charge.start - random.randint(2, 5000), 0)
    charge.start = max(charge.start, 2)


def stop_beyond_all_power(random: Random, charge: Charge) -> None:
    charge.stop += random.randint(10**6, 10**9)


def a_jump(random: Random, charge: Charge) -> None:
    at = random.randrange(len(charge.samples))
    jump = random.randint(50_000, 10**7)
    charge.samples[at:] = [wh + jump for wh in charge.samples[at:]]
    charge.stop += jump


def no_number(random: Random, charge: Charge) -> None:
    odd = random.choice(["NaN", "Infinity", "-Infinity", "1e400", "1_000", "٣٤", "", "9" * 30])
    charge.samples[random.randrange(len(charge.samples))] = odd


def a_fall(random: Random, charge: Charge) -> None:
    at = random.randrange(1, len(charge.samples))
    charge.samples[at] = max(charge.samples[at - 1] - random.randint(2, 10**6), -1)


def energy_kept_back(random: Random, charge: Charge) -> None:
    """The register shows at the end what it showed some minutes before; the next start shows."""
    less = random.randint(2, max(charge.moved // 2, 3))
    charge.samples = [min(wh, charge.stop - less) for wh in charge.samples]
    charge.stop -= less


def energy_made_up(random: Random, charge: Charge) -> None:
    charge.stop += random.randint(2, 500)


FRAUDS = [
    negative_stop,
    negative_start,
    negative_sample,
    stop_below_start,
    stop_beyond_all_power,
    a_jump,
    no_number,
    a_fall,
    energy_kept_back,
    energy_made_up,
]


async def charge_all(charges: list[Charge]) -> Desk:
    desk = Desk()
    for charge in charges:
        await charge_one(desk, charge)
    return desk


async def charge_one(desk: Desk, charge: Charge) -> None:
    start = {
        "connectorId": 1,
        "idTag": "A1",
        "meterStart": charge.start,
        "timestamp": after(charge.begun_s).isoformat(),
    }
    answer = (await desk.report(decode_start(start, START), charge.begun_s)).answer
    for index, register in enumerate([*charge.samples, None], 1):
        at_s = charge.begun_s + MINUTE_S * index
        stamp = after(at_s).isoformat()
        if register is None:
            stop = {
                "transactionId": int(answer.transaction_id),
                "meterStop": charge.stop,
                "timestamp": stamp,
            }
            await desk.report(decode_stop(stop, after(at_s)), at_s)
            return
        sample = {"timestamp": stamp, "sampledValue": [{"value": str(register)}]}
        values = {
            "connectorId": 1,
            "transactionId": int(answer.transaction_id),
            "meterValue": [sample],
        }
        await desk.report(decode_meter_values(values, after(at_s)), at_s)


def suspicions(desk: Desk) -> list[str]:
    """Returns every mark that tells of a fraud: flags, gaps and what could not be read."""
    flags = [flag for view in desk.views(10**6) for flag in view["flags"]]
    gaps = [gap.why for ledger in orders.ledgers_of(desk) for gap in ledger.gaps]
    return [*flags, *(each for each in gaps if each != "rounding")]


def check_sums(desk: Desk) -> None:
    energies = [view["energy_wh"] for view in desk.views(10**6)]
    assert all(energy is None or energy >= 0 for energy in energies)
    assert all(ledger.difference_milliwh == 0 for ledger in orders.ledgers_of(desk))


@pytest.mark.parametrize("share", range(4))
def test_no_honest_station_is_accused(share):
    for seed in range(share, SEEDS, 10):
        desk = asyncio.run(charge_all(honest(Random(seed))))  # noqa: S311 - seeded
        assert suspicions(desk) == []
        assert desk.rows(AnomalyWrite) == []
        check_sums(desk)


@pytest.mark.parametrize("fraud", FRAUDS, ids=lambda fraud: fraud.__name__)
def test_every_fraud_is_flagged_and_nothing_negative_is_billed(fraud):
    for seed in range(SEEDS // len(FRAUDS)):
        random = Random(seed)  # noqa: S311 - seeded
        charges = honest(random)
        told = charges[random.randrange(2)]
        fraud(random, told)
        desk = asyncio.run(charge_all(charges))
        assert suspicions(desk), (seed, told)
        check_sums(desk)
