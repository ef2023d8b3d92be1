"""A whole station with the habits of other firmware."""

import pytest

from simulator.station.retries import RETRIES


def durable(room):
    names = ("StartTransaction", "MeterValues", "StopTransaction", "TransactionEvent")
    return [(when, action, payload) for when, action, payload in room.calls if action in names]


def opening(version):
    return "StartTransaction" if version == "1.6" else "TransactionEvent"


@pytest.mark.parametrize("retries", RETRIES)
def test_session_in_order_is_the_same_in_every_dialect(lab, version, retries):
    room = lab(version, wants=0.5, retries=retries)
    plain = lab(version, wants=0.5)
    room.run(900)
    plain.run(900)
    assert [action for _, action, _ in durable(room)] == [action for _, action, _ in durable(plain)]
    assert durable(room)[-1][1] in ("StopTransaction", "TransactionEvent")
    assert not room.happened("message.discarded")


@pytest.mark.parametrize("retries", ["default", "libocpp", "tfocpp"])
def test_refused_meter_values_do_not_cost_the_session(lab, retries):
    room = lab("1.6", wants=1, interval=30, retries=retries)
    room.refused.add("MeterValues")
    room.run(3600)
    lost = room.happened("message.discarded")
    assert {each.fields["action"] for each in lost} == {"MeterValues"}
    assert {each.fields["reason"] for each in lost} == {"call-error"}
    assert len(room.said("StopTransaction")) == 1


def test_thrown_away_is_told_with_its_transaction(lab, version):
    room = lab(version, retries="libocpp-shipped", interval=0)
    room.refused.add(opening(version))
    room.run(60)
    lost = room.happened("message.discarded")[0].fields
    transaction = room.station.bays[1].transaction
    assert (lost["action"], lost["transaction"]) == (opening(version), transaction.id)
    assert (lost["reason"], lost["attempt"]) == ("call-error", 1)


def test_libocpp_says_transaction_minus_one_while_it_has_no_number(lab):
    room = lab("1.6", wants=0.5, retries="libocpp-shipped")
    room.refused.add("StartTransaction")
    room.run(900)
    assert {each["transactionId"] for each in room.said("MeterValues")} == {-1}
    assert [each["transactionId"] for each in room.said("StopTransaction")] == [-1]


def test_default_sends_no_stop_without_a_number(lab):
    room = lab("1.6", wants=0.5)
    room.refused.add("StartTransaction")
    room.run(900)
    assert not room.said("StopTransaction")
    reasons = [each.fields["reason"] for each in room.happened("message.discarded")]
    assert reasons == ["call-error", "no-transaction-id"]


def test_microocpp_throws_the_rest_of_the_session_away(lab, version):
    room = lab(version, wants=1, interval=30, retries="microocpp")
    room.refused.add(opening(version))
    room.run(300)
    room.refused.clear()
    count = len(durable(room))
    room.run(1800)
    assert len(durable(room)) == count
    ended = room.happened("transaction.ended")
    assert len(ended) == 1
    lost = [each.fields for each in room.happened("message.discarded")]
    assert {each["transaction"] for each in lost} == {ended[0].fields["transaction"]}
    assert {each["reason"] for each in lost} == {"call-error", "session-dropped"}


def test_timer_of_a_cut_call_runs_on_while_the_link_is_down(lab, version):
    room = lab(version, interval=60, retries="libocpp-shipped")
    room.run(60)
    room.mute = True
    room.run(20)
    room.drop()
    room.run(60)
    assert room.happened("message.discarded")[0].fields["reason"] == "no-answer"
    room.mute = False
    room.connect()
    room.run(5)
    assert room.station.is_idle


def test_attempts_follow_the_configuration_1_6(lab):
    room = lab("1.6", interval=0, retries="libocpp")
    keys = {"key": ["TransactionMessageAttempts", "TransactionMessageRetryInterval"]}
    got = room.command("GetConfiguration", keys)["configurationKey"]
    assert [each["value"] for each in got] == ["3", "30"]
    for key, value in (("Attempts", "5"), ("RetryInterval", "2")):
        answer = room.command(
            "ChangeConfiguration", {"key": f"TransactionMessage{key}", "value": value}
        )
        assert answer == {"status": "Accepted"}
    room.refused.add("StartTransaction")
    room.run(120)
    assert len(room.said("StartTransaction")) == 5


def test_attempts_follow_the_variables_2_0_1(lab):
    room = lab("2.0.1", interval=0, retries="tfocpp")
    wishes = [
        {
            "component": {"name": "OCPPCommCtrlr"},
            "variable": {"name": name, "instance": "TransactionEvent"},
            "attributeValue": value,
        }
        for name, value in (("MessageAttempts", "2"), ("MessageAttemptInterval", "7"))
    ]
    results = room.command("SetVariables", {"setVariableData": wishes})["setVariableResult"]
    assert [each["attributeStatus"] for each in results] == ["Accepted", "Accepted"]
    room.refused.add("TransactionEvent")
    room.run(30)
    events = [each["seqNo"] for each in room.said("TransactionEvent")]
    assert events[:2] == [0, 0]
    assert events.count(0) == 2


def test_ids_of_tfocpp_begin_anew_with_each_boot(lab):
    room = lab("1.6", retries="tfocpp")
    room.run(60)
    assert room.ids[0] == "1000000"
    before = len(room.ids)
    room.command("Reset", {"type": "Hard"})
    room.run(30)
    room.connect()
    room.run(5)
    assert "1000000" in room.ids[before:]


def test_steps_of_each_message_are_told_when_asked_for(lab, version):
    room = lab(version, wants=0.3, interval=0, tells_messages=True)
    room.run(900)
    sent, answered = room.happened("message.sent"), room.happened("message.answered")
    ids = [each.fields["message_id"] for each in sent]
    assert ids == [each.fields["message_id"] for each in answered]
    assert {each.fields["action"] for each in sent} <= {action for _, action, _ in durable(room)}
    if version == "1.6":
        assert answered[0].fields["payload"]["transactionId"] == 101


def test_end_of_a_transaction_tells_what_the_meter_had(lab, version):
    room = lab(version, wants=0.3, interval=0)
    room.run(900)
    ended = room.happened("transaction.ended")[0].fields
    if version == "1.6":
        start, stop = room.said("StartTransaction")[0], room.said("StopTransaction")[0]
        assert ended["register_start_wh"] == start["meterStart"]
        assert ended["register_stop_wh"] == stop["meterStop"]
        assert ended["transaction_id"] == "101"
        assert ended["started"] == start["timestamp"]
    else:
        assert ended["register_stop_wh"] - ended["register_start_wh"] >= 300
        info = room.said("TransactionEvent")[0]["transactionInfo"]
        assert ended["transaction_id"] == info["transactionId"]
