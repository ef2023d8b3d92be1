"""The cells of a row, by the member of a session that each gives. PURE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from csms.reports.importing.columns import LENGTHS
from csms.reports.importing.values import Unreadable, read_length, read_number, read_times

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from csms.reports.importing.values import Manner

_LONGEST_TEXT: Final = 255
_ARMED: Final = frozenset("=+-@\t\r'")
"""What a spreadsheet would take for a formula gets an apostrophe on its way out of ours."""
_UNIT: Final = re.compile(r"\s*([kKmM]?[wW][hH]?)$")
_CURRENCY: Final = re.compile(r"\s*([A-Za-z]{3}|[\u20ac$\u00a3])$")
_SIGN: Final = re.compile(r"([\u20ac$\u00a3]|[A-Za-z]{3})\s*(?=[\d.,+-])")
_CURRENCIES: Final = {"\u20ac": "EUR", "\u00a3": "GBP", "$": "USD"}
_T = TypeVar("_T")
_UNITS_S: Final = {"duration": None, "s": 1, "min": 60, "h": 3600}


class RowUnusable(ValueError):  # noqa: N818 - the name says it
    """A row is no session: in which column, empty for several, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


@dataclass(slots=True)
class Cells:
    """The cells of a row; `columns` are the columns by the member that they give."""

    cells: Mapping[str, str]
    columns: Mapping[str, str]
    manner: Manner

    def text(self, member: str) -> str | None:
        """Returns what a member's cell holds, None if nothing."""
        column = self.columns.get(member)
        text = None if column is None else (self.cells.get(column) or "").strip() or None
        if text is None or column is None:
            return None
        if len(text) > _LONGEST_TEXT or "\0" in text:
            raise RowUnusable(column, f"holds {len(text)} characters, or one that is none")
        return text[1:] if text[0] == "'" and text[1:2] in _ARMED else text

    def number(self, member: str, most: int | None = None) -> Decimal | None:
        """Returns the number in a member's cell, from 0 to `most`; `%` may stand behind it."""
        text = self.text(member)
        if text is None:
            return None
        return self._checked(member, text.removesuffix("%").strip(), most)

    def measured(self, member: str, factors: Mapping[str, int]) -> Decimal | None:
        """Returns the number in a member's cell times the factor of the unit behind it."""
        text = self.text(member)
        if text is None:
            return None
        unit = _UNIT.search(text)
        name = "" if unit is None else unit[1].lower()
        bare = text if unit is None else text[: unit.start()]
        if name not in factors:
            raise RowUnusable(self.columns[member], f"{text!r} is not in Wh or kWh")
        return self._checked(member, bare) * factors[name]

    def money(self, member: str) -> tuple[Decimal | None, str | None]:
        """Returns the amount in a member's cell, and the currency that stands there with it."""
        text = self.text(member)
        if text is None:
            return None, None
        found = _SIGN.match(text)
        if found is not None:
            bare = text[found.end() :]
        else:
            found = _CURRENCY.search(text)
            bare = text if found is None else text[: found.start()]
        sign = None if found is None else _CURRENCIES.get(found[1], found[1].upper())
        return self._checked(member, bare), sign

    def length(self, member: str) -> Decimal | None:
        """Returns a length of time in seconds; `member` ends in _s, others may be in its place."""
        for name in sorted(LENGTHS.get(member, {member}), reverse=True):
            text = self.text(name)
            if text is not None:
                unit_s = _UNITS_S[name.rpartition("_")[2]]
                found = self._read(name, lambda: read_length(text, unit_s, self.manner))  # noqa: B023
                if found < 0:
                    raise RowUnusable(self.columns[name], f"{text} is below 0")
                return found
        return None

    def times(self, text: str, member: str) -> tuple[datetime, ...]:
        """Returns the instants that a text of a member's cell may name."""
        return self._read(member, lambda: read_times(text, self.manner))

    def _checked(self, member: str, text: str, most: int | None = None) -> Decimal:
        number = self._read(member, lambda: read_number(text, self.manner))
        if number < 0:
            raise RowUnusable(self.columns[member], f"{text} is below 0")
        if most is not None and number > most:
            raise RowUnusable(self.columns[member], f"{text} is above {most}")
        return number

    def _read(self, member: str, read: Callable[[], _T]) -> _T:
        try:
            return read()
        except Unreadable as error:
            raise RowUnusable(self.columns[member], str(error)) from None
