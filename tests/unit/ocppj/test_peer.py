import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.ocppj.codes import ERROR_CODES
from csms.ocppj.frames import Call, CallError, CallResult, encode
from csms.ocppj.peer import (
    AnswerReceived,
    CallAlreadyOpen,
    CallReceived,
    Ignored,
    Peer,
    ReplyDue,
)
from csms.ocppj.version import Role, Version

versions = st.sampled_from(Version)
VALID_TEXTS = [
    '[2,"m1","Heartbeat",{}]',
    '[2,"m1","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"}]',
    (
        '[2,"m1","MeterValues",{"connectorId":1,"meterValue":[{"timestamp":"2026-03-01T10:05:00Z",'
        '"sampledValue":[{"value":"5","unit":"Wh"}]}]}]'
    ),
    (
        '[2,"m1","BootNotification",{"reason":"PowerUp","chargingStation":{"model":"m",'
        '"vendorName":"v"},"customData":{"vendorId":"v","n":1.5}}]'
    ),
    '[3,"ours",{"status":"Accepted"}]',
    '[4,"ours","GenericError","",{}]',
]


def a_peer(version=Version.V16, **options):
    return Peer(version, Role.CSMS, **options)


def a_peer_with_open_reset(version=Version.V16):
    peer = a_peer(version)
    payload = {"type": "Soft"} if version is Version.V16 else {"type": "Immediate"}
    peer.call("ours", "Reset", payload)
    return peer


def assert_is_sound(version, received):
    """Whatever came in: one of four decisions, and a reply is a small proper CALLERROR."""
    assert isinstance(received, CallReceived | AnswerReceived | ReplyDue | Ignored)
    if isinstance(received, ReplyDue):
        kind, message_id, code, description, details = json.loads(received.text)
        assert (kind, details) == (4, {})
        assert isinstance(message_id, str)
        assert code in ERROR_CODES[version]
        assert len(description) <= 255
        assert len(received.text.encode()) < 2048
        assert_ends_here(version, received.text)


def assert_ends_here(version, reply):
    assert isinstance(Peer(version, Role.STATION).receive(reply), Ignored)


@given(versions, st.text())
def test_any_text_gets_a_decision(version, text):
    assert_is_sound(version, a_peer_with_open_reset(version).receive(text))


@given(versions, st.text(st.characters(categories=["Cs", "Cc", "Lu"]), max_size=20))
def test_any_id_gets_a_decision_be_it_a_lone_surrogate(version, message_id):
    peer = a_peer_with_open_reset(version)
    for text in (f'[2,"{message_id}","Heartbeat",{{}}]', json.dumps([2, message_id, "Reset", {}])):
        assert_is_sound(version, peer.receive(text))


@given(
    versions,
    st.sampled_from(VALID_TEXTS),
    st.integers(0, 200),
    st.integers(0, 20),
    st.text('[]{},:"\\0123456789eE.-nulltruefalse aé\x00', max_size=10),
)
def test_any_mutation_of_a_valid_frame_gets_a_decision(version, text, at, length, inserted):
    mutated = text[:at] + inserted + text[at + length :]
    assert_is_sound(version, a_peer_with_open_reset(version).receive(mutated))


@given(
    versions,
    st.lists(
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text()
            | st.sampled_from(["ours", "Heartbeat", "Reset", 2, 3, 4]),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
            ),
            max_leaves=6,
        ),
        max_size=6,
    ),
)
def test_any_json_array_gets_a_decision(version, elements):
    assert_is_sound(version, a_peer_with_open_reset(version).receive(json.dumps(elements)))


@given(st.text(min_size=1, max_size=36), st.dictionaries(st.text(), st.integers(-9, 9)))
def test_a_call_arrives_as_it_was_sent(message_id, details):
    call = Call(message_id, "DataTransfer", {"vendorId": "v", "customData": details})
    received = Peer(Version.V201, Role.STATION).receive(encode(call))
    assert isinstance(received, CallReceived)
    assert received.call == call


@pytest.mark.parametrize("version", Version)
def test_a_call_and_its_result_cross_from_peer_to_peer(version):
    station, csms = Peer(version, Role.STATION), Peer(version, Role.CSMS)
    received = csms.receive(station.call("i", "Heartbeat", {}))
    assert received == CallReceived(Call("i", "Heartbeat", {}), None)
    payload = {"currentTime": "2026-03-01T10:00:00Z"}
    answered = station.receive(csms.result(received.call, payload))
    assert answered == AnswerReceived(received.call, CallResult("i", payload), None)
    assert station.open_call is None


