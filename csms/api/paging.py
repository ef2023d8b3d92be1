"""Lists in pages: newest first, each page with an opaque cursor to the next."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from csms.api.problems import Problem, invalid_field

_T = TypeVar("_T")
_LONGEST = 1000

Key = tuple[Any, ...]


class PageQuery(BaseModel):
    """Which part of a list. A filter that is empty is as one left out."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    limit: int = Field(50, ge=1, le=1000, description="How many at most")
    cursor: str | None = Field(
        None, max_length=_LONGEST, description="`next_cursor` of the page before"
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, given: Any) -> Any:  # noqa: ANN401 - what pydantic hands over
        if isinstance(given, dict):
            return {name: member for name, member in given.items() if member not in ("", None)}
        return given

    def after(self, *kinds: type) -> Key | None:
        """Returns the sort key that the page begins after, None for the first page.

        Raises:
            Problem: if the cursor is none of this list's.
        """
        return None if self.cursor is None else _decoded(self.cursor, kinds)


class Page(BaseModel, Generic[_T]):
    """A part of a list."""

    items: list[_T]
    next_cursor: str | None = Field(description="null on the last page")


def page(
    rows: Sequence[_T], limit: int, key: Callable[[_T], Key], view: Callable[[_T], Any]
) -> dict[str, Any]:
    """Returns a page of `rows`, of which there is one more than `limit` if a page follows."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {
        "items": [view(row) for row in shown],
        "next_cursor": _encoded(key(shown[-1])) if more else None,
    }


def _encoded(key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def _decoded(cursor: str, kinds: Sequence[type]) -> Key:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        parts = orjson.loads(raw)
        if not isinstance(parts, list):
            raise _broken()
        return tuple(_read(part, kind) for part, kind in zip(parts, kinds, strict=True))
    except (binascii.Error, ValueError, TypeError):
        raise _broken() from None


def _read(part: Any, kind: type) -> Any:  # noqa: ANN401 - as the kind says
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if type(part) is not kind or (isinstance(part, str) and "\0" in part):
        raise ValueError
    return part


def _broken() -> Problem:
    return invalid_field("cursor", "is no cursor of this list; leave it out to begin anew")
