"""Commas too many are left out, and nothing else is touched."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.ocppj.peer import CallReceived, Peer, ReplyDue
from csms.ocppj.stray_commas import MAX_LENGTH, without_stray_commas
from csms.ocppj.version import Role, Version

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ('[2,"a","B",{"x":,"y":1}]', '[2,"a","B",{"x":null,"y":1}]'),
        ('[2,"a","B",{"x":}]', '[2,"a","B",{"x":null}]'),
        ('[2,"a","B",{"x":[,{"y":1},,{"y":2},]}]', '[2,"a","B",{"x":[{"y":1},{"y":2}]}]'),
        ('[2,"a","B",{"x":"[,\\",}"} ,]', '[2,"a","B",{"x":"[,\\",}"}]'),
        ('[2,"a","B",{"x":1}', None),
        ('[2,"a" // no\n]', None),
        ('[2,"a\x01",]', None),
    ],
)
def test_what_is_meant(text, mended):
    assert without_stray_commas(text) == mended


@given(JSON)
def test_json_is_left_alone(value):
    assert without_stray_commas(orjson.dumps([value]).decode()) is None


def test_a_long_text_is_not_looked_at():
    assert without_stray_commas("[" + "," * MAX_LENGTH) is None


def test_a_mended_call_keeps_its_violation():
    text = '[2,"m1","MeterValues",{"connectorId":1,"transactionId":,"meterValue":[,]}]'
    received = Peer(Version.V16, Role.CSMS).receive(text)
    assert isinstance(received, CallReceived)
    assert received.call.payload == {"connectorId": 1, "meterValue": []}
    assert received.violation is not None
    heartbeat = Peer(Version.V16, Role.CSMS).receive('[2,"m1","Heartbeat",{},]')
    assert isinstance(heartbeat, CallReceived)
    assert heartbeat.violation.code == "FormationViolation"


def test_the_later_version_refuses_it():
    received = Peer(Version.V201, Role.CSMS).receive('[2,"m1","Heartbeat",{},]')
    assert isinstance(received, ReplyDue)
