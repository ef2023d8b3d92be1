"""Answers of stations that are against the schema."""

from __future__ import annotations

import pytest

from csms.domain.operations.provisioning import GetVariable, GetVariables
from csms.ocpp.operations import Call, read_answers
from csms.ocppj.frames import CallResult
from csms.ocppj.version import Version

ASKED = GetVariables([GetVariable("Interval", "ClockCtrlr")])
CALL = Call("GetVariables", {"getVariableData": []})


@pytest.mark.parametrize(
    "payload",
    [
        {"getVariableResult": [{}]},
        {"getVariableResult": [5]},
        {"getVariableResult": "all"},
        {"getVariableResult": {"a": 1}},
        {"getVariableResult": [{"component": {}, "variable": None}]},
    ],
)
def test_what_cannot_be_read_is_no_agreement(payload: dict[str, object]) -> None:
    answer = read_answers(Version.V201, ASKED, [(CALL, CallResult("1", payload))])
    assert not answer.is_agreed
