import pytest

from csms.ocppj.frames import Call, CallError, CallResult, encode


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (Call("i", "Reset", {"type": "Soft"}), '[2,"i","Reset",{"type":"Soft"}]'),
        (CallResult("i", {}), '[3,"i",{}]'),
        (CallError("i", "GenericError", "", {}), '[4,"i","GenericError","",{}]'),
        (CallResult("å", {"a": None}), '[3,"å",{"a":null}]'),
    ],
)
def test_frames_are_compact_json_arrays(frame, text):
    assert encode(frame) == text


def test_a_payload_beyond_64_bits_is_a_type_error():
    with pytest.raises(TypeError):
        encode(CallResult("i", {"n": 2**70}))
