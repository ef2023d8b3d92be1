"""Frames that a station should never send, each with the answer due.

CALLRESULT means here that the peer hands the call on without a violation; what the
central system then says is tested where it is decided.
"""

import json
from pathlib import Path

import pytest

from csms.ocppj.codes import ERROR_CODES
from csms.ocppj.peer import CallReceived, Ignored, Peer, ReplyDue
from csms.ocppj.version import Role, Version

FIXTURE = Path(__file__).parents[2] / "fixtures" / "hostile" / "rpc.json"
CASES = json.loads(FIXTURE.read_text())


def text_of(case):
    if "raw" in case:
        return case["raw"]
    parts = case["gen"]
    return (
        parts.get("prefix", "")
        + parts["repeat"] * parts["n"]
        + parts.get("repeat2", "") * parts.get("n2", 0)
        + parts.get("suffix", "")
    )


def outcome(peer, received):
    """Return (kind, message ID, code) as the other side would see it."""
    match received:
        case Ignored():
            return "none", None, None
        case ReplyDue():
            _, message_id, code, _, _ = json.loads(received.text)
            return "callerror", message_id, code
        case CallReceived(call, None):
            return "callresult", call.message_id, None
        case CallReceived(call, violation):
            text = peer.error(call, violation.code, violation.message)
            _, message_id, code, _, _ = json.loads(text)
            return "callerror", message_id, code
    raise AssertionError(received)


def accepted(expect):
    """Yield (kind, possible IDs, possible codes) for each outcome that is as good."""
    kind = expect["reply"]
    ids = {expect.get("id")}
    if expect.get("alt_minus1"):
        ids.add("-1")
    if "alt_id" in expect:
        ids.add(expect["alt_id"])
    yield kind, ids, set(expect.get("codes", [None]))
    if expect.get("alt_none"):
        yield "none", {None}, {None}
    if "alt" in expect:
        yield from accepted(expect["alt"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['name']}-{case['version']}")
def test_hostile_frame_gets_the_answer_due(case):
    peer = Peer(Version(case["version"]), Role.CSMS)
    kind, message_id, code = outcome(peer, peer.receive(text_of(case)))
    assert any(
        kind == wanted and message_id in ids and code in codes
        for wanted, ids, codes in accepted(case["expect"])
    ), (kind, message_id, code)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['name']}-{case['version']}")
def test_reply_to_a_hostile_frame_is_small_proper_and_echoes_nothing(case):
    version = Version(case["version"])
    received = Peer(version, Role.CSMS).receive(text_of(case))
    if isinstance(received, ReplyDue):
        kind, message_id, code, description, details = json.loads(received.text)
        assert kind == 4
        assert len(message_id) <= 128
        assert code in ERROR_CODES[version]
        assert description == received.reason
        assert details == {}
        assert len(received.text.encode()) < 2048


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("text", ['\ufeff[2,"h","Heartbeat",{}]', " \n", "['2']", "[2]", '[2,"a'])
def test_text_without_a_readable_id_is_silence_in_16_and_minus_one_in_201(version, text):
    expected = {
        Version.V16: ("none", None, None),
        Version.V201: ("callerror", "-1", "RpcFrameworkError"),
    }
    peer = Peer(version, Role.CSMS)
    assert outcome(peer, peer.receive(text)) == expected[version]


@pytest.mark.parametrize(
    ("version", "code"),
    [(Version.V16, "FormationViolation"), (Version.V201, "RpcFrameworkError")],
)
@pytest.mark.parametrize("tail", ["", ',"Heartbeat"', ',"Heartbeat",{},{}', ",0" * 100_000])
def test_wrong_number_of_elements_is_refused_with_the_id(version, code, tail):
    peer = Peer(version, Role.CSMS)
    assert outcome(peer, peer.receive(f'[2,"m1"{tail}]')) == ("callerror", "m1", code)


@pytest.mark.parametrize(
    ("version", "code"), [(Version.V16, "FormationViolation"), (Version.V201, "FormatViolation")]
)
@pytest.mark.parametrize("payload", ["[]", '"x"', "5", '{"a":1,"a":2}', '{"a":"\\ud800"}', "NaN"])
def test_a_payload_that_is_no_proper_object_breaks_the_format(version, code, payload):
    peer = Peer(version, Role.CSMS)
    text = f'[2,"m1","Heartbeat",{payload}]'
    assert outcome(peer, peer.receive(text)) == ("callerror", "m1", code)


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("number", ["1e400", "9" * 5000])
def test_a_number_out_of_range_breaks_the_type(version, number):
    peer = Peer(version, Role.CSMS)
    text = f'[2,"m1","Heartbeat",{{"a":{number}}}]'
    assert outcome(peer, peer.receive(text)) == ("callerror", "m1", "TypeConstraintViolation")


@pytest.mark.parametrize("version", Version)
def test_custom_data_nested_too_deep_breaks_a_property(version):
    peer = Peer(version, Role.CSMS)
    deep = "[" * 500 + "]" * 500
    text = f'[2,"m1","Heartbeat",{{"customData":{{"vendorId":"v","a":{deep}}}}}]'
    assert outcome(peer, peer.receive(text)) == ("callerror", "m1", "PropertyConstraintViolation")


@pytest.mark.parametrize("version", Version)
def test_an_action_of_the_other_version_is_not_implemented(version):
    other = {Version.V16: "TransactionEvent", Version.V201: "StartTransaction"}[version]
    peer = Peer(version, Role.CSMS)
    text = f'[2,"m1","{other}",{{}}]'
    assert outcome(peer, peer.receive(text)) == ("callerror", "m1", "NotImplemented")


@pytest.mark.parametrize("version", Version)
def test_an_action_of_the_other_direction_is_not_supported_on_either_side(version):
    at_csms = Peer(version, Role.CSMS)
    at_station = Peer(version, Role.STATION)
    refused = ("callerror", "m1", "NotSupported")
    assert outcome(at_csms, at_csms.receive('[2,"m1","ClearCache",{}]')) == refused
    assert outcome(at_station, at_station.receive('[2,"m1","Heartbeat",{}]')) == refused
