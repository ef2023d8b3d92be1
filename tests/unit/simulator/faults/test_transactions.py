import itertools

import pytest
from unit.simulator.faults.book import shows, was_told
from unit.simulator.faults.odd import OddLab

DAY_S = 86_400


def charged(version, fault, seconds=60, **more):
    room = OddLab(version, fault, **more)
    room.run(seconds)
    assert was_told(room, fault.partition("@")[0]) or "%" in fault
    return room


def stopped(version, fault, **more):
    room = charged(version, fault, **more)
    room.stop()
    return room


WRONG_STOPS = {
    "stop-of-transaction-minus-1": -1,
    "stop-of-transaction-0": 0,
    "stop-of-unknown-transaction": 2_147_000_000,
}


@shows(*WRONG_STOPS)
@pytest.mark.parametrize("fault", WRONG_STOPS)
def test_stop_of_a_wrong_number_is_repeated_until_it_is_confirmed(fault):
    room = charged("1.6", fault)
    room.refused.add("StopTransaction")
    room.stop()
    room.run(600)
    stops = room.said("StopTransaction")
    assert len(stops) > 6
    assert {each["transactionId"] for each in stops} == {WRONG_STOPS[fault]}
    room.refused.clear()
    room.run(300)
    confirmed = len(room.said("StopTransaction"))
    room.run(600)
    assert len(room.said("StopTransaction")) == confirmed
    assert room.station.outbox.discarded == 0


@shows("start-twice")
def test_start_is_sent_twice_at_once(version):
    room = charged(version, "start-twice")
    first, second = room.of("Start")
    assert first == second
    texts = [text for _, text in room.texts if first["timestamp"] in text and "Start" in text]
    assert texts[0] == texts[1]


@shows("start-again-after-link-loss")
def test_start_is_said_again_after_the_link_was_lost(version):
    room = charged(version, "start-again-after-link-loss")
    assert len(room.of("Start")) == 1
    room.drop()
    room.run(20)
    first, second = room.of("Start")
    assert {**first, "offline": None} == {**second, "offline": None}
    assert len(set(room.ids)) == len(room.ids)


@shows("replay-days-later")
def test_what_waited_comes_three_days_later_with_its_times(version):
    room = OddLab(version, "replay-days-later@20", soc=95)
    room.station.faults.plans = tuple(
        type(each)(each.fault, 20.0, 3.0 * DAY_S) for each in room.station.faults.plans
    )
    room.station.faults_changed(0.0)
    room.run(25)
    assert not room.is_up
    assert was_told(room, "replay-days-later")
    room.stop()
    room.stays_away = True
    while room.now < 3 * DAY_S:
        super(OddLab, room).run(7200)
    before = len(room.calls)
    room.stays_away = False
    room.run(60)
    late = [payload for _, _, payload in room.calls[before:] if payload.get("timestamp")]
    (ended,) = room.of("Stop")
    assert ended in late
    assert ended["timestamp"].startswith("2026-11-21T08:00")


@shows("replay-out-of-order")
def test_waiting_messages_come_out_of_order(version):
    room = charged(version, "replay-out-of-order")
    room.stays_away = True
    room.drop()
    room.run(120)
    before = len(room.calls)
    room.stays_away = False
    room.run(60)
    times = [
        payload["meterValue"][0]["timestamp"]
        for _, _, payload in room.calls[before:]
        if "meterValue" in payload
    ]
    assert len(times) >= 12
    assert times != sorted(times)


@shows("old-stop-again")
def test_the_last_stop_comes_again_when_the_next_transaction_starts(version):
    room = charged(version, "old-stop-again", 200, stays=60, next_car_s=100)
    kinds = [
        name
        for _, action, payload in room.calls
        for name in (payload.get("eventType") or action.removesuffix("Transaction"),)
        if name in ("Start", "Started", "Stop", "Ended")
    ]
    start, stop = ("Start", "Stop") if version == "1.6" else ("Started", "Ended")
    assert kinds[:4] in ([start, stop, start, stop], [start, stop, stop, start])
    first, again = room.of("Stop")[:2]
    assert first == again


