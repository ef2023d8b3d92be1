"""Session IDs in their three shapes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from csms.domain.session_ids import ALPHABET, SessionIdFormat, SessionIdFormatError

AT = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)


def ids(text: str, count: int, first: int = 1) -> list[str]:
    id_format = SessionIdFormat.parse(text)
    scope = id_format.scope(at=AT, station="CP-1", site="North")
    return [id_format.render(scope, number) for number in range(first, first + count)]


def test_the_default_shape_counts_within_the_day():
    assert ids("LS-{date}-{sequence}", 3) == [f"LS-2026-11-21-00{number}" for number in (1, 2, 3)]
    assert ids("LS-{date}-{sequence}", 1, 1000) == ["LS-2026-11-21-1000"]


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("LS-{date}-{sequence}", r"LS-2026-11-21-\d{3,}"),
        ("EV-{digits:9}", r"EV-[1-9]\d{8}"),
        ("SESSION-{code:12}", rf"SESSION-[{ALPHABET}]{{12}}"),
        ("{site}-{station}-{time}-{code:6}", rf"NORTH-CP1-2330-[{ALPHABET}]{{6}}"),
    ],
)
def test_no_two_of_a_hundred_thousand_are_equal(text, pattern):
    found = ids(text, 100_000)
    assert len(set(found)) == 100_000

    assert all(re.fullmatch(pattern, each) for each in found)


@pytest.mark.parametrize("text", ["EV-{digits:6}", "S-{code:6}"])
def test_small_shapes_stay_unique_past_their_end(text):
    width = 900_000 if "digits" in text else len(ALPHABET) ** 6
    found = ids(text, 2_000, width - 1_000)
    assert len(set(found)) == 2_000


def test_neighbours_do_not_look_alike():
    first, second = ids("EV-{digits:9}", 2)
    assert abs(int(first[3:]) - int(second[3:])) > 1000


def test_codes_have_no_look_alikes():
    assert not set("01OIL") & set(ALPHABET)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("LS-{date}", "exactly one"),
        ("{sequence}-{code}", "exactly one"),
        ("{sequence}-{sequence}", "exactly one"),
        ("{colour}-{sequence}", "{colour}"),
        ("EV-{digits:5}", "6 to 15"),
        ("EV-{digits:x}", "6 to 15"),
        ("{code:21}", "6 to 20"),
        ("LS-{date", "no format"),
    ],
)
def test_a_format_that_cannot_work_says_why(text, says):
    with pytest.raises(SessionIdFormatError, match=says.replace("{", r"\{").replace("}", r"\}")):
        SessionIdFormat.parse(text)
