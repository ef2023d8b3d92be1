import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.ocppj.repair import Head, NestedTooDeep, duplicated_member, read_head, tidy
from csms.ocppj.version import Version

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ('[2,"a","Heartbeat",{', Head(2, "a")),
        (' [ 2 , "a" , ', Head(2, "a")),
        ('[3,"a\\"b",NaN]', Head(3, 'a"b')),
        ('[2,"\\ud800","Heartbeat",', Head(2, None)),
        ('[2,"a\x01","Heartbeat",', Head(2, None)),
        ('[2,"' + "a" * 129 + '","Heartbeat",', Head(2, None)),
        (" " * 200 + '[2,"a",', None),
        ("[2,", Head(2, None)),
        ('[02,"a",', None),
        ("{{{", None),
        ("\ufeff[2,", None),
        ("['2',", None),
    ],
)
def test_head_of_a_broken_frame(text, head):
    assert read_head(text) == head


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('[2,"i","X",{"a":1,"a":2}]', "a"),
        ('[2, "i", "X", {"a" : 1, "a" : 2}]', "a"),
        ('[2,"i","X",{"a":1,"a" :2}]', "a"),
        ('[2,"i","X",{"b":[{"a":{"c":1},"a":2}]}]', "a"),
        ('[2,"i","X",{"a":1,"\\u0061":2}]', "a"),
        ('[2,"i","X",{"a":"x","a":"\\u003a"}]', "a"),
        ('[2,"i","X",{"a":1,"b":{"a":1}}]', None),
        ('[2, "i", "X", {"t": "10:00:00", "u": "\\u003a \\/"}]', None),
    ],
)
def test_a_member_given_twice_is_found_and_only_that(text, name):
    assert duplicated_member(text, json.loads(text)) == name


@given(json_values, st.booleans(), st.sampled_from([None, (", ", ": "), (" ,", " :")]))
def test_no_member_is_found_twice_in_what_a_serializer_wrote(content, is_ascii, separators):
    text = json.dumps([content], ensure_ascii=is_ascii, separators=separators)
    assert duplicated_member(text, json.loads(text)) is None


def test_a_frame_that_cannot_be_written_again_is_nested_too_deep():
    text = "[" * 300 + "]" * 300
    with pytest.raises(NestedTooDeep):
        duplicated_member(text, json.loads(text))


def test_tidy_drops_null_members_in_16_only():
    payload = {"a": None, "b": [{"c": None, "d": 1}, None]}
    assert not tidy(Version.V201, payload)
    assert tidy(Version.V16, payload)
    assert payload == {"b": [{"d": 1}, None]}


@pytest.mark.parametrize("version", Version)
def test_tidy_makes_integral_floats_integers_and_leaves_others(version):
    payload = {"a": 100.0, "b": [2.0, 2.5], "c": 1e300}
    assert tidy(version, payload)
    assert json.dumps(payload) == '{"a": 100, "b": [2, 2.5], "c": 1e+300}'
