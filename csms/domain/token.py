"""Tokens: what a driver presents, and what the operator has decided about it. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class TokenStatus(StrEnum):
    """Whether a token may charge, in the words that both OCPP versions share."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    CONCURRENT_TX = "ConcurrentTx"


@dataclass(frozen=True, slots=True)
class TokenRef:
    """A token as a station presented it. `kind` is the 2.0.1 type; None from a 1.6 station."""

    text: str
    kind: str | None = None

    @property
    def key(self) -> str:
        """The form that tokens are compared in: trimmed, ASCII letters without case.

        Source: OCPP 1.6 CiString20Type; OCPP 2.0.1 part 2, IdTokenType (identifierString).
        """
        return token_key(self.text)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that the operator knows."""

    text: str
    status: TokenStatus = TokenStatus.ACCEPTED
    kind: str | None = None
    expires_at: datetime | None = None
    parent: str | None = None
    group: str | None = None
    vehicle: str | None = None
    vehicle_class: str | None = None

    @property
    def key(self) -> str:
        """The form that tokens are compared in."""
        return token_key(self.text)


@dataclass(frozen=True, slots=True)
class Authorization:
    """The judgement on a presented token. `parent` is its 1.6 parent or 2.0.1 group token."""

    status: TokenStatus
    expires_at: datetime | None = None
    parent: str | None = None


def token_key(text: str) -> str:
    """Returns the form in which two tokens are compared."""
    text = text.strip()
    return text.lower() if text.isascii() else text
