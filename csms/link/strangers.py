"""Who has tried to connect and is no station of ours: the last few, for an operator to look at."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from csms.domain.secrets import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_KEPT = 500
_LONGEST = 100
_MOST_OFFERED = 10


@dataclass(slots=True)
class Stranger:
    """An ID that nobody has told us of. `offered` are the subprotocols of its last try."""

    station_id: str
    path: str
    first_at: datetime
    last_at: datetime
    tries: int
    peer: str
    why: str
    offered: tuple[str, ...]


class Strangers:
    """The last 500 IDs, or paths without one, that were refused; the one that came last first."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Stranger] = OrderedDict()

    def note(
        self, name: str, request: tuple[str, Iterable[str]], peer: str, why: str, now: datetime
    ) -> None:
        """Takes a try; `request` is its path with the subprotocols that it offers."""
        name = name[:_LONGEST]
        known = self._known.pop(name, None)
        path = without_secrets(request[0].partition("?")[0])[:_LONGEST]
        offered = tuple(each[:_LONGEST] for each in request[1])[:_MOST_OFFERED]
        first_at, tries = (now, 0) if known is None else (known.first_at, known.tries)
        self._known[name] = Stranger(name, path, first_at, now, tries + 1, peer, why, offered)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def newest(self) -> list[Stranger]:
        """Returns all of them, the one that came last first."""
        return list(reversed(self._known.values()))
