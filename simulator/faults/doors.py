"""How faults change the way in which a station opens its connection.

A door is a function that is handed what an honest station would ask for, and changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(slots=True)
class Opening:
    """How a websocket is opened. `url` may hold what no URL should.

    `subprotocols` are offered in order, as the texts of one header; with none there is no such
    header. `accepted` are the answers to it with which the station goes on (None: no header in
    the answer). `user` and `password` make the Basic-auth header; without a password there is
    none. `headers` come on top, and `left_out` names standard headers that are not sent.
    """

    station: str
    base: str
    url: str
    subprotocols: list[str]
    accepted: frozenset[str | None]
    user: str
    password: bytes | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)


Door: TypeAlias = Callable[[Opening], None]
"""Changes an opening in place."""
