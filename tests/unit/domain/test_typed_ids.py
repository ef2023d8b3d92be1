"""What was typed or read out stands for the ID that was meant."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csms.domain.misheard_ids import near_ids
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
        "22 November 2026 number 42",
        "LS November 22nd, 42",
        "LS 22/11/2026 42",
        "\uff2c\uff33-\uff12\uff10\uff12\uff16-11-22-042",
        "L for Lima S for sugar 2 0 2 6 1 1 2 2 0 4 2",
        "Ludwig Samuel zwo null zwo sechs Strich eins eins Strich zwo zwo Strich null vier zwo",
        "Leipzig Salzwedel zweitausendsechsundzwanzig elf zweiundzwanzig zweiundvierzig",
        "L som i Ludvig, S som i Sigurd, tjugohundratjugosex, elva, tjugotvå, fyrtiotvå",
        "Ludvig Sigurd streck två noll två sex streck ett ett streck två två streck noll fyra två",
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


SPOKEN = "sierra echo sierra sierra india oscar november dash hotel echo eight yankee bravo three "


@pytest.mark.parametrize(
    ("shape", "meant", "typed"),
    [
        ("SESSION-{code:12}", "SESSION-HE8YB34UGKUP", "SESSION-HE8YB34UGKUP"),
        ("SESSION-{code:12}", "SESSION-HE8YB34UGKUP", "session he8yb34ugkup."),
        (
            "SESSION-{code:12}",
            "SESSION-HE8YB34UGKUP",
            SPOKEN + "four uniform golf kilo uniform papa",
        ),
        ("SESSION-{code:12}", "SESSION-HE8YB34UGKUP", "HE8YB34UGKUP"),
        ("EV-{digits:9}", "EV-757948787", "echo victor seven five seven nine 48 787"),
        (
            "{site}-{station}-{date}-{sequence:4}",
            "STOCKHOLM-CP1-2026-11-22-0007",
            "Stockholm CP1 2026 11 22 0007",
        ),
        (
            "{site}-{station}-{date}-{sequence:4}",
            "BERLIN-CP1-2026-11-22-0007",
            "BERLIN-CP1-2026-11-22-7",
        ),
    ],
)
def test_long_words_of_a_format_and_names_of_sites_are_parts_of_ids(shape, meant, typed):
    assert fold(meant) in read_id(typed, SessionIdFormat.parse(shape), TODAY).whole


@pytest.mark.parametrize(
    ("shape", "meant", "heard", "slip"),
    [
        ("LS-{date}-{sequence}", MEANT, "LS-2026-11-22-024", "two neighbours swapped"),
        ("LS-{date}-{sequence}", MEANT, "LS-2026-11-82-042", "2 for 8"),
        ("LS-{date}-{sequence}", "LS-2026-11-22-150", "LS-2026-11-22-115", "50 for 15"),
        ("EV-{digits:9}", "EV-757948787", "EV-75794877", "a 8 left out"),
        ("EV-{digits:9}", "EV-757948787", "EV-7579487187", "one 1 too many"),
        ("SESSION-{code:12}", "SESSION-HE8YB34UGKUP", "SESON-HE8YB34UGKUP", "how it begins"),
    ],
)
def test_an_id_with_a_slip_is_near_the_one_that_was_meant(shape, meant, heard, slip):
    id_format = SessionIdFormat.parse(shape)
    near = near_ids(read_id(heard, id_format, TODAY), id_format)
    assert near[fold(meant)][1].startswith(slip)
    assert len(near) < 1000


def test_the_end_of_an_id_is_near_nothing():
    assert near_ids(read_id("42", BY_DAY, TODAY), BY_DAY) == {}
