import pytest
from unit.simulator.faults.book import shows, was_told
from unit.simulator.faults.odd import OddLab, read

MAX = 9_223_372_036_854_775_807
ENERGY = "Energy.Active.Import.Register"


def metered(version, fault, seconds=100, **more):
    room = OddLab(version, fault, **more)
    room.run(seconds)
    assert was_told(room, fault.partition("@")[0])
    return room


@shows("meter-values-of-no-transaction")
def test_meter_values_go_without_their_transaction():
    room = metered("1.6", "meter-values-of-no-transaction")
    assert len(room.said("MeterValues")) >= 8
    assert not any("transactionId" in each for each in room.said("MeterValues"))
    assert room.violations == []


@shows("meter-values-of-transaction-0", "transaction-int64-max")
@pytest.mark.parametrize(
    ("fault", "number"), [("meter-values-of-transaction-0", 0), ("transaction-int64-max", MAX)]
)
def test_meter_values_have_a_number_that_means_none(fault, number):
    room = metered("1.6", fault)
    assert {each["transactionId"] for each in room.said("MeterValues")} == {number}
    room.stop()
    assert room.said("StopTransaction")[0]["transactionId"] == 101


@shows("transaction-0-at-random")
def test_some_meter_values_have_transaction_0():
    room = metered("1.6", "transaction-0-at-random", 600)
    numbers = [each["transactionId"] for each in room.said("MeterValues")]
    assert set(numbers) == {0, 101}
    assert 0.05 < numbers.count(0) / len(numbers) < 0.4


@shows("transaction-left-empty")
def test_meter_values_are_no_json_where_the_transaction_is_empty():
    room = metered("1.6", "transaction-left-empty")
    broken = [text for _, text in room.texts if '"transactionId":,' in text]
    assert len(broken) >= 8
    assert {read(text) for text in broken} == {None}


@shows("meter-values-of-unknown-transaction")
def test_meter_values_are_of_a_transaction_of_nobody():
    room = metered("1.6", "meter-values-of-unknown-transaction")
    assert {each["transactionId"] for each in room.said("MeterValues")} == {101 + 4711}


@shows("meter-values-after-stop")
def test_meter_values_come_after_the_stop(version):
    room = metered(version, "meter-values-after-stop")
    room.stop()
    ended = len(room.calls)
    room.run(10)
    late = [payload for _, _, payload in room.calls[ended:] if "meterValue" in payload]
    assert len(late) == 1
    if version == "1.6":
        assert late[0]["transactionId"] == 101
    else:
        assert late[0]["eventType"] == "Updated"
        assert late[0]["seqNo"] > room.of("Stop")[0]["seqNo"]


@shows("values-lost")
def test_a_fifth_of_the_meter_values_is_lost_and_no_start_nor_end(version):
    room = metered(version, "values-lost", 1000)
    room.stop()
    told = [payload for _, _, payload in room.calls if "meterValue" in payload]
    lost = room.happened("message.discarded")
    assert 0.1 < len(lost) / (len(lost) + len(told)) < 0.3
    assert {each.fields["reason"] for each in lost} == {"kept-back"}
    assert len(room.of("Start")) == len(room.of("Stop")) == 1


@shows("begin-after-periodic")
def test_begin_comes_after_two_periodic_samples_with_its_own_time(version):
    room = metered(version, "begin-after-periodic")
    contexts = [
        (each["timestamp"], each["sampledValue"][0]["context"])
        for _, _, payload in room.calls
        for each in payload.get("meterValue", ())
    ]
    (position,) = [at for at, (_, name) in enumerate(contexts) if name == "Transaction.Begin"]
    assert position == 2
    assert contexts[2][0] < contexts[0][0]


@shows("short-measurand-lists", "fixed-measurands")
@pytest.mark.parametrize(
    ("fault", "short"), [("short-measurand-lists", "Accepted"), ("fixed-measurands", "Rejected")]
)
def test_lists_of_measurands_are_rejected(version, fault, short):
    room = metered(version, fault, 10)
    assert told(room, [ENERGY, "Voltage"]) == short
    assert told(room, [ENERGY, "Voltage", "Current.Import", "Power.Active.Import"]) == "Rejected"


def told(room, measurands):
    text = ",".join(measurands)
    if room.version.value == "1.6":
        asked = {"key": "MeterValuesSampledData", "value": text}
        return room.command("ChangeConfiguration", asked)["status"]
    data = {
        "component": {"name": "SampledDataCtrlr"},
        "variable": {"name": "TxUpdatedMeasurands"},
        "attributeValue": text,
    }
    other = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "HeartbeatInterval"},
        "attributeValue": "200",
    }
    results = room.command("SetVariables", {"setVariableData": [data, other]})["setVariableResult"]
    by_name = {each["variable"]["name"]: each["attributeStatus"] for each in results}
    assert by_name["HeartbeatInterval"] == "Accepted"
    return by_name["TxUpdatedMeasurands"]


@shows("old-history")
def test_history_of_a_day_is_told_after_each_connection(version):
    room = metered(version, "old-history", 20)

    def old():
        times = [each["meterValue"][0]["timestamp"] for each in room.said("MeterValues")]
        return [each for each in times if each < "2026-11-21T08:00:00"]

    assert len(old()) == 24
    room.drop()
    room.run(30)
    assert len(old()) == 48


@shows("unknown-context")
def test_values_have_a_context_that_there_is_not(version):
    room = metered(version, "unknown-context")
    assert {each["context"] for each in room.values()} == {"CurrentMax"}


@shows("no-measurand")
def test_the_register_comes_without_a_measurand(version):
    room = metered(version, "no-measurand")
    values = room.values()
    assert len(values) >= 8
    assert not any("measurand" in each for each in values)
    assert room.violations == []
    readings = [float(each["value"]) for each in values]
    assert readings == sorted(readings)
