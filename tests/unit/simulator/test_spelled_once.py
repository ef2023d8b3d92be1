"""What is spelled once for many messages is what the package's types would say each time."""

from datetime import UTC, datetime
from random import Random
from statistics import fmean, pstdev

import pytest
from ocpp.v16 import call as call16
from ocpp.v16 import datatypes as datatypes16
from ocpp.v201 import call, datatypes, enums

from simulator.metering.noise import NOISE, STRETCH
from simulator.metering.sampling import Value
from simulator.station.transaction import Moment
from simulator.v16 import metering
from simulator.v16.sampled import spelled
from simulator.v201.words import Told, Words, event
from simulator.wire import members, to_payload

AT = Moment(datetime(2026, 11, 21, 8, 0, tzinfo=UTC), is_offline=False)
VALUES = [{"timestamp": "2026-11-21T08:00:00.000Z", "sampledValue": [{"value": 1.0}]}]


@pytest.mark.parametrize("state", [None, enums.ChargingStateEnumType.charging])
@pytest.mark.parametrize("connector", [None, 2])
@pytest.mark.parametrize("values", [None, VALUES])
def test_event_is_the_package_s(state, connector, values):
    kind, trigger = enums.TransactionEventEnumType.updated, enums.TriggerReasonEnumType.trigger
    words = Words(kind, trigger, state, meter_value=values)
    told = Told("T1", 3, next_seq=7, connector=connector)
    evse = datatypes.EVSEType(id=3, connector_id=connector)
    whole = call.TransactionEvent(
        event_type=kind,
        timestamp="2026-11-21T08:00:00.000Z",
        trigger_reason=trigger,
        seq_no=7,
        offline=False,
        transaction_info=datatypes.TransactionType(transaction_id="T1", charging_state=state),
        evse=None if connector is None else evse,
        meter_value=values,
    )
    assert event(told, AT, words).build() == to_payload(whole)
    assert event(told, AT, words).build()["seqNo"] == 8


def test_events_of_two_transactions_share_nothing_that_is_told():
    words = Words(enums.TransactionEventEnumType.updated, enums.TriggerReasonEnumType.trigger)
    one, other = (event(Told(name, 1), AT, words).build() for name in ("T1", "T2"))
    one["transactionInfo"]["transactionId"] = "spoiled"
    assert other["transactionInfo"]["transactionId"] == "T2"


@pytest.mark.parametrize("number", [None, 0, 12])
def test_meter_values_are_the_package_s(number):
    whole = call16.MeterValues(connector_id=1, meter_value=VALUES, transaction_id=number)
    assert metering.message(1, VALUES[0], number) == to_payload(whole)


def test_sampled_value_is_the_package_s():
    (found,) = spelled([Value("Voltage", 230.5, "V", "L1-N")], "Sample.Periodic")
    whole = datatypes16.SampledValue(
        value="230.5",
        context="Sample.Periodic",
        measurand="Voltage",
        phase="L1-N",
        location="Outlet",
        unit="V",
    )
    assert found == to_payload(whole)


def _chance(seed):
    return Random(seed)  # noqa: S311 - a simulation, no secrets


def test_number_is_told_as_by_six_decimals():
    random = _chance(1)
    for _ in range(2000):
        amount = round(random.uniform(-1e6, 1e6), random.randint(0, 9))
        plain = f"{amount:.6f}".rstrip("0").rstrip(".")
        assert Value("Voltage", amount, "V").text == plain


def test_member_that_the_package_has_not_is_refused():
    with pytest.raises(KeyError):
        members(call16.MeterValues, "connector")


def test_noise_is_normal_and_by_chance():
    random = _chance(1)
    drawn = [each for _ in range(2000) for each in NOISE.some(random)]
    assert len(drawn) == 2000 * STRETCH
    assert abs(fmean(drawn)) < 0.05
    assert abs(pstdev(drawn) - 1.0) < 0.05
    assert NOISE.some(_chance(5)) == NOISE.some(_chance(5))
    assert NOISE.some(_chance(5)) != NOISE.some(_chance(6))