@pytest.mark.parametrize("version", Version)
def test_an_error_crosses_from_peer_to_peer(version):
    station, csms = Peer(version, Role.STATION), Peer(version, Role.CSMS)
    received = csms.receive(station.call("i", "Heartbeat", {}))
    text = csms.error(received.call, "SecurityError", "not accepted", {"why": "boot"})
    answer = CallError("i", "SecurityError", "not accepted", {"why": "boot"})
    assert station.receive(text) == AnswerReceived(received.call, answer, None)


def test_a_call_crosses_an_open_call_and_leaves_it_open():
    peer = a_peer_with_open_reset()
    assert isinstance(peer.receive('[2,"h","Heartbeat",{}]'), CallReceived)
    assert peer.open_call is not None


def test_the_same_id_again_is_a_call_again():
    peer = a_peer()
    first, second = (peer.receive('[2,"r1","Heartbeat",{}]') for _ in range(2))
    assert first == second == CallReceived(Call("r1", "Heartbeat", {}), None)


def test_only_one_call_is_open_at_a_time():
    peer = a_peer_with_open_reset()
    with pytest.raises(CallAlreadyOpen):
        peer.call("second", "ClearCache", {})
    assert peer.open_call is not None
    assert peer.open_call.message_id == "ours"


def test_a_call_that_cannot_be_written_is_not_open():
    peer = a_peer()
    with pytest.raises(TypeError):
        peer.call("i", "Reset", {"n": 2**70})
    assert peer.open_call is None


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    "text",
    [
        '[3,"other",{"status":"Accepted"}]',
        '[4,"other","GenericError","",{}]',
        '[3,"other"]',
        '[4,"other","GenericError"]',
        '[4,"other","NoSuchCode","",{}]',
        '[3,["ours"],{}]',
        "[3]",
        "[4,null]",
        '[3,"other",{',
        "[4,",
        '[4,"-1","RpcFrameworkError","",{}]',
    ],
)
def test_an_answer_nobody_asked_for_is_counted_and_leaves_the_open_call(version, text):
    peer = a_peer_with_open_reset(version)
    assert isinstance(peer.receive(text), Ignored)
    assert peer.strays == 1
    assert isinstance(peer.receive('[3,"ours",{"status":"Accepted"}]'), AnswerReceived)


@pytest.mark.parametrize("version", Version)
def test_a_flood_of_answers_leaves_nothing_but_a_count(version):
    peer = a_peer(version)
    for number in range(20_000):
        peer.receive(f'[3,"u{number}",{{"a":"x"}}]')
    assert peer.strays == 20_000
    assert peer.call("ours", "ClearCache", {}) == '[2,"ours","ClearCache",{}]'


def test_a_late_answer_after_abandoning_is_a_stray():
    peer = a_peer_with_open_reset()
    peer.abandon()
    assert isinstance(peer.receive('[3,"ours",{"status":"Accepted"}]'), Ignored)
    assert peer.strays == 1


def test_a_second_answer_is_a_stray():
    peer = a_peer_with_open_reset()
    assert isinstance(peer.receive('[3,"ours",{"status":"Accepted"}]'), AnswerReceived)
    assert isinstance(peer.receive('[3,"ours",{"status":"Accepted"}]'), Ignored)


@pytest.mark.parametrize("version", Version)
def test_a_result_outside_its_schema_closes_the_call_with_a_violation(version):
    received = a_peer_with_open_reset(version).receive('[3,"ours",{"status":5}]')
    assert isinstance(received, AnswerReceived)
    assert received.violation is not None
    assert received.violation.code == "TypeConstraintViolation"
    assert received.violation.path == "status"


