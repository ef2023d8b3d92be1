"""What was typed or read out stands for the ID that was meant."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.session_ids import ALPHABET, SessionIdFormat
from csms.domain.spoken import groups_of
from csms.domain.typed_ids import fold, read_id

TODAY = date(2026, 11, 23)
BY_DAY = SessionIdFormat.parse("LS-{date}-{sequence}")
BY_CODE = SessionIdFormat.parse("LS-{code:12}")
MEANT = "LS-2026-11-22-042"


@pytest.mark.parametrize(
    "typed",
    [
        "LS-2026-11-22-042",
        "ls-2026-11-22-042",
        "LS20261122042",
        "ls 2026 11 22 042",
        "L S 2026 11 22 dash 42",
        "LS2026112242",
        "LS 26 11 22 42",
        "2026-11-22-42",
        "11 22 42",
        "1122042",
        "L5-2O26-11-22-O42",
        "LS/2026/11/22/42",
        "LS\u20132026\u201311\u201322\u2013042",
        "Lima Sierra two zero two six one one two two dash zero four two",
        "lima sierra twenty twenty six november twenty two forty two",
        "LS 2026 November 22nd dash double zero 42".replace("double zero ", "zero "),
        "two thousand and twenty six, eleven, twenty second, forty two",
    ],
)
def test_an_id_that_is_read_out_is_the_one_that_was_meant(typed):
    read = read_id(typed, BY_DAY, TODAY)
    assert read is not None
    assert fold(MEANT) in read.whole


@pytest.mark.parametrize(
    ("typed", "end"),
    [("42", "042"), ("7", "007"), ("042", "042"), ("22 42", "22042"), ("dash four two", "042")],
)
def test_the_last_digits_stand_for_an_end_with_its_zeros(typed, end):
    assert end in read_id(typed, BY_DAY, TODAY).ends


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("lima sierra", ("LS",)),
        ("double four two", ("442",)),
        ("forty two", ("42",)),
        ("nineteen oh five", ("19", "05")),
        ("two hundred and seven", ("207",)),
        ("x-ray niner", ("X9",)),
        ("yesterday", None),
        ("", ()),
    ],
)
def test_words_for_letters_and_numbers(text, groups):
    assert groups_of(text) == groups


def test_single_digits_may_be_a_month_and_a_day():
    assert fold("LS-2026-01-02-007") in read_id("LS 2026 1 2 7", BY_DAY, TODAY).whole


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**9), st.randoms(use_true_random=False))
def test_look_alikes_case_and_separators_do_not_matter(number, draw):
    made = BY_CODE.render("LS-{}", number)
    swaps = {"0": "OQD0", "1": "I1L", "2": "Z2", "5": "S5", "6": "G6", "8": "B8", "V": "UV"}
    alike = {each: group for group in swaps.values() for each in group}
    heard = "".join(draw.choice(alike.get(letter, letter)) for letter in made)
    typed = "".join(letter + draw.choice(["", "", "-", " "]) for letter in heard)
    if draw.random() < 0.5:
        typed = typed.lower()
    read = read_id(typed.replace("-", ""), BY_CODE, TODAY)
    assert read is None or fold(made) in read.whole
    assert fold(typed) == fold(made)


def test_every_letter_of_our_alphabet_folds_to_one_of_it():
    assert len({fold(letter) for letter in ALPHABET}) == 25
    assert all(len(fold(letter)) == 1 for letter in ALPHABET)


@pytest.mark.parametrize("typed", ["", " ", "-", "a" * 200, "good morning everybody"])
def test_what_is_no_id_is_none(typed):
    assert read_id(typed, BY_DAY, TODAY) is None
