"""Reading members of a JSON object, with every mistake kept by its path. PURE.

Numbers are read as they are written: 2.5 is Decimal("2.5"), whether JSON brought a float, an
int or a Decimal. null is the same as a member that is not there.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from csms.billing.tariff import Finding
from csms.domain.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
_DATE: Final = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])", re.ASCII)
_LARGEST: Final = Decimal("1E9")
_DIGITS: Final = 15
_SHOWN: Final = 40


class Fields:
    """The members of one object at `path`; what is wrong with them goes to `findings`.

    `ignored` are the paths of the members that nobody knows, of this object and those in it.
    """

    def __init__(
        self,
        doc: Any,  # noqa: ANN401 - any JSON
        path: str,
        findings: list[Finding],
        ignored: list[str] | None = None,
    ) -> None:
        self.path = path
        self.findings = findings
        self.ignored: list[str] = [] if ignored is None else ignored
        self._doc: dict[Any, Any] = doc if isinstance(doc, dict) else {}
        if not isinstance(doc, dict):
            self._say(path, f"must be an object, is {shown(doc)}")
        self._known: set[str] = set()

    def at(self, key: str) -> str:
        """Returns the path of a member."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Tells whether a member is there and not null."""
        return self._take(key) is not None

    def wrong(self, key: str, message: str) -> None:
        """Notes a mistake in a member."""
        self._say(self.at(key), message)

    def unknown(self) -> list[str]:
        """Returns the paths of the members that nobody has asked for."""
        return [self.at(str(key)[:_SHOWN]) for key in self._doc if key not in self._known]

    def ignore_unknown(self) -> None:
        """Notes the members that nobody has asked for as ignored."""
        self.ignored += self.unknown()

    def text(
        self, key: str, longest: int, *, shortest: int = 1, required: bool = False
    ) -> str | None:
        """Returns a text within bounds on its length."""
        value = self._take(key, required=required)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(key, f"must be a text, is {shown(value)}")
            return None
        if not shortest <= len(value) <= longest:
            size = f"{longest}" if shortest == longest else f"{shortest} to {longest}"
            self.wrong(key, f"must have {size} characters, has {len(value)}")
            return None
        return value

    def letters(self, key: str, size: int, *, required: bool = False) -> str | None:
        """Returns a text of so many letters or digits of ASCII."""
        value = self.text(key, size, shortest=size, required=required)
        if value is not None and not (value.isascii() and value.isalnum()):
            self.wrong(key, f"must be letters and digits, is {shown(value)}")
            return None
        return value

    def ci_string(self, key: str, longest: int) -> str | None:
        """Returns a CiString, which is printable ASCII; it has to be there."""
        value = self.text(key, longest, required=True)
        if value is not None and not (value.isascii() and value.isprintable()):
            self.wrong(key, f"must be printable ASCII, is {shown(value)}")
            return None
        return value

    def choice(self, key: str, allowed: Sequence[str], *, required: bool = False) -> str | None:
        """Returns one of the allowed words."""
        value = self._take(key, required=required)
        if value is None or (isinstance(value, str) and value in allowed):
            return value
        self.wrong(key, f"must be one of {', '.join(allowed)}; is {shown(value)}")
        return None

    def number(
        self,
        key: str,
        least: Decimal | None = None,
        most: Decimal = _LARGEST,
        *,
        required: bool = False,
    ) -> Decimal | None:
        """Returns a number within bounds, exactly as written."""
        value = self._take(key, required=required)
        if value is None:
            return None
        number = exact(value)
        if isinstance(number, str):
            self.wrong(key, number)
            return None
        low = -_LARGEST if least is None else least
        if not low <= number <= most:
            self.wrong(key, f"must be from {low:f} to {most:f}, is {shown(value)}")
            return None
        return number

    def whole(self, key: str, *, required: bool = False) -> int | None:
        """Returns a whole number from 0 up."""
        number = self.number(key, Decimal(0), required=required)
        if number is not None and number != int(number):
            self.wrong(key, f"must be a whole number, is {number:f}")
            return None
        return None if number is None else int(number)

    def flag(self, key: str, *, required: bool = False) -> bool | None:
        """Returns true or false."""
        value = self._take(key, required=required)
        if value is None or isinstance(value, bool):
            return value
        self.wrong(key, f"must be true or false, is {shown(value)}")
        return None

    def instant(self, key: str, *, required: bool = False) -> datetime | None:
        """Returns a time in UTC; one that names no zone is UTC (OCPI 2.2.1, 16.1)."""
        text = self.text(key, 40, required=required)
        moment = None if text is None else parse_time(text)
        if text is not None and moment is None:
            self.wrong(key, f"is no time like 2026-06-29T20:39:09Z: {shown(text)}")
            return None
        return moment

    def time_of_day(self, key: str) -> time | None:
        """Returns a local time of the day, HH:MM."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, str) or _TIME.fullmatch(value) is None:
            self.wrong(key, f"must be HH:MM from 00:00 to 23:59, is {shown(value)}")
            return None
        return time(int(value[:2]), int(value[3:]))

    def day(self, key: str) -> date | None:
        """Returns a local date, YYYY-MM-DD."""
        value = self._take(key)
        if value is None:
            return None
        try:
            if isinstance(value, str) and _DATE.fullmatch(value) is not None:
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.wrong(key, f"must be a date YYYY-MM-DD, is {shown(value)}")
        return None

    def inner(self, key: str, *, required: bool = False) -> Fields | None:
        """Returns the members of an object inside this one."""
        value = self._take(key, required=required)
        return None if value is None else Fields(value, self.at(key), self.findings, self.ignored)

    def each(self, key: str, *, required: bool = False) -> Iterator[Fields]:
        """Yields the members of each object of a list; a required one has at least one."""
        for path, value in self.items(key, required=required):
            yield Fields(value, path, self.findings, self.ignored)

    def items(self, key: str, *, required: bool = False) -> list[tuple[str, Any]]:
        """Returns the items of a list, each with its path."""
        value = self._take(key, required=required)
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            self.wrong(key, f"must be a list, is {shown(value)}")
            return []
        if required and not value:
            self.wrong(key, "must have at least one item")
        return [(f"{self.at(key)}[{index}]", item) for index, item in enumerate(value)]

    def _take(self, key: str, *, required: bool = False) -> Any:  # noqa: ANN401 - any JSON
        self._known.add(key)
        value = self._doc.get(key)
        if value is None and required:
            self.wrong(key, "is missing")
        return value

    def _say(self, path: str, message: str) -> None:
        self.findings.append(Finding(path, message))


def exact(value: Any) -> Decimal | str:  # noqa: ANN401 - any JSON
    """Returns a JSON number as it was written, or a sentence on why it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        hint = "; write it without quotes" if _looks_like_number(value) else ""
        return f"must be a number, is {shown(value)}{hint}"
    if isinstance(value, int) and abs(value) >= 10**_DIGITS:
        return f"must be a number of at most {_DIGITS} digits"
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        return f"must be a number, is {number}"
    if Decimal(repr(float(number))) != number:
        return f"must be a number of at most {_DIGITS} digits, is {shown(value)}"
    return number


def shown(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Returns a short text for a value of JSON, whatever its size and depth."""
    if isinstance(value, dict | list | tuple):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        cut = value[:_SHOWN] + ("..." if len(value) > _SHOWN else "")
        return f"'{cut}'".encode("unicode_escape").decode("ascii")
    if isinstance(value, int) and abs(value) >= 10**_SHOWN:
        return "a number of very many digits"
    return str(value)[:_SHOWN]


def utc(moment: datetime) -> str:
    """Returns an instant as OCPI writes it, in UTC with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _looks_like_number(value: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