@shows("charge-though-refused")
def test_a_refused_token_charges_on(version):
    room = OddLab(version, "charge-though-refused")
    action = "StartTransaction" if version == "1.6" else "TransactionEvent"
    room.statuses[action] = "Blocked"
    room.statuses["Authorize"] = "Blocked"
    room.run(120)
    assert was_told(room, "charge-though-refused")
    assert room.of("Start")
    assert not room.of("Stop")
    power = [
        float(each["value"]) for each in room.values() if each["measurand"] == "Power.Active.Import"
    ]
    assert power[-1] > 5000


@shows("transactions-from-1")
def test_transactions_are_counted_from_1_after_each_boot():
    room = charged("2.0.1", "transactions-from-1", 200, stays=60, next_car_s=100)
    ids = [each["transactionInfo"]["transactionId"] for each in room.of("Start")]
    assert ids == ["1", "2"]
    room.station.lifecycle.power_cut(room.now, 10.0)
    room.run(30)
    assert room.station.new_transaction_id(room.now) == "1"


@shows("transaction-of-the-last")
def test_a_transaction_goes_on_under_the_number_of_the_one_before():
    room = charged("1.6", "transaction-of-the-last", 200, stays=60, next_car_s=100)
    assert len(room.said("StartTransaction")) == 2
    numbers = [each["transactionId"] for each in room.said("MeterValues")]
    assert set(numbers) == {101}
    assert len(numbers) > 8


@shows("sequence-gaps")
def test_sequence_numbers_have_gaps():
    room = stopped("2.0.1", "sequence-gaps", seconds=120)
    numbers = [each["seqNo"] for each in room.said("TransactionEvent")]
    assert numbers[:7] == [0, 1, 2, 3, 4, 6, 7]
    assert len(set(numbers)) == len(numbers)


@shows("never-starts")
def test_no_start_is_ever_sent(version):
    room = charged(version, "never-starts", 120)
    room.run(60)
    assert room.of("Start") == []
    assert len(room.said("MeterValues") or room.said("TransactionEvent")) >= 8
    (kept,) = [
        each for each in room.happened("message.discarded") if each.fields["reason"] == "kept-back"
    ]
    assert kept.fields["action"] in ("StartTransaction", "TransactionEvent")


@shows("no-transactions")
def test_nothing_is_said_of_transactions(version):
    room = charged(version, "no-transactions", 120)
    room.stop()
    room.run(10)
    assert room.of("Start") == room.of("Stop") == []
    assert room.said("TransactionEvent") == []
    assert room.said("StatusNotification")
    assert not any("transactionId" in each for each in room.said("MeterValues"))
    assert len(room.said("MeterValues")) >= 8 or version == "2.0.1"


@shows("remote-start-of-nothing")
def test_a_remote_start_is_accepted_and_nothing_follows(version):
    room = OddLab(version, "remote-start-of-nothing", stays=20)
    room.run(40)
    started = len(room.of("Start"))
    request = (
        ("RemoteStartTransaction", {"connectorId": 1, "idTag": "R"})
        if version == "1.6"
        else (
            "RequestStartTransaction",
            {"evseId": 1, "remoteStartId": 7, "idToken": {"idToken": "R", "type": "Central"}},
        )
    )
    assert room.command(*request) == {"status": "Accepted"}
    room.run(120)
    assert len(room.of("Start")) == started


TAGS = {
    "tag-with-extra-bytes": "TAG-1\x00\x03",
    "tag-too-long": "TAG-1" + "0" * 32,
    "tag-with-prefix": "VID:TAG-1",
    "tag-in-other-case": "tag-1",
    "tag-as-hex": "5441472D31",
}


@shows(*TAGS)
@pytest.mark.parametrize("fault", TAGS)
def test_tokens_are_written_in_another_way(version, fault):
    room = stopped(version, fault)
    told = [
        payload.get("idTag") or payload.get("idToken", {}).get("idToken")
        for _, _, payload in room.calls
        if "idTag" in payload or "idToken" in payload
    ]
    expected = [TAGS[fault][: 30 if version == "1.6" else 37]] * len(told)
    if fault == "tag-with-extra-bytes":
        expected = [*["TAG-1"] * (len(told) - 1), TAGS[fault]]
    assert len(told) >= 3
    assert told == expected


def test_chance_decides_for_each_transaction_anew():
    room = OddLab("1.6", "meter-values-of-transaction-0%0.5", stays=30, next_car_s=60)
    for each in itertools.count():
        room.run(100)
        if each > 3:
            break
    numbers = {each["transactionId"] for each in room.said("MeterValues")}
    assert numbers <= {0, 101, 102}