@pytest.mark.parametrize(
    "text",
    [
        '[3,"ours"]',
        '[3,"ours",[]]',
        '[3,"ours",{},{}]',
        '[3,"ours",{"status":',
        '[3,"ours",{"status":NaN}]',
        '[3,"ours",{"status":' + "[" * 500 + "]" * 500 + "}]",
    ],
)
def test_a_malformed_answer_to_the_open_call_closes_it_with_a_violation(text):
    peer = a_peer_with_open_reset()
    received = peer.receive(text)
    assert isinstance(received, AnswerReceived)
    assert received.answer == CallResult("ours", {})
    assert received.violation is not None
    assert received.violation.code == "FormationViolation"
    assert peer.open_call is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('[4,"ours","NotSupported","no",{}]', CallError("ours", "NotSupported", "no", {})),
        ('[4,"ours","NotSupported","no"]', CallError("ours", "NotSupported", "no", {})),
        ('[4,"ours","NotSupported"]', CallError("ours", "NotSupported", "", {})),
        ('[4,"ours"]', CallError("ours", "GenericError", "", {})),
        ('[4,"ours","Odd",null,null]', CallError("ours", "Odd", "", {})),
        ('[4,"ours",5,5,5,5]', CallError("ours", "GenericError", "", {})),
    ],
)
def test_an_error_short_of_elements_is_understood(text, answer):
    received = a_peer_with_open_reset().receive(text)
    assert isinstance(received, AnswerReceived)
    assert received.answer == answer


def test_a_long_error_is_cut():
    received = a_peer_with_open_reset().receive(json.dumps([4, "ours", "c" * 999, "d" * 999, {}]))
    assert isinstance(received, AnswerReceived)
    assert received.answer == CallError("ours", "c" * 64, "d" * 255, {})


def test_an_action_outside_the_supported_ones_is_not_supported():
    peer = a_peer(supported=frozenset({"Heartbeat"}))
    assert isinstance(peer.receive('[2,"i","Heartbeat",{}]'), CallReceived)
    received = peer.receive('[2,"i","SignCertificate",{"csr":"x"}]')
    assert isinstance(received, ReplyDue)
    assert json.loads(received.text)[2] == "NotSupported"


def test_supporting_what_the_other_side_never_calls_is_refused():
    with pytest.raises(ValueError, match="ClearCache"):
        a_peer(supported=frozenset({"ClearCache"}))


def test_null_optional_members_are_absent_in_16_and_a_violation_in_201():
    text = '[2,"i","StatusNotification",{"connectorId":1,"errorCode":"NoError",%s"info":null}]'
    received = a_peer().receive(text % '"status":"Available",')
    assert isinstance(received, CallReceived)
    assert received.violation is None
    assert "info" not in received.call.payload
    received = a_peer(Version.V201).receive('[2,"i","Heartbeat",{"customData":null}]')
    assert isinstance(received, CallReceived)
    assert received.violation is not None
    assert received.violation.code == "TypeConstraintViolation"


def test_a_required_member_that_is_null_is_missing_in_16():
    received = a_peer().receive('[2,"i","Authorize",{"idTag":null}]')
    assert isinstance(received, CallReceived)
    assert received.violation is not None
    assert received.violation.code == "ProtocolError"


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (
            Version.V16,
            (
                '[2,"i","StatusNotification",{"connectorId":1.0,"errorCode":"NoError",'
                '"status":"Available"}]'
            ),
        ),
        (
            Version.V201,
            (
                '[2,"i","StatusNotification",{"connectorId":1.0,"evseId":1,'
                '"connectorStatus":"Available","timestamp":"2026-03-01T10:00:00Z"}]'
            ),
        ),
    ],
)
def test_an_integral_float_arrives_as_an_integer(version, text):
    received = a_peer(version).receive(text)
    assert isinstance(received, CallReceived)
    assert received.violation is None
    assert isinstance(received.call.payload["connectorId"], int)


def test_a_signed_message_is_not_supported_in_201():
    text = '[2,"m1",{"x":1},"Heartbeat-Signed",{"payload":"e30"}]'
    received = a_peer(Version.V201).receive(text)
    assert isinstance(received, ReplyDue)
    assert json.loads(received.text)[2] == "NotSupported"


def test_an_error_of_ours_is_spelled_for_the_version_short_and_plain():
    call = Call("i", "Heartbeat", {})
    text = a_peer().error(call, "FormatViolation", "ä\ud800" * 300, {"big": "x" * 1000})
    kind, message_id, code, description, details = json.loads(text)
    assert (kind, message_id, code, details) == (4, "i", "FormationViolation", {})
    assert description == "?" * 255


@given(versions, st.text(), st.text())
def test_an_error_of_ours_is_always_a_proper_frame(version, code, description):
    text = a_peer(version).error(Call("i", "Heartbeat", {}), code, description)
    assert json.loads(text)[2] in ERROR_CODES[version]
    assert len(text) < 2048
