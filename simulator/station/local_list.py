"""The local authorization list of a station: entries, their version, and how it is updated.

Source: OCPP 1.6 edition 2, 3.5.2 and 5.15; OCPP 2.0.1 part 2, D01 and D02.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from simulator.wire import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from simulator.station.memory import Remembered

ACCEPTED = "Accepted"
EXPIRED = "Expired"


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """What a central system says of a token. `group` is 1.6's parentIdTag, 2.0.1's groupIdToken.

    `expires` is None where it holds for ever. `evses` are those that it is good for, all if empty.
    """

    status: str = ACCEPTED
    group: str | None = None
    expires: datetime | None = None
    evses: tuple[int, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether the token may charge."""
        return self.status == ACCEPTED

    def at(self, at: datetime) -> TokenInfo:
        """Return it as it is at an instant: what was accepted and has run out is Expired."""
        if self.is_accepted and self.expires is not None and at >= self.expires:
            return TokenInfo(EXPIRED, self.group, self.expires, self.evses)
        return self

    def remember(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        expires = None if self.expires is None else to_text(self.expires)
        return {
            "status": self.status,
            "group": self.group,
            "expires": expires,
            "evses": list(self.evses),
        }

    @classmethod
    def recall(cls, remembered: dict[str, Any]) -> TokenInfo:
        """Return what `remember` wrote. Raises: KeyError, TypeError."""
        return cls(
            str(remembered["status"]),
            remembered["group"],
            from_text(remembered["expires"]),
            tuple(int(each) for each in remembered["evses"]),
        )


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One entry of an update: `key` is the token's, no `info` removes it."""

    key: str
    info: TokenInfo | None


class ListUpdate(StrEnum):
    """How an update went."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    VERSION_MISMATCH = "VersionMismatch"


class LocalList:
    """Entries by the token's key. `most` may be held, `most_sent` come in one update."""

    __slots__ = ("_version", "entries", "most", "most_sent")

    def __init__(self, most: int = 1000, most_sent: int = 100) -> None:
        self.entries: dict[str, TokenInfo] = {}
        self.most = most
        self.most_sent = most_sent
        self._version = 0

    @property
    def version(self) -> int:
        """The version that came with the last update; 0 while the list is empty."""
        return self._version if self.entries else 0

    def update(self, version: int, changes: Iterable[ListEntry], *, is_full: bool) -> ListUpdate:
        """Replace or change the list, wholly or not at all.

        A differential update must be newer than what is there (1.6, 7.47; 2.0.1, D01.FR.06).
        An update that has no positive version, names a token twice, replaces by an entry without
        status, or is too long fails.
        """
        changes = list(changes)
        keys = {each.key for each in changes}
        lacks_info = is_full and any(each.info is None for each in changes)
        if version <= 0 or len(changes) > self.most_sent or len(keys) < len(changes) or lacks_info:
            return ListUpdate.FAILED
        if not is_full and version <= self.version:
            return ListUpdate.VERSION_MISMATCH
        entries = {} if is_full else dict(self.entries)
        for each in changes:
            if each.info is None:
                entries.pop(each.key, None)
            else:
                entries[each.key] = each.info
        if len(entries) > self.most:
            return ListUpdate.FAILED
        self.entries, self._version = entries, version
        return ListUpdate.ACCEPTED

    def remember(self) -> Remembered:
        """Return version and entries, nothing for a list that was never sent."""
        if not self._version:
            return {}
        entries = {key: info.remember() for key, info in self.entries.items()}
        return {"version": self._version, "entries": entries}

    def recall(self, remembered: Remembered) -> None:
        """Take up what `remember` wrote. Raises: KeyError, TypeError, ValueError."""
        if not remembered:
            return
        entries = {str(key): TokenInfo.recall(info) for key, info in remembered["entries"].items()}
        version = int(remembered["version"])
        self.entries, self._version = entries, version
