"""Times in queries: as ISO 8601, or only a date, with what URLs do to a plus sign mended."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from csms.domain.operations.authorization import Moment
from csms.domain.times import parse_time

__all__ = ["Instant", "Moment", "Until", "read_instant"]

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MINUTES = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", re.ASCII)
_LOST_PLUS = re.compile(r" (\d{2}:?\d{2})$", re.ASCII)


def read_instant(given: Any) -> Any:  # noqa: ANN401 - what pydantic hands over
    """Returns the instant that a text names, in UTC where it names no zone.

    Raises:
        ValueError: if it names none.
    """
    if not isinstance(given, str):
        return given
    text = _LOST_PLUS.sub(r"+\1", given.strip())
    if _DATE.fullmatch(text):
        text += "T00:00:00"
    elif _MINUTES.fullmatch(text):
        text += ":00"
    found = parse_time(text)
    if found is None:
        raise ValueError("is no time; write it as 2026-11-21T08:00:00Z")
    return found.astimezone(UTC)


Instant = Annotated[datetime, BeforeValidator(read_instant)]
"""An instant in a query: in UTC where it names no zone."""


def _not_before(until: datetime, query: ValidationInfo) -> datetime:
    since = query.data.get("since")
    if since is not None and until < since:
        raise ValueError("is before `from`: the period ends before it starts")
    return until


Until = Annotated[Instant, AfterValidator(_not_before)]
"""The end of a period whose start is the member `since`, which stands before it."""
