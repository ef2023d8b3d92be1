"""What no record may hold."""

from __future__ import annotations

import orjson
import pytest

from csms.link.texts import storable_answer
from csms.ocppj.frames import CallError, CallResult

PAYLOAD = {"status": "a\0b", "data": {"k\0": ["\0", 1, None]}}


def text_of(payload: object) -> str:
    return orjson.dumps([3, "1", payload]).decode()


def test_an_answer_loses_each_nul() -> None:
    said = storable_answer(CallResult("1", PAYLOAD), text_of(PAYLOAD))
    assert said == CallResult("1", {"status": "a�b", "data": {"k�": ["�", 1, None]}})


def test_an_error_loses_each_nul() -> None:
    said = storable_answer(CallError("1", "\0", "why\0", PAYLOAD), text_of(PAYLOAD))
    assert "\0" not in str(said)
    assert "�" in str(said)


@pytest.mark.parametrize("payload", [{"status": "Accepted"}, {"status": 'a "quoted" \\ one'}])
def test_another_answer_is_the_very_same(payload: dict[str, str]) -> None:
    said = CallResult("1", payload)
    assert storable_answer(said, text_of(payload)) is said
