"""Local authorization lists: what goes on them, and what is believed to be on a station's. PURE.

Source: OCPP 1.6, 3.5.2, 5.10 and 5.15; OCPP 2.0.1 part 2, block D.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from csms.domain.times import format_seconds
from csms.domain.token import token_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from csms.domain.token import Authorization, Named

UNSUPPORTED, NONE = -1, 0


class Listed(NamedTuple):
    """A token as it stands on a list; `kind` is None in 1.6. `mark` is what the list says of it."""

    text: str
    kind: str | None
    mark: str


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A token on its way to a list; `authorization` None takes it off."""

    token: Named
    authorization: Authorization | None = None

    @property
    def key(self) -> str:
        """The form that tokens are compared in."""
        return token_key(self.token.text)

    def is_told_by(self, listed: Listed) -> bool:
        """Tells whether a list that has this of the token says the same."""
        told = self.authorization
        if told is None or listed.kind not in {None, self.token.kind}:
            return False
        groups = {"", told.parent or "", told.group or ""}
        expected = mark_of(told.status.value, told.cached_until, None)
        return any(listed.mark == expected + token_key(group) for group in groups)


def mark_of(status: str, expires_at: datetime | None, group: str | None) -> str:
    """Returns what a list says of a token, as one text."""
    until = "" if expires_at is None else format_seconds(expires_at)
    return f"{status}|{until}|{token_key(group or '')}"


@dataclass(slots=True)
class LocalList:
    """The list of one station, as far as we know.

    `version` is the last that it took from us, `told` what it said last; None where nobody knows.
    `entries` are by the tokens' keys. `is_doubtful` where the next list must be a full one,
    `is_in_parts` while only some parts of one are taken, which is not kept. `status` is the last
    answer to a list, `failures` how many were refused in a row.
    """

    version: int | None = None
    told: int | None = None
    entries: dict[str, Listed] = field(default_factory=dict)
    is_doubtful: bool = False
    is_in_parts: bool = False
    status: str | None = None
    failures: int = 0
    updated_at: datetime | None = None

    @property
    def newest(self) -> int | None:
        """The highest version that the station may have; None where nobody knows."""
        return max((each for each in (self.version, self.told) if each is not None), default=None)

    def dump(self) -> dict[str, Any]:
        """Returns it as JSON-able values, for the store."""
        doc: dict[str, Any] = {name: getattr(self, name) for name in LocalList.__slots__}
        doc["entries"] = {key: list(each) for key, each in self.entries.items()}
        return doc | {
            "updated_at": None if self.updated_at is None else self.updated_at.isoformat()
        }


def load_local_list(doc: Mapping[str, Any]) -> LocalList:
    """Returns the list that `dump` described. Raises: KeyError, TypeError, ValueError if none."""
    values = {name: doc[name] for name in LocalList.__slots__ if name in doc}
    values["is_in_parts"] = False
    values["entries"] = {key: Listed(*each) for key, each in doc["entries"].items()}
    if values.get("updated_at") is not None:
        values["updated_at"] = datetime.fromisoformat(values["updated_at"])
    return LocalList(**values)


@dataclass(frozen=True, slots=True)
class ListAnswered:
    """What a station makes of a list; `removed` are the tokens that it takes off."""

    status: str
    version: int
    is_full: bool
    entries: tuple[Listed, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListVersionTold:
    """Which version a station says its list has: 0 is none, -1 that it has no such lists (1.6)."""

    version: int
