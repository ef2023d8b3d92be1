"""Letters and numbers as people say them on the telephone, back as they are written. PURE.

Letters are single ones or words of a spelling alphabet, also after the letter (`S for sugar`);
numbers are digits, `double four`, `forty two`, `twenty twenty six`, `two thousand`,
`zweiundvierzig`, `fyrtiotvå`. The words are those of `csms.domain.spoken_words`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from csms.domain.spoken_words import (
    BREAKS,
    ENGLISH,
    EXAMPLES,
    LETTERS,
    MONTHS,
    NUMBERS,
    ORDINALS,
    REPEATS,
    SILENT,
    TENS,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Collection

_WORD: Final = re.compile(r"[^\W_]+", re.ASCII)
_LONGEST_PIECE: Final = 5
"""Letters that make no word of the alphabet and are no more than that may be a piece of an ID."""
_YEAR: Final = re.compile(r"20\d\d|\d\d", re.ASCII)
_REPEATED: Final = re.compile(rf"\b({'|'.join(REPEATS)})([a-z]{{3,}})\b")
_MONTH: Final = "|".join(sorted(MONTHS, key=len, reverse=True))
_DAY: Final = r"(?P<day>[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th|\.)?"
_DAY_FIRST: Final = re.compile(
    rf"(?<![\w-]){_DAY} *(?:of +)?(?P<month>{_MONTH}) *,? *(?P<year>20\d\d)?(?!\w)", re.ASCII
)
_MONTH_FIRST: Final = re.compile(
    rf"(?<!\w)(?P<month>{_MONTH}) +{_DAY}(?: *, *(?P<year>20\d\d))?(?!\w)", re.ASCII
)
_WRITTEN_DAY: Final = re.compile(
    r"(?<!\d)(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>20\d\d)(?!\d)", re.ASCII
)


def groups_of(
    text: str, *, joins: bool = True, known: Collection[str] = ()
) -> tuple[str, ...] | None:
    """Returns the groups of letters and digits that a text says, each in upper case.

    Signs between them, and words for such, end a group, and so do spaces; but single letters and
    digits that follow each other are one, if it `joins`. None if there is a word in it that says
    none, nor is one of the `known` ones (in upper case): a name.
    """
    groups: list[str] = []
    is_open = False
    words = _WORD.findall(_REPEATED.sub(r"\1 \2", plain(text)))
    place = 0
    while place < len(words):
        word = words[place]
        if word in BREAKS or word in SILENT:
            is_open, place = is_open and word in SILENT, place + 1
            continue
        if word.upper() in known:
            said, used = word.upper(), 1
        else:
            found, used = _said(words, place, groups)
            if found is None:
                return None
            said = found
        is_single = len(said) == 1 or word in REPEATS
        if joins and is_single and is_open:
            groups[-1] += said
        else:
            groups.append(said)
        is_open, place = is_single, place + used
    return tuple(groups)


def with_dates(text: str) -> str:
    """Returns a text with dates such as `22 November 2026` or `22/11/2026` the year first."""
    found = _WRITTEN_DAY.sub(_year_first, plain(text))
    return _MONTH_FIRST.sub(_year_first, _DAY_FIRST.sub(_year_first, found))


def _year_first(found: re.Match[str]) -> str:
    month = found["month"]
    year = f"{found['year']}-" if found["year"] else ""
    return f"{year}{MONTHS.get(month, month).zfill(2)}-{found['day'].zfill(2)} "


def is_said(part: str) -> bool:
    """Tells whether a word is one that people say rather than write of an ID."""
    word = plain(part)
    if word in REPEATS or word in BREAKS or any(word == each[0] for each in EXAMPLES):
        return True
    groups = groups_of(part)
    return groups is not None and "".join(groups) != re.sub(r"[\W_]", "", part).upper()


def _said(words: list[str], place: int, before: list[str]) -> tuple[str | None, int]:
    """Returns what the words from a place on say, and how many of them it takes."""
    word = words[place]
    if example := _example(words, place):
        return word.upper(), example
    letter = LETTERS.get(word)
    if before and _YEAR.fullmatch(before[-1]):
        letter = MONTHS.get(word, letter)  # "2026 November 22": no N
    if letter is not None:
        return letter, 1
    if word in REPEATS and place + 1 < len(words):
        said, used = _said(words, place + 1, before)
        return (None if said is None else said * REPEATS[word]), used + 1
    number, used = _number(words, place)
    if used:
        return number, used
    ordinal = re.fullmatch(r"(\d+)(?:st|nd|rd|th)", word)
    written = word.upper() if ordinal is None else ordinal[1]
    is_written = len(word) <= _LONGEST_PIECE or any(letter.isdigit() for letter in word)
    return written if is_written else None, 1


def _example(words: list[str], place: int) -> int:
    """Returns how many words `S for sugar` takes, 0 if there is none at a place."""
    letter = words[place]
    if len(letter) != 1 or not letter.isalpha():
        return 0
    for between in EXAMPLES:
        end = place + 1 + len(between)
        if tuple(words[place + 1 : end]) == between and end < len(words):
            return len(between) + 2 if words[end].startswith(letter) else 0
    return 0


def _number(words: list[str], place: int) -> tuple[str, int]:
    """Returns the number that is spelled out from a place on, as digits; 0 words if none is."""
    word = _cardinal(words[place])
    if word in NUMBERS:
        return str(NUMBERS[word]), 1
    if word in ENGLISH:
        value, used = ENGLISH[word], 1
    elif word in TENS:
        value, used = TENS[word], 1
        following = _cardinal(words[place + 1]) if place + 1 < len(words) else ""
        if 0 < ENGLISH.get(following, 0) < 10:  # noqa: PLR2004 - twenty four, not twenty fourteen
            value, used = value + ENGLISH[following], 2
    else:
        return "", 0
    following = words[place + used] if place + used < len(words) else ""
    if value == TENS["twenty"] and used == 1:  # "twenty twenty six"
        year, more = _number(words, place + 1) if following else ("", 0)
        if more and len(year) == 2:  # noqa: PLR2004 - two digits
            return f"20{year}", used + more
    if following not in {"hundred", "thousand"}:
        return str(value), used
    value, used = value * (100 if following == "hundred" else 1000), used + 1
    while place + used < len(words) and words[place + used] == "and":
        used += 1
    rest, more = _number(words, place + used) if place + used < len(words) else ("", 0)
    if more and int(rest) < 100:  # noqa: PLR2004 - two thousand AND twenty six
        return str(value + int(rest)), used + more
    return str(value), used


def _cardinal(word: str) -> str:
    """Returns `four` for `fourth` as well."""
    return ORDINALS.get(word, word.removesuffix("th") if word.endswith("th") else word)
