"""ISO 15118 cars: their needs, and the schedules that they choose."""

import pytest


@pytest.mark.parametrize(
    ("more", "transfer", "parameters"),
    [
        ({"vehicle": "sedan-11kw"}, "AC_three_phase", "acChargingParameters"),
        ({"vehicle": "sedan-dc-150kw", "current": "DC"}, "DC", "dcChargingParameters"),
    ],
)
def test_k15_needs_are_told_once_with_what_the_car_takes(lab, more, transfer, parameters):
    room = lab("2.0.1", **more)
    room.run(120)
    (told,) = room.said("NotifyEVChargingNeeds")
    needs = told["chargingNeeds"]
    assert needs["requestedEnergyTransfer"] == transfer
    assert set(needs) - {"departureTime"} == {"requestedEnergyTransfer", parameters}
    assert needs[parameters]["energyAmount"] > 10_000
    names = [name for _, name, _ in room.calls]
    assert names.index("TransactionEvent") < names.index("NotifyEVChargingNeeds")


def test_a_car_that_does_not_speak_has_no_needs(lab):
    room = lab("2.0.1", vehicle="plug-in-hybrid")
    room.run(60)
    assert room.said("NotifyEVChargingNeeds") == []
    assert room.tx_profile(10) == "Accepted"
    room.run(1)
    assert room.said("NotifyEVChargingSchedule") == []


def test_k15_fr_10_and_k16_choice_is_within_each_profile(lab):
    room = lab("2.0.1", vehicle="sedan-11kw")
    room.run(60)
    assert room.tx_profile(10, pauses=[(600, 32)]) == "Accepted"
    room.run(1)
    (told,) = room.said("NotifyEVChargingSchedule")
    periods = told["chargingSchedule"]["chargingSchedulePeriod"]
    assert [each["startPeriod"] for each in periods] == [0, 600]
    assert periods[0]["limit"] <= 10
    assert periods[1]["limit"] <= 16
    assert told["chargingSchedule"]["chargingRateUnit"] == "A"
