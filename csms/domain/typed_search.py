"""What somebody types who looks for a session: words, of which each may mean several things. PURE.

A session that is found fits every word in one of its meanings. A word may say what it is:
`station:CP1`, `token:04AB`, `vehicle:…`, `account:…`, `id:…`, `cost:12.34`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from csms.domain.spoken import is_said
from csms.domain.typed_ids import TypedId, fold, read_id
from csms.domain.typed_times import Span, read_span

if TYPE_CHECKING:
    from datetime import datetime

    from csms.domain.session_ids import SessionIdFormat

LONGEST: Final = 400
_NAMED: Final = re.compile(
    r"(station|token|vehicle|account|id|session|cost|amount):(.+)", re.IGNORECASE
)
_AMOUNT: Final = re.compile(
    r"\d{1,9}|\d{1,3}(?:[ ',.]\d{3})*[.,]\d{1,4}|\d{1,9}[.,]\d{1,4}", re.ASCII
)
_SIGNS: Final = {"€": "EUR", "$": "USD", "£": "GBP", "kr": "SEK"}
_CURRENCY: Final = re.compile(r"[A-Za-z]{3}", re.ASCII)
_NOISE: Final = frozenset(
    [
        "session",
        "sessions",
        "id",
        "number",
        "nr",
        "no",
        "at",
        "on",
        "the",
        "of",
        "by",
        "in",
        "for",
        "station",
        "charger",
        "token",
        "tag",
        "card",
        "car",
        "vehicle",
        "account",
        "was",
        "it",
        "started",
    ]
)
_LONGEST_SPAN, _SHORTEST_RUN = 5, 2
_MOST_WORDS: Final = 12
_AROUND: Final = ":;,.#'\""
_SAME: Final = {"session": "id", "amount": "cost"}


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum of money, in a currency if one was named."""

    value: Decimal
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A word, or several that belong together, and what they may mean.

    `kind` is the meaning that was asked for by name (station, token, vehicle, account, id, cost),
    None for any. `name` is the text as the name of something.
    """

    text: str
    kind: str | None = None
    id: TypedId | None = None
    span: Span | None = None
    amount: Amount | None = None
    name: str | None = None

    def may_be(self, kind: str) -> bool:
        """Tells whether the word may have such a meaning."""
        return self.kind in {None, kind}


@dataclass(frozen=True, slots=True)
class Asked:
    """A text that was typed: all of it as an ID, if it may be one, and its words.

    `apart` are its words where none of them is a piece of an ID that is read out: names may sound
    like that (Berlin, Victor, Martin). `name` is all of it as a name of several words.
    """

    whole: TypedId | None
    words: tuple[Word, ...]
    apart: tuple[Word, ...] = ()
    name: Word | None = None


@lru_cache(maxsize=1 << 15)
def fold_name(text: str) -> str:
    """Returns what a name is compared by; the database has the same as `folded_name`."""
    return re.sub(r"[:\-._ /]", "", text.lower())


def read_search(text: str, id_format: SessionIdFormat, now: datetime) -> Asked:
    """Returns what a text may mean; `now` is aware, in the zone that times are typed in.

    More than a dozen words are nothing but an ID that was read out.
    """
    parts = text.split()
    words = _words(parts, id_format, now, joins=True)
    apart = _words(parts, id_format, now, joins=False)
    told = [part for part in parts if part.lower().strip(_AROUND) not in _NOISE]
    whole = read_id(" ".join(told), id_format, now)
    if len(apart) > _MOST_WORDS:
        apart = ()
    if len(words) > _MOST_WORDS:
        return Asked(whole, ())
    name = Word(" ".join(parts)) if len(parts) > 1 else None
    return Asked(whole, words, apart if apart != words else (), name)


def _words(
    parts: list[str], id_format: SessionIdFormat, now: datetime, *, joins: bool
) -> tuple[Word, ...]:
    words: list[Word] = []
    place = 0
    while place < len(parts):
        word, used = _word(parts, place, id_format, now, joins=joins)
        if word is not None:
            words.append(word)
        place += used
    return tuple(dict.fromkeys(words))


def _word(
    parts: list[str], place: int, id_format: SessionIdFormat, now: datetime, *, joins: bool
) -> tuple[Word | None, int]:
    """Returns the word at a place, and how many parts of the text it takes."""
    named = _NAMED.fullmatch(parts[place])
    if named is not None:
        return _named(named, id_format, now), 1
    for count in range(min(_LONGEST_SPAN, len(parts) - place), 1, -1):
        joined = " ".join(parts[place : place + count])
        span = read_span(joined, now)
        if span is not None:
            return Word(joined, span=span), count
    if place + 1 < len(parts):
        joined = f"{parts[place]} {parts[place + 1]}"
        amount = _amount(joined)
        if amount is not None and amount.currency is not None:
            return Word(joined, amount=amount), 2
    run = _run(parts, place, id_format) if joins else 0
    if run >= _SHORTEST_RUN:
        joined = " ".join(parts[place : place + run])
        return Word(joined, id=read_id(joined, id_format, now)), run
    text = parts[place]
    if text.lower().strip(_AROUND) in _NOISE and len(parts) > 1:
        return None, 1
    return _plain(text, id_format, now), 1


def _plain(text: str, id_format: SessionIdFormat, now: datetime) -> Word:
    span, amount = read_span(text, now), _amount(text)
    if span is not None or (amount is not None and not text.isdigit()):
        return Word(text, span=span, amount=amount)
    return Word(text, id=read_id(text, id_format, now), amount=amount, name=text)


def _named(named: re.Match[str], id_format: SessionIdFormat, now: datetime) -> Word:
    kind = named[1].lower()
    kind = _SAME.get(kind, kind)
    text = named[2]
    if kind == "id":
        return Word(text, kind, id=read_id(text, id_format, now))
    if kind == "cost":
        return Word(text, kind, amount=_amount(text))
    return Word(text, kind, name=text)


def _run(parts: list[str], place: int, id_format: SessionIdFormat) -> int:
    """Returns how many parts from a place on are pieces of an ID that is read out."""
    beginning = fold(id_format.text.partition("{")[0])
    count = 0
    for part in parts[place:]:
        bare = part.strip(_AROUND)
        is_piece = len(bare) <= 1 or bare.isdigit()
        is_first = not count and bool(beginning) and fold(part) == beginning
        if not (is_piece or is_first or is_said(part)):
            break
        count += 1
    return count


def _amount(text: str) -> Amount | None:
    """Returns the amount that a text names; the last point or comma is the decimal one."""
    given, currency = text.strip(), None
    for sign, code in _SIGNS.items():
        if sign in given.lower():
            given, currency = given.lower().replace(sign, "").strip(), code
    first, _, last = given.partition(" ")
    if last and _CURRENCY.fullmatch(last):
        given, currency = first, last.upper()
    elif last and _CURRENCY.fullmatch(first):
        given, currency = last, first.upper()
    if _AMOUNT.fullmatch(given) is None or re.match(r"0\d", given, re.ASCII):
        return None  # 0042 is the end of an ID
    whole, point, decimals = given.replace(",", ".").rpartition(".")
    digits = re.sub(r"\D", "", whole) + "." + decimals if point else re.sub(r"\D", "", decimals)
    return Amount(Decimal(digits), currency)
