"""Meter values as the configuration of a 1.6 station wants them (3.16)."""

import pytest

REGISTER = "Energy.Active.Import.Register"


def measurands(meter_values):
    return [
        (value["measurand"], value.get("phase"), value["context"])
        for each in meter_values
        for value in each["sampledValue"]
    ]


def test_stop_brings_what_was_sampled(site):
    room = site()
    room.set("MeterValueSampleInterval", 20)
    room.set("StopTxnSampledData", f"{REGISTER},Voltage.L2")
    room.charge()
    room.run(70)
    room.show("TAG")
    stop = room.said("StopTransaction")[0]
    kept = measurands(stop["transactionData"])
    contexts = ["Transaction.Begin", *["Sample.Periodic"] * 3, "Transaction.End"]
    assert kept == [
        entry for each in contexts for entry in ((REGISTER, None, each), ("Voltage", "L2-N", each))
    ]
    registers = [
        int(value["value"])
        for each in stop["transactionData"]
        for value in each["sampledValue"]
        if value["measurand"] == REGISTER
    ]
    assert registers == sorted(registers)
    assert registers[0] == room.said("StartTransaction")[0]["meterStart"]
    assert registers[-1] == stop["meterStop"]


def test_stop_brings_nothing_unless_it_is_told_to(site):
    room = site()
    room.charge()
    room.run(70)
    room.show("TAG")
    assert "transactionData" not in room.said("StopTransaction")[0]


@pytest.mark.parametrize(
    ("key", "value"), [("MeterValuesSampledData", ""), ("MeterValueSampleInterval", "0")]
)
def test_no_values_where_none_are_wanted(site, key, value):
    room = site()
    assert room.set(key, value) == "Accepted"
    room.charge()
    room.run(300)
    assert not room.said("MeterValues")


def test_values_come_in_the_order_and_of_the_phases_that_were_asked_for(site):
    room = site()
    room.set("MeterValueSampleInterval", 30)
    room.set("MeterValuesSampledData", f"Current.Import.L3,{REGISTER},Voltage")
    number = room.charge()
    room.run(31)
    [told] = room.said("MeterValues")
    assert told["transactionId"] == number
    assert [each[:2] for each in measurands(told["meterValue"])] == [
        ("Current.Import", "L3"),
        (REGISTER, None),
        ("Voltage", "L1-N"),
        ("Voltage", "L2-N"),
        ("Voltage", "L3-N"),
    ]


def test_values_at_round_times_of_the_clock(site):
    room = site()
    room.set("MeterValuesAlignedData", REGISTER)
    room.set("ClockAlignedDataInterval", 300)
    room.set("MeterValueSampleInterval", 0)
    room.run(301)
    number = room.charge()
    room.run(600)
    told = room.said("MeterValues")
    assert [each.get("transactionId") for each in told] == [None, number, number]
    times = [each["meterValue"][0]["timestamp"] for each in told]
    assert [each[11:19] for each in times] == ["08:05:00", "08:10:00", "08:15:00"]
    assert {context for each in told for *_, context in measurands(each["meterValue"])} == {
        "Sample.Clock"
    }


def test_stop_brings_the_round_times_along(site):
    room = site()
    room.set("StopTxnAlignedData", REGISTER)
    room.set("ClockAlignedDataInterval", 300)
    room.charge()
    room.run(700)
    room.show("TAG")
    kept = room.said("StopTransaction")[0]["transactionData"]
    assert [each["timestamp"][11:19] for each in kept] == ["08:05:00", "08:10:00"]
    clock = [
        each
        for each in room.said("MeterValues")
        if each["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"
    ]
    assert clock == []
