import json

import pytest
from unit.simulator.faults.book import shows, was_told
from unit.simulator.faults.odd import OddLab


def running(version, fault, seconds=60, **more):
    room = OddLab(version, fault, **more)
    room.run(seconds)
    assert was_told(room, fault)
    return room


@shows("two-calls-at-once")
def test_a_heartbeat_follows_before_the_answer(version):
    room = OddLab(version, "two-calls-at-once")
    room.run(30)
    actions = [json.loads(text)[2] for _, text in room.texts]
    assert actions[::2].count("Heartbeat") == 0
    assert set(actions[1::2]) == {"Heartbeat"}
    assert room.of("Start")
    assert was_told(room, "two-calls-at-once")


@shows("one-message-id")
def test_all_calls_have_one_message_id(version):
    assert set(running(version, "one-message-id").ids) == {"1"}


@shows("calls-twice")
def test_each_call_is_sent_twice_under_one_id(version):
    room = running(version, "calls-twice")
    calls = [text for _, text in room.texts if text.startswith("[2")]
    assert calls[::2] == calls[1::2]
    assert room.of("Start")


@shows("unasked-answers")
def test_answers_come_for_which_nobody_asked(version):
    room = running(version, "unasked-answers")
    unasked = [text for _, text in room.texts if text.startswith("[3")]
    assert len(unasked) == len(room.calls)


@shows("answers-late", "answers-never")
@pytest.mark.parametrize(("fault", "after_s"), [("answers-late", 45.0), ("answers-never", None)])
def test_answers_come_late_or_never(version, fault, after_s):
    room = running(version, fault)
    asked_s = room.now
    key = {"key": "HeartbeatInterval", "value": "77"}
    variable = {
        "component": {"name": "OCPPCommCtrlr"},
        "variable": {"name": "HeartbeatInterval"},
        "attributeValue": "77",
    }
    request = (
        ("ChangeConfiguration", key)
        if version == "1.6"
        else ("SetVariables", {"setVariableData": [variable]})
    )
    message_id = room.ask(*request)
    assert message_id not in room.replies
    assert room.station.dialect.heartbeat_interval_s == 77
    room.run(100)
    if after_s is None:
        assert message_id not in room.replies
    else:
        assert [at for at, _ in room.replies[message_id]] == [asked_s + after_s]


def test_a_late_answer_is_not_sent_on_another_connection(version):
    room = running(version, "answers-late")
    message_id = room.ask("ClearCache", {})
    room.drop()
    room.run(100)
    assert room.is_up
    assert message_id not in room.replies


@shows("answers-half")
def test_half_of_the_requests_are_answered(version):
    room = running(version, "answers-half")
    ids = [room.ask("ClearCache", {}) for _ in range(60)]
    assert 15 < sum(each in room.replies for each in ids) < 45


@shows("answers-twice")
def test_answers_come_twice(version):
    room = running(version, "answers-twice")
    assert len(room.replies[room.ask("ClearCache", {})]) == 2


@shows("answers-under-other-id")
def test_answers_have_an_id_of_nobody(version):
    room = running(version, "answers-under-other-id")
    message_id = room.ask("ClearCache", {})
    assert list(room.replies) == [f"{message_id}-not"]
