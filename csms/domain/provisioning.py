"""What an operator wants a station's settings to be, and how a value is held against that. PURE.

Values of stations are texts, whatever their type: `true`, `True` and `TRUE` are the same flag, `60`
and `60.0` the same number, and the order of a list's members says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from csms.domain.device_model import VariableKey

_FLAGS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one variable, or configuration key, is to be.

    Exactly one form is given: `value`; bounds (`least`, `most`, either or both); `one_of`; or
    `members`, a list. `preferred` is what is written where the bounds do not hold. A list that is
    refused is tried again without its last member if `may_shrink`, down to its first.
    """

    key: VariableKey
    value: str | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    one_of: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    may_shrink: bool = False
    preferred: str | None = None

    def holds(self, told: str) -> bool:
        """Tells whether a station's value is what is wanted."""
        if self.members:
            return _members(told) == {each.casefold() for each in self.members}
        if self.one_of:
            return any(same(told, each) for each in self.one_of)
        if self.value is not None:
            return same(told, self.value)
        number = _number(told)
        return (
            number is not None
            and (self.least is None or number >= self.least)
            and (self.most is None or number <= self.most)
        )

    def to_write(self) -> Iterator[str]:
        """Yields what to write, what is wanted most first."""
        if self.members:
            last = 0 if self.may_shrink else len(self.members) - 1
            for length in range(len(self.members), last, -1):
                yield ",".join(self.members[:length])
        elif self.one_of:
            yield from self.one_of
        elif self.value is not None:
            yield self.value
        else:
            bound = self.least if self.least is not None else self.most
            yield f"{bound:f}" if self.preferred is None else self.preferred

    def __str__(self) -> str:
        """Returns it as operators read it."""
        if self.members:
            return ",".join(self.members)
        if self.one_of:
            return f"one of {', '.join(self.one_of)}"
        if self.value is not None:
            return self.value
        bounds = [
            f"{word} {bound:f}"
            for word, bound in (("at least", self.least), ("at most", self.most))
            if bound is not None
        ]
        return " and ".join(bounds)


def same(told: str, wanted: str) -> bool:
    """Tells whether two texts are the same value."""
    flags = [_FLAGS.get(each.strip().casefold()) for each in (told, wanted)]
    if None not in flags:
        return flags[0] == flags[1]
    numbers = [_number(each) for each in (told, wanted)]
    if None not in numbers:
        return numbers[0] == numbers[1]
    if "," in wanted:
        return _members(told) == _members(wanted)
    return told.strip() == wanted.strip()


def _members(text: str) -> set[str]:
    return {each.strip().casefold() for each in text.split(",") if each.strip()}


def _number(text: str) -> Decimal | None:
    if not text.isascii():
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
