from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csms.domain.times import parse_time
from csms.ocpp.reading import Notes, flag_of, instant_of, integer_of, text_of


@pytest.mark.parametrize(
    ("raw", "number", "is_noted"),
    [
        (5, 5, False),
        (None, None, False),
        ("-12", -12, True),
        (5.0, 5, False),
        (5.5, None, True),
        ("5.0", None, True),
        ("\u0665", None, True),
        ("9" * 19, None, True),
        (True, None, True),
        ([], None, True),
        (float("nan"), None, True),
        (float("inf"), None, True),
    ],
)
def test_integer(raw, number, is_noted):
    notes = Notes()
    assert integer_of({"n": raw}, "n", notes) == number
    assert bool(notes.all()) is is_noted


@pytest.mark.parametrize(("raw", "text"), [("a", "a"), (12, "12"), (True, None), ({}, None)])
def test_text(raw, text):
    assert text_of({"t": raw}, "t", Notes()) == text


@pytest.mark.parametrize(("raw", "flag"), [(True, True), (None, False), ("true", False)])
def test_flag(raw, flag):
    assert flag_of({"f": raw}, "f", Notes()) is flag


@pytest.mark.parametrize(
    "raw",
    [
        "2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00.123Z",
        "2026-03-01t10:00:00z",
        "2026-03-01T10:00:00+0000",
        "2026-W10-7T10:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2026-03-01T10:00:00+01Z",
        "\u0662\u0660\u0662\u0666-03-01T10:00:00Z",
        "20260301T100000.000000Z",
        "2026-03-01T10:00:00:000Z",
        "2026-03-01T10:00,00Z",
    ],
)
def test_short_cut_reads_times_like_the_tolerant_reader(raw):
    assert instant_of(raw) == parse_time(raw)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 23), st.sampled_from("Zz0T:-.+, W"))
def test_short_cut_never_differs_from_the_tolerant_reader(moment, place, other):
    text = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    for raw in (text, text[:19] + "Z", text[:place] + other + text[place + 1 :]):
        assert instant_of(raw) == parse_time(raw)


def test_instant_is_utc():
    assert instant_of("2026-03-01T10:00:00Z") == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert instant_of(1772359200) is None
