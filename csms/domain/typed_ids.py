"""Session IDs as people type, read out and mishear them: what may have been meant. PURE.

Two texts mean the same ID if they are alike once they are folded: without what separates the
parts, in upper case, and with letters and digits that look alike as one (O, Q, D and 0; I, L and 1;
Z and 2; S and 5; G and 6; B and 8; V and U).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from string import Formatter
from typing import TYPE_CHECKING, Final

from csms.domain.spoken import groups_of, with_dates
from csms.domain.spoken_words import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from csms.domain.session_ids import SessionIdFormat

_LOOK_ALIKE: Final = str.maketrans("OQDILZSGBV", "000112568U")
_OTHER: Final = re.compile(r"[^A-Z0-9]")
_SPACES: Final = re.compile(r"[\s\u2010-\u2015\u2212_./\\,:;#]+")
_LONGEST, _LONGEST_WRITTEN = 400, 80
_SHORTEST_END: Final = 2
_YEARS_BACK: Final = 2
_COMPACT: Final = r"(?P<year>20\d\d|\d\d)?-?(?P<month>0[1-9]|1[0-2])-?(?P<day>0[1-9]|[12]\d|3[01])"
_SPREAD: Final = (
    r"(?:(?P<year>20\d\d|\d\d)-)?(?P<month>1[0-2]|0?[1-9])-(?P<day>[12]\d|3[01]|0?[1-9])(?=-|$)"
)


def fold(text: str) -> str:
    """Returns what an ID is compared by; the database has the same as `folded_id`."""
    return _OTHER.sub("", text.upper()).translate(_LOOK_ALIKE)


@dataclass(frozen=True, slots=True)
class TypedId:
    """What a text may mean as an ID, all folded.

    `typed` is all of it, empty if it is no piece of an ID; `exact` what it says as it is, written
    or read out; `whole` the IDs that it may stand for in full (these, and also without the part
    that is the same in all IDs, without leading zeros, without the century); `ends` what the ID may
    end with.
    """

    typed: str
    exact: tuple[str, ...]
    whole: tuple[str, ...]
    ends: tuple[str, ...]


def read_id(text: str, id_format: SessionIdFormat, today: date) -> TypedId | None:
    """Returns what a text may mean as an ID in the operator's format; None if it is none.

    A year that was left out is this one or one of the two before.
    """
    if not text or len(text) > _LONGEST:
        return None
    said = _said(text, _words_of(id_format.text))
    written = _written(text, id_format)
    if not said and not written:
        return None
    exact = dict.fromkeys("".join(groups) for groups in (written, *said) if groups)
    whole = dict(exact)
    for groups in (*said, written):
        whole |= dict.fromkeys(_completed(list(groups), id_format, today))
    typed = "".join(said[0]) if said else ""
    ends = dict.fromkeys([typed])
    for groups in said[:1]:
        ends |= dict.fromkeys(_padded_ends(list(groups), id_format))
    long_enough = tuple(end for end in ends if len(end) >= _SHORTEST_END)
    return TypedId(typed, tuple(exact), tuple(whole), long_enough)


def _said(text: str, known: frozenset[str]) -> list[tuple[str, ...]]:
    """Returns the groups, folded, of each way in which a text may be an ID that is read out."""
    found: dict[tuple[str, ...], None] = {}
    for each in dict.fromkeys((plain(text).strip(), with_dates(text).strip())):
        spaced = _SPACES.sub("-", each).replace("-", " - ")
        for joins in (True, False):
            groups = groups_of(spaced, joins=joins, known=known)
            if groups:
                found[tuple(fold(group) for group in groups)] = None
    return list(found)


def _written(text: str, id_format: SessionIdFormat) -> tuple[str, ...]:
    """Returns the groups, folded, of a text as it is written; none if it can hardly be an ID."""
    folded = tuple(
        fold(group) for group in re.split(r"[\W_]+", plain(text), flags=re.ASCII) if group
    )
    whole = "".join(folded)
    beginning = fold(id_format.text.partition("{")[0])
    has_digit = any(letter.isdigit() for letter in plain(text))
    is_one = has_digit or (bool(beginning) and whole.startswith(beginning))
    return folded if whole and is_one and len(whole) <= _LONGEST_WRITTEN else ()


@lru_cache(maxsize=16)
def _words_of(text: str) -> frozenset[str]:
    """Returns the words that stand in each ID of a format, such as SESSION."""
    literals = " ".join(literal for literal, *_ in Formatter().parse(text))
    return frozenset(re.findall(r"[A-Z0-9]+", literals.upper()))


def _padded_ends(groups: list[str], id_format: SessionIdFormat) -> Iterator[str]:
    """Gives the end of an ID whose sequence lacks its leading zeros."""
    if id_format.number != "sequence" or not _ends_in_number(id_format.text):
        return
    last = groups[-1]
    if last.isdigit() and len(last) < id_format.width:
        padded = last.zfill(id_format.width)
        if len(groups) > 1:
            yield "".join(groups[:-1]) + padded
        else:
            yield padded


@lru_cache(maxsize=16)
def _ends_in_number(text: str) -> bool:
    *_, (_, last, _, _) = Formatter().parse(text)
    return last in {"sequence", "digits", "code"}


def _completed(groups: list[str], id_format: SessionIdFormat, today: date) -> Iterator[str]:
    """Gives the whole IDs, folded, that groups of a typed one stand for in this format."""
    typed = "-".join(group for group in groups if group)
    for pattern in _patterns(id_format.text):
        found = pattern.fullmatch(typed)
        if found is not None:
            yield from _filled(id_format, found, today)


def _filled(id_format: SessionIdFormat, found: re.Match[str], today: date) -> Iterator[str]:
    parts = found.groupdict()
    years: list[int | None] = [None]
    if "month" in parts:
        said = parts.get("year")
        years = (
            [today.year - back for back in range(_YEARS_BACK + 1)]
            if said is None
            else [int(said) if len(said) > _SHORTEST_END else 2000 + int(said)]
        )
    for year in years:
        yield "".join(_piece(id_format, parts, year))


def _piece(id_format: SessionIdFormat, parts: dict[str, str | None], year: int | None) -> list[str]:
    made = []
    for literal, name, _, _ in Formatter().parse(id_format.text):
        made.append(fold(literal))
        if name == "date":
            made.append(f"{year}{(parts['month'] or '').zfill(2)}{(parts['day'] or '').zfill(2)}")
        elif name == "sequence":
            made.append((parts["number"] or "").zfill(id_format.width))
        elif name in {"digits", "code"}:
            made.append((parts["number"] or "").replace("-", ""))
        elif name is not None:
            made.append((parts[name] or "").replace("-", ""))
    return made


@lru_cache(maxsize=16)
def _patterns(text: str) -> tuple[re.Pattern[str], ...]:
    """Returns what typed IDs of a format look like, with and without how all of them begin.

    What separates the fields may be left out, but not where a date lacks its leading zeros.
    """
    return tuple(
        re.compile(_pattern(text, date, is_whole=is_whole))
        for date in (_COMPACT, _SPREAD)
        for is_whole in (True, False)
    )


def _pattern(text: str, date: str, *, is_whole: bool) -> str:
    made: list[str] = []
    for index, (literal, name, _, _) in enumerate(Formatter().parse(text)):
        folded = "-?".join(fold(literal))
        if index == 0 and not is_whole:
            folded = ""
        made += [folded] if folded else []
        if name is not None:
            made.append(date if name == "date" else _FIELDS[name])
    return "-?".join(made)


_FIELDS: Final = {
    "time": r"(?P<time>\d{4}|\d\d-\d\d)",
    "station": r"(?P<station>[0-9A-Z-]+?)",
    "site": r"(?P<site>[0-9A-Z-]+?)",
    "sequence": r"(?P<number>\d{1,12})",
    "digits": r"(?P<number>\d[\d-]{5,20})",
    "code": r"(?P<number>[0-9A-Z][0-9A-Z-]{5,24})",
}
