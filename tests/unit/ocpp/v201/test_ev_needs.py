"""What vehicles ask for."""

from datetime import UTC, datetime

from csms.ocpp import ROUTES
from csms.ocppj.schemas import request_violation
from csms.ocppj.version import Version

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(**needs):
    payload = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC", **needs}}
    assert request_violation(Version.V201, "NotifyEVChargingNeeds", payload) is None
    return ROUTES[Version.V201]["NotifyEVChargingNeeds"].decode(payload, NOW)


def test_needs_of_ac():
    fact = read(
        requestedEnergyTransfer="AC_three_phase",
        departureTime="2026-03-01T18:00:00Z",
        acChargingParameters={
            "energyAmount": 20_000,
            "evMinCurrent": 6,
            "evMaxCurrent": 16,
            "evMaxVoltage": 230,
        },
    )
    assert (fact.energy_transfer, fact.energy_wh) == ("AC_three_phase", 20_000)
    assert (fact.min_current_a, fact.max_current_a, fact.max_voltage_v) == (6, 16, 230)
    assert fact.departure_at == datetime(2026, 3, 1, 18, tzinfo=UTC)
    assert (fact.soc_percent, fact.capacity_wh, fact.max_power_w) == (None, None, None)


def test_needs_of_dc():
    fact = read(
        dcChargingParameters={
            "evMaxCurrent": 200,
            "evMaxVoltage": 450,
            "evMaxPower": 80_000,
            "energyAmount": 30_000,
            "stateOfCharge": 40,
            "fullSoC": 100,
            "bulkSoC": 80,
            "evEnergyCapacity": 60_000,
        }
    )
    assert (fact.energy_wh, fact.max_power_w, fact.max_current_a) == (30_000, 80_000, 200)
    assert (fact.soc_percent, fact.full_soc_percent, fact.bulk_soc_percent) == (40, 100, 80)
    assert (fact.capacity_wh, fact.departure_at) == (60_000, None)


def test_what_cannot_be_meant_is_not_given_and_named():
    fact = read(
        departureTime="tonight",
        dcChargingParameters={"evMaxCurrent": -1, "evMaxVoltage": 400},
    )
    assert (fact.max_current_a, fact.departure_at, fact.energy_wh) == (None, None, None)
    assert [each.kind for each in fact.anomalies] == ["time.unreadable", "payload.ignored"]


def test_needs_without_parameters_are_kept():
    fact = read()
    assert (fact.evse, fact.energy_wh, fact.anomalies) == (1, None, ())
