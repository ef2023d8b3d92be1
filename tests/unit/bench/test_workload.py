import importlib
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import orjson
import pytest

from csms.ocppj.schemas import request_violations
from csms.ocppj.version import Version

ANSWERS = {
    "Authorize": b'{"idTagInfo":{"status":"Accepted"}}',
    "BootNotification": b'{"status":"Accepted"}',
    "StartTransaction": b'{"transactionId":77,"idTagInfo":{"status":"Accepted"}}',
}
TEN = 10


@pytest.fixture
def workload(bench_modules):
    return importlib.import_module("_workload")


def played(script, *, until=None):
    """The calls of a script as (action, payload), each answered."""
    calls = []
    text = next(script)
    try:
        while True:
            action, payload = orjson.loads(b"[%b]" % text)
            calls.append((action, payload))
            if until is not None and len(calls) == until:
                return calls
            text = script.send(ANSWERS.get(action, b"{}"))
    except StopIteration:
        return calls


def session(workload, version, tally=None, samples=TEN):
    tally = tally or workload.Tally()
    script = workload.sessions(version, "B-1", tally, first_samples=samples, meter_wh=5000)
    return played(script, until=samples + 4)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_each_payload_keeps_to_the_schema_of_its_version(workload, version):
    calls = session(workload, version) + played(workload.idle(version, "B-1"))
    found = [request_violations(Version(version), action, payload) for action, payload in calls]
    assert found == [[]] * (TEN + 7)


def test_a_session_of_16_has_the_planned_messages(workload):
    actions = [action for action, _ in session(workload, "1.6")]
    assert actions == [
        "Authorize",
        "StartTransaction",
        *["MeterValues"] * TEN,
        "StopTransaction",
        "Heartbeat",
    ]


def test_a_session_of_201_has_the_planned_messages_in_sequence(workload):
    calls = session(workload, "2.0.1")
    events = [payload for action, payload in calls if action == "TransactionEvent"]
    kinds = [event["eventType"] for event in events]
    assert kinds == ["Started", *["Updated"] * TEN, "Ended"]
    assert [event["seqNo"] for event in events] == list(range(TEN + 2))
    assert len({event["transactionInfo"]["transactionId"] for event in events}) == 1


def test_16_uses_the_transaction_id_that_it_was_given(workload):
    ids = [
        payload["transactionId"]
        for action, payload in session(workload, "1.6")
        if action in {"MeterValues", "StopTransaction"}
    ]
    assert ids == [77] * (TEN + 1)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_each_sample_has_seven_values_and_a_register_that_fits_its_power(workload, version):
    samples = [
        {each["measurand"] + each.get("phase", ""): Decimal(str(each["value"])) for each in values}
        for values in sampled(session(workload, version))
        if len(values) > 1
    ]
    assert [len(sample) for sample in samples] == [7] * TEN
    for before, after in pairwise(samples):
        rise = after["Energy.Active.Import.Register"] - before["Energy.Active.Import.Register"]
        assert abs(rise - after["Power.Active.Import"] * 10 / 3600) <= 1
        currents = sum(after[f"Current.ImportL{phase}"] for phase in (1, 2, 3))
        assert abs(currents * after["VoltageL1-N"] - after["Power.Active.Import"]) < 1


def sampled(calls):
    return [
        meter_value["sampledValue"]
        for _, payload in calls
        for meter_value in payload.get("meterValue", [])
    ]


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_times_grow_by_ten_seconds_and_end_now(workload, version):
    times = [
        datetime.fromisoformat(payload["timestamp"])
        for _, payload in session(workload, version)
        if "timestamp" in payload
    ]
    if version == "1.6":
        assert times[1] - times[0] == timedelta(seconds=110)
    else:
        assert {after - before for before, after in pairwise(times)} == {timedelta(seconds=10)}
    age = datetime.now(times[-1].tzinfo) - times[-1]
    assert timedelta(0) <= age < timedelta(seconds=5)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_session_is_booked_with_its_energy_and_samples_once_its_end_is_answered(
    workload, version
):
    tally = workload.Tally()
    calls = session(workload, version, tally, samples=3)
    (booking,) = tally.booked.values()
    registers = [
        int(each["value"])
        for values in sampled(calls)
        for each in values
        if each["measurand"] == "Energy.Active.Import.Register"
    ]
    assert booking.samples == 3
    assert booking.energy_wh == registers[-1] - 5000 > 0


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_charger_ends_its_session_before_it_leaves(workload, version):
    tally = workload.Tally(is_ending=False)
    script = workload.sessions(version, "B-1", tally, first_samples=2, meter_wh=0)
    text = next(script)
    tally.is_ending = True
    rest = 0
    while text is not None:
        action, _ = orjson.loads(b"[%b]" % text)
        rest += 1
        try:
            text = script.send(ANSWERS.get(action, b"{}"))
        except StopIteration:
            text = None
    assert rest == 2 + 4
    assert len(tally.booked) == 1


def test_a_station_that_is_not_accepted_is_an_error(workload):
    script = workload.boot("1.6", "B-1")
    next(script)
    with pytest.raises(ConnectionError, match="B-1 was not accepted"):
        script.send(b'{"status":"Pending"}')


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
def test_a_refused_token_is_an_error(workload, version):
    tally = workload.Tally()
    script = workload.sessions(version, "B-1", tally, first_samples=2, meter_wh=0)
    next(script)
    with pytest.raises(ConnectionError, match="B-1: token refused"):
        script.send(b'{"idTagInfo":{"status":"Invalid"}}')
