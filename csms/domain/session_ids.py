"""The shape of session IDs: unique for ever, readable, speakable. PURE.

A format is text with fields in braces. Exactly one field carries the number that makes an ID
unique:

    {sequence}    counts from 1 for each distinct rest of the ID, at least three digits
    {digits:N}    N digits that look random and never repeat
    {code:N}      N letters and digits without look-alikes, that look random and never repeat

The others say where and when: {date} (in the site's zone), {time}, {station}, {site}.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_NUMBERS = {"sequence": (3, 9), "digits": (6, 15), "code": (6, 20)}
_DEFAULT_WIDTH = {"sequence": 3, "digits": 9, "code": 12}
_ROUND_KEYS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
_UNSPEAKABLE = re.compile(r"[^A-Z0-9]+")


class SessionIdFormatError(ValueError):
    """The text is no format of session IDs; the message says why."""


@dataclass(frozen=True, slots=True)
class SessionIdFormat:
    """A checked format. Make one with `parse`."""

    text: str
    number: str
    width: int

    @classmethod
    def parse(cls, text: str) -> SessionIdFormat:
        """Reads a format such as `LS-{date}-{sequence}`.

        Raises:
            SessionIdFormatError: naming the field that is unknown, missing or out of range.
        """
        try:
            fields = [(name, spec) for _, name, spec, _ in Formatter().parse(text) if name]
        except ValueError as error:
            raise SessionIdFormatError(f"{text!r} is no format: {error}") from None
        numbers = [(name, spec) for name, spec in fields if name in _NUMBERS]
        unknown = [name for name, _ in fields if name not in _NUMBERS and name not in _PLAIN_FIELDS]
        if unknown:
            known = ", ".join(sorted(_PLAIN_FIELDS.keys() | _NUMBERS.keys()))
            raise SessionIdFormatError(f"unknown field {{{unknown[0]}}}; known are {known}")
        if len(numbers) != 1:
            raise SessionIdFormatError(
                "exactly one of {sequence}, {digits} and {code} must stand in the format"
            )
        name, spec = numbers[0]
        return cls(text, name, _width(name, spec or ""))

    def scope(self, *, at: datetime, station: str, site: str) -> str:
        """Returns the part of the ID that the number counts within; `at` is local to the site."""
        return self._fill("{}", at=at, station=station, site=site)

    def render(self, scope: str, number: int) -> str:
        """Returns the ID of the `number`th session (from 1) of a scope."""
        return scope.replace("{}", _RENDERERS[self.number](number, self.width), 1)

    def _fill(self, number: str, *, at: datetime, station: str, site: str) -> str:
        parts: list[str] = []
        for literal, name in _pieces(self.text):
            parts.append(literal)
            if name:
                field = _PLAIN_FIELDS.get(name)
                parts.append(number if field is None else field(at, station, site))
        return "".join(parts)


@cache
def _pieces(text: str) -> tuple[tuple[str, str | None], ...]:
    """Returns each literal of a format with the name of the field after it."""
    return tuple((literal, name) for literal, name, _, _ in Formatter().parse(text))


def _width(name: str, spec: str) -> int:
    low, high = _NUMBERS[name]
    if not spec:
        return _DEFAULT_WIDTH[name]
    if not spec.isascii() or not spec.isdigit() or not low <= int(spec) <= high:
        raise SessionIdFormatError(f"{{{name}:{spec}}} must have {low} to {high} places")
    return int(spec)


def _speakable(text: str) -> str:
    return _UNSPEAKABLE.sub("", text.upper()) or "X"


def _sequence(number: int, width: int) -> str:
    return f"{number:0{width}d}"


def _digits(number: int, width: int) -> str:
    return f"{_scrambled(number, 10**width, 10 ** (width - 1)):0{width}d}"


def _code(number: int, width: int) -> str:
    base = len(ALPHABET)
    rest = _scrambled(number, base**width, 0)
    letters = []
    for _ in range(width):
        rest, place = divmod(rest, base)
        letters.append(ALPHABET[place])
    return "".join(letters)


def _scrambled(number: int, size: int, low: int) -> int:
    """Maps 1, 2, 3, … one to one onto numbers that look random, within `low` to `size`.

    A Feistel network permutes the next power of four; walking on until the result falls within
    the range makes that a permutation of the range. Numbers past the range's end get longer, and
    so stay unique.
    """
    span = size - low
    if number > span:
        return size + number
    half = ((span - 1).bit_length() + 1) // 2
    mixed = _feistel(number - 1, half)
    while mixed >= span:
        mixed = _feistel(mixed, half)
    return low + mixed


def _feistel(number: int, half: int) -> int:
    mask = (1 << half) - 1
    left, right = number >> half, number & mask
    for key in _ROUND_KEYS:
        product = (right + key) * (key | 1)
        left, right = right, left ^ ((product ^ (product >> half)) & mask)
    return (left << half) | right


_RENDERERS: dict[str, Callable[[int, int], str]] = {
    "sequence": _sequence,
    "digits": _digits,
    "code": _code,
}

_PLAIN_FIELDS: dict[str, Callable[[datetime, str, str], str]] = {
    "date": lambda at, _station, _site: at.date().isoformat(),
    "time": lambda at, _station, _site: f"{at:%H%M}",
    "station": lambda _at, station, _site: _speakable(station),
    "site": lambda _at, _station, site: _speakable(site),
}
