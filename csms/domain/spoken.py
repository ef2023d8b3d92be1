"""Letters and numbers as people say them on the telephone, back as they are written. PURE.

Spelled letters are those of the international alphabet (ITU and NATO: Alfa, Bravo, …) and single
letters; numbers are digits, `double four`, `forty two`, `twenty twenty six`, `two thousand`.
"""

from __future__ import annotations

import re
from typing import Final

_ALPHABET: Final = [
    "alfa",
    "bravo",
    "charlie",
    "delta",
    "echo",
    "foxtrot",
    "golf",
    "hotel",
    "india",
    "juliett",
    "kilo",
    "lima",
    "mike",
    "november",
    "oscar",
    "papa",
    "quebec",
    "romeo",
    "sierra",
    "tango",
    "uniform",
    "victor",
    "whiskey",
    "xray",
    "yankee",
    "zulu",
]
_LETTERS: Final = {word: word[0].upper() for word in _ALPHABET} | {
    "alpha": "A",
    "juliet": "J",
    "whisky": "W",
    "zed": "Z",
    "zee": "Z",
    "el": "L",
    "ess": "S",
}
_ONES: Final = {
    word: number
    for number, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    )
} | {"oh": 0, "nought": 0, "null": 0, "niner": 9, "fife": 5, "tree": 3, "fower": 4}
_TEENS: Final = {
    word: number
    for number, word in enumerate(
        [
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        10,
    )
}
_TENS: Final = {
    word: 10 * number
    for number, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2
    )
} | {"fourty": 40}
_ORDINALS: Final = {
    "first": "one",
    "second": "two",
    "third": "three",
    "fifth": "five",
    "eighth": "eight",
    "ninth": "nine",
    "twelfth": "twelve",
    "twentieth": "twenty",
    "thirtieth": "thirty",
}
_BREAKS: Final = frozenset(
    [
        "dash",
        "hyphen",
        "minus",
        "stroke",
        "slash",
        "dot",
        "point",
        "space",
        "blank",
        "underscore",
        "and",
    ]
)
_REPEATS: Final = {"double": 2, "triple": 3, "treble": 3}
_MONTHS: Final = {
    name: f"{number:02d}"
    for number, name in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    )
}
_WORD: Final = re.compile(r"[^\W_]+", re.ASCII)
_LONGEST_PIECE: Final = 5
"""Letters that make no word of the alphabet and are no more than that may be a piece of an ID."""
_YEAR: Final = re.compile(r"20\d\d|\d\d", re.ASCII)


def groups_of(text: str, *, joins: bool = True) -> tuple[str, ...] | None:
    """Returns the groups of letters and digits that a text says, each in upper case.

    Signs between them, and words for such, end a group, and so do spaces; but single letters and
    digits that follow each other are one, if it `joins`. None if there is a word in it that says
    none: a name.
    """
    groups: list[str] = []
    is_open = False
    words = _WORD.findall(_without_apostrophes(text.lower()))
    place = 0
    while place < len(words):
        word = words[place]
        if word in _BREAKS:
            is_open, place = False, place + 1
            continue
        said, used = _said(words, place, groups)
        if said is None:
            return None
        is_single = len(said) == 1 or word in _REPEATS
        if joins and is_single and is_open:
            groups[-1] += said
        else:
            groups.append(said)
        is_open, place = is_single, place + used
    return tuple(groups)


def _without_apostrophes(text: str) -> str:
    return text.replace("x-ray", "xray").replace("'", "")


def _said(words: list[str], place: int, before: list[str]) -> tuple[str | None, int]:
    """Returns what the words from a place on say, and how many of them it takes."""
    word = words[place]
    if word in _MONTHS and before and _YEAR.fullmatch(before[-1]):
        return _MONTHS[word], 1  # "2026 November 22": no letter of the alphabet here
    if word in _LETTERS:
        return _LETTERS[word], 1
    if word in _REPEATS and place + 1 < len(words):
        said, used = _said(words, place + 1, before)
        return (None if said is None else said * _REPEATS[word]), used + 1
    number, used = _number(words, place)
    if used:
        return number, used
    ordinal = re.fullmatch(r"(\d+)(st|nd|rd|th)", word)
    if ordinal:
        return ordinal[1], 1
    is_written = len(word) <= _LONGEST_PIECE or any(letter.isdigit() for letter in word)
    return (word.upper(), 1) if is_written else (None, 1)


def _number(words: list[str], place: int) -> tuple[str, int]:
    """Returns the number that is spelled out from a place on, as digits; 0 words if none is."""
    word = _cardinal(words[place])
    if word in _ONES or word in _TEENS:
        value, used = _ONES.get(word, _TEENS.get(word, 0)), 1
    elif word in _TENS:
        value, used = _TENS[word], 1
        following = _cardinal(words[place + 1]) if place + 1 < len(words) else ""
        if _ONES.get(following):
            value, used = value + _ONES[following], 2
    else:
        return "", 0
    following = words[place + used] if place + used < len(words) else ""
    if value == _TENS["twenty"] and used == 1:  # "twenty twenty six"
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
    return _ORDINALS.get(word, word.removesuffix("th") if word.endswith("th") else word)
