"""Words that are typed to find a session are read as what they may mean."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from csms.domain.session_ids import SessionIdFormat
from csms.domain.typed_search import Amount, read_search
from csms.domain.typed_times import read_span

BY_DAY = SessionIdFormat.parse("LS-{date}-{sequence}")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Stockholm"))


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-11-22", utc(2026, 11, 21, 23), utc(2026, 11, 22, 23)),
        ("22.11.2026", utc(2026, 11, 21, 23), utc(2026, 11, 22, 23)),
        ("22/11/2026", utc(2026, 11, 21, 23), utc(2026, 11, 22, 23)),
        ("yesterday", utc(2026, 11, 21, 23), utc(2026, 11, 22, 23)),
        ("last friday", utc(2026, 11, 19, 23), utc(2026, 11, 20, 23)),
        ("last month", utc(2026, 9, 30, 22), utc(2026, 10, 31, 23)),
        ("2026-03-29", utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        ("2026-11-20..2026-11-21", utc(2026, 11, 19, 23), utc(2026, 11, 21, 23)),
        ("from 2026-11-20 to yesterday", utc(2026, 11, 19, 23), utc(2026, 11, 22, 23)),
        ("2026-11-22 14:05", utc(2026, 11, 22, 13, 5), utc(2026, 11, 22, 13, 6)),
        ("22.11.2026 at 14:05", utc(2026, 11, 22, 13, 5), utc(2026, 11, 22, 13, 6)),
        ("2026-11-22T14:05:59Z", utc(2026, 11, 22, 14, 5), utc(2026, 11, 22, 14, 6)),
        ("14:05", utc(2026, 11, 23, 13, 5), utc(2026, 11, 23, 13, 6)),
        ("yesterday 14:05", utc(2026, 11, 22, 13, 5), utc(2026, 11, 22, 13, 6)),
    ],
)
def test_times_are_read_in_the_zone_that_they_are_typed_in(text, since, until):
    span = read_span(text, NOW)
    assert (span.since, span.until) == (since, until)
    assert span.is_moment is (":" in text)


@pytest.mark.parametrize("text", ["2026-11-31", "2026-13", "25:00", "99.99.2026", "soon", "42"])
def test_what_is_no_time_is_none(text):
    assert read_span(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.34", Amount(Decimal("12.34"))),
        ("12,34 EUR", Amount(Decimal("12.34"), "EUR")),
        ("SEK 1.234,50", Amount(Decimal("1234.50"), "SEK")),
        ("1,234.50 sek", Amount(Decimal("1234.50"), "SEK")),
        ("€12.34", Amount(Decimal("12.34"), "EUR")),
        ("12", Amount(Decimal(12))),
    ],
)
def test_amounts_have_a_point_or_a_comma(text, amount):
    (word,) = read_search(text, BY_DAY, NOW).words
    assert word.amount == amount


def test_several_words_are_read_each_for_itself():
    words = read_search("CP1 2026-11-22 14:05 12,34 EUR token:04AB", BY_DAY, NOW).words
    assert [word.text for word in words] == ["CP1", "2026-11-22 14:05", "12,34 EUR", "04AB"]
    assert [word.kind for word in words] == [None, None, None, "token"]


def test_an_id_in_pieces_is_one_word_beside_others():
    words = read_search("LS 2026 11 22 dash 42 at CP1", BY_DAY, NOW).words
    assert [word.text for word in words] == ["LS 2026 11 22 dash 42", "CP1"]


def test_names_that_sound_like_letters_are_names_as_well():
    asked = read_search("Berlin 42", BY_DAY, NOW)
    assert [word.text for word in asked.words] == ["Berlin 42"]
    assert [word.name for word in asked.apart] == ["Berlin", "42"]


def test_more_than_a_dozen_words_are_nothing_but_an_id():
    assert read_search(" ".join(f"cp{n}x" for n in range(40)), BY_DAY, NOW).words == ()
    assert len(read_search("CP1 CP1 CP1", BY_DAY, NOW).words) == 1


def test_zeros_before_a_number_make_it_no_amount():
    (word,) = read_search("0042", BY_DAY, NOW).words
    assert word.amount is None
    assert "0042" in word.id.ends
